"""TPC-H as an agent's own SQL gives what it gives over a copy filtered and masked by hand."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from tests.contracts import servers
from tests.gateway.conftest import principal
from tests.gateway.sql.tpch_queries import QUERIES

from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.demo.commerce import KEYS
from metricgate.gateway.outcome import Answered
from metricgate.gateway.tool import ToolCall
from metricgate.settings.settings import Settings, load_settings

SCALE = 0.003
NATIONS = [0, 1, 2, 3, 6, 7, 8, 9, 12, 18, 20, 22, 23, 24]
FILTERS = {
    "customer": {"member": "c_nationkey", "op": "in", "value": NATIONS},
    "supplier": {"member": "s_nationkey", "op": "in", "value": [*NATIONS, 19]},
    "orders": {"member": "o_orderpriority", "op": "!=", "value": "5-LOW"},
}
MASKS = (
    {"on": ["column:customer.c_address"], "method": "constant", "value": "-", "usable_in": ["group"]},
    {"on": ["column:customer.c_comment"], "method": "constant", "value": "-", "usable_in": ["group"]},
    {"on": ["column:supplier.s_phone"], "method": "constant", "value": "-"},
    {"on": ["column:supplier.s_address"], "method": "null"},
    {
        "on": ["column:orders.o_totalprice"],
        "method": "bucket",
        "width": 100000,
        "usable_in": ["group", "order"],
    },
    {"on": ["column:lineitem.l_quantity"], "method": "bucket", "width": 10, "usable_in": ["filter", "aggregate"]},
)
COPIES = {
    "customer": "SELECT * REPLACE ('-' AS c_address, '-' AS c_comment) FROM plain.customer"
    f" WHERE c_nationkey IN ({', '.join(map(str, NATIONS))})",
    "supplier": "SELECT * REPLACE (NULL AS s_address, '-' AS s_phone) FROM plain.supplier"
    f" WHERE s_nationkey IN (19, {', '.join(map(str, NATIONS))})",
    "orders": "SELECT * REPLACE (FLOOR(o_totalprice / 100000) * 100000 AS o_totalprice) FROM plain.orders"
    " WHERE o_orderpriority <> '5-LOW'",
    "lineitem": "SELECT * REPLACE (FLOOR(l_quantity / 10) * 10 AS l_quantity) FROM plain.lineitem",
}
"""The policy by hand: what the rows and columns of each table would be if nothing else had ever been there."""

Rows = list[tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The generated tables, and what the questions give over them and over the copy."""

    file: Path
    plain: Mapping[int, Rows]
    copied: Mapping[int, Rows]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("tpch")
    file = folder / "data.duckdb"
    program = shutil.which("tpchgen-cli", path=sysconfig.get_path("scripts")) or "tpchgen-cli"
    command = [program, "parquet", "--scale-factor", f"{SCALE:g}", "--output-dir", str(folder), "--quiet"]
    subprocess.run(command, check=True)
    with duckdb.connect(str(file)) as connection:
        for schema in ("plain", "copied"):
            connection.execute(f"CREATE SCHEMA {schema}")
        for table in KEYS:
            connection.execute(f"CREATE TABLE plain.{table} AS FROM read_parquet('{folder / table}.parquet')")
            connection.execute(f"CREATE TABLE copied.{table} AS {COPIES.get(table, f'FROM plain.{table}')}")
        found = {}
        for schema in ("plain", "copied"):
            connection.execute(f"SET schema = '{schema}'")
            found[schema] = {number: connection.execute(sql).fetchall() for number, sql in QUERIES.items()}
    return World(file=file, plain=found["plain"], copied=found["copied"])


def settled(rows: Sequence[Sequence[object]]) -> list[tuple[str, ...]]:
    """Rows as texts: numbers to seven places, dates by their day, in an order that ties do not change."""
    return sorted(tuple(_settled(value) for value in row) for row in rows)


def _settled(value: object) -> str:
    try:
        return f"{float(str(value)):.7g}"
    except ValueError:
        return str(value)


def asked(folder: Path, world: World, warehouse: Mapping[str, object], schema: str) -> dict[int, object]:
    """Ask the gateway all questions under the policy."""
    models = [
        {
            "name": table,
            "source": f"{schema}.{table}",
            "primary_entity": f"{table}_row",
            "dimensions": [{"name": FILTERS[table]["member"], "type": "categorical"}] if table in FILTERS else [],
        }
        for table in KEYS
    ]
    policy = {
        "version": 1,
        "roles": [{"name": "agents", "members": ["agent:omni"]}],
        "grants": [
            {"id": "tools", "roles": ["agents"], "actions": ["call"], "on": ["tool:*"]},
            {
                "id": "data",
                "roles": ["agents"],
                "actions": ["read"],
                "on": ["dataset:*", "function:*", *(f"column:{table}.*" for table in KEYS)],
            },
        ],
        "row_filters": [
            {"id": f"rows-{table}", "roles": ["agents"], "dataset": table, "where": where}
            for table, where in FILTERS.items()
        ],
        "masks": [{"id": f"mask-{number}", "roles": ["agents"], **mask} for number, mask in enumerate(MASKS)],
        "limits": [{"id": "patient", "roles": ["agents"], "seconds": 60, "rows": 100000}],
    }
    settings = {"project": "tpch", "warehouse": warehouse, "conduct": {"repeats": None, "refusals": None}}
    documents = {
        "semantic_models/m.yaml": {"semantic_models": models},
        "policies/p.yaml": policy,
        "metricgate.yaml": settings,
    }
    for path, document in documents.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(document))
    loaded = load_settings(folder)
    assert isinstance(loaded, Settings), str(loaded)

    async def main() -> dict[int, object]:
        found: dict[int, object] = {}
        async with run_gateway(folder, loaded, watch=False, logs=False) as parts:
            for number, sql in QUERIES.items():
                outcome = await parts.gateway.call(
                    ToolCall(tool="query_sql", arguments={"sql": sql}, principal=principal("omni"), door="python")
                )
                found[number] = outcome.answer["rows"] if isinstance(outcome, Answered) else str(outcome)
        return found

    return asyncio.run(main())


def compare(world: World, found: Mapping[int, object]) -> None:
    """All questions are accepted and equal the copy's."""
    refused = {number: rows for number, rows in found.items() if isinstance(rows, str)}
    assert not refused, refused
    assert len(found) == 22
    wrong = {
        number: (settled(rows)[:3], settled(world.copied[number])[:3])
        for number, rows in found.items()
        if settled(rows) != settled(world.copied[number])
    }
    assert not wrong, wrong


def test_the_policy_bites(world: World) -> None:
    """Without it most answers would be others: equality below is not that of a policy without effect."""
    differing = [number for number in QUERIES if settled(world.plain[number]) != settled(world.copied[number])]
    assert len(differing) >= 15, differing


def test_on_duckdb(world: World, tmp_path: Path) -> None:
    """Rewritten answers equal those over the copy."""
    (tmp_path / "data.duckdb").write_bytes(world.file.read_bytes())
    compare(world, asked(tmp_path, world, {"kind": "duckdb", "file": "data.duckdb"}, "plain"))


def test_on_postgres(world: World, tmp_path: Path) -> None:
    """The same on another engine, loaded from the same files."""
    at = servers.postgres()
    schema = f"{servers.SCHEMA}_tpch"
    with duckdb.connect(str(world.file), read_only=True) as source, servers.postgres_connection(at) as target:
        target.execute(f"CREATE SCHEMA {schema}")
        target.execute(f"SET search_path = {schema}")
        for table in KEYS:
            kinds = source.execute(f"DESCRIBE plain.{table}").fetchall()
            target.execute(f"CREATE TABLE {table} ({', '.join(f'{row[0]} {row[1]}' for row in kinds)})")
            file = tmp_path / f"{table}.csv"
            source.execute(f"COPY plain.{table} TO '{file}' (HEADER false)")
            with target.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:
                copy.write(file.read_bytes())
            target.execute(f"ANALYZE {table}")
        target.commit()
    section: dict[str, object] = {"kind": "postgres", "database": at.database, "search_path": schema}
    section |= {"host": at.host, "port": at.port, "user": at.user}
    if at.password is not None:
        os.environ["TPCH_PASSWORD"] = at.password
        section["password_variable"] = "TPCH_PASSWORD"
    try:
        compare(world, asked(tmp_path, world, section, schema))
    finally:
        with servers.postgres_connection(at) as target:
            target.execute(f"DROP SCHEMA {schema} CASCADE")
            target.commit()
