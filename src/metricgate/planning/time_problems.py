"""What can be wrong with how finely, or at which moment, a time is asked."""

from __future__ import annotations

from metricgate.planning import codes
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.problem import Place, Problem


def depends_on_time(name: str, asked_for: str, place: str, *, zoned: bool) -> Problem:
    """Say that what is asked depends on the metric's own time, and cannot be told of another moment."""
    why = (
        "and the question's time zone is not the one that it is computed in"
        if zoned
        else "together with other columns, or more finely than the moments that are read"
    )
    return Problem(
        code=codes.TIME_ATTRIBUTE,
        message=f"{asked_for} looks back in time, and {name!r} depends on that time, {why}.",
        where=Place(path=place),
        hint="Group by metric_time with a grain instead, or ask without what looks back.",
    )


def too_fine(name: str, grain: Grain, finest: Grain, place: str) -> Problem:
    """Say that ``grain`` is finer than the data of ``name``."""
    return Problem(
        code=codes.GRAIN_TOO_FINE,
        message=f"{name!r} is known by {finest}, not by {grain}.",
        where=Place(path=place),
        hint=f"Ask for {name}__{finest} or a coarser grain.",
        details={"finest": str(finest)},
    )
