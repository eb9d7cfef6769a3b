"""One write transaction of PostgreSQL, on a connection of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg

from metricgate.adapters.warehouses.postgres.connection import connect
from metricgate.adapters.warehouses.postgres.errors import code_of
from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.servers.session import CANCELLED, FAILED, MEMORY, TIMEOUT, UNAVAILABLE
from metricgate.adapters.warehouses.servers.writer_options import WriterOptions
from metricgate.changing.change import Row
from metricgate.changing.images import Images, concatenate
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed, OutcomeUnknown
from metricgate.gateway.ports import WarehouseError

_CANCEL_SECONDS = 1.0
_ROWS_A_FETCH = 5_000
_LATER_SECONDS = 2.0
_LOST = ("08", "57P", "25P03")
_TOO_LARGE = ("53", "54000")
_CONFLICTS = ("40", "55P03")
_SORTS = {
    "23505": "a unique key",
    "23503": "a foreign key",
    "23502": "NOT NULL",
    "23514": "CHECK",
    "22001": "a text longer than its column holds",
    "23P01": "EXCLUDE",
    "44000": "CHECK OPTION",
    "428C9": "a generated column",
    "P0001": "a trigger",
}


class PostgresWriteSession:
    """A ``ServerSession``. What reads sees ``pg_catalog`` only; what writes, the schemas that triggers may need."""

    def __init__(self, options: PostgresOptions, writer: WriterOptions) -> None:
        self._options = options
        self._writer = writer
        self._opened: psycopg.Connection | None = None
        self._writes = False

    def open(self, seconds: float) -> None:
        """Connect as the writing account.

        Raises:
            ChangeFailed: the server cannot be reached, or takes no such session.
        """
        wanted = {
            **self._options.session,
            "search_path": "pg_catalog",
            "default_transaction_read_only": "off",
            "IntervalStyle": "postgres",
        }
        try:
            self._opened = connect(
                self._options,
                user=self._writer.user,
                password=self._writer.password,
                settings=wanted,
                seconds=seconds,
                application="metricgate changes",
            )
        except WarehouseError as error:
            raise ChangeFailed(error.code, error.engine_text) from error

    def begin(self, seconds: float) -> None:
        """Begin at REPEATABLE READ; waits for locks end before the transaction's own limit."""
        self._begin("REPEATABLE READ", seconds)

    def begin_asking(self, seconds: float) -> None:
        """Begin at READ COMMITTED."""
        self._begin("READ COMMITTED", seconds)

    def _begin(self, level: str, seconds: float) -> None:
        limit, lock = int((seconds + _LATER_SECONDS) * 1_000), max(1, int(seconds * 800))
        self._writes = False
        with self._failing():
            self._connection.execute(
                f"BEGIN ISOLATION LEVEL {level} READ WRITE; SET LOCAL statement_timeout = {limit}; "
                f"SET LOCAL lock_timeout = {lock}; SET LOCAL idle_in_transaction_session_timeout = {limit}"
            )

    def read(self, sql: str, parameters: Sequence[object], *, stores: bool = False) -> list[Row]:  # noqa: ARG002
        """Return the rows of one statement."""
        self._path(sql)
        with self._failing():
            return self._connection.execute(sql, list(parameters)).fetchall()

    def columns(self, sql: str, parameters: Sequence[object], *, width: int, stores: bool = False) -> Images:  # noqa: ARG002
        """Return the rows of one statement, column by column."""
        self._path(sql)
        with self._failing():
            cursor = self._connection.execute(sql, list(parameters))
            parts: list[Images] = []
            while rows := cursor.fetchmany(_ROWS_A_FETCH):
                parts.append(Images([list(column) for column in zip(*rows, strict=True)], len(rows)))
        return concatenate(parts, width)

    def change(self, sql: str, parameters: Sequence[object]) -> int:
        """Run one statement and return its count."""
        self._path(sql)
        with self._failing():
            return self._connection.execute(sql, list(parameters)).rowcount

    def do(self, sql: str) -> None:
        """Run one statement that has neither rows nor a count."""
        if not sql.startswith("LOCK "):  # which comes before the snapshot that asking for a path would take
            self._path(sql)
        with self._failing():
            self._connection.execute(sql)

    def commit(self) -> None:
        """Commit.

        Raises:
            ChangeFailed: it was refused (a deferred constraint).
            OutcomeUnknown: the connection was lost.
        """
        try:
            answer = self._connection.execute("COMMIT")
        except psycopg.Error as error:
            state = error.sqlstate or ""
            if state and not state.startswith(_LOST) and not self._connection.closed:
                self.rollback()
                raise _change_failed(error, lost=False) from error
            raise OutcomeUnknown(str(error)) from error
        if answer.statusmessage != "COMMIT":
            raise ChangeFailed(FAILED, f"COMMIT gave {answer.statusmessage}")

    def rollback(self) -> None:
        """Roll back; a connection that cannot is closed."""
        if self._opened is None or self._opened.closed:
            return
        try:
            if self._opened.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE:
                self._opened.execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    def cancel(self) -> None:
        """Ask the server to cancel."""
        with suppress(psycopg.Error, ChangeFailed):
            self._connection.cancel_safe(timeout=_CANCEL_SECONDS)

    def sever(self) -> None:
        """Shut the socket, which wakes the thread that waits on it."""
        if self._opened is None:
            return
        with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(self._opened.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        if self._opened is not None:
            with suppress(psycopg.Error):
                self._opened.close()

    @property
    def _connection(self) -> psycopg.Connection:
        if self._opened is None:
            raise ChangeFailed(UNAVAILABLE, "not connected")
        return self._opened

    def _path(self, sql: str) -> None:
        writes = not sql.lstrip().startswith("SELECT")
        if writes != self._writes:
            path = self._options.path if writes else "pg_catalog"
            with self._failing():
                self._connection.execute("SELECT pg_catalog.set_config('search_path', $1, true)", (path,))
            self._writes = writes

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            lost = self._connection.closed or self._connection.broken
            raise _change_failed(error, lost=lost) from error
        except (UnicodeError, ValueError, OverflowError) as error:
            raise ChangeFailed(FAILED, str(error)) from error


def _change_failed(error: psycopg.Error, *, lost: bool) -> ChangeFailed:
    state, text = error.sqlstate or "", str(error)
    name = error.diag.constraint_name or error.diag.column_name or ""
    if lost or state.startswith(_LOST):
        return ChangeFailed(UNAVAILABLE, text)
    if state in _SORTS:
        return ChangeFailed(codes.CONSTRAINT.name, text, detail=f"{_SORTS[state]} {name}".strip())
    if state.startswith(_CONFLICTS):
        return ChangeFailed(codes.CONFLICT.name, text)
    if state.startswith(_TOO_LARGE):
        return ChangeFailed(MEMORY, text)
    if isinstance(error, psycopg.errors.QueryCanceled):
        return ChangeFailed(TIMEOUT if "statement timeout" in text else CANCELLED, text)
    at = error.diag.statement_position
    return ChangeFailed(code_of(state), text, position=None if at is None else int(at) - 1)
