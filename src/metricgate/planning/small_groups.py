"""What may be asked of a dataset whose small groups are hidden: one plain fact, whole groups, nothing left out.

A group is shown where enough rows made it. That alone would tell small groups by differences: a question with a filter
against the same one without it. So nothing may be left out by the question either.
"""

from __future__ import annotations

from collections.abc import Collection

from metricgate.planning.plan import Plan
from metricgate.planning.scan import Scan


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
    if scan.conditions or any(table.answer is not None for table in scan.tables):
        return "a filter or a time range"
    if not scan.plain or scan.moments is not None:
        return "a metric that looks over time, a balance or a conversion"
    if not scan.measures and not scan.distinct:
        return "single rows"
    if len({measure.filters for measure in scan.measures}) > 1:
        return "metrics with different filters in one question"
    if any(table.model in datasets and len(table.keys) != 1 for table in scan.tables[1:]):
        return "a join over several columns"
    return None
