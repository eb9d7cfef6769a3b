"""The metric types, one per file, and their union.

To add one: a file here with its frozen definition, a line in ``Metric``, a file of the same name in
``planning/metrics/``, and cases in ``tests/cases/metrics/<kind>/``.
"""

from metricgate.catalog.metrics.conversion import Calculation, ConstantProperty, ConversionMetric
from metricgate.catalog.metrics.cumulative import CumulativeMetric, PeriodAggregation
from metricgate.catalog.metrics.derived import DerivedMetric, InputMetric
from metricgate.catalog.metrics.header import Certification, Deprecation, MetricHeader, Status
from metricgate.catalog.metrics.ratio import RatioMetric
from metricgate.catalog.metrics.simple import Aggregation, NonAdditive, Percentile, SimpleMetric, WindowChoice
from metricgate.catalog.metrics.window import CustomGrain, Period, Window, calendar_of

Metric = SimpleMetric | RatioMetric | DerivedMetric | CumulativeMetric | ConversionMetric

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
