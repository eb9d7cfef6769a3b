"""The tables on an engine, changed by the gateway, and a connection on which the same is done directly and rolled back.

On the servers both see the same tables. A file of DuckDB belongs to the gateway's process alone, so that its twin is in
memory, and the gateway's tables are read through the gateway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import psycopg
import pymysql
from pymysql.constants import CLIENT
from tests.contracts import servers

from conformance.differential.places import Refused
from conformance.differential.writes.tables import ITEMS, PARTS, script
from metricgate.adapters.warehouses.mariadb.options import SQL_MODE

Content = Mapping[str, Sequence[tuple[str | None, ...]]]
"""Table -> its rows as texts, sorted."""


@dataclass(frozen=True, slots=True)
class Did:
    """What a statement did: rows that it changed or put in, and what was in the tables afterwards."""

    count: int
    content: Content


class Directly(Protocol):
    """Runs a statement and takes it back; an empty one only looks.

    Raises:
        Refused: the engine does not run it.
    """

    def __call__(self, sql: str) -> Did:
        """Run it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The tables on an engine.

    Attributes:
        schema: where they are.
        warehouse: a settings file's ``warehouse`` section.
        shared: whether ``directly`` sees what the gateway has done.
    """

    engine: str
    schema: str
    warehouse: Mapping[str, object]
    directly: Directly
    shared: bool


def dumps(engine: str) -> Mapping[str, str]:
    """Return table -> the SELECT that shows all of it as texts."""
    return {table: _dump(engine, table, columns) for table, columns in (("items", ITEMS[engine]), ("parts", PARTS))}


def _dump(engine: str, table: str, columns: Mapping[str, str]) -> str:
    outputs = [_AS_TEXT.get((engine, name), _PLAIN[engine]).format(name) for name in columns]
    return f"SELECT {', '.join(f'{each} AS c{at}' for at, each in enumerate(outputs))} FROM {table}"


_PLAIN = {
    "duckdb": "CAST({} AS VARCHAR)",
    "postgres": "CAST({} AS text)",
    "mariadb": "CONVERT(CAST({} AS CHAR) USING utf8mb4)",
}
_AS_TEXT = {
    ("mariadb", "real4"): "CAST(CAST({} AS DOUBLE) AS CHAR)",
    ("mariadb", "bits"): "HEX({})",
    ("mariadb", "bytes"): "HEX({})",
    ("mariadb", "flag"): "CAST({} + 0 AS CHAR)",
}


@contextmanager
def placed(engine: str, seed: int, folder: Path) -> Iterator[Place]:
    """Make the tables; what was made on a server is dropped at the end."""
    with {"duckdb": _duckdb, "postgres": _postgres, "mariadb": _mariadb}[engine](seed, folder) as place:
        yield place


@contextmanager
def _duckdb(seed: int, folder: Path) -> Iterator[Place]:
    file = folder / "writes.duckdb"
    for target in (str(file), ":memory:"):
        connection = duckdb.connect(target)
        connection.execute("SET TimeZone = 'UTC'; SET threads = 1")
        for statement in script("duckdb", seed):
            connection.execute(statement)
        if target == str(file):
            connection.close()

    def directly(sql: str) -> Did:
        connection.execute("BEGIN")
        try:
            count = 0
            if sql:
                changed = connection.execute(sql).fetchone()
                count = int(changed[0]) if changed else 0
            return Did(count, {table: _sorted(connection.execute(each).fetchall()) for table, each in looks.items()})
        except (duckdb.Error, ValueError) as error:
            raise Refused(str(error)) from error
        finally:
            connection.execute("ROLLBACK")

    looks = dumps("duckdb")
    section = {"kind": "duckdb", "file": file.name, "read_only": False, "writes": True, "threads": 1}
    try:
        yield Place(engine="duckdb", schema="main", warehouse=section, directly=directly, shared=False)
    finally:
        connection.close()


@contextmanager
def _postgres(seed: int, _folder: Path) -> Iterator[Place]:
    at, schema = servers.postgres(), f"{servers.SCHEMA}_writes"
    looks = dumps("postgres")
    with servers.postgres_connection(at) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(f"SET search_path = {schema}; SET timezone = 'UTC'; SET statement_timeout = '20s'")
        for statement in script("postgres", seed):
            connection.execute(statement)

        def directly(sql: str) -> Did:
            connection.execute("BEGIN")
            try:
                count = connection.execute(sql.encode()).rowcount if sql else 0
                return Did(
                    count, {table: _sorted(connection.execute(each).fetchall()) for table, each in looks.items()}
                )
            except psycopg.Error as error:
                raise Refused(str(error)) from error
            finally:
                connection.execute("ROLLBACK")

        section = {
            "kind": "postgres", "host": at.host, "port": at.port, "user": at.user, "database": at.database,
            "search_path": schema, "writer": {"user": at.user, "marker_schema": schema},
        }  # fmt: skip
        try:
            yield Place(engine="postgres", schema=schema, warehouse=section, directly=directly, shared=True)
        finally:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def _mariadb(seed: int, _folder: Path) -> Iterator[Place]:
    at, schema = servers.mariadb(), f"{servers.SCHEMA}_writes"
    looks = dumps("mariadb")
    connection = pymysql.connect(
        host=at.host, port=at.port, user=at.user, password=at.password or "", client_flag=CLIENT.FOUND_ROWS
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {schema}")
        cursor.execute(f"USE {schema}")

        cursor.execute(f"SET NAMES utf8mb4, SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00'")
        for statement in script("mariadb", seed):
            cursor.execute(statement)
        connection.commit()

        def directly(sql: str) -> Did:
            cursor.execute("SET autocommit = 0")
            cursor.execute("START TRANSACTION")
            try:
                count = cursor.execute(_RESTED.get(sql, sql)) if sql else 0
                found = {}
                for table, each in looks.items():
                    cursor.execute(each)
                    found[table] = _sorted(cursor.fetchall())
                return Did(count, found)
            except pymysql.Error as error:
                raise Refused(str(error)) from error
            finally:
                cursor.execute("ROLLBACK")

        section = {
            "kind": "mariadb", "host": at.host, "port": at.port, "user": at.user, "database": schema,
            "writer": {"user": at.user, "marker_schema": schema},
        }  # fmt: skip
        try:
            yield Place(engine="mariadb", schema=schema, warehouse=section, directly=directly, shared=True)
        finally:
            cursor.execute("ROLLBACK")
            cursor.execute(f"DROP DATABASE {schema}")


_RESTED = {"TRUNCATE parts": "DELETE FROM parts", "TRUNCATE TABLE parts": "DELETE FROM parts"}
"""MariaDB commits at a TRUNCATE, which cannot be taken back."""


def _sorted(rows: Sequence[Sequence[object]]) -> Sequence[tuple[str | None, ...]]:
    found = [tuple(None if value is None else str(value) for value in row) for row in rows]
    return sorted(found, key=lambda row: [(value is None, value or "") for value in row])
