"""GROUP BY the keys by position. Without keys there is no GROUP BY, and so always exactly one row."""

from __future__ import annotations

from sqlglot import exp

from metricgate.compiling.context import ScanDraft
from metricgate.dialects.trees import literal
from metricgate.planning.scan import MemberValues


def group_by_keys(draft: ScanDraft) -> None:
    """Group by the first columns of the select list.

    >>> from metricgate.compiling.examples import draft
    >>> orders = draft()
    >>> group_by_keys(orders)
    >>> orders.select.sql("duckdb")
    'SELECT GROUP BY 1'
    """
    positions = range(1, len(draft.scan.keys) + 1)
    row_by_row = isinstance(draft.scan, MemberValues) and not draft.scan.distinct
    if positions and not row_by_row:
        draft.select.set("group", exp.Group(expressions=[literal(position) for position in positions]))
