"""What becomes of aggregates: ratios and derived expressions over the CTEs' columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from sqlglot import exp

from metricgate.catalog.metrics import Aggregation
from metricgate.dialects.dialect import Dialect
from metricgate.dialects.expressions import Kinds, kinds_wanted, write_expression
from metricgate.dialects.kinds import ValueKind, kind_of
from metricgate.dialects.names import column
from metricgate.dialects.trees import double, literal, operand, parse_shared
from metricgate.planning.metrics.values import DerivedValue, MeasureValue, RatioValue, Value
from metricgate.planning.scan_parts import ScanMeasure


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a measure is, once aggregated.

    Attributes:
        query: the CTE that has it as a column.
        kind: tells what it is, as far as is known.
    """

    query: str
    kind: Callable[[], ValueKind]


Homes = Mapping[str, Home]
"""Measure -> where it is."""


def home_of(measure: ScanMeasure, query: str, of: Callable[[], ValueKind], *, averaged: bool) -> Home:
    """Return the home of a measure of values ``of`` a kind; ``averaged``: it is the mean of several moments."""
    counted = measure.aggregation in _COUNTS
    exact = measure.percentile is not None and measure.percentile.discrete

    def kind() -> ValueKind:
        if averaged or (measure.aggregation in _MEANS and not exact):
            return ValueKind.DOUBLE
        found = ValueKind.INTEGER if counted else of()
        return ValueKind.NUMBER if measure.aggregation is Aggregation.SUM and found is ValueKind.UNKNOWN else found

    return Home(query=query, kind=kind)


_COUNTS = frozenset({Aggregation.COUNT, Aggregation.COUNT_DISTINCT, Aggregation.SUM_BOOLEAN})
_MEANS = frozenset({Aggregation.AVERAGE, Aggregation.MEDIAN, Aggregation.PERCENTILE})


def value_tree(value: Value, homes: Homes, dialect: Dialect, *, may_be_absent: bool) -> exp.Expr:
    """Return the value.

    Args:
        value: as planned.
        homes: measure -> where it is.
        dialect: in whose words.
        may_be_absent: a CTE may have no row for a key; counts are 0 there.
    """
    match value:
        case MeasureValue():
            tree: exp.Expr = column(value.measure, homes[value.measure].query)
            # A count is never NULL: its fill must not tell a group without rows from one whose rows are filtered out.
            if value.zones is not None:
                tree = dialect.converted(tree, value.zones)
            instead = (0 if may_be_absent else None) if value.counts else value.fill
            return tree if instead is None else exp.Coalesce(this=tree, expressions=[literal(instead)])
        case RatioValue():
            return exp.Div(
                this=double(value_tree(value.numerator, homes, dialect, may_be_absent=may_be_absent)),
                expression=exp.Nullif(
                    this=double(value_tree(value.denominator, homes, dialect, may_be_absent=may_be_absent)),
                    expression=literal(0),
                ),
            )
        case DerivedValue():
            return _derived_tree(value, homes, dialect, may_be_absent=may_be_absent)
        case _:
            assert_never(value)


def _derived_tree(value: DerivedValue, homes: Homes, dialect: Dialect, *, may_be_absent: bool) -> exp.Expr:
    inputs = dict(value.inputs)
    kinds = _kinds_wanted(value, homes, dialect)
    root = exp.Paren(this=write_expression(value.expression.text, dialect.name, kinds).copy())
    for found in list(root.find_all(exp.Column)):
        each = inputs.get(found.name)
        if each is not None:
            found.replace(operand(value_tree(each, homes, dialect, may_be_absent=may_be_absent)))
    whole: exp.Expr = root.this
    return whole


def _kinds_wanted(value: DerivedValue, homes: Homes, dialect: Dialect) -> Kinds:
    """Return the kinds of those inputs on which the words of the dialect depend."""
    inputs = {name.lower(): each for name, each in value.inputs}
    found: dict[str, ValueKind] = {}
    while more := kinds_wanted(value.expression.text, dialect.name, tuple(found.items())) & (inputs.keys() - found):
        found.update({name: _value_kind(inputs[name], homes) for name in sorted(more)})
    return tuple(found.items())


def _value_kind(value: Value, homes: Homes) -> ValueKind:
    match value:
        case MeasureValue():
            return homes[value.measure].kind()
        case RatioValue():
            return ValueKind.DOUBLE
        case DerivedValue():
            inputs = {name.lower(): _value_kind(each, homes) for name, each in value.inputs}
            return kind_of(parse_shared(value.expression.text), inputs)
        case _:
            assert_never(value)
