"""A derived metric: an expression over other metrics' values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics.header import MetricHeader
from metricgate.catalog.metrics.input import InputMetric
from metricgate.catalog.metrics.metric import MetricDefaults, PartFormatter, Steps, V, Values
from metricgate.catalog.model import SemanticModel
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedMetric(MetricDefaults):
    """``expression`` over the inputs' aliases; evaluated after aggregation. ``filter`` applies to every input."""

    type: ClassVar[str] = "derived"

    header: MetricHeader
    expression: Expression
    inputs: tuple[InputMetric, ...]
    filter: Predicate | None = None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expression over the aliases."""
        return (self.expression,)

    def built_from(self) -> tuple[tuple[Steps, InputMetric], ...]:
        """Return the inputs."""
        return tuple((("input_metrics", at), each) for at, each in enumerate(self.inputs))

    def meaning(self, words: PartFormatter) -> dict[str, Json]:
        """Return expression and inputs, these without an order."""
        return {
            "expr": self.expression.text,
            "inputs": {each.alias: words.input(each) for each in self.inputs},
        }

    def expand(self, values: Values[V]) -> V:
        """Return the expression with the value of every input."""
        return values.derived_value(self.expression, tuple((each.alias, values.input(each)) for each in self.inputs))

    def describe(self, words: PartFormatter) -> dict[str, Json]:
        """Return expression and inputs."""
        return {"expr": self.expression.text, "input_metrics": [words.input(each, alias=True) for each in self.inputs]}

    def summary(self, input_words: Callable[[InputMetric], str], models: Mapping[str, SemanticModel]) -> dict[str, str]:  # noqa: ARG002 - of all types
        """Return the expression and what its aliases are."""
        inputs = ", ".join(f"{each.alias} = {input_words(each)}" for each in self.inputs)
        return {"aggregation": "derived", "expression": f"{self.expression.text} with {inputs}"}

    def as_dbt(self, words: PartFormatter) -> dict[str, Json | None] | None:
        """Return expression and inputs, with their aliases."""
        return {"expr": self.expression.text, "input_metrics": [words.input(each, alias=True) for each in self.inputs]}
