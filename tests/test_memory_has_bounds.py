"""Whatever a process that serves remembers has a bound, in number and in size."""

from __future__ import annotations

import asyncio
import functools
import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import pytest
from sqlglot.dialects.dialect import Dialect

import metricgate
from metricgate.adapters.identity.api_keys import RefusedKey
from metricgate.adapters.warehouses.writing.duckdb_turns import Turns
from metricgate.bootstrap import recording
from metricgate.bootstrap.recording import RefusedKeyRecorder
from metricgate.catalog import codes
from metricgate.gateway.engine import Engine
from metricgate.guarding import fidelity, outline
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

    async def located(self, relations: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[str, ...]]:
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
    turns = Turns()
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
    monkeypatch.setattr(recording, "_MOST_REMEMBERED", 10)
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
