"""What may be asked of a dataset whose small groups are hidden: one plain fact, whole groups, nothing left out.

A group is shown where enough rows made it. That alone would tell small groups by differences: a question with a filter
against the same one without it. So nothing may be left out by the question either.
"""

from __future__ import annotations

from collections.abc import Collection

from metricgate.catalog.metrics import Aggregation
from metricgate.planning.plan import Plan
from metricgate.planning.scan import Scan

_OF_ONE_ROW = (Aggregation.MIN, Aggregation.MAX, Aggregation.MEDIAN, Aggregation.PERCENTILE)


def hindrance(plan: Plan, datasets: Collection[str]) -> str | None:
    """Return what of the question could show a group that is too small, in words; None where nothing could.

    Args:
        plan: of the question.
        datasets: those under a minimum; where the plan reads none of them, nothing stands in the way.
    """
    if not any(name in datasets for name in plan.datasets):
        return None
    if plan.extremes:
        return "only the least and greatest value"
    if len(plan.scans) > 1:
        return "metrics of several facts in one question"
    return _of_scan(plan.scans[0], datasets)


def _of_scan(scan: Scan, datasets: Collection[str]) -> str | None:
    shapes = {
        "a filter or a time range": bool(scan.conditions) or any(table.answer is not None for table in scan.tables),
        "a metric that looks over time, a balance or a conversion": not scan.plain or scan.moments is not None,
        "single rows": not scan.measures and not scan.distinct,
        "a metric that has a filter of its own": any(measure.filters for measure in scan.measures),
        "a least, greatest or middle value, which is one row's": any(
            measure.aggregation in _OF_ONE_ROW for measure in scan.measures
        ),
        "a join over several columns": any(
            table.model in datasets and len(table.keys) != 1 for table in scan.tables[1:]
        ),
    }
    return next((words for words, found in shapes.items() if found), None)
