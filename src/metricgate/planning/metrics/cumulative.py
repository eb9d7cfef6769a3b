"""A cumulative metric is one measure over the rows up to each moment."""

from __future__ import annotations

from metricgate.catalog.metrics import CumulativeMetric
from metricgate.planning.metrics.expanding import Expansion, Under, below
from metricgate.planning.metrics.values import MeasureValue


def expand_cumulative(metric: CumulativeMetric, under: Under, expansion: Expansion) -> MeasureValue:
    """Return the running measure of the simple input."""
    inner = below(metric.input, under.filtered(metric.filter))
    return expansion.measure(expansion.simple(metric.input), inner, running=metric)
