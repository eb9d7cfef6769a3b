"""A metric type as a package of its own brings it: one metric less another, with everything that a type does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from metricgate.catalog.building.metrics import MetricType
from metricgate.catalog.documents.metric import HeaderDocument, Input
from metricgate.catalog.expression_parser import parse_expression
from metricgate.catalog.metrics.header import MetricHeader
from metricgate.catalog.metrics.input import InputMetric
from metricgate.catalog.metrics.metric import MetricDefaults
from metricgate.vocabulary.predicate import Predicate
from metricgate.vocabulary.problem import Place

LESS = parse_expression("whole - part", Place(path=""))


class DifferenceDocument(HeaderDocument):
    """One metric less another."""

    type: Literal["difference"]
    whole: Input
    part: Input


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceMetric(MetricDefaults):
    """``whole - part``; ``filter`` applies to both."""

    type: ClassVar[str] = "difference"

    header: MetricHeader
    whole: InputMetric
    part: InputMetric
    filter: Predicate | None = None

    def built_from(self):
        """Return both."""
        return (("whole",), self.whole), (("part",), self.part)

    def check(self, checks):
        """Note a part that is not simple."""
        checks.simple(self.part.name, ("part",))

    def meaning(self, words):
        """Return both."""
        return self.describe(words)

    def expand(self, values):
        """Return the one less the other."""
        return values.derived_value(LESS, (("whole", values.input(self.whole)), ("part", values.input(self.part))))

    def describe(self, words):
        """Return both."""
        return {"whole": words.input(self.whole), "part": words.input(self.part)}

    def summary(self, input_words, models):  # noqa: ARG002 - of all types
        """Return both in one line."""
        return {"aggregation": "difference", "expression": f"{input_words(self.whole)} - {input_words(self.part)}"}


def build(builder, document, draft):
    """Return the metric, or None after noting problems."""
    whole = builder.input(document.whole, draft, ("whole",))
    part = builder.input(document.part, draft, ("part",))
    if whole is None or part is None:
        return None
    condition = builder.condition(document.filter, draft.origin, draft.domain)
    return DifferenceMetric(header=builder.header(draft), whole=whole, part=part, filter=condition)


DIFFERENCE = MetricType(document=DifferenceDocument, build=build)
