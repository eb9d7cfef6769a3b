"""A small SQLite file of the state folder: durable, one writer at a time, safe from several threads and processes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from metricgate.adapters.state.sqlite.private_folder import make_private_file
from metricgate.adapters.state.sqlite.schema import Schema, bring_up

_WAIT_SECONDS = 5.0
_Found = TypeVar("_Found")

DatabaseError = sqlite3.Error
"""Whatever goes wrong with the file."""


def sortable(moment: datetime) -> str:
    """Return a moment as text that sorts as moments do, whatever its time zone."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Database:
    """One file, opened for good.

    Args:
        path: of the file; made where it is missing, for its owner only.
        schema: its form.
        check: called inside every transaction; what it raises keeps the transaction from being committed.

    Raises:
        sqlite3.Error: it cannot be opened.
        OSError: its folder cannot be made.
    """

    def __init__(self, path: Path, schema: Schema, check: Callable[[], None] = lambda: None) -> None:
        make_private_file(path)
        self._check = check
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_WAIT_SECONDS)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA secure_delete=ON")
        bring_up(self._connection, path, schema)

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside a transaction that is committed, durably, on leaving the block without error."""
        with self._lock:
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
        with self._lock:
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def each(self, sql: str, parameters: Sequence[object], of: Callable[[tuple[object, ...]], _Found]) -> list[_Found]:
        """Return what ``of`` makes of each row that a SELECT gives, without holding all rows; ``of`` must be quick."""
        with self._lock, closing(self._connection.execute(sql, tuple(parameters))) as rows:
            return [of(row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
