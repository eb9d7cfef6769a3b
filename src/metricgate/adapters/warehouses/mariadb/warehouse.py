"""MariaDB (and MySQL) as a warehouse: sessions of one account, each statement in a read-only transaction.

The driver has no parameters of its own, so values are written as escaped literals in the places that
``statement_text.with_values`` finds, after it has made sure that the text is one SELECT. Results are streamed; one that
is not read to its end costs its connection, because the rest of it is still on the wire. What the account may read is
the operator's to grant; see ``docs/warehouses.md``.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pymysql
from pymysql.cursors import Cursor

from metricgate.adapters.warehouses.kept_rows import ResultCaps, kept_rows
from metricgate.adapters.warehouses.mariadb.changing.dialect import MariaDBDialect
from metricgate.adapters.warehouses.mariadb.changing.session import MariaDBWriteSession
from metricgate.adapters.warehouses.mariadb.changing.version import unfit_for_changes
from metricgate.adapters.warehouses.mariadb.connection import connect, connection_of, limit_waits
from metricgate.adapters.warehouses.mariadb.errors import code_of, not_compared
from metricgate.adapters.warehouses.mariadb.mysql_functions import MYSQL_FUNCTIONS
from metricgate.adapters.warehouses.mariadb.options import SQL_MODE, UNSOUND_SWITCHES, MariaDBOptions
from metricgate.adapters.warehouses.mariadb.reading.collations import (
    COLLATIONS,
    collation_without_padding,
    collations_of,
)
from metricgate.adapters.warehouses.mariadb.reading.result_stream import fields_of, stream_select
from metricgate.adapters.warehouses.mariadb.reading.types import ResultField, declared_type, logical_type, wire_column
from metricgate.adapters.warehouses.mariadb.rights import mariadb_findings
from metricgate.adapters.warehouses.mariadb.section import MariaDBSection
from metricgate.adapters.warehouses.mariadb.statement_text import UnsafeStatementText, with_values, zones_of
from metricgate.adapters.warehouses.servers.session import (
    CANCELLED,
    FAILED,
    MEMORY,
    TIME_ZONE,
    TIMEOUT,
    TYPE_NOT_CARRIED,
    UNAVAILABLE,
    SessionResult,
    hold_checks,
)
from metricgate.adapters.warehouses.servers.warehouse import ServerWarehouse
from metricgate.adapters.warehouses.servers.writer import ServerWriter
from metricgate.adapters.warehouses.wire import Uncarried
from metricgate.compiling.statement import Statement
from metricgate.gateway.ports import WarehouseError, WarehouseUnfit
from metricgate.vocabulary.account_finding import AccountFinding
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.result import Column, DataType, ValueType

_RESET_CONNECTION = 0x1F
_CANCEL_SECONDS = 1.0
_LATER_SECONDS = 2.0
_LOST = frozenset({1040, 1053, 1079, 1152, 1158, 1159, 1160, 1161, 1927, 2003, 2006, 2013, 2055, 4031})
_TOO_LARGE = frozenset({1021, 1037, 1038, 1041, 1114, 1135, 1290})
_INTERRUPTED = frozenset({1317})
_TOO_LONG = frozenset({1969, 3024})
_COLUMNS = """
SELECT table_schema, table_name, column_name, data_type, column_type
FROM information_schema.columns WHERE table_schema IN ({schemas}) AND table_name IN ({tables})
ORDER BY table_schema, table_name, ordinal_position
"""


class MariaDBSession:
    """One connection. See ``server.Session`` for what each method promises."""

    def __init__(self, options: MariaDBOptions) -> None:
        """Keep the options; ``open`` connects."""
        self.reusable = True
        self._options = options
        self._until = 0.0
        self._is_mariadb = True
        self._known_zones: set[str] = set()
        self._collations: frozenset[str] | None = None
        self._connection = connection_of(options)

    def open(self, seconds: float) -> None:
        """Connect and set the session, each wait on the server within the limit.

        Raises:
            WarehouseError: the server cannot be reached; ``WarehouseUnfit`` where it is not one that serves.
        """
        limit = min(seconds, self._options.connect_seconds)
        connect(self._connection, limit)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT VERSION()")
                version = str(cursor.fetchone()[0])
            self._is_mariadb = "mariadb" in version.lower()
            if self._options.writer is not None and (unfit := unfit_for_changes(version)):
                self.close()
                raise WarehouseUnfit(UNAVAILABLE, unfit)
            self._connection.decoders = {}
            self._set_up()
        except (pymysql.Error, OSError) as error:
            self.close()
            raise WarehouseError(UNAVAILABLE, str(error)) from error
        limit_waits(self._connection, None)

    def begin(self, seconds: float) -> None:
        """Begin, with the server's own time limit somewhat later than ours.

        Raises:
            WarehouseError: the connection is lost.
        """
        self._until = time.monotonic() + seconds
        limit = seconds + _LATER_SECONDS
        own = f"max_statement_time = {limit:.3f}" if self._is_mariadb else f"max_execution_time = {int(limit * 1000)}"
        try:
            self._tell(f"SET SESSION {own}")
            self._tell("START TRANSACTION READ ONLY")
        except (pymysql.Error, OSError) as error:
            self.reusable = False
            raise WarehouseError(UNAVAILABLE, str(error)) from error

    def _check_zone(self, zone: str) -> None:
        """Refuse a zone that the server does not know: its times would be NULL without a word."""
        if zone in self._known_zones:
            return
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT CONVERT_TZ('2020-01-01', '+00:00', %s) IS NULL", (zone,))
            if cursor.fetchone()[0] in {1, "1", b"1"}:
                words = f"the server's time zone tables do not hold {zone}: see mariadb-tzinfo-to-sql"
                raise WarehouseError(TIME_ZONE, words)
        self._known_zones.add(zone)

    def answer(self, statement: Statement, caps: ResultCaps) -> SessionResult:
        """Send the statement with its values written in, and stream its rows."""
        expected = [column.type for column in statement.columns]
        hold_checks(statement, self.types)
        with self._failing():
            for zone in zones_of(statement.sql):
                self._check_zone(zone)
            literals = [
                str(self._connection.escape(value, self._connection.encoders)) for value in statement.parameters
            ]
            # Until the result is read to its end, the connection is of no use to anyone else.
            reusable, self.reusable = self.reusable, False
            try:
                stream = stream_select(self._connection, with_values(statement.sql, literals))
            except (pymysql.MySQLError, UnsafeStatementText):
                self.reusable = reusable and self._connection.open
                raise
            try:
                kinds = _column_types(stream.fields, expected)
                kept = kept_rows(stream.fetch, caps)
            finally:
                stream.let_go()
            self.reusable = reusable and kept.ended
            found = [
                _wired(field, kind, [row[at] for row in kept.rows])
                for at, (field, kind) in enumerate(zip(stream.fields, kinds, strict=True))
            ]
        return SessionResult(
            columns=tuple(
                Column(name=field.name, type=kind) for field, (kind, _values) in zip(stream.fields, found, strict=True)
            ),
            values=list(zip(*(values for _kind, values in found), strict=True)),
            truncated=kept.truncated,
            bytes=kept.bytes,
        )

    def types(self, select: str) -> tuple[ValueType, ...]:
        """Run it: the tables that it names keep their metadata lock until the transaction ends."""
        with self._failing(), Cursor(self._connection) as cursor:
            cursor.execute(with_values(select, ()))
            # The public description lacks the character set.
            fields = fields_of(cursor._result.fields)  # noqa: SLF001
            logical = [logical_type(each, None) for each in fields]
            texts = [each.name for each, kind in zip(fields, logical, strict=True) if kind is DataType.STRING]
            found = self._unpadded_collations(cursor, select, texts)
            return tuple(
                ValueType(type=kind, unpadded=found.get(each.name)) for each, kind in zip(fields, logical, strict=True)
            )

    def _unpadded_collations(self, cursor: Cursor, select: str, names: Sequence[str]) -> dict[str, str]:
        """Return those that columns of a SELECT without rows would have if nothing were filled up."""
        if not names:
            return {}
        if self._collations is None:
            cursor.execute(COLLATIONS)
            self._collations = frozenset(str(name) for (name,) in cursor.fetchall())
        if not self._collations:
            return {}
        cursor.execute(with_values(collations_of(select, names), ()))
        pairs = zip(names, cursor.fetchone() or (), strict=True)
        found = ((name, collation_without_padding(str(each), self._collations)) for name, each in pairs)
        return {name: each for name, each in found if each is not None}

    def columns(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[Column, ...]]:
        """Read ``information_schema``, which shows what the account may read; letter case counts."""
        full = {relation: self._full_name(relation) for relation in relations}
        wanted = [name for name in full.values() if name is not None]
        if not wanted:
            return {}
        found: dict[tuple[str, str], list[Column]] = {}
        text = _COLUMNS.format(schemas=", ".join(["%s"] * len(wanted)), tables=", ".join(["%s"] * len(wanted)))
        with self._failing(), Cursor(self._connection) as cursor:
            cursor.execute(text, [name[0] for name in wanted] + [name[1] for name in wanted])
            for schema, table, column, kind, declared in cursor.fetchall():
                named = Column(name=column, type=declared_type(str(kind), str(declared)))
                found.setdefault((schema, table), []).append(named)
        return {relation: tuple(found[name]) for relation, name in full.items() if name in found}

    def locations(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return schema and table; a source without a schema is in the connection's own."""
        full = {relation: self._full_name(relation) for relation in relations}
        return {relation: full[relation] or relation for relation in self.columns(relations)}

    def functions(self) -> frozenset[str]:
        """Read the server's words and functions. Built-in ones cannot be taken over: a stored one needs its schema."""
        with self._failing(), Cursor(self._connection) as cursor:
            cursor.execute("SELECT WORD FROM information_schema.KEYWORDS")
            found = {str(word).lower() for (word,) in cursor.fetchall()}
            # MySQL has no such table, nor has MariaDB before 10.6, which calls most functions by the same names.
            cursor.execute("SELECT 1 FROM information_schema.TABLES WHERE TABLE_NAME = 'SQL_FUNCTIONS'")
            if not cursor.fetchall():
                return MYSQL_FUNCTIONS | found
            cursor.execute("SELECT `FUNCTION` FROM information_schema.SQL_FUNCTIONS")
            return frozenset(found | {str(word).lower() for (word,) in cursor.fetchall()})

    def findings(self, relations: Sequence[tuple[str, ...]]) -> tuple[AccountFinding, ...]:
        """Read the account's grants."""
        full = [name for name in map(self._full_name, relations) if name is not None]
        with self._failing(), Cursor(self._connection) as cursor:
            return mariadb_findings(cursor, full)

    def end(self) -> None:
        """Reset the connection: the transaction, locks, variables, what functions remember; then set it up anew.

        A server or proxy that cannot do that gives a session for one statement.
        """
        if not self.reusable:
            return
        try:
            self._connection._execute_command(_RESET_CONNECTION, b"")  # noqa: SLF001 - the driver has no public way
            self._connection._read_ok_packet()  # noqa: SLF001
            self._set_up()
        except (pymysql.Error, OSError):
            self.reusable = False

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
                # Not the socket's own method: under TLS, that one takes the reading thread's state from it.
                socket.socket.shutdown(wire, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; where a result is half read, without a word."""
        with suppress(pymysql.Error, OSError):
            if self.reusable:
                self._connection.close()
            else:
                self._connection._force_close()  # noqa: SLF001 - QUIT would wait behind the rest of a result

    def _set_up(self) -> None:
        settings = {"sql_mode": f"'{SQL_MODE}'", "time_zone": "'+00:00'", "lock_wait_timeout": "10"}
        if self._options.session_bytes is not None and self._is_mariadb:
            settings["max_session_mem_used"] = str(self._options.session_bytes)
        if self._is_mariadb:
            # More than any recursion that runs here takes: MariaDB cuts longer ones with no more than a warning.
            settings["max_recursive_iterations"] = "2000"
            settings["optimizer_switch"] = f"'{UNSOUND_SWITCHES}'"
        # The character set too: values are escaped for it.
        self._tell("SET NAMES utf8mb4, " + ", ".join(f"SESSION {name} = {value}" for name, value in settings.items()))
        self._tell("SET SESSION TRANSACTION READ ONLY")

    def _tell(self, text: str) -> None:
        with Cursor(self._connection) as cursor:
            cursor.execute(text)

    def _full_name(self, relation: tuple[str, ...]) -> tuple[str, str] | None:
        match relation:
            case (table,):
                return self._options.database, table
            case (schema, table):
                return schema, table
            case _:
                return None

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Give every failure of the driver its code."""
        try:
            yield
        except (pymysql.MySQLError, OSError) as error:
            number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            if not self._connection.open or number in _LOST or isinstance(error, OSError):
                self.reusable = False
                raise WarehouseError(UNAVAILABLE, str(error)) from error
            words = str(error.args[1]) if len(error.args) > 1 else ""
            raise WarehouseError(self._code(number, words), str(error), details=not_compared(words)) from error
        except (UnicodeError, ValueError, OverflowError) as error:
            raise WarehouseError(FAILED, str(error)) from error

    def _code(self, number: int, words: str) -> str:
        if number in _TOO_LARGE:
            return MEMORY
        if number in _TOO_LONG or (number in _INTERRUPTED and time.monotonic() >= self._until):
            return TIMEOUT
        return CANCELLED if number in _INTERRUPTED else code_of(number, words)


def _column_types(fields: Sequence[ResultField], expected: Sequence[DataType | None]) -> list[DataType]:
    kinds = []
    for at, field in enumerate(fields):
        kind = logical_type(field, expected[at] if len(expected) == len(fields) else None)
        if kind is None:
            quoted = field.name.replace("`", "``")
            what = f"number {field.code} of the protocol"
            details = {"column": field.name, "type": what, "cast": f"CAST(`{quoted}` AS CHAR)"}
            raise WarehouseError(TYPE_NOT_CARRIED, f"column {field.name!r} has type {what}", details=details)
        kinds.append(kind)
    return kinds


def _wired(field: ResultField, kind: DataType, values: Sequence[object]) -> tuple[DataType, Sequence[Json]]:
    try:
        return wire_column(field, kind, values)
    except Uncarried as error:
        details = {"column": field.name, "value": str(error)}
        raise WarehouseError(TYPE_NOT_CARRIED, f"column {field.name!r} holds {error}", details=details) from error


class MariaDBWarehouse(ServerWarehouse):
    """A ``gateway.ports.Warehouse`` on MariaDB 10.5 or later, or MySQL 8."""

    name = "mariadb"
    dialect = "mysql"
    section = MariaDBSection

    @classmethod
    def from_section(cls, section: MariaDBSection, folder: Path) -> MariaDBWarehouse:
        """Open what a project's settings name; raises as the constructor does."""
        return cls(section.options(folder))

    def __init__(self, options: MariaDBOptions) -> None:
        """Connect once, so that a wrong address is told at once.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``; ``WarehouseUnfit`` where the server cannot carry changes out.
        """
        account = options.writer
        writer = None
        if account is not None:
            dialect = MariaDBDialect(options.database, account.marker_schema)
            writer = ServerWriter(lambda: MariaDBWriteSession(options, account), dialect, self.name)
        super().__init__(lambda: MariaDBSession(options), options.bounds, writer)
