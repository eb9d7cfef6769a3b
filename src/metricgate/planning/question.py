"""A question as the caller meant it: parsed, typed, not yet resolved against a catalog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.predicate import Predicate, members_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupBy:
    """A member to group by, e.g. ``customer__segment`` or ``metric_time`` with a grain.

    The dunder form ``metric_time__month`` parses to member ``metric_time`` and grain month. ``grain`` None on a time
    member means its own granularity (for ``metric_time``: the coarsest of the metrics' own). Instead of a grain a time
    may have a part (``metric_time__extract_dow``) or the name of a calendar, a custom granularity of a time spine.
    """

    member: str
    grain: Grain | None = None
    date_part: DatePart | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """Half-open ``[start, before)`` over metric_time, in ``time_zone`` (IANA name); either side may be open."""

    start: date | datetime | None = None
    before: date | datetime | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """Sort by an output column: a metric's or a group-by's name as asked."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. Hashable, so that plans can be cached by it.

    Attributes:
        metrics: names as given: ``finance.revenue``, bare ``revenue``, or a synonym. May be empty: then the answer is
            the distinct group-by rows.
        min_max_only: just the least and the greatest value of each group-by.
        distinct: without metrics, whether equal rows become one.
        where: applies before aggregation to every metric of the question.
        domain: the caller's domain where policy lets it decide between metrics of one name.
        time_zone: zone in which time members are truncated and shown; None keeps the data's own.
    """

    metrics: tuple[str, ...]
    group_by: tuple[GroupBy, ...] = ()
    where: Predicate | None = None
    time_range: TimeRange | None = None
    time_zone: str | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    domain: str | None = None
    min_max_only: bool = False
    distinct: bool = True


def named_by(question: Question) -> tuple[str, ...]:
    """Return every member, and every call of a metric in a filter, that the question names, each once."""
    return tuple(dict.fromkeys([*(each.member for each in question.group_by), *members_of(question.where)]))
