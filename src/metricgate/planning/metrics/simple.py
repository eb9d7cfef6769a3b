"""A simple metric is one measure."""

from __future__ import annotations

from metricgate.catalog.metrics import SimpleMetric
from metricgate.planning.metrics.expanding import Expansion, Under
from metricgate.planning.metrics.values import MeasureValue


def expand_simple(metric: SimpleMetric, under: Under, expansion: Expansion) -> MeasureValue:
    """Return the measure under the metric's own filter and those from above."""
    return expansion.measure(metric, under)
