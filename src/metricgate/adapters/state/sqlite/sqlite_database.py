"""A small SQLite file of the state folder: durable, one writer at a time, safe from several threads and processes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from metricgate.adapters.files.private_folder import make_private_file
from metricgate.adapters.state.sqlite.schema import Schema, bring_up
from metricgate.state.state import StoreUnavailable

_WAIT_SECONDS = 5.0
_LOG_PAGES = 250
"""A write-ahead log begins anew at a megabyte: seven of them lie in the folder, and what is kept in them is small."""
_LOG_BYTES = 1_048_576
_Found = TypeVar("_Found")


class DatabaseError(StoreUnavailable, sqlite3.Error):
    """Whatever goes wrong with the file, as the ports have it and as SQLite does."""


@contextmanager
def as_port_has_it() -> Iterator[None]:
    """Raise as ``DatabaseError`` what SQLite raises."""
    try:
        yield
    except StoreUnavailable:
        raise
    except sqlite3.Error as error:
        raise DatabaseError(str(error)) from error


def sortable(moment: datetime) -> str:
    """Return a moment as text that sorts as moments do, whatever its time zone."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def connect(path: Path, *, wait: float = _WAIT_SECONDS) -> sqlite3.Connection:
    """Open a file of the state folder for writing; it is made where it is missing, for its owner only.

    What is committed is on the disk, what is deleted is overwritten, and the log that readers see is short.

    Args:
        path: of the file.
        wait: seconds to wait for another writer.

    Raises:
        sqlite3.Error: it cannot be opened.
        OSError: its folder cannot be made.
    """
    make_private_file(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=wait)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        write_so(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def write_so(connection: sqlite3.Connection) -> None:
    """Have a connection write as all do: durably, over what is deleted, into a short log. Each is told for itself."""
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")


def open_store(path: Path, schema: Schema, *, wait: float = _WAIT_SECONDS) -> sqlite3.Connection:
    """Open such a file in this release's form.

    Raises:
        sqlite3.Error: it cannot be opened, or a later release wrote it.
        OSError: its folder cannot be made.
    """
    connection = connect(path, wait=wait)
    try:
        bring_up(connection, path, schema)
    except BaseException:
        connection.close()
        raise
    return connection


class Database:
    """One file, opened for good.

    Args:
        path: of the file; made where it is missing, for its owner only.
        schema: its form.
        check: called inside every transaction; what it raises keeps the transaction from being committed.

    Raises:
        DatabaseError: it cannot be opened; as every method where the file cannot be read or written.
        OSError: its folder cannot be made.
    """

    def __init__(self, path: Path, schema: Schema, check: Callable[[], None] = lambda: None) -> None:
        self._check = check
        self._lock = threading.Lock()
        with as_port_has_it():
            self._connection = open_store(path, schema)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction that is committed, durably, on leaving the block without error."""
        with as_port_has_it(), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._check()
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return what a SELECT gives."""
        with as_port_has_it(), self._lock:
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def each(self, sql: str, parameters: Sequence[object], of: Callable[[tuple[object, ...]], _Found]) -> list[_Found]:
        """Return what ``of`` makes of each row that a SELECT gives, without holding all rows; ``of`` must be quick."""
        with as_port_has_it(), self._lock, closing(self._connection.execute(sql, tuple(parameters))) as rows:
            return [of(row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
