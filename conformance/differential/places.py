"""Where queries run raw: the tables in four copies on an engine, and a plain connection to each.

``all`` holds every row, ``allowed`` only those that the filtered caller may see, ``turned`` and ``allowed_turned``
views of the same rows in another order: where the engine's own answer depends on that order, or on whether a table is
a view, there is no right answer to compare with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import duckdb
import psycopg
import pymysql
from psycopg.types.string import TextLoader
from pymysql.constants import FIELD_TYPE
from tests.contracts import servers

from conformance.differential.tables import Row, allowed, rows, statements
from metricgate.adapters.warehouses.duckdb.connection import UNSOUND_OPTIMIZERS
from metricgate.adapters.warehouses.duckdb.errors import breaks
from metricgate.adapters.warehouses.duckdb.reading import types as duckdb_types
from metricgate.adapters.warehouses.mariadb.options import SQL_MODE, UNSOUND_SWITCHES
from metricgate.adapters.warehouses.mariadb.reading import types as mariadb_types
from metricgate.adapters.warehouses.postgres.reading import types as postgres_types
from metricgate.vocabulary.result import DataType

COPIES = ("all", "allowed", "turned", "allowed_turned")
_SECONDS = 5


class Refused(Exception):
    """The engine does not run the text."""


class Gone(Exception):
    """The server has ended, or the connection to it; nothing that it says from now on tells of a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Rows as the engine's own driver gives them, with names and logical types of columns."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    coarse: frozenset[int] = frozenset()
    """Columns of which the driver shows six digits: MariaDB's FLOAT, which the gateway reads exactly."""


class Raw(Protocol):
    """Runs a text on one of the copies.

    Raises:
        Refused: the engine does not run it.
        Gone: the server is not there any more.
    """

    def __call__(self, sql: str, copy: str) -> Result:
        """Run it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The tables on an engine.

    Attributes:
        warehouse: a settings file's ``warehouse`` section, relative to the folder that it was made for.
        schema: where the tables with every row are.
    """

    engine: str
    schema: str
    warehouse: Mapping[str, object]
    raw: Raw


def contents(seed: int) -> Mapping[str, Mapping[str, Sequence[Row]]]:
    """Return copy -> table -> rows."""
    found = rows(seed)
    return {
        "all": found,
        "allowed": {table: [row for row in each if allowed(table, row)] for table, each in found.items()},
        "turned": {table: _turned(each) for table, each in found.items()},
        "allowed_turned": {
            table: _turned([row for row in each if allowed(table, row)]) for table, each in found.items()
        },
    }


def _turned(each: Sequence[Row]) -> list[Row]:
    return [*each[2:], *reversed(each[:2])]


@contextmanager
def placed(engine: str, seed: int, folder: Path) -> Iterator[Place]:
    """Make the tables; what was made on a server is dropped at the end."""
    with {"duckdb": _duckdb, "postgres": _postgres, "mariadb": _mariadb}[engine](seed, folder) as place:
        yield place


@contextmanager
def _duckdb(seed: int, folder: Path) -> Iterator[Place]:
    content = contents(seed)
    with duckdb.connect(str(folder / "tables.duckdb")) as file:
        for statement in statements("main", content["all"], "duckdb"):
            file.execute(statement)

    def opened(copy: str) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={"disabled_optimizers": UNSOUND_OPTIMIZERS})
        connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
        for statement in statements("main", content[copy], "duckdb", views=copy.endswith("turned")):
            connection.execute(statement)
        return connection

    connections = {copy: opened(copy) for copy in COPIES}

    def raw(sql: str, copy: str) -> Result:
        try:
            found = connections[copy].execute(sql)
            types = [duckdb_types.logical_type(str(each[1])) for each in found.description]
            values = found.fetchall()
        except (duckdb.Error, ValueError, OverflowError) as error:
            if breaks(error):
                # The engine ended its instance by a mistake of its own: nothing would run in it any more.
                connections[copy].close()
                connections[copy] = opened(copy)
            raise Refused(str(error)) from error
        names = tuple(each[0] for each in found.description)
        return Result(names=names, types=tuple(map(str, types)), rows=tuple(values))

    # One thread and one worker: a run has one processor.
    section = {"kind": "duckdb", "file": "tables.duckdb", "threads": 1, "workers": 1, "concurrent": 1}
    try:
        yield Place(engine="duckdb", schema="main", warehouse=section, raw=raw)
    finally:
        for connection in connections.values():
            connection.close()


@contextmanager
def _postgres(seed: int, _folder: Path) -> Iterator[Place]:
    at, content = servers.postgres(), contents(seed)
    schemas = {copy: f"{servers.SCHEMA}_{copy}" for copy in COPIES}
    connections = {}
    with servers.postgres_connection(at) as admin:
        for copy, schema in schemas.items():
            admin.execute(f"CREATE SCHEMA {schema}")
            for statement in statements(schema, content[copy], "postgres", views=copy.endswith("turned")):
                admin.execute(statement)
            connection = connections[copy] = servers.postgres_connection(at)
            for name in ("json", "jsonb", "interval", "date", "timestamp", "timestamptz", "time"):
                connection.adapters.register_loader(name, TextLoader)
            connection.execute(
                f"SET search_path = {schema}; SET timezone = 'UTC'; SET intervalstyle = iso_8601; "
                f"SET statement_timeout = '{_SECONDS}s'"
            )
    names = dict(connections["all"].execute("SELECT oid, typname::text FROM pg_type").fetchall())

    def raw(sql: str, copy: str) -> Result:
        try:
            with psycopg.RawCursor(connections[copy]) as cursor:
                cursor.execute(sql.encode())
                described = cursor.description or ()
                values = cursor.fetchall()
        except psycopg.Error as error:
            if connections[copy].closed:
                raise Gone(str(error)) from error
            raise Refused(str(error)) from error
        types = [_postgres_type(names[each.type_code]) for each in described]
        return Result(names=tuple(each.name for each in described), types=tuple(types), rows=tuple(values))

    section = {
        "kind": "postgres", "host": at.host, "port": at.port, "user": at.user, "database": at.database,
        "search_path": schemas["all"],
    }  # fmt: skip
    try:
        yield Place(engine="postgres", schema=schemas["all"], warehouse=section, raw=raw)
    finally:
        for connection in connections.values():
            connection.close()
        with servers.postgres_connection(at) as admin:
            for schema in schemas.values():
                admin.execute(f"DROP SCHEMA {schema} CASCADE")


def _postgres_type(name: str) -> str:
    """What is on no list of the adapter's is answered as the server's text."""
    return "list" if name.startswith("_") else str(postgres_types.TYPES.get(name, DataType.STRING))


@contextmanager
def _mariadb(seed: int, _folder: Path) -> Iterator[Place]:
    at, content = servers.mariadb(), contents(seed)
    schemas = {copy: f"{servers.SCHEMA}_{copy}" for copy in COPIES}
    connections = {}
    with servers.mariadb_connection(at) as admin, admin.cursor() as cursor:
        for copy, schema in schemas.items():
            cursor.execute(f"CREATE DATABASE {schema}")
            for statement in statements(schema, content[copy], "mariadb", views=copy.endswith("turned")):
                cursor.execute(statement)
            connection = connections[copy] = servers.mariadb_connection(at)
            connection.decoders = {}
            with connection.cursor() as own:
                own.execute(
                    f"SET NAMES utf8mb4, SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00', "
                    f"max_statement_time = {_SECONDS}, optimizer_switch = '{UNSOUND_SWITCHES}'"
                )
                own.execute(f"USE {schema}")

    def raw(sql: str, copy: str) -> Result:
        try:
            with connections[copy].cursor() as cursor:
                cursor.execute(sql)
                if cursor._result is None or not cursor._result.fields:  # noqa: SLF001 - the public form lacks sizes
                    raise Refused("no rows come of it")
                fields = cursor._result.fields  # noqa: SLF001
                values = cursor.fetchall()
        except pymysql.Error as error:
            if not connections[copy].open:
                raise Gone(str(error)) from error
            raise Refused(str(error)) from error
        described = [
            mariadb_types.ResultField(
                name=each.name, code=each.type_code, length=each.length, scale=each.scale, charset=each.charsetnr
            )
            for each in fields
        ]
        types = tuple(str(mariadb_types.logical_type(each, None)) for each in described)
        read = [_MARIADB_VALUES.get(each.code) for each in described]
        return Result(
            names=tuple(each.name for each in described),
            types=types,
            coarse=frozenset(at for at, each in enumerate(described) if each.code == FIELD_TYPE.FLOAT),
            rows=tuple(
                tuple(value if value is None or to is None else to(value) for value, to in zip(row, read, strict=True))
                for row in values
            ),
        )

    section = {"kind": "mariadb", "host": at.host, "port": at.port, "user": at.user, "database": schemas["all"]}
    try:
        yield Place(engine="mariadb", schema=schemas["all"], warehouse=section, raw=raw)
    finally:
        for connection in connections.values():
            connection.close()
        with servers.mariadb_connection(at) as admin, admin.cursor() as cursor:
            for schema in schemas.values():
                cursor.execute(f"DROP DATABASE {schema}")


_INTEGERS = (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR)
_MARIADB_VALUES = {
    **dict.fromkeys(_INTEGERS, int),
    **dict.fromkeys((FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL), Decimal),
    **dict.fromkeys((FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE), float),
}
"""What the protocol's texts are; the others stay texts."""


def document(text: str) -> object:
    """Return a JSON text's value with every digit of its numbers."""
    return json.loads(text, parse_float=Decimal)


def moment(text: str) -> str:
    """Return a moment's text as ISO 8601 has it, without digits of a second that say nothing.

    >>> moment("2024-03-10 05:06:07.250"), moment("2024-01-31 00:00:00+00"), moment("0002-05-26 (BC) 16:00:00")
    ('2024-03-10T05:06:07.25', '2024-01-31T00:00:00+00:00', '-0001-05-26T16:00:00')
    """
    before_christ = _BEFORE_CHRIST.fullmatch(text)
    if before_christ is not None:
        text = f"-{int(before_christ[1]) - 1:04}-{before_christ[2]}{before_christ[3]}"
    text = re.sub(r"(\+\d\d)$", r"\1:00", text.replace(" ", "T"))
    return re.sub(r"\.0+(?=$|\+)|(\.\d*?[1-9])0+(?=$|\+)", r"\1", text)


_BEFORE_CHRIST = re.compile(r"(\d+)-(\d\d-\d\d)[ T]\(BC\)(.*)")
"""How DuckDB's driver writes what Python's dates do not hold; ISO 8601 has a year 0."""
