"""What the DuckDB adapter adds to a trivial statement, beside the same statement run bare in the same kind of thread.

Then what the worker process adds to it, beside the adapter's own instance; and what the parser's opinion costs.

Run with ``python -m bench.bench_warehouse``.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import duckdb

from bench.timing import Figure, median_us
from metricgate.adapters.warehouses.duckdb.connection import connect
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.compiling.statement import Statement
from metricgate.gateway.ports import ReleasedStatement
from metricgate.policy.verdict import Decision, Verdict, VerdictReason
from metricgate.state.record import AppendReceipt
from metricgate.vocabulary.obligation import Obligations
from metricgate.vocabulary.resource import Action

SCRIPT = "CREATE TABLE t AS SELECT range AS a, range % 5 AS b, 'x' || (range % 7) AS c FROM range(1000)"
TRIVIAL = "SELECT $1 AS a, 2 AS b"
GROUPED = "SELECT c, sum(b) AS b FROM t WHERE a > $1 GROUP BY c ORDER BY c LIMIT 1001"

MANY = "SELECT range AS a, range % 5000 AS b, 'x' || (range % 7) AS c FROM range(1000000)"
LARGE = "SELECT c, b % 10 AS d, sum(a) AS a FROM t GROUP BY ALL"
TWICE = f"SELECT x.c, x.a / y.a FROM ({LARGE}) x JOIN ({LARGE}) y ON x.c = y.c AND x.d = y.d"


def released(sql: str, *, row_limit: int | None, confined: bool = False) -> ReleasedStatement:
    reason = VerdictReason(rule="bench", party="agent:bench", resource=None, decision=Decision.ALLOW, message="bench")
    return ReleasedStatement(
        statement=Statement(
            sql=sql,
            parameters=(1,),
            dialect="duckdb",
            columns=(),
            digest="sha256:bench",
            row_limit=row_limit,
            confined=confined,
        ),
        verdict=Verdict(
            action=Action.QUERY,
            decision=Decision.ALLOW,
            reasons=(reason,),
            obligations=Obligations(),
            policy_digest="bench",
        ),
        intent=AppendReceipt(index=0, leaf_hash=""),
    )


async def mean_us(work: Callable[[], Awaitable[object]], *, calls: int = 400) -> float:
    for _ in range(50):
        await work()
    begin = time.perf_counter_ns()
    for _ in range(calls):
        await work()
    return (time.perf_counter_ns() - begin) / calls / 1_000


async def beside(name: str, sql: str, *, row_limit: int | None) -> Figure:
    """Return the adapter's time beside the bare one's: medians of nine rounds, taken in turn."""
    warehouse = DuckDBWarehouse(DuckDBOptions(path=None, script=SCRIPT, callers=2))
    root = duckdb.connect(":memory:")
    root.execute(SCRIPT)
    threads = ThreadPoolExecutor(2)
    loop = asyncio.get_running_loop()
    release = released(sql, row_limit=row_limit)

    def bare() -> object:
        with root.cursor() as cursor:
            return cursor.execute(sql, [1]).fetchall()

    ours, floors = [], []
    for _ in range(9):
        floors.append(await mean_us(lambda: loop.run_in_executor(threads, bare)))
        ours.append(await mean_us(lambda: warehouse.run(release)))
    await warehouse.close()
    return Figure(
        subject="warehouse",
        name=name,
        value=statistics.median(ours),
        unit="us",
        floor_name="bare cursor in a thread",
        floor=statistics.median(floors),
        aim="150 us over the floor",
    )


async def hop(name: str, sql: str, *, row_limit: int | None) -> Figure:
    """Return a confined statement's time beside that of the gateway's own: medians of nine rounds, taken in turn."""
    warehouse = DuckDBWarehouse(DuckDBOptions(path=None, script=SCRIPT, callers=2, workers=1))
    own = released(sql, row_limit=row_limit)
    confined = released(sql, row_limit=row_limit, confined=True)
    ours, floors = [], []
    for _ in range(9):
        floors.append(await mean_us(lambda: warehouse.run(own), calls=200))
        ours.append(await mean_us(lambda: warehouse.run(confined), calls=200))
    await warehouse.close()
    return Figure(
        subject="warehouse",
        name=name,
        value=statistics.median(ours),
        unit="us",
        floor_name="in the gateway's process",
        floor=statistics.median(floors),
        aim="500 us over the floor",
    )


async def opinion() -> Figure:
    """Return the time of an opinion beside that of the parser's bare call."""
    warehouse = DuckDBWarehouse(DuckDBOptions(path=None, script=SCRIPT))
    bare = duckdb.connect(":memory:")
    ours = [await mean_us(lambda: warehouse.opinion(GROUPED), calls=100) for _ in range(5)]
    await warehouse.close()
    return Figure(
        subject="warehouse",
        name="opinion",
        value=statistics.median(ours),
        unit="us",
        floor_name="json_serialize_sql",
        floor=median_us(lambda: bare.execute("SELECT json_serialize_sql($1)", [GROUPED]).fetchone()),
        aim="1,000 us over the floor",
    )


def disabled_optimizer() -> list[Figure]:
    """Return what it costs that the engine may not share equal parts of a statement (it gave wrong results)."""
    with connect(DuckDBOptions(path=None)) as adapter:
        [[setting]] = adapter.execute("SELECT current_setting('disabled_optimizers')").fetchall()
    with_it = duckdb.connect(":memory:", config={"threads": 2})
    without = duckdb.connect(":memory:", config={"threads": 2, "disabled_optimizers": setting})
    found = []
    for name, sql in (("no equal parts", LARGE), ("two equal parts", TWICE)):
        for engine in (with_it, without):
            engine.execute(f"CREATE OR REPLACE TABLE t AS {MANY}")
        floor, ours = (
            median_us(lambda engine=engine, sql=sql: engine.execute(sql).fetchall(), rounds=7, calls=3)
            for engine in (with_it, without)
        )
        found.append(
            Figure(
                subject="warehouse",
                name=f"without {setting}: {name}",
                value=ours / 1_000,
                unit="ms",
                floor_name="with it",
                floor=floor / 1_000,
            )
        )
    return found


async def measure() -> list[Figure]:
    return [
        await beside("trivial, as rows", TRIVIAL, row_limit=1_000),
        await beside("trivial, as Arrow", TRIVIAL, row_limit=None),
        await beside("grouped, as rows", GROUPED, row_limit=1_000),
        await beside("grouped, as Arrow", GROUPED, row_limit=None),
        await hop("trivial, confined, as rows", TRIVIAL, row_limit=1_000),
        await hop("trivial, confined, as Arrow", TRIVIAL, row_limit=None),
        await hop("grouped, confined, as rows", GROUPED, row_limit=1_000),
        await opinion(),
        *disabled_optimizer(),
    ]


def figures() -> list[Figure]:
    """Return this benchmark's figures."""
    return asyncio.run(measure())


if __name__ == "__main__":
    for figure in figures():
        print(f"{figure.name:30}{figure.value:10.1f} {figure.unit}   {figure.floor_name} {figure.floor:.1f}")
