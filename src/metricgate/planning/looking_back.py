"""Which of the metrics asked looks back in time: the one that a caller knows, not the input that is read from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from metricgate.catalog.dependencies import inputs_of
from metricgate.catalog.metrics import Metric
from metricgate.planning.metrics.expansion import LeafMetric


def looking_back(asked: Iterable[str], metrics: Mapping[str, Metric], leaf: LeafMetric) -> tuple[str, ...]:
    """Return those of the metrics ``asked`` (full names) that take the leaf's value from another time.

    That is by way of its running metric, or of an input with an offset.
    """
    return tuple(name for name in dict.fromkeys(asked) if _reads_leaf(metrics[name], metrics, leaf, shifted=False))


def _reads_leaf(metric: Metric, metrics: Mapping[str, Metric], leaf: LeafMetric, *, shifted: bool) -> bool:
    name = metric.header.name
    if leaf.running is not None and name == leaf.running.name:
        return not leaf.shifts or shifted
    if name == leaf.metric.header.name:
        return shifted
    return any(
        _reads_leaf(
            metrics[each.name],
            metrics,
            leaf,
            shifted=shifted or each.offset_window is not None or each.offset_to_grain is not None,
        )
        for each in inputs_of(metric)
    )
