"""One write transaction of PostgreSQL, by the account that may write."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Sequence
from contextlib import suppress

import psycopg

from metricgate.adapters.warehouses.postgres_options import PostgresOptions
from metricgate.adapters.warehouses.session import FAILED, TIMEOUT, UNAVAILABLE
from metricgate.changing.change import Row
from metricgate.gateway.writing import codes
from metricgate.gateway.writing.ports import ChangeFailed, OutcomeUnknown

_CONSTRAINTS = {
    "23502": "NOT NULL",
    "23503": "a foreign key",
    "23505": "a unique key",
    "23514": "CHECK",
    "23P01": "an exclusion",
    "22001": "a value that is too long",
    "22003": "a number out of range",
    "22P02": "a value that its column's type cannot hold",
    "22007": "a value that its column's type cannot hold",
    "22008": "a value that its column's type cannot hold",
    "428C9": "a value for a column that the engine sets",
}
_CONFLICTS = ("40001", "40P01", "55P03")
_LONGEST_WORDS = 10_000


class PostgresWriteSession:
    """A ``ServerSession``. Every value goes as text, and comes back as text."""

    def __init__(self, options: PostgresOptions, user: str, password: str | None) -> None:
        """Connect.

        Raises:
            ChangeFailed: the server cannot be reached, or does not let the account in.
        """
        self.committing = False
        settings = {
            **options.session,
            "default_transaction_read_only": "off",
            "search_path": "pg_catalog",
            "IntervalStyle": "postgres",
            "lock_timeout": "3s",
        }
        text = " ".join(f"-c {name}={_escaped(value)}" for name, value in settings.items())
        try:
            self._connection = psycopg.connect(
                host=options.host,
                port=options.port,
                dbname=options.database,
                user=user,
                password=password,
                sslmode=options.tls,
                sslrootcert=options.tls_ca,
                connect_timeout=options.connect_seconds,
                application_name="metricgate writer",
                client_encoding="UTF8",
                options=text,
                autocommit=True,
                prepare_threshold=None,
                cursor_factory=psycopg.RawCursor,
            )
        except psycopg.Error as error:
            raise ChangeFailed(UNAVAILABLE, str(error)) from error

    def begin(self, seconds: float) -> None:
        """Begin at REPEATABLE READ, with the server's own time limit."""
        limit = max(1, math.ceil(seconds * 1_000))
        self._run(f"BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL statement_timeout = {limit}", None)

    def read(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        """Return the rows of one statement."""
        return [tuple(row) for row in self._run(sql, parameters).fetchall()]

    def change(self, sql: str, parameters: Sequence[object]) -> int:
        """Run one statement and return its count."""
        return self._run(sql, parameters).rowcount

    def commit(self) -> None:
        """Commit.

        Raises:
            ChangeFailed: the server refused.
            OutcomeUnknown: the connection was lost meanwhile.
        """
        self.committing = True
        try:
            self._run("COMMIT", None)
        except ChangeFailed as error:
            if error.code == UNAVAILABLE:
                raise OutcomeUnknown(error.engine_text) from error
            raise
        self.committing = False

    def rollback(self) -> None:
        """Roll back; a connection that is lost was rolled back by the server."""
        with suppress(psycopg.Error):
            self._connection.execute("ROLLBACK")

    def sever(self) -> None:
        """Shut the socket, which wakes the thread that waits on it."""
        with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        with suppress(psycopg.Error):
            self._connection.close()

    def _run(self, sql: str, parameters: Sequence[object] | None) -> psycopg.Cursor:
        try:
            return self._connection.execute(sql, parameters)
        except (psycopg.Error, UnicodeError, ValueError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> ChangeFailed:
        text = str(error)[:_LONGEST_WORDS]
        state = getattr(error, "sqlstate", None) or ""
        if self._connection.closed or self._connection.broken or state.startswith(("08", "57P")):
            return ChangeFailed(UNAVAILABLE, text)
        if state in _CONSTRAINTS:
            name = getattr(getattr(error, "diag", None), "constraint_name", None)
            detail = _CONSTRAINTS[state] + (f" {name}" if name else "")
            return ChangeFailed(codes.CONSTRAINT.name, text, detail=detail)
        if state in _CONFLICTS:
            return ChangeFailed(codes.CONFLICT.name, text)
        if isinstance(error, psycopg.errors.QueryCanceled):
            return ChangeFailed(TIMEOUT, text)
        return ChangeFailed(FAILED, text)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
