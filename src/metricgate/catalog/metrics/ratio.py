"""A ratio: numerator over denominator, NULL where the denominator is zero or missing."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.catalog.metrics.derived import InputMetric
from metricgate.catalog.metrics.header import MetricHeader
from metricgate.vocabulary.predicate import Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioMetric:
    """``CAST(numerator AS DOUBLE) / NULLIF(CAST(denominator AS DOUBLE), 0)``; ``filter`` applies to both inputs."""

    header: MetricHeader
    numerator: InputMetric
    denominator: InputMetric
    filter: Predicate | None = None
