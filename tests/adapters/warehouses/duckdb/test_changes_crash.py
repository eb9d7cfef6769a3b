"""What a crash, a deadline or a failing journal leaves of a change to a DuckDB file: all of it or nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.adapters.warehouses.duckdb.changes import (
    Doing,
    built,
    carried_out,
    kept_open,
    plan,
    ready,
    release,
    rows,
    step,
    table,
    using,
)
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.changing.effect import ChangeEffect
from metricgate.gateway.changes.ports import ChangeFailed, ChangePlan, OutcomeUnknown

SCRIPT = "CREATE TABLE t(a INTEGER PRIMARY KEY, b VARCHAR); INSERT INTO t SELECT i, 'old' FROM range(300) r(i)"
WANTED = plan(step("update", "t", "SELECT a, 'new' FROM t", key="a", columns="b"))
LONG = plan(step("update", "t", "SELECT a, 'new' || repeat('x', 20000) FROM t", key="a", columns="b"))
ONE = plan(step("update", "t", "SELECT 1, 'one'", key="a", columns="b"))
NEW = "SELECT count(*) FILTER (starts_with(b, 'new')), count(*) FROM t"
_IN_THE_MIDDLE = 20
"""Ticks: more than any of these changes computes before its source."""
ENDLESS = "SELECT x.range % 7 FROM range(1000000) x, range(1000000) y WHERE hash(x.range + y.range) = 1"


@pytest.fixture
def options(tmp_path: Path) -> DuckDBOptions:
    return built(tmp_path / "w.duckdb", SCRIPT)


@pytest.fixture(scope="module")
def leaving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doing]:
    """One warehouse for tests that change no more than one row, and not to what ``NEW`` counts."""
    with kept_open(built(tmp_path_factory.mktemp("kept") / "w.duckdb", SCRIPT)) as doing:
        yield doing


def kill(warehouse: DuckDBWarehouse, how: signal.Signals = signal.SIGKILL) -> None:
    os.kill(warehouse.worker_pids[0], how)


def stop(warehouse: DuckDBWarehouse) -> None:
    """Stop the worker, and wait until every thread of it stands: a signal is sent before it acts."""
    kill(warehouse, signal.SIGSTOP)
    until(lambda: all(_fields(each)[0] == "T" for each in _tasks(warehouse)))


def ticks(warehouse: DuckDBWarehouse) -> int:
    """Return how long the worker has computed, in ticks of the clock: a hundred a second."""
    return sum(int(each) for task in _tasks(warehouse) for each in _fields(task)[11:13])


async def at_work(warehouse: DuckDBWarehouse, before: int) -> None:
    """Wait until the worker has computed for so long since that it is in the middle of a statement without end."""
    await asyncio.to_thread(until, lambda: ticks(warehouse) > before + _IN_THE_MIDDLE)


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60.0
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def _tasks(warehouse: DuckDBWarehouse) -> list[Path]:
    return list(Path(f"/proc/{warehouse.worker_pids[0]}/task").iterdir())


def _fields(task: Path) -> list[str]:
    with suppress(FileNotFoundError):  # a thread that ended meanwhile
        return (task / "stat").read_text().rpartition(")")[2].split()
    return ["T", *["0"] * 20]


def apply_killed(
    options: DuckDBOptions,
    killing: Callable[[DuckDBWarehouse], Callable[[ChangeEffect], None]],
    wanted: ChangePlan = WANTED,
) -> tuple[bool, list[object]]:
    """Apply with a ``prepare`` that brings the worker's death about; return whether it is marked, and the rows."""

    async def work(warehouse: DuckDBWarehouse) -> tuple[bool, list[object]]:
        rehearsal = await warehouse.rehearse(wanted)
        with suppress(OutcomeUnknown):
            await warehouse.apply(release(rehearsal, wanted), killing(warehouse))
        marked = "act-1" in await warehouse.find_committed(["act-1"])
        [found] = await rows(warehouse, NEW)
        if not marked:  # it can be carried out now
            await carried_out(warehouse, ONE, "act-2")
        return marked, found

    return using(options, work)


def test_a_worker_that_dies_while_the_journal_is_written_changed_nothing(options: DuckDBOptions):
    """It was not told to go on."""

    def killing(warehouse: DuckDBWarehouse) -> Callable[[ChangeEffect], None]:
        return lambda _effect: kill(warehouse)

    assert apply_killed(options, killing) == (False, [0, 300])


def test_a_worker_that_dies_before_it_hears_go_changed_nothing(options: DuckDBOptions):
    """Nobody can know that it did not hear it: the outcome is unknown until the file is asked."""

    def killing(warehouse: DuckDBWarehouse) -> Callable[[ChangeEffect], None]:
        def prepare(_effect: ChangeEffect) -> None:
            stop(warehouse)
            threading.Timer(0.3, kill, [warehouse]).start()

        return prepare

    assert apply_killed(options, killing) == (False, [0, 300])


def test_a_worker_that_dies_in_its_commit_did_all_of_it_or_nothing(options: DuckDBOptions):
    """Killed at some moment after it may have heard go: the marker tells, and it tells the truth."""

    def killing(warehouse: DuckDBWarehouse) -> Callable[[ChangeEffect], None]:
        return lambda _effect: threading.Timer(0.004, kill, [warehouse]).start()

    marked, found = apply_killed(options, killing, LONG)
    assert found == ([300, 300] if marked else [0, 300])


def test_a_journal_that_fails_keeps_the_change_from_being_made(options: DuckDBOptions):
    """What ``prepare`` raised comes out, and the transaction is rolled back."""

    class JournalFull(Exception):
        pass

    def prepare(_effect: ChangeEffect) -> None:
        raise JournalFull

    async def work(warehouse: DuckDBWarehouse) -> None:
        pids = warehouse.worker_pids
        rehearsal = await warehouse.rehearse(WANTED)
        with pytest.raises(JournalFull):
            await warehouse.apply(release(rehearsal, WANTED), prepare)
        assert (await warehouse.find_committed(["act-1"]), await rows(warehouse, NEW)) == (frozenset(), [[0, 300]])
        await warehouse.apply(release(rehearsal, WANTED), ready)
        assert (await warehouse.find_committed(["act-1"]), await rows(warehouse, NEW)) == ({"act-1"}, [[300, 300]])
        assert warehouse.worker_pids[0] == pids[0]

    using(options, work)


def test_what_was_committed_is_there_for_whoever_opens_the_file_next(options: DuckDBOptions):
    """Also when the worker was killed right after it had answered."""

    async def first(warehouse: DuckDBWarehouse) -> None:
        await carried_out(warehouse, WANTED)
        kill(warehouse)

    async def second(warehouse: DuckDBWarehouse) -> None:
        assert (await warehouse.find_committed(["act-1"]), await rows(warehouse, NEW)) == ({"act-1"}, [[300, 300]])

    using(options, first)
    using(options, second)


def test_a_runaway_source_ends_in_time_and_reads_go_on(leaving: Doing):
    """Its deadline plus two seconds; nothing is sent again to another worker."""
    runaway = plan(step("delete", "t", ENDLESS, key="a"), seconds=3.0)

    async def work(warehouse: DuckDBWarehouse) -> None:
        begin = time.monotonic()
        change = asyncio.create_task(warehouse.rehearse(runaway))
        await asyncio.sleep(0.3)
        assert await rows(warehouse, NEW) == [[0, 300]]
        assert await warehouse.find_committed(["act-1"]) == frozenset()
        assert not change.done()
        with pytest.raises(ChangeFailed) as caught:
            await change
        assert caught.value.code == "E_WAREHOUSE_TIMEOUT"
        assert time.monotonic() - begin < 5.0
        await carried_out(warehouse, ONE, "after-runaway")

    leaving(work)


def test_a_change_whose_worker_dies_is_not_sent_to_the_next(options: DuckDBOptions):
    """It fails at once, nothing is changed, and reads are asked again as ever."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        await warehouse.rehearse(ONE)
        before = ticks(warehouse)
        change = asyncio.create_task(warehouse.rehearse(plan(step("delete", "t", ENDLESS, key="a"), seconds=60.0)))
        await at_work(warehouse, before)
        kill(warehouse)
        begin = time.monotonic()
        with pytest.raises(ChangeFailed) as caught:
            await change
        assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
        assert time.monotonic() - begin < 5.0
        assert await rows(warehouse, NEW) == [[0, 300]]

    using(options, work)


def test_a_deadline_that_passes_while_the_journal_is_written_stops_the_change(leaving: Doing):
    """The gateway does not say go."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        rehearsal = await warehouse.rehearse(WANTED)
        changes = release(rehearsal, seconds=0.7)
        with pytest.raises(ChangeFailed) as caught:
            await warehouse.apply(changes, lambda _effect: time.sleep(1.0))
        assert caught.value.code == "E_WAREHOUSE_TIMEOUT"
        assert (await warehouse.find_committed(["act-1"]), await rows(warehouse, NEW)) == (frozenset(), [[0, 300]])

    leaving(work)


def test_an_approved_change_does_not_wait_for_a_rehearsal(leaving: Doing):
    """The rehearsal gives way, begins again afterwards, and sees what was committed."""
    slow = "SELECT (SELECT count(*) FILTER (hash(range) = 1) FROM range(300000000)) + a, b || '!' FROM t WHERE a < 2"

    async def work(warehouse: DuckDBWarehouse) -> None:
        one = await warehouse.rehearse(ONE)
        before = ticks(warehouse)
        rehearsal = asyncio.create_task(warehouse.rehearse(plan(step("update", "t", slow, key="a", columns="b"))))
        await at_work(warehouse, before)
        begin = time.monotonic()
        await warehouse.apply(release(one, ONE, action="first"), ready)
        assert time.monotonic() - begin < 1.0
        assert not rehearsal.done()
        found = (await rehearsal).effect.tables[0]
        assert [row.after for row in found.rows] == [("0", "old!"), ("1", "one!")]

    leaving(work)


def test_a_change_that_waits_for_its_turn_outlives_the_worker(options: DuckDBOptions):
    """The worker dies while another change has its turn: what only waited is asked again in the next one."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        other = plan(step("update", "t", "SELECT 2, 'two'", key="a", columns="b"))
        one, two = await warehouse.rehearse(ONE), await warehouse.rehearse(other)
        waiting: list[asyncio.Task[ChangeEffect]] = []
        loop = asyncio.get_running_loop()

        def prepare(_effect: ChangeEffect) -> None:
            loop.call_soon_threadsafe(lambda: waiting.append(loop.create_task(rehearsing())))
            time.sleep(0.3)
            kill(warehouse)

        async def rehearsing() -> ChangeEffect:
            return (await warehouse.rehearse(other)).effect

        with pytest.raises(OutcomeUnknown):
            await warehouse.apply(release(one, ONE), prepare)
        assert (await waiting[0]).digest == two.effect.digest
        assert await warehouse.find_committed(["act-1"]) == frozenset()

    using(options, work)


def test_a_caller_who_goes_away_stops_its_rehearsal_alone(leaving: Doing):
    """Cancelled in the middle of its source, and nothing of it is left open."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        await warehouse.rehearse(ONE)
        pids, before = warehouse.worker_pids, ticks(warehouse)
        change = asyncio.create_task(warehouse.rehearse(plan(step("delete", "t", ENDLESS, key="a"))))
        await at_work(warehouse, before)
        change.cancel()
        with pytest.raises(asyncio.CancelledError):
            await change
        await carried_out(warehouse, ONE, "after-leaving")
        assert warehouse.worker_pids[0] == pids[0]

    leaving(work)


def test_reads_of_a_file_that_may_be_changed_still_change_nothing(leaving: Doing):
    """A statement that is no change runs in a read-only transaction, confined or not."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        for confined in (False, True):
            for sql in ("DELETE FROM t", "WITH d AS (DELETE FROM t RETURNING a) SELECT a FROM d", "DROP TABLE t"):
                with pytest.raises(Exception, match="E_WAREHOUSE"):
                    await warehouse.run(released(sql, confined=confined))
        assert await rows(warehouse, NEW) == [[0, 300]]
        assert table("t") in await warehouse.shapes([table("t")])

    leaving(work)
