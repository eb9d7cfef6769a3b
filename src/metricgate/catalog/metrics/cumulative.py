"""A cumulative metric: a simple metric over a trailing window, since the start of a period, or since ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from metricgate.catalog.metrics.header import MetricHeader
from metricgate.catalog.metrics.input import InputMetric
from metricgate.catalog.metrics.metric import Checks, MetricDefaults, PartFormatter, Steps, V, Values, text_of
from metricgate.catalog.metrics.periods import PeriodAggregation
from metricgate.catalog.metrics.window import Period, Window
from metricgate.catalog.model import SemanticModel
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class CumulativeMetric(MetricDefaults):
    """The aggregate of ``input`` (a simple metric) over all rows up to each moment of the time spine.

    Attributes:
        window: only rows younger than this; excludes ``grain_to_date``.
        grain_to_date: only rows of the same period.
        filter: applies to the rows of the input.
    """

    type: ClassVar[str] = "cumulative"

    header: MetricHeader
    input: InputMetric
    window: Window | None = None
    grain_to_date: Period | None = None
    period_aggregation: PeriodAggregation = PeriodAggregation.FIRST
    filter: Predicate | None = None

    def built_from(self) -> tuple[tuple[Steps, InputMetric], ...]:
        """Return the one input."""
        return ((("input_metric",), self.input),)

    def lengths(self) -> tuple[tuple[Steps, Window | Period | None], ...]:
        """Return the window, then the period."""
        return (("window",), self.window), (("grain_to_date",), self.grain_to_date)

    def check(self, checks: Checks) -> None:
        """Note an input that is not simple: only rows can be read up to a moment."""
        checks.simple(self.input.name, ("input_metric",))

    def meaning(self, words: PartFormatter) -> dict[str, Json]:
        """Return the input and what of it counts."""
        return {
            "input": words.input(self.input),
            "window": text_of(self.window),
            "grain_to_date": text_of(self.grain_to_date),
            "period": self.period_aggregation.value,
        }

    def expand(self, values: Values[V]) -> V:
        """Return the input over the rows up to each moment."""
        return values.running_value(
            self.input, window=self.window, since=self.grain_to_date, stands=self.period_aggregation
        )

    def describe(self, words: PartFormatter) -> dict[str, Json]:
        """Return the input and what of it counts."""
        return {
            "input_metric": words.input(self.input),
            "window": text_of(self.window),
            "grain_to_date": text_of(self.grain_to_date),
            "period_agg": str(self.period_aggregation),
        }

    def summary(self, input_words: Callable[[InputMetric], str], models: Mapping[str, SemanticModel]) -> dict[str, str]:  # noqa: ARG002 - of all types
        """Return the input and its span."""
        since = "since ever" if self.grain_to_date is None else f"since the start of the {self.grain_to_date}"
        span = since if self.window is None else str(self.window)
        return {"aggregation": "cumulative", "expression": f"{input_words(self.input)} over {span}"}

    def as_dbt(self, words: PartFormatter) -> dict[str, Json | None] | None:
        """Return the input and what of it counts."""
        return {**self.describe(words)}
