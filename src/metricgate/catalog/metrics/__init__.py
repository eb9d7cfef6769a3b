"""The metric types, one per file, and what all of them do (``metric.py``).

To add one: ``catalog/metric_types.py``.
"""

from metricgate.catalog.metrics.conversion import Calculation, ConstantProperty, ConversionMetric
from metricgate.catalog.metrics.cumulative import CumulativeMetric
from metricgate.catalog.metrics.derived import DerivedMetric
from metricgate.catalog.metrics.header import Certification, Deprecation, MetricHeader, Status
from metricgate.catalog.metrics.input import InputMetric
from metricgate.catalog.metrics.metric import Metric
from metricgate.catalog.metrics.periods import PeriodAggregation
from metricgate.catalog.metrics.ratio import RatioMetric
from metricgate.catalog.metrics.simple import Aggregation, NonAdditive, Percentile, SimpleMetric, WindowChoice
from metricgate.catalog.metrics.window import CustomGrain, Period, Window, calendar_of

__all__ = [
    "Aggregation",
    "Calculation",
    "Certification",
    "ConstantProperty",
    "ConversionMetric",
    "CumulativeMetric",
    "CustomGrain",
    "Deprecation",
    "DerivedMetric",
    "InputMetric",
    "Metric",
    "MetricHeader",
    "NonAdditive",
    "Percentile",
    "Period",
    "PeriodAggregation",
    "RatioMetric",
    "SimpleMetric",
    "Status",
    "Window",
    "WindowChoice",
    "calendar_of",
]
