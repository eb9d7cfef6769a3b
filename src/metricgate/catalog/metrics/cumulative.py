"""A cumulative metric: a simple metric over a trailing window, since the start of a period, or since ever."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from metricgate.catalog.metrics.derived import InputMetric
from metricgate.catalog.metrics.header import MetricHeader
from metricgate.catalog.metrics.window import Period, Window
from metricgate.vocabulary.predicate import Predicate


class PeriodAggregation(StrEnum):
    """Which of a period's running values stands for the period, where the question is coarser than the data."""

    FIRST = "first"
    LAST = "last"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True, kw_only=True)
class CumulativeMetric:
    """The aggregate of ``input`` (a simple metric) over all rows up to each moment of the time spine.

    Attributes:
        window: only rows younger than this; excludes ``grain_to_date``.
        grain_to_date: only rows of the same period.
        filter: applies to the rows of the input.
    """

    header: MetricHeader
    input: InputMetric
    window: Window | None = None
    grain_to_date: Period | None = None
    period_aggregation: PeriodAggregation = PeriodAggregation.FIRST
    filter: Predicate | None = None
