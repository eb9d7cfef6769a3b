"""ORDER BY all that settles the order, NULLs last, so that the same rows come in the same order; then the limit."""

from __future__ import annotations

from sqlglot import exp

from metricgate.dialects.names import column
from metricgate.dialects.trees import literal
from metricgate.planning.plan import Sorting


def order(select: exp.Select, sorting: tuple[Sorting, ...]) -> None:
    """Sort by output columns.

    >>> select = exp.select("segment", "revenue").from_("t")
    >>> order(select, (Sorting(column="revenue", descending=True), Sorting(column="segment")))
    >>> select.sql("postgres")
    'SELECT segment, revenue FROM t ORDER BY revenue DESC NULLS LAST, segment'
    """
    if sorting:
        ordered = [
            exp.Ordered(this=column(each.column), desc=each.descending or None, nulls_first=False) for each in sorting
        ]
        select.set("order", exp.Order(expressions=ordered))


def limit_rows(select: exp.Select, limit: int | None, offset: int | None) -> None:
    """Return at most ``limit`` rows after the first ``offset``.

    >>> select = exp.select("a").from_("t")
    >>> limit_rows(select, 10, 20)
    >>> select.sql("duckdb")
    'SELECT a FROM t LIMIT 10 OFFSET 20'
    """
    if limit is not None:
        select.set("limit", exp.Limit(expression=literal(limit)))
    if offset:
        select.set("offset", exp.Offset(expression=literal(offset)))
