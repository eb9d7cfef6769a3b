"""GROUP BY the keys by position. Without keys there is no GROUP BY, and so always exactly one row."""

from __future__ import annotations

from sqlglot import exp

from metricgate.compiling.context import ScanDraft
from metricgate.dialects.trees import literal


def group_by_keys(draft: ScanDraft) -> None:
    """Group by the first columns of the select list.

    >>> from metricgate.compiling.examples import draft
    >>> orders = draft()
    >>> group_by_keys(orders)
    >>> orders.select.sql("duckdb")
    'SELECT GROUP BY 1'
    """
    positions = range(1, len(draft.scan.keys) + 1)
    if positions and (draft.scan.distinct or draft.scan.measures):
        draft.select.set("group", exp.Group(expressions=[literal(position) for position in positions]))
