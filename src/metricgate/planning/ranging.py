"""A question's time range as conditions on the time column of each scan."""

from __future__ import annotations

from datetime import date, datetime, time

from metricgate.catalog.model import TimeKind
from metricgate.planning import codes
from metricgate.planning.clocks import moved
from metricgate.planning.question import TimeRange
from metricgate.planning.resolving import METRIC_TIME
from metricgate.planning.scan import Condition, Reference
from metricgate.planning.time_problems import too_fine
from metricgate.planning.timing import starts_period, stored_moment, zone_of
from metricgate.vocabulary.grain import Grain, WeekStart
from metricgate.vocabulary.predicate import And, Comparison, Operator
from metricgate.vocabulary.problem import Place, Problem

_PLACE = "time_range"


def check_range(asked: TimeRange, zone: str | None, problems: list[Problem]) -> None:
    """Note a range that holds nothing."""
    if asked.start is None or asked.before is None:
        return
    meant = zone or "UTC"
    if stored_moment(asked.start, meant, "UTC") >= stored_moment(asked.before, meant, "UTC"):
        problems.append(
            Problem(
                code=codes.EMPTY_RANGE,
                message=f"The range from {asked.start.isoformat()} to before {asked.before.isoformat()} holds nothing.",
                where=Place(path=_PLACE),
                hint="The end is exclusive: for one day give the next day as `before`.",
            )
        )


def check_zone(name: str | None, place: str, problems: list[Problem]) -> bool:
    """Note a zone that does not exist; return whether it may be used."""
    if name is None or zone_of(name) is not None:
        return True
    problems.append(
        Problem(
            code=codes.UNKNOWN_TIME_ZONE,
            message=f"{name[:60]!r} is not a time zone.",
            where=Place(path=place),
            hint="Write an IANA name such as UTC, Europe/Berlin or America/New_York.",
        )
    )
    return False


def range_condition(
    asked: TimeRange,
    zone: str | None,
    reference: Reference,
    problems: list[Problem],
    week_start: WeekStart | None = None,
) -> Condition | None:
    """Return ``start <= column AND column < before`` with bounds by the column's own clock; the column stays bare.

    ``zone`` says whose local times the bounds are; None: those that the column's values are shown in.
    """
    parts: list[Comparison] = []
    for op, bound, name in ((Operator.GE, asked.start, "start"), (Operator.LT, asked.before, "before")):
        if bound is None:
            continue
        value = _bound(bound, zone, reference, f"{_PLACE}.{name}", problems, week_start)
        if value is not None:
            parts.append(Comparison(member=METRIC_TIME, op=op, values=(value,)))
    if not parts:
        return None
    predicate = parts[0] if len(parts) == 1 else And(tuple(parts))
    return Condition(predicate=predicate, members=((METRIC_TIME, reference),))


def _bound(
    bound: date | datetime,
    zone: str | None,
    reference: Reference,
    place: str,
    problems: list[Problem],
    week_start: WeekStart | None,
) -> date | datetime | None:
    finest = reference.granularity or Grain.DAY
    clock = reference.clock
    if clock is not None and clock.kind is TimeKind.DATE:
        clock = None
    if clock is not None and finest < Grain.DAY:
        return moved(bound, zone or clock.shown, clock)
    finest = max(finest, Grain.DAY, key=lambda grain: grain.rank)
    day = bound
    if isinstance(bound, datetime):
        if bound.time() != time() or bound.tzinfo is not None:
            problems.append(too_fine(METRIC_TIME, Grain.SECOND, finest, place))
            return None
        day = bound.date()
    if not starts_period(day, finest, week_start):
        problems.append(
            Problem(
                code=codes.GRAIN_TOO_FINE,
                message=f"{day.isoformat()} lies inside a {finest}, and the data is known by {finest}.",
                where=Place(path=place),
                hint=f"Give the first day of a {finest}.",
                details={"finest": str(finest)},
            )
        )
        return None
    return day if clock is None else moved(day, zone or clock.shown, clock)
