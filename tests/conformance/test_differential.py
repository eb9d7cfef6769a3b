"""Random queries, raw on the engine and through the gate: a few hundred here, thousands by ``make fuzz``."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from conformance.differential.__main__ import tried
from conformance.differential.constructs import constructs
from conformance.differential.forms import ENGINES
from conformance.differential.reporting import MOST_REFUSED
from conformance.differential.tally import Finding, Kept, Tally, summed

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


def test_a_run_is_kept_and_goes_on(tmp_path: Path) -> None:
    """What came of the queries so far comes back from the file whole; several files count as one run."""
    finding = Finding(number=7, sql="SELECT 1", caller="all", ran="SELECT 2", what="rows")
    tally = Tally(valid=500, drawn=Counter({"CASE": 3}), refusals=Counter({"E_X ...": 2}), findings=[finding])
    kept = Kept(engine="duckdb", seed=4, next=812, tally=tally)
    kept.write(tmp_path / "run.json")
    found = Kept.read(tmp_path / "run.json")
    assert found == kept
    whole = summed([found, Kept(engine="duckdb", seed=5, next=9, tally=tally)])["duckdb"]
    assert (whole.valid, whole.drawn["CASE"], whole.refused_share, len(whole.findings)) == (1_000, 6, 0.004, 2)
