"""A conversion metric is the conversions of base events, alone or over the number of those events."""

from __future__ import annotations

from metricgate.catalog.metrics import Calculation, ConversionMetric
from metricgate.planning.metrics.expanding import Expansion, Under, below
from metricgate.planning.metrics.values import MeasureValue, RatioValue


def expand_conversion(metric: ConversionMetric, under: Under, expansion: Expansion) -> MeasureValue | RatioValue:
    """Return the conversions, or their rate; the question's filters and the metric's are those of the base events."""
    base = below(metric.base, under.filtered(metric.filter))
    conversions = expansion.conversions(metric, base, below(metric.conversion, Under()))
    events = expansion.measure(expansion.simple(metric.base), base)  # groups without conversions are in the answer too
    if metric.calculation is Calculation.CONVERSIONS:
        return conversions
    return RatioValue(numerator=conversions, denominator=events)
