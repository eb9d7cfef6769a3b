"""Every incident drill holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from metricgate.bootstrap.drill_host import ScratchHost
from metricgate.operations.drills.player import play_drill, scenarios

DRILLS = scenarios(Path(__file__).parent.parent / "examples" / "incidents")


@pytest.mark.parametrize("name", DRILLS)
def test_a_drill_holds(name: str) -> None:
    finding = play_drill(DRILLS[name], ScratchHost())
    assert finding.steps
    assert finding.held, finding.as_json()
