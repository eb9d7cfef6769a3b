"""Every type that DuckDB itself lists leaves it, flat and inside of everything that nests, and nothing ends a process.

The list is the engine's own (``duckdb_types()``): a type of a newer DuckDB fails here until somebody says what it is.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from itertools import product
from pathlib import Path
from typing import TypeVar

import duckdb
import pytest
from tests.adapters.warehouses.duckdb.jailed import options_of
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.duckdb.file import build_file
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.gateway.ports import WarehouseError

Result = TypeVar("Result")

FLAT: dict[str, tuple[str, str, object]] = {
    "BOOLEAN": ("true", "boolean", True),
    "TINYINT": ("(-128)::TINYINT", "integer", -128),
    "SMALLINT": ("32767::SMALLINT", "integer", 32767),
    "INTEGER": ("7::INTEGER", "integer", 7),
    "BIGINT": ("9223372036854775807::BIGINT", "integer", "9223372036854775807"),
    "HUGEINT": ("(-170141183460469231731687303715884105727)", "integer", "-170141183460469231731687303715884105727"),
    "UTINYINT": ("255::UTINYINT", "integer", 255),
    "USMALLINT": ("65535::USMALLINT", "integer", 65535),
    "UINTEGER": ("4294967295::UINTEGER", "integer", 4294967295),
    "UBIGINT": ("18446744073709551615::UBIGINT", "integer", "18446744073709551615"),
    "UHUGEINT": (f"{2**128 - 1}::UHUGEINT", "integer", str(2**128 - 1)),
    "BIGNUM": (f"'{10**60 + 1}'::BIGNUM", "integer", str(10**60 + 1)),
    "DECIMAL": ("1.10::DECIMAL(38, 10)", "decimal", "1.1000000000"),
    "FLOAT": ("16777217::FLOAT", "float", 16777216.0),
    "DOUBLE": ("0.1 + 0.2::DOUBLE", "float", 0.30000000000000004),
    "VARCHAR": (
        "'Gr\u00fc\u00dfe \U0001f600 \"q\" \\ ' || chr(10) || chr(0)",
        "string",
        'Grüße \U0001f600 "q" \\ \n\0',
    ),
    "UUID": ("'95369340-61c6-4754-97fc-4de39dcf989b'::UUID", "string", "95369340-61c6-4754-97fc-4de39dcf989b"),
    "ENUM": ("'it''s'::ENUM('it''s', 'b')", "string", "it's"),
    "BIT": ("'0101'::BIT", "string", "0101"),
    "GEOMETRY": ("'POINT(1 0.30000000000000004)'::GEOMETRY", "string", "POINT (1 0.30000000000000004)"),
    "TYPE": ("get_type(1)", "string", "INTEGER"),
    "NULL": ("NULL", "string", None),
    "DATE": ("'infinity'::DATE", "date", "Infinity"),
    "TIMESTAMP": ("TIMESTAMP '2026-01-31 13:30:00.25'", "timestamp", "2026-01-31T13:30:00.250000"),
    "TIMESTAMP_S": ("TIMESTAMP_S '2026-01-31 13:30:00'", "timestamp", "2026-01-31T13:30:00"),
    "TIMESTAMP_MS": ("TIMESTAMP_MS '2026-01-31 13:30:00.5'", "timestamp", "2026-01-31T13:30:00.500000"),
    "TIMESTAMP_NS": ("TIMESTAMP_NS '2026-01-31 13:30:00.5'", "timestamp", "2026-01-31T13:30:00.500000000"),
    "TIMESTAMP WITH TIME ZONE": (
        "TIMESTAMPTZ '2026-01-31 13:30:00+05:45'",
        "timestamp_tz",
        "2026-01-31T07:45:00+00:00",
    ),
    "TIMESTAMPTZ_NS": (
        "'2026-01-31 13:30:00.123456789+00'::TIMESTAMPTZ_NS",
        "timestamp_tz",
        "2026-01-31T13:30:00.123456789+00:00",
    ),
    "TIME": ("TIME '24:00:00'", "time", "24:00:00"),
    "TIME_NS": ("TIME_NS '10:00:00.123456789'", "time", "10:00:00.123456789"),
    "TIME WITH TIME ZONE": ("TIMETZ '10:00:00.5-03:30'", "time", "10:00:00.500000-03:30"),
    "INTERVAL": ("INTERVAL '-13 months -2 days -3.5 seconds'", "interval", "P-1Y-1M-2DT-3.5S"),
    "BLOB": ("'\\x00\\xFFab\\x5C\\x22'::BLOB", "binary", "AP9hYlwi"),
    "JSON": (
        "'{\"a\": [1.10, 0.12345678901234567890, 9007199254740993, null]}'::JSON",
        "json",
        {"a": [1.1, "0.12345678901234567890", "9007199254740993", None]},
    ),
    "VARIANT": ("{'a': [1.5, NULL]}::VARIANT", "json", {"a": [1.5, None]}),
}
"""By DuckDB's logical name: an expression, the logical type of a column of it, its wire value."""

NESTS: dict[str, tuple[str, str, Callable[[object], object]]] = {
    "LIST": ("[{v}, NULL]", "list", lambda value: [value, None]),
    "ARRAY": ("array_value({v}, NULL)", "list", lambda value: [value, None]),
    "STRUCT": ("{{'a b': {v}, 'n': NULL}}", "struct", lambda value: {"a b": value, "n": None}),
    "TUPLE": ("row({v}, NULL)", "list", lambda value: [value, None]),
    "MAP": ("MAP {{'k\"': {v}, 'n': NULL}}", "struct", lambda value: {'k"': value, "n": None}),
    "UNION": ('union_value("t g" := {v})', "struct", lambda value: {"t g": value}),
}
FAR = {
    "'290000-12-31 23:59:59.5'::TIMESTAMP": "290000-12-31T23:59:59.500000",
    "'290000-12-31 23:59:59'::TIMESTAMP_S": "290000-12-31T23:59:59",
    "'0044-03-15 (BC) 01:00:00'::TIMESTAMPTZ": "-0043-03-15T01:00:00+00:00",
    "'0001-12-31 (BC)'::DATE": "0000-12-31",
    "'290000-02-28'::DATE": "290000-02-28",
    "'-infinity'::TIMESTAMPTZ": "-Infinity",
    "'infinity'::TIMESTAMP_NS": "Infinity",
}
"""Moments that Python's calendar or Arrow's texts do not hold."""
REFUSED = {
    "MAP {union_value(n := 1): 2}": "MAP(UNION(n INTEGER), INTEGER)",
    "[MAP {1::VARIANT: 2}]": "MAP(VARIANT, INTEGER)[]",
    "sum(1) EXPORT_STATE": "AGGREGATE_STATE",
    f"CAST(NULL AS INTEGER{'[]' * 210})": "INTEGER[][]",
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("types") / "w.duckdb"
    with build_file(path) as (builder, _scratch):
        builder.execute("CREATE TABLE t AS SELECT range AS a FROM range(3)")
        # A macro of the file must not write our JSON.
        builder.execute("CREATE MACRO to_json(x) AS 'taken'")
    return path


def using(options: DuckDBOptions, work: Callable[[DuckDBWarehouse], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        warehouse = DuckDBWarehouse(options)
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


async def read(warehouse: DuckDBWarehouse, sql: str, **how: object) -> list[tuple[str, list[object]]]:
    """Return each column's type and values."""
    rows = await warehouse.run(released(sql, **how))
    columns = zip(*rows.values, strict=True) if rows.values else [[] for _ in rows.columns]
    return [(str(column.type), list(values)) for column, values in zip(rows.columns, columns, strict=True)]


def nested(depth: int) -> list[tuple[str, str, object]]:
    """Return (expression, type, wire value) of every flat type in every nesting of one depth."""
    found = []
    for kind, (flat, _type, wire) in FLAT.items():
        for ways in product(NESTS, repeat=depth):
            expression, value, type_name = flat, wire, ""
            for way in ways:
                text, type_name, shown = NESTS[way]
                expression, value = text.format(v=expression), shown(value)
            if not unwritable(kind, ways):
                found.append((expression, type_name, value))
    return found


def unwritable(kind: str, ways: Sequence[str]) -> bool:
    """A union of no type at all is nothing that DuckDB makes."""
    return kind == "NULL" and "UNION" in ways


def test_the_table_holds_every_type_that_the_engine_lists():
    """A type of a newer DuckDB fails here: say what it is, or that it is refused."""
    with duckdb.connect() as connection:
        listed = {name for (name,) in connection.execute("SELECT logical_type FROM duckdb_types()").fetchall()}
    assert listed == {*FLAT, *NESTS} - {"JSON"}


@pytest.mark.parametrize("how", [{}, {"row_limit": 100}, {"confined": True}], ids=["batches", "rows", "worker"])
def test_every_flat_type_beside_null(file: Path, how: dict[str, object]):
    """Value and logical type, alone and in a column with NULL."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        for sql, kind, wire in FLAT.values():
            text = f"SELECT CASE WHEN a < 2 THEN v END FROM (SELECT a, {sql} AS v FROM t) ORDER BY a"
            assert await read(warehouse, text, **how) == [(kind, [wire, wire, None])], sql
        for sql, wire in FAR.items():
            assert (await read(warehouse, f"SELECT {sql} AS v, [{sql}] AS l", **how))[0][1] == [wire], sql
            assert (await read(warehouse, f"SELECT {sql} AS v, [{sql}] AS l", **how))[1][1] == [[wire]], sql

    using(DuckDBOptions(path=file), work)


@pytest.mark.parametrize(("depth", "confined"), [(1, True), (2, False), (3, False)])
def test_every_type_in_everything_that_nests(file: Path, depth: int, confined: bool):
    """To a depth of three, NULL at each level: what is inside has the form that it has alone."""
    shapes = nested(depth)
    if depth == 3:  # each way of nesting thrice with one type or another, and each type in some of them
        shapes = shapes[:: len(FLAT) // 3 * 2 + 1]

    async def work(warehouse: DuckDBWarehouse) -> None:
        for begin in range(0, len(shapes), 40):
            some = shapes[begin : begin + 40]
            text = ", ".join(f"{sql} AS c{at}" for at, (sql, _kind, _wire) in enumerate(some))
            got = await read(
                warehouse, f"SELECT {text} UNION ALL SELECT {', '.join(['NULL'] * len(some))}", confined=confined
            )
            for (sql, kind, wire), (found, values) in zip(some, got, strict=True):
                assert (found, values) == (kind, [wire, None]), sql

    using(DuckDBOptions(path=file), work)


def test_what_cannot_be_carried_is_refused_by_column_and_type(file: Path):
    """Among columns that can: the agent finds the culprit, and what to write in its place."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        for sql, kind in REFUSED.items():
            for how in ({}, {"row_limit": 10}, {"confined": True}):
                with pytest.raises(WarehouseError) as caught:
                    await warehouse.run(released(f'SELECT 1 AS a, {sql} AS "my column"', **how))
                assert caught.value.code == "E_SQL_TYPE_NOT_CARRIED"
                assert caught.value.details["column"] == "my column"
                assert str(caught.value.details["type"]).startswith(kind)
        for sql in ("MAP {union_value(n := 1): 2}", "[MAP {1::VARIANT: 2}]"):
            text = f'SELECT CAST("v" AS VARCHAR) AS v FROM (SELECT {sql} AS v)'
            assert (await read(warehouse, text))[0][0] == "string"

    using(DuckDBOptions(path=file), work)


def test_a_document_that_no_door_could_send_is_refused_by_column(file: Path):
    """Deeper than readers of JSON at the doors go."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        text = "SELECT 1 AS a, CAST(repeat('[', {0}) || repeat(']', {0}) AS JSON) AS doc"
        assert (await read(warehouse, text.format(200)))[1][0] == "json"
        with pytest.raises(WarehouseError) as caught:
            await warehouse.run(released(text.format(201)))
        assert caught.value.details == {"column": "doc", "value": "a document nested deeper than 200 levels"}

    using(DuckDBOptions(path=file), work)


@pytest.mark.parametrize("kind", ["read-only", "writable"])
def test_a_worker_that_dies_over_a_result_costs_that_answer_alone(file: Path, kind: str, tmp_path: Path):
    """It is killed while it writes a nested result: the code says so, and the next statement is answered."""
    own = tmp_path / "own.duckdb"
    own.write_bytes(file.read_bytes())

    async def work(warehouse: DuckDBWarehouse) -> None:
        nested_rows = "SELECT [{'a': range, 'b': MAP {'k': [range::DECIMAL(10, 2)]}}] AS v FROM range(50000000)"
        await read(warehouse, "SELECT [1] AS v", confined=True)
        statement = asyncio.create_task(warehouse.run(released(nested_rows, confined=True, size=10**9)))
        await asyncio.sleep(0.3)
        os.kill(warehouse.worker_pids[0], signal.SIGABRT)
        with pytest.raises(WarehouseError) as caught:
            await statement
        assert caught.value.code == "E_SQL_CRASHED"
        assert await read(warehouse, "SELECT [{'a': 1}] AS v", confined=True) == [("list", [[{"a": 1}]])]

    using(options_of(kind, own, workers=1), work)
