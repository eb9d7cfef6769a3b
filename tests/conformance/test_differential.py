"""Random queries, raw on the engine and through the gate: a few hundred here, thousands by ``make fuzz``."""

from __future__ import annotations

import asyncio

import pytest
from conformance.differential.__main__ import tried
from conformance.differential.constructs import constructs
from conformance.differential.forms import ENGINES
from conformance.differential.reporting import MOST_REFUSED

COUNT = 120


@pytest.mark.parametrize("engine", ENGINES)
def test_what_comes_back_is_what_was_asked(engine: str) -> None:
    """The same names, types and rows for a caller who sees everything, and for one who sees some rows."""
    tally = asyncio.run(tried(engine, COUNT, seed=7))
    assert tally.findings == []
    assert tally.valid == COUNT
    # Of so few queries, chance may take some more than of thousands.
    assert sum(tally.refusals.values()) <= 8 + MOST_REFUSED * COUNT, tally.refusals
    drawn = sum(1 for each in constructs(engine) if tally.drawn[each])
    assert drawn > len(constructs(engine)) // 2
