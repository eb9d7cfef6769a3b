"""A ratio is two values, each under the ratio's filter."""

from __future__ import annotations

from metricgate.catalog.metrics import RatioMetric
from metricgate.planning.metrics.expanding import Expansion, Under
from metricgate.planning.metrics.values import RatioValue


def expand_ratio(metric: RatioMetric, under: Under, expansion: Expansion) -> RatioValue:
    """Return numerator over denominator."""
    inner = under.filtered(metric.filter)
    return RatioValue(
        numerator=expansion.input(metric.numerator, inner), denominator=expansion.input(metric.denominator, inner)
    )
