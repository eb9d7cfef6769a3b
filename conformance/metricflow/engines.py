"""The engines that a suite can be asked on: where its tables go, and the settings that open them there.

The fixtures are loaded into DuckDB in any case (expected rows that are given as SQL are for DuckDB) and copied from
there to a schema of the run's own. Servers are found as the warehouse contract finds them, see
``tests.contracts.servers``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
from tests.contracts import servers

from conformance.metricflow.fixtures import SCHEMA

_POSTGRES_TYPES = {"VARCHAR": "TEXT", "DOUBLE": "DOUBLE PRECISION"}
_MARIADB_TYPES = {"VARCHAR": "VARCHAR(255) COLLATE utf8mb4_bin", "TIMESTAMP": "DATETIME(6)"}
_PASSWORD = "CONFORMANCE_PASSWORD"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the tables are: the schema, and the settings' ``warehouse`` section as JSON, which is YAML too."""

    schema: str
    warehouse: str


def place(engine: str, database: Path) -> Place:
    """Return where the tables of the DuckDB file are after having been copied to the engine."""
    return ENGINES[engine](database)


def _duckdb(database: Path) -> Place:
    return Place(schema=SCHEMA, warehouse=json.dumps({"kind": "duckdb", "file": str(database), "threads": 2}))


def _postgres(database: Path) -> Place:
    at = servers.postgres()
    with servers.postgres_connection(at) as connection, connection.cursor() as cursor:
        for table, columns, rows in _tables(database, _POSTGRES_TYPES):
            cursor.execute(f"CREATE TABLE {servers.SCHEMA}.{table} ({columns})")
            with cursor.copy(f"COPY {servers.SCHEMA}.{table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    return Place(schema=servers.SCHEMA, warehouse=_section("postgres", at, at.database))


def _mariadb(database: Path) -> Place:
    at = servers.mariadb()
    with servers.mariadb_connection(at) as connection, connection.cursor() as cursor:
        for table, columns, rows in _tables(database, _MARIADB_TYPES):
            cursor.execute(f"CREATE TABLE {servers.SCHEMA}.{table} ({columns})")
            if rows:
                marks = ", ".join(["%s"] * len(rows[0]))
                cursor.executemany(f"INSERT INTO {servers.SCHEMA}.{table} VALUES ({marks})", rows)
    return Place(schema=servers.SCHEMA, warehouse=_section("mariadb", at, servers.SCHEMA))


def _tables(database: Path, types: dict[str, str]) -> Iterator[tuple[str, str, list[tuple]]]:
    """Yield (name, columns as DDL, rows) of every fixture."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [SCHEMA]).fetchall()
        for (table,) in names:
            relation = connection.table(f"{SCHEMA}.{table}")
            kinds = [types.get(str(kind), str(kind)) for kind in relation.types]
            columns = ", ".join(f"{name} {kind}" for name, kind in zip(relation.columns, kinds, strict=True))
            yield table, columns, relation.fetchall()


def _section(kind: str, at: servers.Address, database: str) -> str:
    section: dict[str, str | int] = {"kind": kind, "host": at.host, "port": at.port, "user": at.user}
    section["database"] = database
    if at.password is not None:
        os.environ[_PASSWORD] = at.password
        section["password_variable"] = _PASSWORD
    return json.dumps(section)


ENGINES: dict[str, Callable[[Path], Place]] = {"duckdb": _duckdb, "postgres": _postgres, "mariadb": _mariadb}
