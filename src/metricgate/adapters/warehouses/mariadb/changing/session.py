"""One write transaction of MariaDB, on a connection of its own."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import Cursor

from metricgate.adapters.warehouses.mariadb.changing.bulk_values import Literal, read_columns
from metricgate.adapters.warehouses.mariadb.connection import connect, connection_of, limit_waits
from metricgate.adapters.warehouses.mariadb.errors import code_of
from metricgate.adapters.warehouses.mariadb.options import SQL_MODE, UNSOUND_SWITCHES, MariaDBOptions
from metricgate.adapters.warehouses.servers.session import CANCELLED, FAILED, MEMORY, TIMEOUT, UNAVAILABLE
from metricgate.adapters.warehouses.servers.writer_options import WriterOptions
from metricgate.changing.change import Row
from metricgate.changing.images import Images
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed, OutcomeUnknown
from metricgate.gateway.ports import WarehouseError

_CANCEL_SECONDS = 1.0
_LATER_SECONDS = 2.0
_LOST = frozenset({0, 1040, 1053, 1079, 1152, 1158, 1159, 1160, 1161, 1927, 2003, 2006, 2013, 2055, 4031})
_TOO_LARGE = frozenset({1021, 1037, 1038, 1041, 1114, 1135, 1153, 1206})
_TOO_LONG = frozenset({1969, 3024})
_INTERRUPTED = frozenset({1317})
_CONFLICTS = frozenset({1020, 1205, 1213})
_SORTS = {
    1062: "a unique key",
    1216: "a foreign key",
    1217: "a foreign key",
    1451: "a foreign key",
    1452: "a foreign key",
    1048: "NOT NULL",
    1364: "NOT NULL",
    4025: "CHECK",
    1369: "CHECK OPTION",
    1644: "a trigger",
    1906: "a generated column",
    1406: "a text longer than its column holds",
    1265: "a value that its column cannot hold",
}
_FATAL_TO_WRITES = frozenset({1365, 1411})
"""Warnings of SELECTs that are errors of strict INSERTs and UPDATEs, though not of DELETEs: a division by zero, a time
that a function cannot read. (Texts that are no other numbers are warned of by what makes texts of values, too.)"""
_NO_INTEGER = "Truncated incorrect INTEGER"
"""Of a CAST."""
_NAMED = re.compile(r"CONSTRAINT `([^`]+)`|for key '([^']+)'|Column '([^']+)'|Field '([^']+)'")


class MariaDBWriteSession:
    """A ``ServerSession``.

    Raises:
        ChangeFailed: the server cannot be reached, or takes no such session.
    """

    def __init__(self, options: MariaDBOptions, writer: WriterOptions) -> None:
        self._options = replace(options, user=writer.user, password=writer.password)
        try:
            self._connection = connection_of(self._options)
        except WarehouseError as error:
            raise ChangeFailed(error.code, error.engine_text) from error
        # An update to the same values counts too: what counts is whether the row was there.
        self._connection.client_flag |= CLIENT.FOUND_ROWS
        Literal.taken_by(self._connection)

    def open(self, seconds: float) -> None:
        """Connect as the writing account, each wait on the server within the limit.

        Raises:
            ChangeFailed: the server cannot be reached, or takes no such session.
        """
        try:
            connect(self._connection, min(seconds, self._options.connect_seconds))
        except WarehouseError as error:
            raise ChangeFailed(error.code, error.engine_text) from error
        self._connection.decoders = {}
        with self._failing():
            self._tell(
                f"SET NAMES utf8mb4, SESSION sql_mode = '{SQL_MODE}', SESSION time_zone = '+00:00', "
                f"SESSION optimizer_switch = '{UNSOUND_SWITCHES}'"
            )
        limit_waits(self._connection, None)

    def begin(self, seconds: float) -> None:
        """Begin at REPEATABLE READ; its snapshot is made by the first read that takes no locks."""
        self._begin("REPEATABLE READ", seconds)

    def begin_asking(self, seconds: float) -> None:
        """Begin at READ COMMITTED."""
        self._begin("READ COMMITTED", seconds)

    def _begin(self, level: str, seconds: float) -> None:
        lock = max(1, int(seconds * 0.8))
        with self._failing():
            self._tell(
                f"SET SESSION max_statement_time = {seconds + _LATER_SECONDS:.3f}, "
                f"SESSION innodb_lock_wait_timeout = {lock}, SESSION lock_wait_timeout = {lock}"
            )
            self._tell(f"SET TRANSACTION ISOLATION LEVEL {level}, READ WRITE")
            self._tell("START TRANSACTION")

    def read(self, sql: str, parameters: Sequence[object], *, stores: bool = False) -> list[Row]:
        """Return the rows of one statement.

        Where a SELECT only warns of a division by zero or of a cast, and gives NULL or 0, a statement that stores the
        value fails: so does this, if it ``stores``.
        """
        with self._failing(), Cursor(self._connection) as cursor:
            cursor.execute(sql, tuple(parameters))
            rows = [tuple(row) for row in cursor.fetchall()]
            if stores and cursor.warning_count:
                self._check_warnings()
            return rows

    def columns(self, sql: str, parameters: Sequence[object], *, width: int, stores: bool = False) -> Images:
        """Return the rows of one statement, column by column, as ``read`` does."""
        with self._failing():
            found, warnings = read_columns(self._connection, sql, parameters, width)
            if stores and warnings:
                self._check_warnings()
            return found

    def _check_warnings(self) -> None:
        for _level, number, words in self._connection.show_warnings():
            if int(number) in _FATAL_TO_WRITES or str(words).startswith(_NO_INTEGER):
                raise pymysql.DataError(int(number), str(words))

    def change(self, sql: str, parameters: Sequence[object]) -> int:
        """Run one statement and return how many rows it found."""
        with self._failing(), Cursor(self._connection) as cursor:
            return int(cursor.execute(sql, tuple(parameters)))

    def do(self, sql: str) -> None:
        """Run one statement that has neither rows nor a count."""
        with self._failing():
            self._tell(sql)

    def commit(self) -> None:
        """Commit.

        Raises:
            OutcomeUnknown: the connection was lost, or the server failed.
        """
        try:
            self._tell("COMMIT")
        except (pymysql.MySQLError, OSError) as error:
            raise OutcomeUnknown(str(error)) from error

    def rollback(self) -> None:
        """Roll back; a connection that cannot is closed."""
        if not self._connection.open:
            return
        try:
            self._tell("ROLLBACK")
        except (pymysql.MySQLError, OSError):
            self.close()

    def cancel(self) -> None:
        """Kill the statement over a connection of its own."""
        with suppress(pymysql.Error, OSError, WarehouseError):
            other = connection_of(self._options)
            connect(other, _CANCEL_SECONDS)
            try:
                with other.cursor() as cursor:
                    cursor.execute(f"KILL QUERY {int(self._connection.thread_id())}")
            finally:
                other.close()

    def sever(self) -> None:
        """Shut the socket, which wakes the thread that waits on it."""
        wire = self._connection._sock  # noqa: SLF001 - the driver has no public way
        if wire is not None:
            with suppress(OSError):
                socket.socket.shutdown(wire, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the server rolls back what is open."""
        with suppress(pymysql.Error, OSError):
            self._connection._force_close()  # noqa: SLF001 - QUIT might wait for a server that hangs

    def _tell(self, text: str) -> None:
        with Cursor(self._connection) as cursor:
            cursor.execute(text)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (pymysql.MySQLError, OSError) as error:
            number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            lost = isinstance(error, OSError) or not self._connection.open
            raise _change_failed(number, str(error), lost=lost) from error
        except (UnicodeError, ValueError, OverflowError) as error:
            raise ChangeFailed(FAILED, str(error)) from error


def _change_failed(number: int, text: str, *, lost: bool) -> ChangeFailed:
    if lost or number in _LOST:
        return ChangeFailed(UNAVAILABLE, text)
    if number in _SORTS:
        found = _NAMED.search(text)
        name = next((each for each in found.groups() if each), "") if found is not None else ""
        return ChangeFailed(codes.CONSTRAINT.name, text, detail=f"{_SORTS[number]} {name}".strip())
    if number in _CONFLICTS:
        return ChangeFailed(codes.CONFLICT.name, text)
    if number in _TOO_LARGE:
        return ChangeFailed(MEMORY, text)
    if number in _TOO_LONG:
        return ChangeFailed(TIMEOUT, text)
    return ChangeFailed(CANCELLED if number in _INTERRUPTED else code_of(number, text), text)
