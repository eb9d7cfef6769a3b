"""A simple metric: one aggregation of one expression over one model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics.header import MetricHeader
from metricgate.vocabulary.predicate import Predicate


class Aggregation(StrEnum):
    """How rows become one number. ``sum_boolean`` counts the rows where the expression is true."""

    SUM = "sum"
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"
    SUM_BOOLEAN = "sum_boolean"
    MEDIAN = "median"
    PERCENTILE = "percentile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """``value`` is a fraction in (0, 1); discrete returns a value of the data, continuous interpolates."""

    value: float
    discrete: bool = False
    approximate: bool = False


class WindowChoice(StrEnum):
    """Which end of the time a non-additive metric is read at."""

    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True, kw_only=True)
class NonAdditive:
    """Not to be summed over time: only rows at the first or last value of ``dimension`` (of the own model) count.

    Attributes:
        groupings: dimensions or entities of the own model; the end is sought for each of their values apart.
    """

    dimension: str
    choice: WindowChoice
    groupings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleMetric:
    """``agg(expression)`` over ``model``, where ``filter`` holds.

    Attributes:
        expression: over the model's columns; for ``count`` the expression whose non-NULL values count (``1`` = rows).
        time_dimension: name of the model's time dimension that ``metric_time`` means for this metric.
        fill_nulls_with: stands where the metric has no value.
        join_to_timespine: every period of the time spine is in the answer where it is asked by the metric's time.
    """

    header: MetricHeader
    model: str
    aggregation: Aggregation
    expression: Expression
    time_dimension: str | None
    percentile: Percentile | None = None
    filter: Predicate | None = None
    non_additive: NonAdditive | None = None
    fill_nulls_with: int | None = None
    join_to_timespine: bool = False
