"""Cube's ``time_shift``: one measure at an earlier time -> a derived metric over it with an offset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from metricgate.catalog.expression_parser import ExpressionFault
from metricgate.catalog.metrics.window import parse_window
from metricgate.importing.cube.cubes import Cube
from metricgate.importing.source_parts import SourcePart

_ONE_MEMBER = re.compile(r"\s*\$?\{\s*(?:([A-Za-z_]\w*)\s*\.\s*)?([A-Za-z_]\w*)\s*\}\s*\Z")
_TIME = re.compile(r"\s*(?:\$?\{)?\s*(?:([A-Za-z_]\w*)\s*\.\s*)?([A-Za-z_]\w*)\s*\}?\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifted:
    """A measure of a cube, that long before; ``every``: Cube would move every time of a question, not one it names."""

    cube: str
    measure: str
    back: str
    every: bool


def shift_of(cube: Cube, part: SourcePart, cubes: Mapping[str, Cube]) -> Shifted | ExpressionFault:
    """Return the measure that is shifted and how far back, or why it is no offset of ours."""
    text = part.text("sql")
    found = None if text is None else _ONE_MEMBER.match(text)
    if found is None or (part.word("type") or "number") != "number" or part.has("filters"):
        return ExpressionFault(
            "'time_shift' has a counterpart only where it shifts one other measure, with nothing added"
        )
    part.flag("multi_stage")
    owner = cube.written if found[1] in {None, "CUBE", "TABLE"} else found[1]
    shifts = part.parts("time_shift")
    if owner not in cubes:
        return ExpressionFault(f"nothing is known of {owner}.{found[2]}")
    if len(shifts) != 1:
        return ExpressionFault("'time_shift' has a counterpart only where there is one")
    time = shifts[0].text("time_dimension")
    back = _back(shifts[0])
    if isinstance(back, ExpressionFault):
        return back
    if time is not None and not _is_the_time(time, cube, cubes[owner]):
        return ExpressionFault(f"'time_shift' goes by {time!r}, which is not the one time of {owner!r}")
    return Shifted(cube=owner, measure=found[2], back=back, every=time is None)


def _back(shift: SourcePart) -> str | ExpressionFault:
    """Return how far back the shift goes, as a length of time of ours."""
    interval, kind = shift.text("interval"), shift.word("type")
    shift.finish("the time shift")
    if kind != "prior":
        return ExpressionFault(f"'time_shift' of type {kind!r} has no counterpart: metrics look back in time only")
    window = None if interval is None else parse_window(interval)
    if window is None or window.calendar is not None:
        return ExpressionFault(f"'time_shift' by {interval!r} is no number of one grain")
    return str(window)


def _is_the_time(written: str, here: Cube, owner: Cube) -> bool:
    """Whether a time dimension is the one by which the shifted measure's cube goes."""
    found = _TIME.match(written)
    if found is None or (here.written if found[1] in {None, "CUBE", "TABLE"} else found[1]) != owner.written:
        return False
    return [name for name, each in owner.documents.items() if each.get("type") == "time"] == [found[2]]
