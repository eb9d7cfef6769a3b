"""A conversion metric: how many base events were followed by a conversion event of the same entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from metricgate.catalog.metrics.header import MetricHeader
from metricgate.catalog.metrics.input import InputMetric
from metricgate.catalog.metrics.metric import Checks, MetricDefaults, PartFormatter, Steps, V, Values, text_of
from metricgate.catalog.metrics.window import Period, Window
from metricgate.catalog.model import SemanticModel
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Predicate


class Calculation(StrEnum):
    """Conversions over base events, or just the conversions."""

    CONVERSION_RATE = "conversion_rate"
    CONVERSIONS = "conversions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantProperty:
    """A dimension or entity of the base model that must equal one of the conversion model."""

    base: str
    conversion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionMetric(MetricDefaults):
    """Each conversion event belongs to the last base event of its ``entity`` before it, within ``window``.

    ``base`` and ``conversion`` are simple metrics. ``filter`` applies to the base events.
    """

    type: ClassVar[str] = "conversion"

    header: MetricHeader
    base: InputMetric
    conversion: InputMetric
    entity: str
    calculation: Calculation = Calculation.CONVERSION_RATE
    window: Window | None = None
    constant_properties: tuple[ConstantProperty, ...] = ()
    filter: Predicate | None = None

    @property
    def has_sum(self) -> bool:
        """Whether its values may be added up: a rate's may not."""
        return False

    def built_from(self) -> tuple[tuple[Steps, InputMetric], ...]:
        """Return base events and conversions."""
        return (("base_metric",), self.base), (("conversion_metric",), self.conversion)

    def rows(self) -> tuple[InputMetric, ...]:
        """Return the base events, which its filter is about."""
        return (self.base,)

    def lengths(self) -> tuple[tuple[Steps, Window | Period | None], ...]:
        """Return the window."""
        return ((("window",), self.window),)

    def check(self, checks: Checks) -> None:
        """Note inputs that are not simple, and members that their models lack."""
        base = checks.simple(self.base.name, ("base_metric",))
        conversion = checks.simple(self.conversion.name, ("conversion_metric",))
        for index, each in enumerate(self.constant_properties):
            checks.member(base, each.base, ("constant_properties", index, "base_property"))
            checks.member(conversion, each.conversion, ("constant_properties", index, "conversion_property"))
        for owner in (base, conversion):
            checks.member(owner, self.entity, ("entity",))
        checks.same_width((base, conversion), self.entity, ("entity",))

    def meaning(self, words: PartFormatter) -> dict[str, Json]:
        """Return both events, and how they belong together."""
        return {
            "base": words.input(self.base),
            "conversion": words.input(self.conversion),
            "entity": self.entity,
            "calculation": self.calculation.value,
            "window": text_of(self.window),
            "constant": [[each.base, each.conversion] for each in self.constant_properties],
        }

    def expand(self, values: Values[V]) -> V:
        """Return the conversions, or their rate; its filter is that of the base events."""
        conversions = values.conversions(
            self.base,
            self.conversion,
            entity=self.entity,
            equal=tuple((each.base, each.conversion) for each in self.constant_properties),
            window=self.window,
        )
        events = values.events(self.base)  # groups without conversions are in the answer too
        return conversions if self.calculation is Calculation.CONVERSIONS else values.ratio(conversions, events)

    def describe(self, words: PartFormatter) -> dict[str, Json]:
        """Return both events, and how they belong together."""
        return {
            "entity": self.entity,
            "base_metric": words.input(self.base),
            "conversion_metric": words.input(self.conversion),
            "calculation": str(self.calculation),
            "window": text_of(self.window),
            "constant_properties": [
                {"base_property": each.base, "conversion_property": each.conversion}
                for each in self.constant_properties
            ],
        }

    def summary(self, input_words: Callable[[InputMetric], str], models: Mapping[str, SemanticModel]) -> dict[str, str]:  # noqa: ARG002 - of all types
        """Return both events in one line."""
        span = "any time" if self.window is None else str(self.window)
        events = f"{input_words(self.base)} to {input_words(self.conversion)}"
        return {"aggregation": str(self.calculation), "expression": f"{events} by {self.entity} within {span}"}

    def as_dbt(self, words: PartFormatter) -> dict[str, Json | None] | None:
        """Return both events, and how they belong together."""
        return {**self.describe(words)}
