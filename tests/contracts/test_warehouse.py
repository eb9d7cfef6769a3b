"""The contract of ``gateway.ports.Warehouse``, on every engine that is entered under ``metricgate.warehouses``.

To add an engine: an entry point, and an ``Engine`` in ``warehouse_engines.py`` or ``server_engines.py``.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from tests.contracts.server_engines import SERVERS
from tests.contracts.warehouse_engines import ENGINES as BUILT_IN
from tests.contracts.warehouse_engines import Engine, released

from metricgate.gateway import sql_codes
from metricgate.gateway.ports import Rows, Warehouse, WarehouseError
from metricgate.vocabulary.result import DataType

Result = TypeVar("Result")

ENGINES = {**BUILT_IN, **SERVERS}
REFUSALS = {"E_WAREHOUSE_FAILED", *(code.name for code in sql_codes.CODES)}
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REGISTERED = {*PROJECT["entry-points"]["metricgate.warehouses"]}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


def using(engine: Engine, work: Callable[[Warehouse], Awaitable[Result]], **options: object) -> Result:
    """Open a warehouse, do ``work`` with it, close it, in one event loop."""

    async def main() -> Result:
        warehouse = engine.opened(**options)
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


def rows_of(engine: Engine, sql: str, *parameters: object, **limits: object) -> Rows:
    return using(engine, lambda warehouse: warehouse.run(released(sql, *parameters, **limits)))


def failure_of(engine: Engine, sql: str, **limits: object) -> WarehouseError:
    with pytest.raises(WarehouseError) as caught:
        rows_of(engine, sql, **limits)
    return caught.value


def test_every_registered_engine_is_under_contract():
    """An engine without a description here would be registered and untested."""
    assert set(ENGINES) == REGISTERED


@pytest.mark.parametrize("row_limit", [None, 100], ids=["batches", "few rows"])
def test_values_come_in_their_wire_form_and_columns_with_logical_types(engine: Engine, row_limit: int | None):
    """Each type keeps its value exactly, alone and beside NULL, whichever way the result is fetched."""

    async def work(warehouse: Warehouse) -> list[tuple[str, object, object]]:
        wrong = []
        for sql, kind, wire in engine.values:
            rows = await warehouse.run(released(f"SELECT {sql} AS v", row_limit=row_limit))
            got = (rows.columns[0].type, rows.values[0][0])
            if got != (kind, wire) or type(got[1]) is not type(wire):
                wrong.append((sql, got, (kind, wire)))
            if "sum(" not in sql:
                text = engine.beside_null.replace("{sql}", sql)
                rows = await warehouse.run(released(text, row_limit=row_limit))
                if [row[0] for row in rows.values] != [wire, None]:
                    wrong.append((text, rows.values, [wire, None]))
            json.dumps(rows.values, allow_nan=False)
        return wrong

    assert using(engine, work) == []


def test_all_types_together_keep_names_and_order(engine: Engine):
    """Columns come in the order and with the names of the statement, duplicates included."""
    rows = rows_of(engine, "SELECT 1 AS b, 'x' AS a, 2 AS b, DATE '2020-01-01' AS \"We ird\"", row_limit=5)
    assert [column.name for column in rows.columns] == ["b", "a", "b", "We ird"]
    assert [list(row) for row in rows.values] == [[1, "x", 2, "2020-01-01"]]


def test_parameters_are_values(engine: Engine):
    """A parameter is bound: text that looks like SQL stays text."""

    async def work(warehouse: Warehouse) -> None:
        for value, wire in engine.parameters:
            for limit in (None, 10):
                rows = await warehouse.run(released(f"SELECT {engine.marker} AS v", value, row_limit=limit))
                assert rows.values[0][0] == wire
        count = await warehouse.run(released("SELECT count(*) AS n FROM numbers"))
        assert count.values[0][0] == 1000

    using(engine, work)


def test_an_empty_result_has_columns(engine: Engine):
    """No rows is an answer, with columns, not a failure."""
    for limit in (None, 10):
        rows = rows_of(engine, "SELECT a, b FROM numbers WHERE a < 0", row_limit=limit)
        assert [column.type for column in rows.columns] == [DataType.INTEGER, DataType.DECIMAL]
        assert list(rows.values) == []
        assert rows.truncated is None


@pytest.mark.parametrize("cap", [0, 1, 10, 999, 1000, 1001])
@pytest.mark.parametrize("how", ["statement", "verdict", "both"])
def test_rows_are_cut_at_the_cap_and_it_is_told(engine: Engine, cap: int, how: str):
    """The tighter of the statement's and the verdict's row limits holds; ``truncated`` is set only if rows were cut."""
    limits = {
        "statement": {"row_limit": cap},
        "verdict": {"rows": cap},
        "both": {"row_limit": cap, "rows": 20_000},
    }[how]
    rows = rows_of(engine, "SELECT a FROM numbers ORDER BY a", **limits)
    assert [row[0] for row in rows.values] == list(range(min(cap, 1000)))
    assert rows.truncated == ("rows" if cap < 1000 else None)


def test_a_large_result_is_not_fetched_beyond_the_cap(engine: Engine):
    """Ten million rows with a cap take about as long as the cap's rows do."""
    for limits in ({"rows": 50_000}, {"rows": 2_000}, {"size": 400_000}):
        begin = time.perf_counter()
        rows = rows_of(engine, engine.many, **limits)
        assert time.perf_counter() - begin < 3
        assert rows.truncated == ("bytes" if "size" in limits else "rows")


@pytest.mark.parametrize("row_limit", [None, 5_000], ids=["batches", "few rows"])
@pytest.mark.parametrize("size", [1, 100, 5_000, 20_000])
def test_bytes_are_cut_at_the_cap_and_it_is_told(engine: Engine, row_limit: int | None, size: int):
    """Whole rows that fit are kept, in order; the cap is never passed."""
    rows = rows_of(engine, "SELECT a, c FROM numbers ORDER BY a", row_limit=row_limit, size=size)
    assert rows.truncated == "bytes"
    assert rows.bytes <= size
    assert [row[0] for row in rows.values] == list(range(len(rows.values)))
    assert len(rows.values) < 1000
    if size >= 5_000:
        assert len(rows.values) > 50


def test_rows_and_bytes_at_once(engine: Engine):
    """Where both caps would cut, the one that leaves fewer rows is told."""
    assert rows_of(engine, "SELECT a, c FROM numbers", row_limit=2, size=10_000).truncated == "rows"
    assert rows_of(engine, "SELECT a, c FROM numbers", row_limit=900, size=1_000).truncated == "bytes"
    assert rows_of(engine, "SELECT a, c FROM numbers", rows=20_000, size=1_000).truncated == "bytes"


def test_a_statement_past_its_time_is_stopped(engine: Engine):
    """The time limit interrupts the engine, and the warehouse answers the next statement at once."""

    async def work(warehouse: Warehouse) -> None:
        for row_limit in (None, 10):
            begin = time.perf_counter()
            with pytest.raises(WarehouseError) as caught:
                await warehouse.run(released(engine.endless, seconds=0.3, row_limit=row_limit))
            assert caught.value.code == "E_WAREHOUSE_TIMEOUT"
            assert 0.25 < time.perf_counter() - begin < 3
            rows = await warehouse.run(released("SELECT 1 AS a", seconds=2))
            assert rows.values[0][0] == 1

    using(engine, work, callers=1)


def test_waiting_counts_as_time(engine: Engine):
    """A statement that waits for a thread longer than its limit times out, and never starts."""

    async def work(warehouse: Warehouse) -> None:
        slow = asyncio.create_task(warehouse.run(released(engine.endless, seconds=0.6)))
        await asyncio.sleep(0.05)
        with pytest.raises(WarehouseError) as caught:
            await warehouse.run(released("SELECT 1 AS a", seconds=0.1))
        assert caught.value.code == "E_WAREHOUSE_TIMEOUT"
        with pytest.raises(WarehouseError):
            await slow

    using(engine, work, callers=1)


def test_cancelling_the_task_interrupts_only_its_statement(engine: Engine):
    """Who goes away takes their own statement with them, nobody else's, and frees the thread."""

    async def work(warehouse: Warehouse) -> None:
        gone = asyncio.create_task(warehouse.run(released(engine.endless)))
        stays = asyncio.create_task(warehouse.run(released(engine.endless, seconds=1.5)))
        await asyncio.sleep(0.2)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        await asyncio.sleep(0.2)
        assert not stays.done()
        begin = time.perf_counter()
        rows = await warehouse.run(released("SELECT 1 AS a"))
        assert rows.values[0][0] == 1
        assert time.perf_counter() - begin < 1
        with pytest.raises(WarehouseError) as caught:
            await stays
        assert caught.value.code == "E_WAREHOUSE_TIMEOUT"

    using(engine, work, callers=2)


def test_cancelling_in_the_first_moment_is_not_lost(engine: Engine):
    """A cancel that comes before the engine starts still stops the statement."""

    async def work(warehouse: Warehouse) -> None:
        for delay in (0, 0.0001, 0.0005, 0.001, 0.002, 0.005) * 3:
            task = asyncio.create_task(warehouse.run(released(engine.endless)))
            await asyncio.sleep(delay)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            rows = await asyncio.wait_for(warehouse.run(released("SELECT 1 AS a")), 3)
            assert rows.values[0][0] == 1

    using(engine, work, callers=1)


def test_the_event_loop_never_waits_for_the_engine(engine: Engine):
    """While the engine works, the loop goes on turning."""

    async def work(warehouse: Warehouse) -> float:
        task = asyncio.create_task(warehouse.run(released(engine.endless, seconds=0.5)))
        longest = 0.0
        while not task.done():
            begin = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - begin)
        assert isinstance(task.exception(), WarehouseError)
        return longest

    assert using(engine, work) < 0.2


def test_exactly_one_reading_statement_may_run(engine: Engine, tmp_path: Path):
    """Writes, files, settings, transactions, several statements and none are refused, and nothing has changed."""
    a_python_variable = {"secret": [1]}
    (tmp_path / "secret.csv").write_text("secret\n1\n")

    async def work(warehouse: Warehouse) -> list[str]:
        ran = []
        for sql in engine.refused:
            for limit in (None, 10):
                text = sql.replace("{folder}", str(tmp_path))
                [outcome] = await asyncio.gather(warehouse.run(released(text, row_limit=limit)), return_exceptions=True)
                if not isinstance(outcome, WarehouseError) or outcome.code not in REFUSALS:
                    ran.append(text)
        rows = await warehouse.run(released("SELECT count(*) AS n, sum(a) AS s FROM numbers"))
        assert [list(row) for row in rows.values] == [[1000, 499500]]
        return ran

    assert using(engine, work) == []
    assert [file.name for file in tmp_path.iterdir()] == ["secret.csv"]
    assert a_python_variable


def test_fifty_callers_get_their_own_answers(engine: Engine):
    """Parallel statements do not mix rows, and one that fails disturbs no other."""

    async def work(warehouse: Warehouse) -> None:
        async def one(number: int) -> None:
            if number % 10 == 9:
                with pytest.raises(WarehouseError):
                    await warehouse.run(released(engine.wrong))
                return
            for limit in (None, 100):
                text = f"SELECT a, c FROM numbers WHERE a >= {engine.marker} ORDER BY a LIMIT 20"
                rows = await warehouse.run(released(text, number, row_limit=limit))
                assert [row[0] for row in rows.values] == list(range(number, number + 20))
                assert rows.values[0][1] == f"text {number}"

        await asyncio.gather(*(one(number) for number in range(50)))

    using(engine, work)


def test_the_engines_words_are_kept_apart(engine: Engine):
    """What the engine says may hold data: it is in ``engine_text`` for the record, not in the exception's words."""
    error = failure_of(engine, engine.wrong)
    assert error.code == engine.wrong_code
    assert "hunter2" in error.engine_text
    assert "hunter2" not in str(error)
    assert "hunter2" not in repr(error)


def test_running_out_of_memory_is_told(engine: Engine):
    """The engine's memory limit ends the statement, not the process, and has its own code."""

    async def work(warehouse: Warehouse) -> None:
        for limit in (None, 10):
            with pytest.raises(WarehouseError) as caught:
                await warehouse.run(released(engine.greedy, row_limit=limit, seconds=20))
            assert caught.value.code == "E_WAREHOUSE_MEMORY"
        rows = await warehouse.run(released("SELECT 1 AS a"))
        assert rows.values[0][0] == 1

    using(engine, work, memory_limit="64MB")


def test_a_confined_statement_answers_like_any_other(engine: Engine):
    """Where a statement runs changes nothing of its answer: values, parameters, columns, caps, codes are the same."""

    async def work(warehouse: Warehouse) -> None:
        async def both(sql: str, *parameters: object, **limits: object) -> None:
            own, confined = await asyncio.gather(
                warehouse.run(released(sql, *parameters, **limits)),
                warehouse.run(released(sql, *parameters, confined=True, **limits)),
            )
            assert (own.columns, own.truncated, own.bytes) == (confined.columns, confined.truncated, confined.bytes)
            assert [list(row) for row in own.values] == [list(row) for row in confined.values]

        # What is confined names its tables in full: no search path stands between the name and the table.
        full = (await warehouse.locate([("numbers",)]))["numbers",]
        numbers = ".".join(full)
        for row_limit in (None, 100):
            # A cast to a type of the database's own has no full name here, and the guard lets none pass.
            for sql in (each for each, _kind, _wire in engine.values if "mood" not in each):
                await both(f"SELECT {sql} AS v", row_limit=row_limit)
            for value, _wire in engine.parameters:
                await both(f"SELECT {engine.marker} AS v", value, row_limit=row_limit)
        for limits in (
            {"row_limit": 1},
            {"rows": 999},
            {"size": 5_000},
            {"rows": 0},
            {"row_limit": 500, "size": 9_000},
        ):
            await both(f"SELECT a, b, c FROM {numbers} ORDER BY a", **limits)
        await both(f"SELECT a, b FROM {numbers} WHERE a < 0")
        for sql, limits, allowed in (
            (engine.wrong, {}, {engine.wrong_code}),
            (engine.refused[1], {}, REFUSALS),
            (re.sub(r"\bnumbers\b", numbers, engine.endless), {"seconds": 0.3}, {"E_WAREHOUSE_TIMEOUT"}),
        ):
            with pytest.raises(WarehouseError) as caught:
                await warehouse.run(released(sql, confined=True, **limits))
            assert caught.value.code in allowed
            assert "hunter2" not in str(caught.value)

    using(engine, work)


def test_describe_tells_columns_and_what_is_not_there(engine: Engine):
    """Relations by bare and full name, in any letter case where the engine has it so; None for what does not exist."""

    async def work(warehouse: Warehouse) -> None:
        schema = engine.schema()
        other = (schema.upper(), "Numbers") if engine.ignores_case else (schema, "numbers")
        wanted = [("numbers",), (schema, "numbers"), other, ("nothing",), ("numbers", "numbers")]
        found = await warehouse.describe(wanted)
        columns = [(column.name, column.type) for column in found["numbers",] or ()]
        assert columns == [("a", DataType.INTEGER), ("b", DataType.DECIMAL), ("c", DataType.STRING)]
        assert found[schema, "numbers"] == found[other] == found["numbers",]
        assert found["nothing",] is None
        assert found["numbers", "numbers"] is None
        assert list(await warehouse.describe([])) == []

    using(engine, work)


def test_close_stops_what_runs_and_refuses_what_comes(engine: Engine):
    """Closing does not wait for long statements, can be done twice, and later calls have a clear code."""

    async def work() -> None:
        warehouse = engine.opened(callers=1)
        running = asyncio.create_task(warehouse.run(released(engine.endless)))
        waiting = asyncio.create_task(warehouse.run(released("SELECT 1 AS a")))
        await asyncio.sleep(0.1)
        begin = time.perf_counter()
        await warehouse.close()
        await warehouse.close()
        assert time.perf_counter() - begin < 3
        for task in (running, waiting):
            with pytest.raises(WarehouseError) as caught:
                await task
            assert caught.value.code == "E_WAREHOUSE_CANCELLED"
        with pytest.raises(WarehouseError) as caught:
            await warehouse.run(released("SELECT 1 AS a"))
        assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"

    asyncio.run(work())


def test_names_in_full_and_functions_of_the_engine(engine: Engine):
    """A relation that exists has a full name that ends in its own; functions come in lower case."""

    async def work(warehouse: Warehouse) -> None:
        found = await warehouse.locate([("numbers",), ("no_such_table",)])
        assert list(found) == [("numbers",)]
        full = found["numbers",]
        assert full[-1] == "numbers"
        assert len(full) > 1
        assert (await warehouse.locate([full]))[full] == full
        assert set(await warehouse.describe([full])) == {full}
        functions = await warehouse.functions()
        assert {"count", "sum", "lower", "coalesce" if warehouse.dialect == "mysql" else "upper"} <= functions
        assert all(name == name.lower() for name in functions)

    using(engine, work)


@pytest.mark.parametrize(
    ("sql", "kind", "tables", "functions"),
    [
        ("SELECT lower(a.x) FROM s.t AS a", "select", {("s", "t")}, {"lower"}),
        ("WITH c AS (SELECT 1 AS x) SELECT x FROM c UNION ALL SELECT y FROM s.t", "select", {("s", "t")}, set()),
        ("SELECT (SELECT max(v) FROM s.u) FROM s.t", "select", {("s", "t"), ("s", "u")}, {"max"}),
        ("DELETE FROM s.t", "delete", {("s", "t")}, set()),
        ("WITH d AS (DELETE FROM s.t RETURNING 1) SELECT 1", "delete", {("s", "t")}, set()),
        ("WITH d AS (INSERT INTO s.t VALUES (1) RETURNING 1) SELECT 1", "insert", {("s", "t")}, set()),
    ],
)
def test_opinions(engine: Engine, sql: str, kind: str, tables: set, functions: set):
    """Parsers of the engines' own see through CTEs and sub-queries; an engine without one has no opinion."""

    async def work(warehouse: Warehouse) -> None:
        opinion = await warehouse.opinion(sql)
        if opinion is None:
            assert warehouse.dialect == "mysql"
            return
        if kind != "select":
            assert opinion.kind != "select"
            return
        assert (opinion.statements, opinion.kind) == (1, "select")
        assert opinion.tables == tables
        assert functions <= opinion.functions
        several = await warehouse.opinion(f"{sql}; {sql}")
        assert several.statements == 2 or several.kind != "select"
        assert (await warehouse.opinion("SELEC 1")).kind == "unreadable"

    using(engine, work)
