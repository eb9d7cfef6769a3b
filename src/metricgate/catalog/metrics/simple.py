"""A simple metric: one aggregation of one expression over one model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics.header import MetricHeader
from metricgate.catalog.metrics.input import InputMetric
from metricgate.catalog.metrics.metric import MetricDefaults, PartFormatter, V, Values
from metricgate.catalog.model import SemanticModel
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Predicate
from metricgate.vocabulary.result import DataType


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
class SimpleMetric(MetricDefaults):
    """``agg(expression)`` over ``model``, where ``filter`` holds.

    Attributes:
        expression: over the model's columns; for ``count`` the expression whose non-NULL values count (``1`` = rows).
        time_dimension: name of the model's time dimension that ``metric_time`` means for this metric.
        fill_nulls_with: stands where the metric has no value.
        join_to_timespine: every period of the time spine is in the answer where it is asked by the metric's time.
    """

    type: ClassVar[str] = "simple"

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

    @property
    def has_sum(self) -> bool:
        """Whether its values may be added up: those of a mean, a median or a percentile may not."""
        return self.aggregation not in _NO_SUM

    @property
    def value_type(self) -> DataType | None:
        """A whole number where it counts; otherwise the expression's, which is not told."""
        return DataType.INTEGER if self.aggregation in COUNTING else None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expression over the model's columns."""
        return (self.expression,)

    def meaning(self, words: PartFormatter) -> dict[str, Json]:
        """Return aggregate, expression, model and time; what only some have is left out where absent."""
        percentile, balance = self.percentile, self.non_additive
        found: dict[str, Json] = {
            "agg": self.aggregation.value,
            "expr": self.expression.text,
            "model": words.model(self.model),
            "time": self.time_dimension,
            "percentile": [percentile.value, percentile.discrete, percentile.approximate] if percentile else None,
        }
        if balance is not None:
            found["non_additive"] = [balance.dimension, balance.choice.value, list(balance.groupings)]
        return found | self._shown()

    def expand(self, values: Values[V]) -> V:
        """Return the measure."""
        return values.measure()

    def describe(self, words: PartFormatter) -> dict[str, Json]:
        """Return aggregate, expression, model and time; what only some have is left out where absent."""
        found: dict[str, Json] = {
            "model": self.model,
            "agg": str(self.aggregation),
            "expr": self.expression.text,
            "metric_time": self.time_dimension,
            "filter": words.condition(self.filter),
            "percentile": None if self.percentile is None else self.percentile.value,
        }
        if self.non_additive is not None:
            found["non_additive_dimension"] = {
                "name": self.non_additive.dimension,
                "window_choice": str(self.non_additive.choice),
                "window_groupings": list(self.non_additive.groupings),
            }
        return found | self._shown()

    def _shown(self) -> dict[str, Json]:
        found: dict[str, Json] = {}
        if self.fill_nulls_with is not None:
            found["fill_nulls_with"] = self.fill_nulls_with
        if self.join_to_timespine:
            found["join_to_timespine"] = True
        return found

    def summary(self, input_words: Callable[[InputMetric], str], models: Mapping[str, SemanticModel]) -> dict[str, str]:  # noqa: ARG002 - of all types
        """Return aggregate, expression, model with its source, and time."""
        return {
            "aggregation": str(self.aggregation),
            "expression": self.expression.text,
            "model": self.model,
            "source": ".".join(models[self.model].source),
            "time": self.time_dimension or "none",
        }

    def as_dbt(self, words: PartFormatter) -> dict[str, Json | None] | None:  # noqa: ARG002 - of all types
        """Return aggregate, expression and options."""
        percentile, balance, fill = self.percentile, self.non_additive, self.fill_nulls_with
        if self.aggregation is Aggregation.COUNT and fill is None:
            fill = 0  # a count of nothing is no value in dbt
        found: dict[str, Json | None] = {
            "agg": str(self.aggregation),
            "expr": self.expression.text,
            "agg_time_dimension": self.time_dimension,
            "fill_nulls_with": fill,
        }
        if percentile is not None and self.aggregation is not Aggregation.MEDIAN:
            found["percentile"] = percentile.value
            found["percentile_type"] = "discrete" if percentile.discrete else "continuous"
            if percentile.approximate:
                found["use_approximate_percentile"] = True
        if balance is not None:
            group_by: dict[str, Json] = {"group_by": list[Json](balance.groupings)} if balance.groupings else {}
            found["non_additive_dimension"] = {
                "name": balance.dimension,
                "window_agg": str(balance.choice),
                **group_by,
            }
        if self.join_to_timespine:
            found["join_to_timespine"] = True
        return found


COUNTING = (Aggregation.COUNT, Aggregation.COUNT_DISTINCT, Aggregation.SUM_BOOLEAN)
"""Of nothing they are 0."""
_NO_SUM = frozenset({Aggregation.AVERAGE, Aggregation.MEDIAN, Aggregation.PERCENTILE})
