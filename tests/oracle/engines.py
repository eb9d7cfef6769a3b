"""The engines that the questions are asked on: a world's tables in their words, and a statement with its values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import duckdb
import psycopg
import pymysql
from tests.oracle.world import Key, World, column_of
from tests.planning.engines import DIALECTS, Engine, opened
from tests.zones.worlds import zoned_mariadb

from metricgate.adapters.warehouses.duckdb.connection import UNSOUND_OPTIMIZERS
from metricgate.compiling.statement import Statement

__all__ = ["DIALECTS", "ERRORS", "Engine", "asked", "load_tables", "opened_for"]

ERRORS = (duckdb.Error, psycopg.Error, pymysql.MySQLError)
_TYPES = {
    "kind": "VARCHAR(20)", "label": "VARCHAR(20)", "flag": "BOOLEAN", "amount": "INTEGER", "price": "INTEGER",
    "due": "DATE", "period": "DATE",
}  # fmt: skip
_SEEN = {
    ("duckdb", "zoned"): "TIMESTAMPTZ", ("postgres", "zoned"): "TIMESTAMPTZ", ("mysql", "zoned"): "TIMESTAMP NULL",
    ("duckdb", "local"): "TIMESTAMP", ("postgres", "local"): "TIMESTAMP", ("mysql", "local"): "DATETIME",
}  # fmt: skip
_SESSION = {
    "duckdb": ("SET TimeZone = 'UTC'", f"SET disabled_optimizers = '{UNSOUND_OPTIMIZERS}'"),
    "postgres": ("SET TIME ZONE 'UTC'",),
    "mysql": ("SET time_zone = '+00:00'",),
}
"""As the gateway's own connections."""


@contextmanager
def opened_for(dialect: str) -> Iterator[Engine]:
    """Connect to an engine, in a schema of the caller's own."""
    with opened(dialect, zoned_mariadb) as engine:
        for each in _SESSION[dialect]:
            engine.execute(each)
        yield engine


def load_tables(world: World, engine: Engine) -> None:
    """Write the world's tables anew."""
    for name, types, rows in _tables(world, engine.dialect):
        engine.execute(f"DROP TABLE IF EXISTS {name}")
        engine.execute(f"CREATE TABLE {name} ({', '.join(f'{key} {kind}' for key, kind in types.items())})")
        if rows:
            values = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
            engine.execute(f"INSERT INTO {name} VALUES {values}")


def _tables(world: World, dialect: str) -> Iterator[tuple[str, dict[str, str], list[Key]]]:
    yield "days", {"day": "DATE"}, [(day.date(),) for day in world.stored_days]
    for name, rows in world.tables.items():
        types = {"id": "INTEGER", "ka": "INTEGER", "kb": "INTEGER"}
        document = world.models[name]
        for each in [
            *(entity["expr"] for entity in document["entities"][1:]),
            *(way["from_columns"] for way in document.get("relationships", [])),
        ]:
            types |= dict.fromkeys(map(column_of, each if isinstance(each, list) else [each]), "INTEGER")
        kind, _stored = world.clocks.get(name, ("local", None))
        types |= {**_TYPES, "seen": _SEEN[dialect, kind]}
        yield name, types, [tuple(row[key] for key in types) for row in rows]


def asked(engine: Engine, statement: Statement) -> list[Key]:
    """Run a statement and return its rows; moments as UTC's clock shows them."""
    sql = statement.sql
    if engine.dialect == "mysql":
        pieces = sql.split("?")
        assert len(pieces) == len(statement.parameters) + 1, sql
        values = [*(_literal(each) for each in statement.parameters), ""]
        sql = "".join(piece + value for piece, value in zip(pieces, values, strict=True))
    else:
        for number, value in reversed(list(enumerate(statement.parameters, start=1))):
            sql = sql.replace(f"${number}", _literal(value))
    return [tuple(map(_plain, row)) for row in engine.execute(sql)]


def _plain(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value}'"
    if isinstance(value, date):
        return f"DATE '{value}'"
    if isinstance(value, bool | int | float):
        return str(value).upper()
    text = str(value).replace("'", "''")
    return f"'{text}'"
