"""Every incident drill holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from metricgate.bootstrap.drilling import run_drill, scenarios

DRILLS = scenarios(Path(__file__).parent.parent / "examples" / "incidents")


@pytest.mark.parametrize("name", DRILLS)
def test_a_drill_holds(name: str) -> None:
    finding = run_drill(DRILLS[name])
    assert finding.steps
    assert finding.held, finding.as_json()
