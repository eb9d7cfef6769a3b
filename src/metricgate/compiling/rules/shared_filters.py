"""Where measures' filters go: what all share filters the rows, what differs filters inside the aggregates."""

from __future__ import annotations

from metricgate.planning.scan import Shape
from metricgate.planning.scan_parts import Condition, ScanMeasure


def shared_filters(scan: Shape) -> tuple[Condition, ...]:
    """Return the filters that every measure of the scan has, in the first one's order.

    >>> from metricgate.compiling.examples import draft
    >>> shared_filters(draft().scan)
    ()
    """
    if not scan.measures:
        return ()
    first, *others = scan.measures
    return tuple(each for each in first.filters if all(each in other.filters for other in others))


def own_filters(measure: ScanMeasure, scan: Shape) -> tuple[Condition, ...]:
    """Return the measure's filters that not every measure of the scan has."""
    shared = shared_filters(scan)
    return tuple(each for each in measure.filters if each not in shared)
