"""One table on each of three engines, opened for changes, with governed actions of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
from tests.contracts import servers

ENGINES = ("duckdb", "postgres", "mariadb")
_TABLE = (
    "CREATE TABLE {0}things (id INT PRIMARY KEY, a INT, b SMALLINT, s VARCHAR(8) NOT NULL UNIQUE, d DATE, "
    "e DECIMAL(4, 2), CHECK (a < 1000))"
)
_ROWS = "INSERT INTO {0}things VALUES (1, 10, 1, 'one', '2026-01-01', 1.5), (2, 20, 2, 'hunter2', '2026-01-02', 2.5)"
_POLICY = """
version: 1
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [everyone], actions: [describe, query, list_values, read, insert, update, delete, execute],
     on: ["metric:*", "dimension:*", "dataset:*", "column:*", "function:*", "action:*"]}
"""


@contextmanager
def things(engine: str, folder: Path, actions: Mapping[str, tuple[str, str]]) -> Iterator[None]:
    """Make table and project; ``actions`` maps a name to its statement and the type of its parameter ``x``."""
    folder.mkdir()
    with {"duckdb": _duckdb, "postgres": _postgres, "mariadb": _mariadb}[engine](folder) as (schema, section):
        model = {
            "name": "things",
            "source": f"{schema}.things",
            "entities": [{"name": "thing", "type": "primary", "expr": "id"}],
        }
        files = {
            "metricgate.yaml": {
                "project": "things",
                "conduct": {"repeats": None, "refusals": None},
                "warehouse": section,
            },
            "semantic_models/m.yaml": {"semantic_models": [model]},
            "actions/a.yaml": {"actions": [_action(name, *each) for name, each in actions.items()]},
        }
        for name, document in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(document))
        (folder / "policies").mkdir()
        (folder / "policies" / "p.yaml").write_text(_POLICY)
        yield


def _action(name: str, statement: str, kind: str) -> dict[str, object]:
    longest = {"max_length": 40} if kind == "string" else {}
    return {
        "name": name,
        "description": "Change one thing.",
        "owner": "user:olga",
        "target": "things",
        "statement": statement,
        "risk": "low",
        "most_rows": 5,
        "parameters": [
            {"name": "id", "type": "integer", "description": "Which."},
            {"name": "x", "type": kind, "description": "A value.", **longest},
        ],
    }


_Made = tuple[str, dict[str, object]]


@contextmanager
def _duckdb(folder: Path) -> Iterator[_Made]:
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        for statement in (_TABLE, _ROWS):
            connection.execute(statement.format(""))
    yield "main", {"kind": "duckdb", "file": "data.duckdb", "read_only": False, "writes": True, "threads": 1}


@contextmanager
def _postgres(_folder: Path) -> Iterator[_Made]:
    at, schema = servers.postgres(), f"{servers.SCHEMA}_things"
    with servers.postgres_connection(at) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        try:
            for statement in (_TABLE, _ROWS):
                connection.execute(statement.format(f"{schema}."))
            yield schema, {
                "kind": "postgres", "host": at.host, "port": at.port, "user": at.user, "database": at.database,
                "search_path": schema, "writer": {"user": at.user, "marker_schema": schema},
            }  # fmt: skip
        finally:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def _mariadb(_folder: Path) -> Iterator[_Made]:
    at, schema = servers.mariadb(), f"{servers.SCHEMA}_things"
    with servers.mariadb_connection(at) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {schema}")
        try:
            for statement in (_TABLE, _ROWS):
                cursor.execute(statement.format(f"{schema}."))
            yield schema, {
                "kind": "mariadb", "host": at.host, "port": at.port, "user": at.user, "database": schema,
                "writer": {"user": at.user, "marker_schema": schema},
            }  # fmt: skip
        finally:
            cursor.execute(f"DROP DATABASE {schema}")
