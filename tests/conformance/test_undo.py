"""Random changes taken back: a few here, thousands by ``python -m conformance.undo``."""

from __future__ import annotations

import asyncio

import pytest
from conformance.undo.__main__ import tried
from conformance.undo.places import ENGINES
from conformance.undo.promises import kept

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
