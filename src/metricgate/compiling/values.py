"""What becomes of aggregates: ratios and derived expressions over the CTEs' columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from sqlglot import exp

from metricgate.dialects.dialect import Dialect
from metricgate.dialects.expressions import meant
from metricgate.dialects.names import column
from metricgate.dialects.trees import double, literal, operand
from metricgate.planning.metrics.values import DerivedValue, MeasureValue, RatioValue, Value


def value_tree(value: Value, homes: Mapping[str, str], dialect: Dialect, *, may_be_absent: bool) -> exp.Expr:
    """Return the value.

    Args:
        value: as planned.
        homes: measure -> the CTE that has it.
        dialect: in whose words.
        may_be_absent: a CTE may have no row for a key; counts are 0 there.
    """
    match value:
        case MeasureValue():
            tree: exp.Expr = column(value.measure, homes[value.measure])
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
            return _derived(value, homes, dialect, may_be_absent=may_be_absent)
        case _:
            assert_never(value)


def _derived(value: DerivedValue, homes: Mapping[str, str], dialect: Dialect, *, may_be_absent: bool) -> exp.Expr:
    inputs = dict(value.inputs)
    root = exp.Paren(this=meant(value.expression.text, dialect.name).copy())
    for found in list(root.find_all(exp.Column)):
        each = inputs.get(found.name)
        if each is not None:
            found.replace(operand(value_tree(each, homes, dialect, may_be_absent=may_be_absent)))
    whole: exp.Expr = root.this
    return whole
