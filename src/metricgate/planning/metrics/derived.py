"""A derived metric is an expression over its inputs' values, each under the metric's filter."""

from __future__ import annotations

from metricgate.catalog.metrics import DerivedMetric
from metricgate.planning.metrics.expanding import Expansion, Under
from metricgate.planning.metrics.values import DerivedValue


def expand_derived(metric: DerivedMetric, under: Under, expansion: Expansion) -> DerivedValue:
    """Return the expression with the value of every input."""
    inner = under.filtered(metric.filter)
    return DerivedValue(
        expression=metric.expression,
        inputs=tuple((each.alias, expansion.input(each, inner)) for each in metric.inputs),
    )
