"""Measures that must not be summed over time: which rows of a balance count."""

from __future__ import annotations

from metricgate.catalog.metrics import NonAdditive, SimpleMetric
from metricgate.catalog.model import SemanticModel
from metricgate.planning.own_members import own_members, own_reference
from metricgate.planning.scan import Plain, SemiAdditive, SpineJoin
from metricgate.planning.shifts import by_months


def semi_additive(
    rows: Plain, spine: SpineJoin | None, metric: SimpleMetric, declared: NonAdditive, root: SemanticModel
) -> SemiAdditive:
    """Return the rows of which only the first or last in time count.

    Args:
        rows: all of them.
        spine: the moments that they are read from, under an offset.
        metric: of the measures.
        declared: over which time they must not be summed, and what the end is sought for.
        root: the model of the rows.

    Raises:
        ValueError: the model lacks that time, which the catalog has checked.
    """
    time = root.dimension(declared.dimension)
    if time is None:
        raise ValueError(f"{root.name} has no time {declared.dimension}")
    apart = [each for name in declared.groupings for each in own_members(root, name)]
    own = (root.name, time.name)
    apart += [key.reference for key in rows.keys if (key.reference.model, key.reference.name) == own]
    sought = own_reference(root, time)
    repeated = False
    if spine is not None and not spine.by_period:
        # Several moments may read one row, which then counts at the first or last of them only.
        repeated = time.name != metric.time_dimension and any(map(by_months, spine.shifts))
        if time.name == metric.time_dimension:
            sought = sought if spine.whole else spine.moment
    return SemiAdditive(
        name=rows.name,
        tables=rows.tables,
        keys=rows.keys,
        measures=rows.measures,
        conditions=rows.conditions,
        time=sought,
        choice=declared.choice,
        apart=tuple(apart),
        spine=spine,
        repeated=repeated,
    )
