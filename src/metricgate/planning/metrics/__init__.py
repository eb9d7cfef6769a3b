"""How each metric type becomes measures and values, one file per type."""

from typing import assert_never

from metricgate.catalog.metrics import (
    ConversionMetric,
    CumulativeMetric,
    DerivedMetric,
    Metric,
    RatioMetric,
    SimpleMetric,
)
from metricgate.planning.metrics.conversion import expand_conversion
from metricgate.planning.metrics.cumulative import expand_cumulative
from metricgate.planning.metrics.derived import expand_derived
from metricgate.planning.metrics.expanding import Expansion, Under
from metricgate.planning.metrics.ratio import expand_ratio
from metricgate.planning.metrics.simple import expand_simple
from metricgate.planning.metrics.values import Value


def expand(metric: Metric, under: Under, expansion: Expansion) -> Value:
    """Return what the metric is over measures, which are noted in ``expansion``."""
    match metric:
        case SimpleMetric():
            return expand_simple(metric, under, expansion)
        case RatioMetric():
            return expand_ratio(metric, under, expansion)
        case DerivedMetric():
            return expand_derived(metric, under, expansion)
        case CumulativeMetric():
            return expand_cumulative(metric, under, expansion)
        case ConversionMetric():
            return expand_conversion(metric, under, expansion)
        case _:
            assert_never(metric)
