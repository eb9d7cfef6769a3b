"""Values that are times (the first, the last of many), shown in the question's zone after they are aggregated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from metricgate.catalog.clock_readings import gives_time_of
from metricgate.catalog.metrics import Aggregation, SimpleMetric
from metricgate.planning.clocks import Clocks
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.metrics.values import DerivedValue, MeasureValue, RatioValue, Value
from metricgate.planning.zones import Zones


def shown_value(value: Value, leaves: Mapping[str, LeafMetric], clocks: Clocks) -> Value:
    """Return the value with the zones of those times in it that are shown, or whose calendar is read.

    What is computed from times (the hours between the first and the last) is computed from them as they are stored.
    """
    match value:
        case MeasureValue():
            zones = _zones_of(leaves[value.measure], clocks)
            return value if zones is None else replace(value, zones=zones)
        case DerivedValue():
            text = value.expression.text
            inputs = tuple(
                (name, shown_value(each, leaves, clocks) if gives_time_of(text, name) else each)
                for name, each in value.inputs
            )
            return replace(value, inputs=inputs)
        case RatioValue():
            return value


def _zones_of(leaf: LeafMetric, clocks: Clocks) -> Zones | None:
    metric = leaf.metric if leaf.converted is None else leaf.converted
    return clocks.of_value(metric.model, metric.expression) if _is_one_of_its_values(metric) else None


def _is_one_of_its_values(metric: SimpleMetric) -> bool:
    """Whether the aggregate is a value of its expression, not a number made of many."""
    of_rank = metric.percentile is not None and metric.percentile.discrete
    return metric.aggregation in (Aggregation.MIN, Aggregation.MAX) or of_rank
