"""The forms in which each metric of a catalog is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from metricgate.catalog.catalog import Catalog
from metricgate.planning.planner import MemberKind, Planner
from metricgate.planning.question import GroupBy, Ordering, Question, TimeRange
from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.predicate import Comparison, Operator

_TIME = "metric_time"
_YEAR = TimeRange(start=date(2024, 1, 1), before=date(2025, 1, 1))
_GRAINS = (Grain.HOUR, Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
_VALUES: tuple[tuple[Operator, tuple[str, ...]], ...] = (
    (Operator.EQ, ("it's",)),
    (Operator.NE, ("back\\slash",)),
    (Operator.IN, ("a", "b")),
    (Operator.NOT_IN, ("a", "b")),
    (Operator.BETWEEN, ("a", "b")),
    (Operator.IS_NULL, ()),
    (Operator.IS_NOT_NULL, ()),
    (Operator.CONTAINS, ("50%",)),
    (Operator.STARTS_WITH, ("a_b",)),
    (Operator.ENDS_WITH, ("?",)),
)


def questions(catalog: Catalog, planner: Planner) -> Iterator[tuple[str, Question]]:
    """Yield each form by name: some cannot be planned for some metric, which is no fault of a dialect."""
    for metric in catalog.metrics:
        members = planner.reachable((metric,))
        words = [each.name for each in members if each.type is MemberKind.CATEGORICAL]
        for form, question in _of_metric(metric, words[:1], words[-1:]):
            yield f"{metric}: {form}", question
    for name in catalog.saved_queries:
        if (saved := planner.find_saved_question(name)) is not None:
            yield f"saved {name}", saved


def _of_metric(metric: str, near: list[str], far: list[str]) -> Iterator[tuple[str, Question]]:
    asked = (metric,)
    yield "alone", Question(metrics=asked)
    yield "in a time range", Question(metrics=asked, time_range=_YEAR)
    for grain in _GRAINS:
        by_time = (GroupBy(member=_TIME, grain=grain),)
        yield f"by {grain.name}", Question(metrics=asked, group_by=by_time)
        local = Question(metrics=asked, group_by=by_time, time_range=_YEAR, time_zone="Asia/Tokyo")
        yield f"by {grain.name} in a zone", local
    for part in DatePart:
        yield f"by part {part.name}", Question(metrics=asked, group_by=(GroupBy(member=_TIME, date_part=part),))
    month = GroupBy(member=_TIME, grain=Grain.MONTH)
    yield "extremes", Question(metrics=(), group_by=(month,), min_max_only=True)
    for member in dict.fromkeys((*near, *far)):
        group = GroupBy(member=member)
        yield f"by {member}", Question(metrics=asked, group_by=(group,))
        page = (Ordering(column=member, descending=True),)
        yield f"page by {member}", Question(metrics=asked, group_by=(group, month), order_by=page, limit=10, offset=5)
        yield f"rest by {member}", Question(metrics=asked, group_by=(group,), order_by=page, offset=5)
        for operator, values in _VALUES:
            where = Comparison(member=member, op=operator, values=values)
            yield f"{member} {operator.value}", Question(metrics=asked, group_by=(month,), where=where)
