"""A question's time range as conditions on the time column of each scan."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import date, datetime, time

from metricgate.catalog.model import SemanticModel, TimeKind
from metricgate.planning import codes
from metricgate.planning.clocks import convert_moment
from metricgate.planning.member_resolver import METRIC_TIME
from metricgate.planning.question import Question, TimeRange
from metricgate.planning.scan_binder import Binder
from metricgate.planning.scan_parts import Condition, Reference
from metricgate.planning.time_problems import too_fine
from metricgate.planning.time_spec import AS_STORED, split_form
from metricgate.planning.time_values import starts_period, stored_moment, zone_of
from metricgate.vocabulary.grain import Grain, WeekStart
from metricgate.vocabulary.predicate import And, Comparison, Operator, members_of
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


def speaks_of_time(question: Question, binder: Binder, time: str | None, calendars: Container[str]) -> bool:
    """Whether the question's range or filter speaks of the root's own time."""
    named = (split_form(each, calendars)[0] for each in members_of(question.where))
    return question.time_range is not None or any(binder.own_time(each, time) for each in named)


def bound_range(
    binder: Binder,
    time: str | None,
    span: TimeRange | None,
    models: Mapping[str, SemanticModel],
    problems: list[Problem],
) -> Condition | None:
    """Return a time range bound to the root's time; None without one, or after noting a problem.

    Effects: notes the time as used in ``binder``.
    """
    member = None if span is None else binder.member(METRIC_TIME, _PLACE, time)
    if span is None or member is None or member[1] is None:
        return None
    reference = binder.refer(METRIC_TIME, member[0], AS_STORED, _PLACE)
    if reference is None:
        return None
    bare = replace(reference, zones=None)  # the bounds are moved to the column's clock instead
    binder.used[reference.model, reference.name] = None
    home = models.get(reference.model)  # a time spine is none
    return range_condition(span, span.time_zone, bare, problems, None if home is None else home.week_start)


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
        value = _bind_bound(bound, zone, reference, f"{_PLACE}.{name}", problems, week_start)
        if value is not None:
            parts.append(Comparison(member=METRIC_TIME, op=op, values=(value,)))
    if not parts:
        return None
    predicate = parts[0] if len(parts) == 1 else And(tuple(parts))
    return Condition(predicate=predicate, members=((METRIC_TIME, reference),))


def _bind_bound(
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
        return convert_moment(bound, zone or clock.shown, clock)
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
    return day if clock is None else convert_moment(day, zone or clock.shown, clock)
