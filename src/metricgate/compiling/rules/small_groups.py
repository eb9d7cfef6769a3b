"""HAVING: groups that too few rows of a dataset made are not shown."""

from __future__ import annotations

from sqlglot import exp

from metricgate.compiling.context import ScanDraft
from metricgate.compiling.trees import all_of, literal, qualified


def hide_small_groups(draft: ScanDraft) -> None:
    """Keep the groups with enough rows of every dataset that has a minimum: the root's rows, others by their keys.

    >>> from dataclasses import replace
    >>> from metricgate.compiling.examples import draft
    >>> orders = draft()
    >>> orders.context = replace(orders.context, minimum_groups={"orders": 5, "customer": 3})
    >>> hide_small_groups(orders)
    >>> orders.select.sql("duckdb")
    'SELECT HAVING COUNT(*) >= 5 AND COUNT(DISTINCT customer.id) >= 3 AND COUNT(orders.amount) >= 5'
    """
    minimums = draft.context.minimum_groups
    enough: list[exp.Expr] = []
    for at, table in enumerate(draft.scan.tables):
        size = minimums.get(table.model)
        if size is None:
            continue
        counted: exp.Expr = exp.Star()
        if at:
            counted = exp.Distinct(expressions=[qualified(key, table.alias) for key in table.keys])
        enough.append(exp.GTE(this=exp.Count(this=counted), expression=literal(size)))
    largest = max((minimums.get(table.model, 0) for table in draft.scan.tables), default=0)
    for measure in draft.scan.measures if largest else ():
        if measure.expression.columns:
            # Rows without a value add nothing: a sum of one value in a large group is that value.
            value = exp.Count(this=qualified(measure.expression, draft.scan.tables[0].alias))
            enough.append(exp.GTE(this=value, expression=literal(largest)))
    if enough:
        draft.select.set("having", exp.Having(this=all_of(enough)))
