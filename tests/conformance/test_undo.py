"""Random changes taken back: a few here, thousands by ``python -m conformance.undo``."""

from __future__ import annotations

import asyncio

import pytest
from conformance.undo.__main__ import tried
from conformance.undo.places import ENGINES

TRIALS = {"duckdb": 80, "postgres": 100, "mariadb": 20}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_taken_back_is_as_it_was(engine: str) -> None:
    """After an undo the tables are as a replay in Python has them; or it was refused and touched nothing."""
    tally = asyncio.run(tried(engine, TRIALS[engine], seed=1))
    assert tally.wrong == []
    assert tally.kinds["taken back"] > TRIALS[engine] // 2
