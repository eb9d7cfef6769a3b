"""Numbers: what is compared or added up that should not be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.dependencies import inputs_of
from metricgate.catalog.metrics import Aggregation, Metric, SimpleMetric
from metricgate.reviewing import codes
from metricgate.reviewing.lint.lint_problem import lint_problem
from metricgate.vocabulary.predicate import And, Comparison, Not, Operator, Or, Predicate, Scalar, Template
from metricgate.vocabulary.problem import Problem

_EXACT = frozenset({Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN})
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_EQUALS = re.compile(r"(?<![<>!])(?:=|<>|!=)\s*(\d*\.\d+)\b")
_EQUALS_VALUE = re.compile(r"(?<![<>!])(?:=|<>|!=)\s*\$v(\d+)")
_RATE = re.compile(r"(^|_)(rate|ratio|percent|percentage|pct|avg|average|mean|median|share)$", re.IGNORECASE)
_KEY = re.compile(r"(^|_)(id|key|uuid|pk|fk)$|.(?<!_)key$", re.IGNORECASE)
_RATE_UNITS = frozenset({"%", "percent", "ratio", "rate", "share"})


def float_equality(catalog: Catalog) -> Iterator[Problem]:
    """Filters and expressions that test a fraction for equality."""
    for metric in catalog.metrics.values():
        filters = [metric.filter, *(each.filter for each in inputs_of(metric))]
        found = [value for each in filters if each is not None for value in _compared_values(each)]
        if isinstance(metric, SimpleMetric):
            found += _EQUALS.findall(_QUOTED.sub("''", metric.expression.text))
        for value in dict.fromkeys(map(str, found)):
            message = f"{metric.header.name} tests for equality with {value}"
            yield lint_problem(codes.FLOAT_EQUALITY, message, metric.header.place)
    for model in catalog.models.values():
        for dimension in model.dimensions:
            for value in _EQUALS.findall(_QUOTED.sub("''", dimension.expression.text)):
                message = f"the dimension {model.name}.{dimension.name} tests for equality with {value}"
                yield lint_problem(codes.FLOAT_EQUALITY, message, dimension.place)


def non_additive_sums(catalog: Catalog) -> Iterator[Problem]:
    """Sums of rates, percentages, averages and ids; derived metrics that add such metrics up."""
    for metric in catalog.metrics.values():
        if isinstance(metric, SimpleMetric) and metric.aggregation is Aggregation.SUM:
            why = _summed(metric)
        else:
            why = _added(metric, catalog)
        if why is not None:
            yield lint_problem(codes.NON_ADDITIVE_SUM, f"{metric.header.name} adds up {why}", metric.header.place)


def _compared_values(predicate: Predicate) -> Iterator[Scalar]:
    match predicate:
        case Comparison():
            if predicate.op in _EXACT:
                yield from (value for value in predicate.values if _is_fraction(value))
        case And() | Or():
            for part in predicate.parts:
                yield from _compared_values(part)
        case Not():
            yield from _compared_values(predicate.part)
        case Template():
            for number in _EQUALS_VALUE.findall(predicate.text):
                if _is_fraction(predicate.values[int(number)]):
                    yield predicate.values[int(number)]
            yield from _EQUALS.findall(predicate.text)


def _is_fraction(value: Scalar) -> bool:
    return isinstance(value, (float, Decimal)) and value % 1 != 0


def _summed(metric: SimpleMetric) -> str | None:
    if (metric.header.unit or "").strip().lower() in _RATE_UNITS:
        return f"what its unit calls {metric.header.unit}"
    if not metric.expression.is_column:
        return None
    column = metric.expression.text.strip('"')
    if _RATE.search(column):
        return f"{column}, which reads like a rate or an average"
    return f"{column}, which reads like an id" if _KEY.search(column) else None


def _added(metric: Metric, catalog: Catalog) -> str | None:
    """Return what a metric adds up of its inputs; a simple one has none."""
    text = " ".join(_QUOTED.sub("''", each.text) for each in metric.expressions)
    for _steps, each in metric.built_from():
        inner = catalog.metrics[each.name]
        alias = re.escape(each.alias)
        if not inner.has_sum and re.fullmatch(rf"(.*\+\s*)?{alias}(\s*\+.*)?", text) and "+" in text:
            return f"{each.name}, which is {_aggregate_label(inner)}"
    return None


def _aggregate_label(metric: Metric) -> str:
    return f"a {metric.aggregation}" if isinstance(metric, SimpleMetric) else "a ratio"
