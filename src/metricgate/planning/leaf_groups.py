"""Which leaves share a scan: those of one model, one time and one treatment of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from metricgate.planning.metrics.expansion import LeafMetric

Kind = tuple[object, ...]
"""A treatment of time that is not that of plain aggregates."""

_PLAIN: Kind = ((), None, None, False, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafGroup:
    """Leaves that one scan reads.

    Attributes:
        model: whose rows they aggregate.
        time: the time dimension that metric_time means; None where no time is asked.
        kind: their treatment of time; None for plain aggregates.
        leaves: at least one.
    """

    model: str
    time: str | None
    kind: Kind | None
    leaves: tuple[LeafMetric, ...]


def leaf_groups(leaves: Iterable[LeafMetric], *, by_time: bool) -> tuple[LeafGroup, ...]:
    """Return the leaves by scan, in the order of their first; ``by_time``: the question speaks of metric_time."""
    groups: dict[tuple[str, str | None, Kind | None], list[LeafMetric]] = {}
    for leaf in leaves:
        kind = _kind_of(leaf)
        time = leaf.metric.time_dimension if by_time or kind is not None else None
        groups.setdefault((leaf.metric.model, time, kind), []).append(leaf)
    return tuple(
        LeafGroup(model=model, time=time, kind=kind, leaves=tuple(found))
        for (model, time, kind), found in groups.items()
    )


def _kind_of(leaf: LeafMetric) -> Kind | None:
    metric = leaf.metric
    if leaf.conversion is not None:
        return ("conversion", leaf.measure)
    running = None if leaf.running is None else leaf.running.name
    apart = leaf.filters if metric.non_additive is not None else ()
    kind = (leaf.shifts, running, metric.non_additive, metric.join_to_timespine, apart)
    return None if kind == _PLAIN else kind
