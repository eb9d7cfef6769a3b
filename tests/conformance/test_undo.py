"""Random changes taken back: a few here, thousands by ``python -m conformance.undo``."""

from __future__ import annotations

import asyncio

import pytest
from conformance.undo.__main__ import tried
from conformance.undo.places import ENGINES, placed
from conformance.undo.promises import kept
from conformance.undo.trials import Trials

from metricgate.changing.change import RowChangeKind, RowTarget, TableChange

TRIALS = {"duckdb": 80, "postgres": 100, "mariadb": 20}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_taken_back_is_as_it_was(engine: str) -> None:
    """After an undo the tables are as a replay in Python has them; or it was refused and touched nothing."""
    tally = asyncio.run(tried(engine, TRIALS[engine], seed=1))
    assert tally.wrong == []
    assert tally.kinds["taken back"] > TRIALS[engine] // 2


@pytest.mark.parametrize(("engine", "trials", "seed"), [("duckdb", 10, 1), ("postgres", 20, 7), ("mariadb", 10, 1)])
def test_what_is_shown_as_exact_comes_back(engine: str, trials: int, seed: int) -> None:
    """Schemas with cascades, self-references, every sort of key and type: none shown as R0 fails to come back."""
    found = asyncio.run(kept(engine, trials, seed))
    assert found.broken == []
    assert found.shown["R0"] > trials // 4


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_that_was_set_to_what_it_held_stands_in_nobodys_way(engine: str) -> None:
    """It is gone by now; the other row of the change is taken back all the same, on the engine and on the replay."""

    async def story() -> None:
        async with placed(engine) as place:
            trials = Trials(place, seed=1)
            await trials._fill()
            rows = trials._replay.state["loose"]
            (kept, row), (changed, _row) = list(rows.items())[:2]
            targets = [RowTarget(key=kept, values=(row[3],)), RowTarget(key=changed, values=("5.55",))]
            table = (*place.schema, "loose")
            update = TableChange(
                kind=RowChangeKind.UPDATE, table=table, key=("id",), columns=("worth",), rows=tuple(targets)
            )
            effect, told = await trials._did([update])
            await trials._did([trials._delete("loose", [kept])])
            wanted = trials._replay.taken_back(told)
            assert await trials._undo(effect) is None
            assert await place.dump() == wanted.state
            assert trials.tally.wrong == []

    asyncio.run(story())
