"""Tables of shapes on an engine, and the project that stands before them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import psycopg
import pymysql
from tests.contracts import servers

from conformance.doors.shapes import Shape, shapes_of, some, types_of
from metricgate.adapters.warehouses.mariadb.options import SQL_MODE

ENGINES = ("duckdb", "postgres", "mariadb")
_Opened = tuple[dict[str, object], Callable[[str], bool]]
"""A settings file's ``warehouse`` section, and what ``Place.refuses`` does."""
MOST_COLUMNS = 60
"""Of one table."""
_POLICY = """
version: 1
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [everyone], actions: [describe, query, list_values, read, insert, update, delete],
     on: ["metric:*", "dimension:*", "dataset:*", "column:*", "function:*"]}
"""


class Table:
    """One table: a key ``k`` of 1 (values) and 2 (NULLs), and a column ``c0``, ``c1`` ... for each shape."""

    def __init__(self, number: int, shapes: Sequence[Shape]) -> None:
        """Name it by its number."""
        self.name = f"shapes{number}"
        self.shapes = tuple(shapes)

    def named(self) -> Iterator[tuple[str, Shape]]:
        """Yield each column's name with its shape."""
        for number, shape in enumerate(self.shapes):
            yield f"c{number}", shape

    def member(self, column: str) -> str:
        """Return the dimension of a column."""
        return f"{self.name}__v_{column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The tables on an engine.

    Attributes:
        schema: where they are.
        refuses: whether the raw engine refuses a statement. DuckDB's file is the gateway's alone: it refuses nothing.
    """

    engine: str
    schema: str
    tables: Sequence[Table]
    refuses: Callable[[str], bool]

    def cannot_store(self, shape: Shape) -> bool:
        """Whether the engine makes no value of a shape of its text, by which changes travel: DuckDB of some unions."""
        if self.engine != "duckdb":
            return False
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE t AS SELECT {shape.written} AS v")
            [(kind,)] = connection.execute("SELECT data_type FROM duckdb_columns() WHERE table_name = 't'").fetchall()
            try:
                connection.execute(f"SELECT CAST(CAST(NULL AS VARCHAR) AS {kind}) FROM t")
            except duckdb.Error:
                return True
        return False


@contextmanager
def placed(engine: str, folder: Path, *, each: int = 1) -> Iterator[Place]:
    """Make tables and project; take away afterwards what was made on a server.

    Args:
        engine: of ``ENGINES``.
        folder: the project's, new.
        each: take one of so many of the shapes that nest.
    """
    schema = "main" if engine == "duckdb" else f"{servers.SCHEMA}_shapes"
    tables = [Table(number, part) for number, part in enumerate(_in_tables(some(shapes_of(engine, schema), each)))]
    folder.mkdir(parents=True)
    with {"duckdb": _duckdb, "postgres": _postgres, "mariadb": _mariadb}[engine](schema, folder, tables) as opened:
        section, refuses = opened
        files = {
            "metricgate.yaml": {
                "project": "doors",
                "conduct": {"repeats": None, "refusals": None},
                "warehouse": section,
            },
            "semantic_models/m.yaml": {"semantic_models": [_model(table, schema) for table in tables]},
        }
        for name, document in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(document), encoding="utf-8")
        (folder / "policies").mkdir()
        (folder / "policies" / "p.yaml").write_text(_POLICY, encoding="utf-8")
        yield Place(engine=engine, schema=schema, tables=tables, refuses=refuses)


def _in_tables(shapes: Sequence[Shape]) -> Iterator[Sequence[Shape]]:
    for begin in range(0, len(shapes), MOST_COLUMNS):
        yield shapes[begin : begin + MOST_COLUMNS]


def _model(table: Table, schema: str) -> dict[str, object]:
    columns = [name for name, _shape in table.named()]
    metrics = [
        {"name": f"{table.name}_count", "type": "simple", "agg": "count"},
        *({"name": f"{table.name}_max_{name}", "type": "simple", "agg": "max", "expr": name} for name in columns),
        *({"name": f"{table.name}_min_{name}", "type": "simple", "agg": "min", "expr": name} for name in columns),
        *(
            {"name": f"{table.name}_distinct_{name}", "type": "simple", "agg": "count_distinct", "expr": name}
            for name in columns
        ),
    ]
    return {
        "name": table.name,
        "source": f"{schema}.{table.name}",
        "entities": [{"name": table.name, "type": "primary", "expr": "k"}],
        "dimensions": [{"name": f"v_{name}", "type": "categorical", "expr": name} for name in columns],
        "metrics": metrics,
    }


@contextmanager
def _duckdb(_schema: str, folder: Path, tables: Sequence[Table]) -> Iterator[_Opened]:
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in tables:
            values = ", ".join(f"{shape.written} AS {name}" for name, shape in table.named())
            nulls = ", ".join(f"NULL AS {name}" for name, _shape in table.named())
            connection.execute(f"CREATE TABLE {table.name} AS SELECT 1::BIGINT AS k, {values}")
            connection.execute(f"INSERT INTO {table.name} SELECT 2, {nulls}")
            connection.execute(f"ALTER TABLE {table.name} ADD PRIMARY KEY (k)")
    section = {"kind": "duckdb", "file": "data.duckdb", "read_only": False, "writes": True, "threads": 1}
    yield section, lambda _sql: False


def _made(table: Table, schema: str, more: str = "") -> list[str]:
    columns = ", ".join(f"{name} {shape.declared}" for name, shape in table.named())
    values = ", ".join(shape.written for shape in table.shapes)
    nulls = ", ".join("NULL" for _shape in table.shapes)
    return [
        f"CREATE TABLE {schema}.{table.name} (k bigint PRIMARY KEY, {columns}){more}",
        f"INSERT INTO {schema}.{table.name} VALUES (1, {values}), (2, {nulls})",
    ]


@contextmanager
def _postgres(schema: str, _folder: Path, tables: Sequence[Table]) -> Iterator[_Opened]:
    at = servers.postgres()
    with servers.postgres_connection(at) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        try:
            connection.execute("SET timezone = 'UTC'")
            for statement in types_of("postgres", schema):
                connection.execute(statement.encode())
            for table in tables:
                for statement in _made(table, schema):
                    connection.execute(statement.encode())
            section = {
                "kind": "postgres", "host": at.host, "port": at.port, "user": at.user, "database": at.database,
                "search_path": schema, "writer": {"user": at.user, "marker_schema": schema},
            }  # fmt: skip
            yield section, partial(_refused, connection.execute, psycopg.Error)
        finally:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def _mariadb(schema: str, _folder: Path, tables: Sequence[Table]) -> Iterator[_Opened]:
    at = servers.mariadb()
    with servers.mariadb_connection(at) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {schema}")
        try:
            cursor.execute(f"SET NAMES utf8mb4, SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00'")
            for table in tables:
                for statement in _made(table, schema, " ENGINE=InnoDB DEFAULT CHARSET utf8mb4"):
                    cursor.execute(statement)
            section = {
                "kind": "mariadb", "host": at.host, "port": at.port, "user": at.user, "database": schema,
                "writer": {"user": at.user, "marker_schema": schema},
            }  # fmt: skip
            yield section, partial(_refused, cursor.execute, pymysql.Error)
        finally:
            cursor.execute(f"DROP DATABASE {schema}")


def _refused(execute: Callable[[str], object], errors: type[Exception], sql: str) -> bool:
    try:
        execute(sql)
    except errors:
        return True
    return False
