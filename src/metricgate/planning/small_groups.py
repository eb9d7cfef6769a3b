"""What may be asked of a dataset under a minimum group size: one plain fact, whole groups, nothing left out.

A group is shown where enough rows made it. That alone would tell small groups by differences: a question with a filter
against the same one without it. So nothing may be left out by the question either.

Where answers are given in large groups only or not at all, every answer splits the same rows. Of two answers of which
one's group-bys are among the other's, or cut a time coarser, the finer one's groups lie whole within the coarser one's:
what the two differ by is made of whole groups again, each large enough. Times cut so that they overlap (weeks and
months) would break that, and so would counts of distinct values, so these are refused there.
"""

from __future__ import annotations

from collections.abc import Collection

from metricgate.catalog.metrics import Aggregation
from metricgate.planning.plan import Plan
from metricgate.planning.scan import MemberValues, Plain, Scan
from metricgate.planning.scan_parts import ScanKey
from metricgate.vocabulary.grain import Grain

_NESTED = (Grain.DAY, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
_OF_ONE_ROW = (Aggregation.MIN, Aggregation.MAX, Aggregation.MEDIAN, Aggregation.PERCENTILE)


def hindrance(plan: Plan, datasets: Collection[str], *, nesting: bool) -> str | None:
    """Return what of the question could show a group that is too small, in words; None where nothing could.

    Args:
        plan: of the question.
        datasets: those under a minimum; where the plan reads none of them, nothing stands in the way.
        nesting: whether what would tell of groups that lie partly within those of another question is refused too.
    """
    if not any(name in datasets for name in plan.datasets):
        return None
    if plan.extremes:
        return "only the least and greatest value"
    if len(plan.scans) > 1:
        return "metrics of several facts in one question"
    scan = plan.scans[0]
    return _of_scan(scan, datasets) or (_overlapping(scan) if nesting else None)


def coarser_grains(plan: Plan) -> dict[str, tuple[Grain, ...]]:
    """Return group-by -> the grains that hold its periods whole, finest first, for the times that have any."""
    found = {}
    for key in plan.scans[0].keys:
        grain = key.reference.grain or key.reference.granularity
        above = tuple(each for each in _NESTED if grain is not None and each > grain)
        if above:
            found[key.name] = above
    return found


def _of_scan(scan: Scan, datasets: Collection[str]) -> str | None:
    values = scan if isinstance(scan, MemberValues) else None
    shapes = {
        "a filter or a time range": bool(scan.conditions) or any(table.answer is not None for table in scan.tables),
        "a metric that looks over time, a balance or a conversion": not isinstance(scan, Plain | MemberValues),
        "single rows": values is not None and not values.distinct,
        "metric_time beside values of a dataset, without a metric": values is not None and _has_every_moment(values),
        # The rows of either side stand alone there: only a key tells the root's from none.
        f"values of several datasets without a metric, {scan.tables[0].model} without a primary key of one column": (
            values is not None
            and values.whole
            and len(values.tables) > 1
            and values.tables[0].model in datasets
            and values.root_key is None
        ),
        "a metric that has a filter of its own": any(measure.filters for measure in scan.measures),
        "a least, greatest or middle value, which is one row's": any(
            measure.aggregation in _OF_ONE_ROW for measure in scan.measures
        ),
        "a join over several columns": any(
            table.model in datasets and len(table.keys) != 1 for table in scan.tables[1:]
        ),
    }
    return next((words for words, found in shapes.items() if found), None)


def _has_every_moment(scan: MemberValues) -> bool:
    """Whether each row stands beside each moment of a time spine: neither makes groups of the other."""
    return scan.whole and any(not (each.left or each.parent_keys) for each in scan.tables[1:])


def _overlapping(scan: Scan) -> str | None:
    """Return what tells of groups that lie partly within each other: a cut of time, or values counted once in each."""
    if any(measure.aggregation is Aggregation.COUNT_DISTINCT for measure in scan.measures):
        # All customers less those of one city are those who were in no other.
        return "a count of distinct values"
    calendars = {table.alias for table in scan.tables if not table.model}
    return next((words for key in scan.keys if (words := _of_key(key, calendars)) is not None), None)


def _of_key(key: ScanKey, calendars: Collection[str]) -> str | None:
    reference = key.reference
    if reference.part is not None:
        return f"parts of a time ({key.name})"
    if reference.zones is not None:
        return f"times moved to another zone ({key.name})"
    if reference.table in calendars:
        return f"the periods of a calendar ({key.name})"
    # Of a time that is stored by week, months are months of whole weeks.
    if reference.grain is Grain.WEEK and reference.granularity is not Grain.WEEK:
        return f"weeks ({key.name}), which lie partly in two months,"
    return None
