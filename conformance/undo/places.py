"""The tables of the trials on each engine, and how they are read."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.adapters.warehouses.duckdb.changes import built, rows
from tests.contracts.server_changes import drop, new_place

from conformance.undo.model import Layout, Reaction, State
from conformance.undo.trials import COLUMNS, KEYS, Place
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse

ENGINES = ("duckdb", "postgres", "mariadb")
_DUCKDB = """
CREATE TABLE parent(a INTEGER, b VARCHAR, name VARCHAR UNIQUE, amount DECIMAL(12,2), seen TIMESTAMP, doc JSON,
  note VARCHAR, PRIMARY KEY (a, b));
CREATE TABLE kid(id BIGINT PRIMARY KEY, pa INTEGER, pb VARCHAR, worth DECIMAL(12,2));
CREATE TABLE loose(id BIGINT PRIMARY KEY, pa INTEGER, pb VARCHAR, worth DECIMAL(12,2));
"""
_POSTGRES = """
CREATE TABLE parent(a integer, b text, name text UNIQUE, amount numeric(12,2), seen timestamp, doc jsonb, note text,
  PRIMARY KEY (a, b));
CREATE TABLE kid(id bigint PRIMARY KEY, pa integer, pb text, worth numeric(12,2),
  FOREIGN KEY (pa, pb) REFERENCES parent ON DELETE CASCADE);
CREATE TABLE loose(id bigint PRIMARY KEY, pa integer, pb text, worth numeric(12,2),
  FOREIGN KEY (pa, pb) REFERENCES parent ON DELETE SET NULL)
"""
_MARIADB = """
CREATE TABLE parent(a integer, b varchar(40) COLLATE utf8mb4_bin, name varchar(40) UNIQUE, amount decimal(12,2),
  seen datetime(6), doc json, note longtext, PRIMARY KEY (a, b)) ENGINE=InnoDB DEFAULT CHARSET utf8mb4;
CREATE TABLE kid(id bigint PRIMARY KEY, pa integer, pb varchar(40) COLLATE utf8mb4_bin, worth decimal(12,2),
  FOREIGN KEY (pa, pb) REFERENCES parent(a, b) ON DELETE CASCADE) ENGINE=InnoDB DEFAULT CHARSET utf8mb4;
CREATE TABLE loose(id bigint PRIMARY KEY, pa integer, pb varchar(40) COLLATE utf8mb4_bin, worth decimal(12,2),
  FOREIGN KEY (pa, pb) REFERENCES parent(a, b) ON DELETE SET NULL) ENGINE=InnoDB DEFAULT CHARSET utf8mb4
"""
_REACTIONS = (Reaction("kid", "parent", ("pa", "pb"), "cascade"), Reaction("loose", "parent", ("pa", "pb"), "set null"))


@asynccontextmanager
async def placed(engine: str) -> AsyncIterator[Place]:
    """Make the tables on an engine, and take them away afterwards."""
    if engine == "duckdb":
        with tempfile.TemporaryDirectory(prefix="undo-trials-") as folder:
            warehouse = DuckDBWarehouse(built(Path(folder) / "w.duckdb", _DUCKDB))

            async def dump() -> State:
                return {table: _keyed(table, await rows(warehouse, _select(table, "VARCHAR"))) for table in COLUMNS}

            try:
                yield Place(engine, ("w", "main"), Layout(COLUMNS, KEYS), warehouse, dump)
            finally:
                await warehouse.close()
        return
    place = new_place(engine, *(_POSTGRES if engine == "postgres" else _MARIADB).split(";"))
    kind = "text" if engine == "postgres" else "CHAR"
    server = place.warehouse()

    async def dump_server() -> State:
        return {table: _keyed(table, place.admin(_select(table, kind))) for table in COLUMNS}

    try:
        yield Place(engine, (place.schema,), Layout(COLUMNS, KEYS, _REACTIONS), server, dump_server)
    finally:
        await server.close()
        drop(place)


def _select(table: str, kind: str) -> str:
    outputs = ", ".join(f"CAST({name} AS {kind})" for name in COLUMNS[table])
    return f"SELECT {outputs} FROM {table}"


def _keyed(table: str, found: object) -> dict:
    places = [COLUMNS[table].index(name) for name in KEYS[table]]
    whole = [tuple(None if value is None else str(value) for value in row) for row in found]
    return {tuple(row[place] for place in places): row for row in whole}
