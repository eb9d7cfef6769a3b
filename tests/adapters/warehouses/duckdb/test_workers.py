"""The worker processes of a DuckDB warehouse, with real runaways and real kills: what ends, goes on, is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from tests.adapters.warehouses.duckdb.jailed import (
    address_space_of,
    alive,
    build,
    confined,
    descriptors,
    facts_of,
    files_of,
    gone_within,
    options_of,
    using,
)
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.section import DuckDBSection
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.gateway.ports import WarehouseError

DEADLINE = 0.2
DEAF = "SELECT levenshtein(repeat('ab', 100000), repeat('ba', 100000)) AS d"
"""Runs for a minute in 20 MB and hears no interrupt."""
RUNAWAYS = (
    DEAF,
    "SELECT sum(x.a * y.a * z.a) AS s FROM t x, t y, t z",
    "SELECT x.b AS b FROM t x, t y ORDER BY x.b || y.b",
    "SELECT max(u) AS u FROM (SELECT unnest(range(1000000000)) AS u)",
    "SELECT list_sum(range(400000000)) AS s",
    "SELECT sum(length(repeat(b, 20000000))) AS s FROM t",
    "SELECT list(x.b || y.b) AS l FROM t x, t y",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS n FROM r",
)
ENDINGS = {"E_WAREHOUSE_TIMEOUT", "E_WAREHOUSE_MEMORY"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("jail") / "w.duckdb")


@pytest.fixture
def file(built: Path, tmp_path: Path) -> Path:
    path = tmp_path / built.name
    path.write_bytes(built.read_bytes())
    return path


async def code_of(warehouse: DuckDBWarehouse, sql: str, **limits: object) -> str:
    try:
        await confined(warehouse, sql, **limits)
    except WarehouseError as error:
        return error.code
    return "answered"


async def worker_pids(warehouse: DuckDBWarehouse, number: int) -> tuple[int, ...]:
    """Return the workers' numbers as soon as there are so many."""
    for _ in range(200):
        if len(warehouse.worker_pids) == number:
            return warehouse.worker_pids
        await asyncio.sleep(0.02)
    raise AssertionError(warehouse.worker_pids)


@pytest.mark.parametrize(("kind", "together"), [("read-only", RUNAWAYS), ("writable", RUNAWAYS[:3])])
def test_runaways_end_in_time_while_others_are_answered(file: Path, kind: str, together: tuple[str, ...]):
    """Every runaway is over two seconds past its deadline at the latest; questions of others are answered meanwhile."""

    async def timed(warehouse: DuckDBWarehouse, sql: str) -> tuple[str, float]:
        begin = time.perf_counter()
        return await code_of(warehouse, sql, seconds=DEADLINE), time.perf_counter() - begin

    async def work(warehouse: DuckDBWarehouse) -> None:
        for pair in zip(together[::2], [*together[1::2], "SELECT 1 AS a"], strict=False):
            # The replacements of the last ones are there.
            await asyncio.gather(*(confined(warehouse, "SELECT sleep_ms(50) AS s") for _ in pair))
            runaways = [asyncio.create_task(timed(warehouse, sql)) for sql in pair]
            answered = 0
            while not all(runaway.done() for runaway in runaways):
                rows = await warehouse.run(released("SELECT count(*) AS n FROM t", row_limit=10, seconds=5))
                assert rows.values[0][0] == 100_000
                answered += 1
                await asyncio.sleep(0.02)
            for sql, (code, seconds) in zip(pair, await asyncio.gather(*runaways), strict=True):
                assert code in ENDINGS or sql not in RUNAWAYS, sql
                assert seconds < DEADLINE + 2, sql
            assert answered
        assert await confined(warehouse, "SELECT count(*) AS n FROM t") == [[100_000]]

    using(options_of(kind, file, memory_limit="256MB", worker_memory="1500MB"), work)


def test_agents_are_answered_beside_a_runaway(file: Path):
    """With two workers, one that hears nothing leaves the other to everybody else."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        await asyncio.gather(*(confined(warehouse, "SELECT sleep_ms(100) AS s") for _ in range(2)))
        runaway = asyncio.create_task(code_of(warehouse, DEAF, seconds=DEADLINE))
        for number in range(10):
            assert await confined(warehouse, f"SELECT {number} AS a") == [[number]]
        assert not runaway.done()
        assert await runaway == "E_WAREHOUSE_TIMEOUT"

    using(options_of("read-only", file), work)


def test_who_shared_the_process_of_a_runaway_is_asked_again(file: Path):
    """A writable file has one process: its death ends only the statement that was over time."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        [before] = warehouse.worker_pids
        runaway = asyncio.create_task(code_of(warehouse, DEAF, seconds=DEADLINE))
        neighbours = [
            asyncio.create_task(confined(warehouse, "SELECT sleep_ms(1350) AS s, count(*) AS n FROM t", seconds=10)),
            asyncio.create_task(warehouse.run(released("SELECT sleep_ms(1350) AS s, count(*) AS n FROM t LIMIT 1"))),
        ]
        assert await runaway == "E_WAREHOUSE_TIMEOUT"
        assert (await neighbours[0])[0][1] == 100_000
        assert (await neighbours[1]).values[0][1] == 100_000
        assert warehouse.worker_pids != (before,)

    using(options_of("writable", file), work)


@pytest.mark.parametrize("kind", ["read-only", "writable"])
def test_cancelling_ends_a_statement_that_hears_nothing(file: Path, kind: str):
    """Who goes away leaves no statement behind: the process that hears no interrupt is killed and replaced."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        await confined(warehouse, "SELECT 1 AS a")
        before = warehouse.worker_pids
        gone = asyncio.create_task(confined(warehouse, DEAF))
        await asyncio.sleep(0.2)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert await asyncio.to_thread(gone_within, before[:1], 2.0)
        assert await confined(warehouse, "SELECT 2 AS a", seconds=5) == [[2]]

    using(options_of(kind, file, workers=1), work)


@pytest.mark.parametrize("kind", ["read-only", "writable"])
def test_a_worker_that_is_killed_from_outside_is_replaced(file: Path, kind: str):
    """Idle, it is replaced before anybody asks; busy, its statement has a code and the next one an answer."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        await confined(warehouse, "SELECT 1 AS a")
        [idle] = await worker_pids(warehouse, 1)
        os.kill(idle, signal.SIGKILL)
        assert await asyncio.to_thread(gone_within, [idle], 2.0)
        await asyncio.sleep(0.1)
        [busy] = await worker_pids(warehouse, 1)
        assert busy != idle
        assert await confined(warehouse, "SELECT 2 AS a") == [[2]]
        statement = asyncio.create_task(code_of(warehouse, "SELECT sleep_ms(60000) AS s"))
        await asyncio.sleep(0.3)
        os.kill(busy, signal.SIGKILL)
        assert await statement == "E_WAREHOUSE_MEMORY"
        assert await confined(warehouse, "SELECT count(*) AS n FROM t") == [[100_000]]

    using(options_of(kind, file, workers=1), work)


def test_a_worker_that_crashes_is_told_apart(file: Path):
    """A crash is the engine's failure, and the record gets the signal."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        await confined(warehouse, "SELECT 1 AS a")
        statement = asyncio.create_task(confined(warehouse, "SELECT sleep_ms(60000) AS s"))
        await asyncio.sleep(0.3)
        os.kill(warehouse.worker_pids[0], signal.SIGSEGV)
        with pytest.raises(WarehouseError) as caught:
            await statement
        assert caught.value.code == "E_SQL_CRASHED"
        assert f"-{int(signal.SIGSEGV)}" in caught.value.engine_text
        assert await confined(warehouse, "SELECT 2 AS a") == [[2]]

    using(options_of("read-only", file, workers=1), work)


@pytest.mark.parametrize("kind", ["read-only", "writable"])
def test_a_worker_takes_no_more_memory_than_it_may(file: Path, kind: str):
    """The operating system refuses what the engine's own soft limit lets pass."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        most = 0
        for sql in ("SELECT sum(length(repeat('x', 1500000000))) AS s", "SELECT list(x.b || y.b) AS l FROM t x, t y"):
            [pid] = await worker_pids(warehouse, 1) if kind == "writable" else (None,)
            assert await code_of(warehouse, sql, seconds=10) == "E_WAREHOUSE_MEMORY"
            [pid] = await worker_pids(warehouse, 1)
            most = max(most, int(facts_of(pid)["VmPeak"].removesuffix(" kB")))
        assert 100_000 < most <= 1_200_000_000 // 1024

    using(options_of(kind, file, memory_limit="64MB", worker_memory="1200MB", workers=1), work)


def test_a_worker_whose_address_space_is_worn_is_replaced(file: Path):
    """What one statement made the engine reserve is not missing to the next."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        await confined(warehouse, "SELECT 1 AS a")
        [before] = warehouse.worker_pids
        assert await confined(warehouse, "SELECT list_sum(range(40000000))::VARCHAR AS s") == [["799999980000000"]]
        assert await asyncio.to_thread(gone_within, [before], 2.0)
        assert await confined(warehouse, "SELECT count(*) AS n FROM t") == [[100_000]]

    using(options_of("read-only", file, memory_limit="400MB", worker_memory="1700MB", workers=1), work)


def test_fifty_agents_get_their_own_answers(file: Path):
    """Fifty statements at once wait for two workers, and each gets its own rows, small and large."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        async def one(number: int) -> None:
            if number % 10 == 9:
                assert await code_of(warehouse, "SELECT CAST(b AS INTEGER) AS a FROM t") == "E_SQL_BAD_CAST"
                return
            limit = 10 if number % 2 else None
            sql = "SELECT a, b FROM t WHERE a >= $1 ORDER BY a LIMIT 5"
            wanted = [[row, f"x{row}"] for row in range(number, number + 5)]
            assert await confined(warehouse, sql, number, row_limit=limit) == wanted

        await asyncio.gather(*(one(number) for number in range(50)))

    using(options_of("read-only", file), work)


@pytest.mark.parametrize("kind", ["read-only", "writable"])
def test_closing_leaves_nothing_behind(file: Path, kind: str, tmp_path: Path):
    """No process, no descriptor, no file: also of a worker that was busy, and of one that was replaced."""
    spill = tmp_path / "spill"
    options = options_of(kind, file, spill_directory=spill, memory_limit="48MB", engine_threads=1)
    pids: set[int] = set()

    async def work(warehouse: DuckDBWarehouse) -> None:
        sort = "SELECT x.b AS b FROM t x, range(6) y ORDER BY x.b || y.range::VARCHAR, x.a DESC"
        assert len(await confined(warehouse, sort, rows=10)) == 10
        await warehouse.opinion("SELECT 1")
        pids.update(warehouse.worker_pids)
        assert await code_of(warehouse, DEAF, seconds=0.1) == "E_WAREHOUSE_TIMEOUT"
        busy = asyncio.create_task(code_of(warehouse, DEAF))
        await asyncio.sleep(0.3)
        pids.update(warehouse.worker_pids)
        await warehouse.close()
        assert await busy == "E_WAREHOUSE_CANCELLED"

    # What Python and the drivers open once is not counted.
    using(options_of(kind, file, spill_directory=spill), lambda warehouse: confined(warehouse, "SELECT 1 AS a"))
    before = descriptors()
    using(options, work)
    assert descriptors() == before
    assert len(pids) > 2
    assert not any(alive(pid) for pid in pids)
    assert list(spill.iterdir()) == []
    assert {path.name for path in file.parent.iterdir()} == {file.name, "spill"}


PARENT = """
import asyncio, sys
from pathlib import Path
from tests.adapters.warehouses.duckdb.jailed import confined, options_of
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse

async def main():
    options = options_of(sys.argv[1], Path(sys.argv[2]), spill_directory=Path(sys.argv[2]).parent / "spill")
    warehouse = DuckDBWarehouse(options)
    await confined(warehouse, "SELECT 1 AS a")
    await warehouse.opinion("SELECT 1")
    running = [asyncio.create_task(confined(warehouse, sys.argv[3])) for _ in range(2)]
    await asyncio.sleep(0.5)
    print(*warehouse.worker_pids, flush=True)
    await asyncio.gather(*running)

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["read-only", "writable"])
def test_workers_do_not_outlive_the_gateway(file: Path, kind: str):
    """Killed without a chance to clear up, the gateway takes its workers with it, whatever they are doing."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, kind, file, DEAF], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == (3 if kind == "read-only" else 2)
    assert all(alive(pid) for pid in pids)
    parent.kill()
    parent.communicate()
    assert gone_within(pids, 2.0)
    spill = file.parent / "spill"
    assert list(spill.iterdir())
    using(options_of(kind, file, spill_directory=spill), lambda warehouse: confined(warehouse, "SELECT 1 AS a"))
    assert list(spill.iterdir()) == []


WRITER = """
import duckdb, os, signal, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("PRAGMA disable_checkpoint_on_shutdown")
for number in range(50):
    connection.execute("INSERT INTO t VALUES ($1, 'committed')", [1_000_000 + number])
os.kill(os.getpid(), signal.SIGKILL)
"""
COMMITTED = "SELECT count(*) AS n FROM t WHERE b = 'committed'"


def test_a_killed_worker_loses_no_committed_row(file: Path):
    """Rows that stand only in the log survive every kill: by deadline, from outside, before and after a checkpoint."""
    subprocess.run([sys.executable, "-c", WRITER, file], check=False)
    log = file.with_name(file.name + ".wal")
    assert log.stat().st_size > 0

    async def work(warehouse: DuckDBWarehouse) -> None:
        assert await confined(warehouse, COMMITTED) == [[50]]
        assert await code_of(warehouse, DEAF, seconds=0.1) == "E_WAREHOUSE_TIMEOUT"
        assert await confined(warehouse, COMMITTED) == [[50]]
        os.kill(warehouse.worker_pids[0], signal.SIGKILL)
        assert (await warehouse.run(released(COMMITTED))).values[0][0] == 50

    using(options_of("writable", file), work)
    assert not log.exists()
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(COMMITTED).fetchall() == [(50,)]


def test_a_writable_file_is_held_by_the_worker_alone(file: Path):
    """The gateway's process never opens it: its descriptors show no such file, the worker's do."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        await warehouse.run(released("SELECT count(*) AS n FROM t"))
        found = await warehouse.describe([("t",)])
        assert [column.name for column in found["t",] or ()] == ["a", "b"]
        [pid] = warehouse.worker_pids
        assert str(file) in files_of(pid)
        assert str(file) not in files_of("self")
        with pytest.raises(WarehouseError) as caught:
            DuckDBWarehouse(DuckDBOptions(path=file, read_only=False))
        assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
        assert "lock" in caught.value.engine_text

    using(options_of("writable", file), work)


def test_a_file_that_was_replaced_is_not_mixed_with_the_old_one(file: Path):
    """A worker that starts later does not answer from another file than the gateway's own instance does."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        assert await confined(warehouse, "SELECT count(*) AS n FROM t") == [[100_000]]
        build(file)
        for pid in await worker_pids(warehouse, 1):
            os.kill(pid, signal.SIGKILL)
        assert await code_of(warehouse, "SELECT count(*) AS n FROM t") == "E_WAREHOUSE_UNAVAILABLE"
        assert (await warehouse.run(released("SELECT count(*) AS n FROM t"))).values[0][0] == 100_000

    using(options_of("read-only", file, workers=1), work)


def test_the_settings_reach_the_workers(file: Path):
    """``workers`` and ``worker_memory`` of the project file are those of the processes."""
    section = DuckDBSection.model_validate(
        {"kind": "duckdb", "file": file.name, "workers": 3, "memory_limit": "200MB", "worker_memory": "1GB"}
    )
    default = DuckDBSection.model_validate({"kind": "duckdb", "file": file.name, "memory_limit": "200MB"})

    async def spaces(warehouse: DuckDBWarehouse) -> list[int]:
        await asyncio.gather(*(confined(warehouse, "SELECT sleep_ms(20) AS s") for _ in range(20)))
        return [address_space_of(pid) for pid in warehouse.worker_pids]

    assert using(section.options(file.parent), spaces) == [1_000_000_000] * 3
    assert using(default.options(file.parent), spaces) == [pytest.approx(200_000_000 + 1536 * 1024**2, rel=0.001)] * 2
    for wrong in ({"workers": 0}, {"worker_memory": 5}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            DuckDBSection.model_validate({"kind": "duckdb", "file": file.name, **wrong})
