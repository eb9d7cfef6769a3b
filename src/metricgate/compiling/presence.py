"""Values of a joined table where a row of it was found: nothing is computed on the row that a join fills with NULL."""

from __future__ import annotations

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.compiling.context import Context
from metricgate.dialects.trees import operand


def where_found(
    expression: Expression, table: str, model: str, present: Expression | None, context: Context
) -> exp.Expr:
    """Return the value where the table has a row, which ``present`` tells; None where there is no need to ask.

    >>> from metricgate.compiling.examples import draft
    >>> size = Expression(text="COALESCE(size, 'small')", columns=("size",))
    >>> key = Expression(text="id", columns=("id",))
    >>> where_found(size, "customers", "customers", key, draft().context).sql()
    "CASE WHEN NOT customers.id IS NULL THEN COALESCE(customers.size, 'small') END"
    """
    tree = context.write(expression, table, model)
    if present is None:
        return tree
    found = exp.Not(this=exp.Is(this=operand(context.write(present, table, model)), expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=found, true=tree)])
