"""A ratio: numerator over denominator, NULL where the denominator is zero or missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from metricgate.catalog.metrics.header import MetricHeader
from metricgate.catalog.metrics.input import InputMetric
from metricgate.catalog.metrics.metric import MetricDefaults, PartFormatter, Steps, V, Values
from metricgate.catalog.model import SemanticModel
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Predicate
from metricgate.vocabulary.result import DataType


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioMetric(MetricDefaults):
    """``CAST(numerator AS DOUBLE) / NULLIF(CAST(denominator AS DOUBLE), 0)``; ``filter`` applies to both inputs."""

    type: ClassVar[str] = "ratio"

    header: MetricHeader
    numerator: InputMetric
    denominator: InputMetric
    filter: Predicate | None = None

    @property
    def has_sum(self) -> bool:
        """Whether its values may be added up: a rate's may not."""
        return False

    @property
    def value_type(self) -> DataType | None:
        """A floating point number."""
        return DataType.FLOAT

    def built_from(self) -> tuple[tuple[Steps, InputMetric], ...]:
        """Return numerator and denominator."""
        return (("numerator",), self.numerator), (("denominator",), self.denominator)

    def meaning(self, words: PartFormatter) -> dict[str, Json]:
        """Return numerator and denominator."""
        return self.describe(words)

    def expand(self, values: Values[V]) -> V:
        """Return numerator over denominator."""
        numerator = values.input(self.numerator)
        return values.ratio(numerator, values.input(self.denominator))

    def describe(self, words: PartFormatter) -> dict[str, Json]:
        """Return numerator and denominator."""
        return {"numerator": words.input(self.numerator), "denominator": words.input(self.denominator)}

    def summary(self, input_words: Callable[[InputMetric], str], models: Mapping[str, SemanticModel]) -> dict[str, str]:  # noqa: ARG002 - of all types
        """Return both in one line."""
        return {
            "aggregation": "ratio",
            "expression": f"{input_words(self.numerator)} / {input_words(self.denominator)}",
        }

    def as_dbt(self, words: PartFormatter) -> dict[str, Json | None] | None:
        """Return numerator and denominator."""
        return {**self.describe(words)}
