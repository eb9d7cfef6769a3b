"""Every flat type of three engines, and some of those that nest them, through every door of a running gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from conformance.doors.places import ENGINES
from conformance.doors.walking import DOORS, walked


@pytest.mark.parametrize("engine", ENGINES)
def test_every_type_goes_through_every_door_or_is_refused_by_name(engine: str, tmp_path: Path) -> None:
    """``make conformance`` takes more of what nests, and every column through the doors that take one at a time."""
    tally = asyncio.run(walked(engine, tmp_path / "project", each=60, single=9))
    assert tally.wrong == []
    assert tally.left_open == 0
    for door in DOORS:
        assert tally.exact[door.name] >= 3, door.name
    if engine == "duckdb":  # it groups, sorts and compares everything, and has no cast of a text to some unions
        assert set(tally.refused) <= {"preview"}
