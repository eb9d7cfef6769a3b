"""Whatever a process that serves remembers has a bound, in number and in size."""

from __future__ import annotations

import asyncio
import functools
import importlib
import pkgutil
import resource
import threading
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Any

import pytest
from bench.soak.inside import holdings
from sqlglot.dialects.dialect import Dialect
from tests.approvals.made import held_action, saying

import metricgate
from metricgate.adapters.state.sqlite.ledger_file import connect, connect_reading
from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.adapters.state.sqlite.sqlite_actions import SqliteActions
from metricgate.adapters.system import free_memory
from metricgate.adapters.system.clock import SystemClock
from metricgate.adapters.warehouses.duckdb.changing.write_queue import WriteQueue
from metricgate.adapters.warehouses.file_replacement import ReplaceableFileWarehouse
from metricgate.catalog import codes
from metricgate.gateway.codes import WAREHOUSE_UNAVAILABLE
from metricgate.gateway.engine import Engine
from metricgate.gateway.people_service import ActionFilter
from metricgate.gateway.ports import WarehouseError
from metricgate.guarding import fidelity, outline
from metricgate.operations import refusal_recorders
from metricgate.operations.refusal_recorders import RefusedKeyRecorder
from metricgate.state.keys import RefusedKey
from metricgate.vocabulary.result import Column

_Remembering = type(functools.lru_cache(len))


def modules() -> Iterator[ModuleType]:
    for each in pkgutil.walk_packages(metricgate.__path__, "metricgate."):
        if not each.name.endswith("__main__"):
            yield importlib.import_module(each.name)


def test_every_function_that_remembers_has_a_bound() -> None:
    found = {
        f"{module.__name__}.{name}": each.cache_info().maxsize
        for module in modules()
        for owner in (module, *(each for each in vars(module).values() if isinstance(each, type)))
        for name, each in vars(owner).items()
        if isinstance(each, _Remembering)
    }
    assert len(found) > 20
    assert [name for name, most in found.items() if most is None] == []


class Described:
    """A warehouse that has every relation, and counts how often it was asked for each."""

    dialect = "duckdb"

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    async def describe(self, relations: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[Column, ...]]:
        """Tell their columns, after others had their turn."""
        await asyncio.sleep(0)
        self.asked += relations
        return dict.fromkeys(relations, ())

    async def locate(self, relations: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[str, ...]]:
        """Tell where they are."""
        return {each: each for each in relations}


class Hand:
    """A clock that is moved by hand."""

    now = 0.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now


def test_relations_of_definitions_that_are_gone_are_forgotten() -> None:
    """And two calls at once, of which the later finds everything too old, both get what they asked for."""
    clock, warehouse = Hand(), Described()
    engine: Any = Engine("w", warehouse, clock)  # type: ignore[arg-type]

    async def go() -> None:
        for number in range(100):
            assert len(await engine.relations([("kept",), (f"edited {number}",)])) == 2
        assert warehouse.asked.count(("kept",)) == 1
        clock.now += 59.0
        early = asyncio.create_task(engine.relations([("kept",), ("new",)]))
        await asyncio.sleep(0)
        clock.now += 2.0
        late = await engine.relations([("other",)])
        assert set(await early) == {("kept",), ("new",)}
        assert set(late) == {("other",)}
        await engine.relations([("last",)])

    asyncio.run(go())
    assert set(engine._found) == {("new",), ("other",), ("last",)}


@pytest.mark.parametrize(("columns", "kept"), [(3, 1), (1_000, 0)])
def test_long_statements_are_not_kept(columns: int, kept: int) -> None:
    """Their outline is told as that of short ones is; only nobody holds on to the text."""
    outline._remembered.cache_clear()
    named = ", ".join(f"c{number}" for number in range(columns))
    assert outline.outline(f"SELECT {named} FROM t WHERE a = 'v'", dialect="duckdb").startswith(f"SELECT {named} FROM")
    assert outline._remembered.cache_info().currsize == kept


@pytest.mark.parametrize(("length", "kept"), [(50, True), (5_000, False)])
def test_long_words_are_not_kept(length: int, kept: bool) -> None:
    fidelity._remembered.cache_clear()
    name = "x" * length
    sql = f"SELECT {name} FROM t"
    tokens = Dialect.get_or_raise("duckdb").tokenize(sql)
    assert fidelity.unfaithful(sql, "duckdb", tokens, tokens) is None
    before = fidelity._remembered.cache_info()
    assert fidelity._remembered(name) == ()
    assert (fidelity._remembered.cache_info().hits > before.hits) is kept
    assert before.currsize > 0


def test_questions_that_are_over_are_forgotten() -> None:
    """One that is stopped though it waits for no turn, too."""
    turns = WriteQueue()
    for question in range(100):
        turns.stop(question)
        turns.over(question)
    assert not turns._stopped


class Ledger:
    """Counts what it is given."""

    count = 0

    async def append(self, *_what: object, **_more: object) -> None:
        """Count an entry."""
        self.count += 1


def test_refused_keys_are_recorded_still_when_there_were_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many in a minute as are remembered, and in the next minute others again."""
    monkeypatch.setattr(refusal_recorders, "_MOST_REMEMBERED", 10)
    ledger = Ledger()
    recorder: Any = RefusedKeyRecorder(ledger)  # type: ignore[arg-type]

    async def go() -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for minute in range(3):
            with monkeypatch.context() as moved:
                moved.setattr(loop, "time", lambda at=now + 61.0 * minute: at)
                for number in range(30):
                    recorder(RefusedKey(name=f"{minute} {number}", agent="a", code=codes.BAD_EXPRESSION))
            await asyncio.gather(*recorder._tasks)

    asyncio.run(go())
    assert ledger.count == 30
    assert len(recorder._last) == 10


def test_a_look_at_many_actions_does_not_hold_their_documents(tmp_path: Path) -> None:
    """Each proposal looks at what its agent did all day."""
    store = SqliteActions(tmp_path / "actions.db", Seal(tmp_path / "journal.key"))
    actions = [replace(held_action(number=number), preview=saying("x" * 20_000)) for number in range(1, 101)]
    for each in actions:
        store.add(each)
    assert len(store.glances(ActionFilter(limit=500))) == len(actions)
    tracemalloc.start()
    try:
        assert len(store.glances(ActionFilter(limit=500))) == len(actions)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        store.close()
    assert most < 20_000 * 5


def test_who_reads_a_record_keeps_few_of_its_pages(tmp_path: Path) -> None:
    """Each look has a connection of its own, in a thread whose arena stays as large as it was."""
    path = tmp_path / "ledger.db"
    with closing(connect(path)) as connection:
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?)", ((at, bytes(3_000), b"") for at in range(2_000)))
    with closing(connect_reading(path)) as connection:
        before = used_mb()
        assert sum(1 for _ in connection.execute("SELECT leaf FROM entries ORDER BY idx")) == 2_000
        assert used_mb() - before < 1.0


def test_a_log_that_grew_while_somebody_read_is_cut_again(tmp_path: Path) -> None:
    """A log cannot begin anew while somebody reads; afterwards it would keep the length that it had."""
    path = tmp_path / "ledger.db"

    def log_mb() -> float:
        return Path(f"{path}-wal").stat().st_size / 1e6

    with closing(connect(path)) as writing, closing(connect_reading(path)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM entries").fetchone()
        writing.executemany("INSERT INTO entries VALUES (?, ?, ?)", ((at, bytes(3_000), b"") for at in range(2_000)))
        assert log_mb() > 8
        reading.execute("COMMIT")
        writing.executemany("INSERT INTO entries VALUES (?, ?, ?)", ((at, b"", b"") for at in range(2_000, 2_010)))
        assert log_mb() < 4.2


def used_mb() -> float:
    """What the C library has given out."""
    found = holdings()
    return found["c_system_mb"] - found["c_free_mb"] + found["c_mapped_mb"]


def resident_mb() -> float:
    """Memory of this process that lies in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def test_what_is_free_between_what_is_held_goes_back() -> None:
    """The C library would keep it."""
    trim = free_memory.trimmer()
    assert trim is not None
    blocks = [bytes(2_000) for _ in range(50_000)]
    held = blocks[::500]
    del blocks
    before = resident_mb()
    assert trim()
    assert before - resident_mb() > 50
    assert len(held) == 100


def test_it_goes_back_again_and_again_while_a_gateway_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where the C library cannot, nobody tries."""
    trimmed: SimpleQueue[bool] = SimpleQueue()

    def trim() -> bool:
        trimmed.put(True)
        return True

    async def go() -> None:
        trimming = asyncio.create_task(free_memory.keep_trimming(every_seconds=0.0))
        for _ in range(3):
            await asyncio.to_thread(trimmed.get, timeout=30)
        assert not trimming.done()
        trimming.cancel()
        monkeypatch.setattr(free_memory, "trimmer", lambda: None)
        await free_memory.keep_trimming()

    monkeypatch.setattr(free_memory, "trimmer", lambda: trim)
    asyncio.run(go())


def test_a_file_that_is_swapped_again_and_again_is_opened_in_one_thread() -> None:
    """Each opening takes megabytes, which the arena of the thread keeps. Once closed, it is not opened again."""
    state, threads = 0, list[int]()

    class Opened(Described):
        async def close(self) -> None:
            await asyncio.sleep(0)

    def opener() -> Any:
        threads.append(threading.get_ident())
        time.sleep(0.01)
        return Opened()

    async def go() -> None:
        nonlocal state
        followed = ReplaceableFileWarehouse("w", "duckdb", opener, lambda: (0, state), SystemClock(), opened=None)
        followed._tried = float("-inf")
        for number in range(20):
            state = number
            await asyncio.gather(followed.describe([("t",)]), *(asyncio.to_thread(time.sleep, 0.01) for _ in range(3)))
        await followed.close()
        state = 99
        with pytest.raises(WarehouseError, match=WAREHOUSE_UNAVAILABLE.name):
            await followed.describe([("t",)])

    asyncio.run(go())
    assert len(threads) == 20
    assert len(set(threads)) == 1
