"""PostgreSQL as a warehouse: a small pool of sessions of one role, a read-only transaction for each statement.

A statement is declared as a cursor by the extended protocol: PostgreSQL itself then refuses everything but one SELECT
without data-changing parts. What a statement may have set is rolled back, and the session is discarded to its start-up
settings before the next. What the role may read is the operator's to grant; see ``docs/warehouses.md``.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import psycopg

from metricgate.adapters.warehouses.kept_rows import Kept, ResultCaps, kept_rows
from metricgate.adapters.warehouses.postgres.changing.dialect import PostgresDialect
from metricgate.adapters.warehouses.postgres.changing.session import PostgresWriteSession
from metricgate.adapters.warehouses.postgres.connection import connect
from metricgate.adapters.warehouses.postgres.errors import code_of, not_compared
from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.postgres.reading.engine_parse import opinion_of
from metricgate.adapters.warehouses.postgres.reading.shapes import Shapes
from metricgate.adapters.warehouses.postgres.reading.types import register_texts
from metricgate.adapters.warehouses.postgres.reading.values import PostgresTypeShape, reader_of
from metricgate.adapters.warehouses.postgres.rights import postgres_findings
from metricgate.adapters.warehouses.postgres.section import PostgresSection
from metricgate.adapters.warehouses.servers.session import (
    CANCELLED,
    FAILED,
    MEMORY,
    TIMEOUT,
    TYPE_NOT_CARRIED,
    UNAVAILABLE,
    SessionResult,
    hold_checks,
)
from metricgate.adapters.warehouses.servers.warehouse import ServerWarehouse
from metricgate.adapters.warehouses.servers.writer import ServerWriter
from metricgate.adapters.warehouses.wire import LARGEST_INTEGER, Uncarried
from metricgate.compiling.statement import Statement
from metricgate.gateway.ports import WarehouseError
from metricgate.vocabulary.account_finding import AccountFinding
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.opinion import Opinion
from metricgate.vocabulary.result import Column, DataType, ValueType

_ANSWER = "answer"
_DECLARED = f'DECLARE "{_ANSWER}" CURSOR FOR '
"""What the driver writes before a statement: places count from there."""
_CANCEL_SECONDS = 1.0
_LATER_SECONDS = 2.0
_LOST = ("08", "57P", "25P03")
_TOO_LARGE = ("53", "54000")
_FUNCTIONS = (
    "SELECT DISTINCT proname FROM pg_catalog.pg_proc WHERE pronamespace = 'pg_catalog'::pg_catalog.regnamespace"
)
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, a.atttypid
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND c.relname = ANY(%s)
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
ORDER BY c.oid, a.attnum
"""


class PostgresSession:
    """One connection. See ``server.Session`` for what each method promises."""

    def __init__(self, options: PostgresOptions) -> None:
        """Keep the options; ``open`` connects."""
        self.reusable = True
        self._options = options
        self._shapes = Shapes()
        self._until = 0.0
        self._opened: psycopg.Connection | None = None

    def open(self, seconds: float) -> None:
        """Connect."""
        options = self._options
        self._opened = connect(
            options,
            user=options.user,
            password=options.password,
            settings=options.session,
            seconds=seconds,
            application="metricgate",
        )
        register_texts(self._opened.adapters)

    def begin(self, seconds: float) -> None:
        """Begin, with the server's own time limit somewhat later than ours.

        Raises:
            WarehouseError: the connection is lost.
        """
        self._until = time.monotonic() + seconds
        limit = int((seconds + _LATER_SECONDS) * 1_000)
        try:
            self._connection.execute(f"BEGIN READ ONLY; SET LOCAL statement_timeout = {limit}")
        except psycopg.Error as error:
            self.reusable = False
            raise WarehouseError(UNAVAILABLE, str(error)) from error

    def answer(self, statement: Statement, caps: ResultCaps) -> SessionResult:
        """Declare the statement as a cursor and fetch from it."""
        hold_checks(statement, self.types)
        with self._failing(), psycopg.RawServerCursor(self._connection, _ANSWER) as cursor:
            if statement.confined:
                # A function of the database's own must not be taken for a built-in one of the same name.
                self._connection.execute("SET LOCAL search_path = pg_catalog")
            cursor.execute(statement.sql, statement.parameters)
            described = cursor.description or ()
            shapes = [self._shapes.of(self._connection, each.type_code) for each in described]
            kept = kept_rows(cursor.fetchmany, caps)
            whole = {
                at
                for at, each in enumerate(described)
                if shapes[at].kind == "numeric"
                and (each.scale == 0 or (each.scale is None and _holds_whole_numbers(kept.rows, at)))
            }
        return _answer([each.name for each in described], shapes, whole, kept)

    def types(self, select: str) -> tuple[ValueType, ...]:
        """Run it: the tables that it names stay locked against changes of their columns until the transaction ends."""
        with self._failing(), psycopg.RawCursor(self._connection) as cursor:
            cursor.execute(select)
            numbers = [each.type_code for each in cursor.description or ()]
            return tuple(ValueType(type=self._shapes.of(self._connection, each).logical) for each in numbers)

    def columns(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[Column, ...]]:
        """Read the catalogue; names are compared as they are, in the case that they have."""
        found = self._catalogue(relations)
        named = {relation: self._found(relation, found) for relation in relations}
        return {relation: tuple(found[name]) for relation, name in named.items() if name is not None}

    def locations(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Read the catalogue; a source without a schema is looked up in the schemas of the search path."""
        found = self._catalogue(relations)
        named = {relation: self._found(relation, found) for relation in relations}
        return {relation: name for relation, name in named.items() if name is not None}

    def functions(self) -> frozenset[str]:
        """Read the functions of ``pg_catalog``: the only ones that confined statements can reach."""
        with self._failing(), psycopg.Cursor(self._connection) as cursor:
            return frozenset(str(name).lower() for (name,) in cursor.execute(_FUNCTIONS).fetchall())

    def findings(self, relations: Sequence[tuple[str, ...]]) -> tuple[AccountFinding, ...]:
        """Read the role's rights from the catalogue."""
        governed = frozenset(self.locations(relations).values())
        with self._failing(), psycopg.Cursor(self._connection) as cursor:
            return postgres_findings(cursor, governed)

    def _catalogue(self, relations: Sequence[tuple[str, ...]]) -> dict[tuple[str, str], list[Column]]:
        """Return every readable relation of one of these names, by schema and name."""
        with self._failing(), psycopg.Cursor(self._connection) as cursor:
            rows = cursor.execute(_COLUMNS, [[relation[-1] for relation in relations]]).fetchall()
            found: dict[tuple[str, str], list[Column]] = {}
            for schema, table, name, number in rows:
                shape = self._shapes.of(self._connection, int(number))
                found.setdefault((schema, table), []).append(Column(name=name, type=shape.logical))
        return found

    def end(self) -> None:
        """Roll back and discard what the session may hold: settings, locks, plans."""
        if not self.reusable:
            return
        try:
            self._connection.execute("ROLLBACK")
            self._connection.execute("DISCARD ALL")
        except psycopg.Error:
            self.reusable = False

    def cancel(self) -> None:
        """Ask the server to cancel, over a connection of its own."""
        with suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=_CANCEL_SECONDS)

    def sever(self) -> None:
        """Shut the socket, which wakes the thread that waits on it. Does nothing while it is being connected."""
        if self._opened is None:
            return
        with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(self._opened.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; one that is lost already is left."""
        if self._opened is not None:
            with suppress(psycopg.Error):
                self._opened.close()

    @property
    def _connection(self) -> psycopg.Connection:
        if self._opened is None:
            raise WarehouseError(UNAVAILABLE, "not connected")
        return self._opened

    def _found(
        self, relation: tuple[str, ...], found: Mapping[tuple[str, str], list[Column]]
    ) -> tuple[str, str] | None:
        *database, schema, table = relation if len(relation) > 1 else ("", *relation)
        if database and database != [self._options.database]:
            return None
        schemas = (schema,) if schema else self._options.search_path
        return next(((each, table) for each in schemas if (each, table) in found), None)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Give every failure of the driver its code."""
        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ""
            code, position = code_of(state), None
            if self._connection.closed or self._connection.broken or state.startswith(_LOST):
                code, self.reusable = UNAVAILABLE, False
            elif state.startswith(_TOO_LARGE):
                code = MEMORY
            elif isinstance(error, psycopg.errors.QueryCanceled):
                code = TIMEOUT if time.monotonic() >= self._until else CANCELLED
            if error.diag.statement_position is not None:
                position = int(error.diag.statement_position) - 1 - len(_DECLARED)
            details = not_compared(state, error.diag.message_primary or "")
            raise WarehouseError(code, str(error), position=position, details=details) from error
        except (UnicodeError, ValueError, OverflowError) as error:
            raise WarehouseError(FAILED, str(error)) from error


def _answer(names: Sequence[str], shapes: Sequence[PostgresTypeShape], whole: set[int], kept: Kept) -> SessionResult:
    """Return the answer, the columns of whole numbers as integers.

    Raises:
        WarehouseError: a value has no wire form, or a type that does not tell those of its fields.
    """
    for name, shape in zip(names, shapes, strict=True):
        _check_typed(name, shape)
    readers = [_wire_integer if at in whole else reader_of(shape) for at, shape in enumerate(shapes)]
    values = cast("Sequence[Sequence[Json]]", kept.rows)
    if any(readers):
        by_column = list(zip(*values, strict=True)) or [() for _ in names]
        parts = zip(names, readers, by_column, strict=True)
        values = list(zip(*(_read_column(name, reader, column) for name, reader, column in parts), strict=True))
    columns = tuple(
        Column(name=name, type=DataType.INTEGER if at in whole else shape.logical)
        for at, (name, shape) in enumerate(zip(names, shapes, strict=True))
    )
    return SessionResult(columns=columns, values=values, truncated=kept.truncated, bytes=kept.bytes)


def _check_typed(name: str, shape: PostgresTypeShape) -> None:
    """Refuse a row without a type: the server sends it as a text, in which a number is no number any more."""
    inner = shape
    while inner.kind == "list":
        (inner,) = inner.parts
    if inner.kind == "record":
        kind = "record" if inner is shape else "record[]"
        quoted = name.replace('"', '""')
        details = {"column": name, "type": kind, "cast": f'to_jsonb("{quoted}")'}
        raise WarehouseError(TYPE_NOT_CARRIED, f"column {name!r} has type {kind}", details=details)


def _read_column(name: str, reader: Callable[[str], Json] | None, column: Sequence[Json]) -> Sequence[Json]:
    if reader is None:
        return column
    try:
        return [None if value is None else reader(str(value)) for value in column]
    except Uncarried as error:
        details = {"column": name, "value": str(error)}
        raise WarehouseError(TYPE_NOT_CARRIED, f"column {name!r} holds {error}", details=details) from error
    except ValueError as error:
        raise WarehouseError(FAILED, f"column {name!r}: {error}") from error


def _holds_whole_numbers(rows: Sequence[Sequence[object]], at: int) -> bool:
    """Say whether a NUMERIC of no declared scale holds whole numbers: so does PostgreSQL's sum of integers."""
    known = [str(row[at]) for row in rows if row[at] is not None]
    return bool(known) and all(value.lstrip("-").isdigit() for value in known)


def _wire_integer(text: str) -> Json:
    value = int(text)
    return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else text


class PostgresWarehouse(ServerWarehouse):
    """A ``gateway.ports.Warehouse`` on PostgreSQL 13 or later."""

    name = "postgres"
    dialect = "postgres"
    section = PostgresSection

    @classmethod
    def from_section(cls, section: PostgresSection, folder: Path) -> PostgresWarehouse:
        """Open what a project's settings name; raises as the constructor does."""
        return cls(section.options(folder))

    def __init__(self, options: PostgresOptions) -> None:
        """Connect once, so that a wrong address is told at once.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
        """
        account = options.writer
        writer = None
        if account is not None:
            dialect = PostgresDialect(options.search_path, account.marker_schema)
            writer = ServerWriter(lambda: PostgresWriteSession(options, account), dialect, self.name)
        super().__init__(lambda: PostgresSession(options), options.bounds, writer)

    async def opinion(self, sql: str) -> Opinion | None:
        """Return what PostgreSQL's grammar makes of the text; in a thread, for it may be long."""
        return await asyncio.to_thread(opinion_of, sql)
