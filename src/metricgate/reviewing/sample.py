"""The statement that stands for a metric in a review: the metric by its time, for nobody in particular."""

from __future__ import annotations

from metricgate.catalog.names import METRIC_TIME
from metricgate.compiling.compiler import compile_plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.vocabulary.obligation import NO_OBLIGATIONS
from metricgate.vocabulary.problem import Problems


def sample_sql(metric: str, planner: Planner, dialect: str) -> str | None:
    """Return the SQL of the metric (full name) by ``metric_time``, or in total where it has no time; None if neither.

    No row filter and no limit is in it: it shows the definition, not what some caller would get.
    """
    for group_by in ((GroupBy(member=METRIC_TIME),), ()):
        plan = planner.plan(Question(metrics=(metric,), group_by=group_by))
        if isinstance(plan, Problems):
            continue
        statement = compile_plan(plan, NO_OBLIGATIONS, dialect)
        if not isinstance(statement, Problems):
            return statement.sql
    return None
