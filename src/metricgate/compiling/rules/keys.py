"""Group-bys come first in the select list, in the order asked."""

from __future__ import annotations

from metricgate.compiling.conditions import key_tree
from metricgate.compiling.context import ScanDraft
from metricgate.dialects.names import with_alias


def select_keys(draft: ScanDraft) -> None:
    """Select each key under its name in the answer.

    >>> from metricgate.compiling.examples import draft
    >>> orders = draft()
    >>> select_keys(orders)
    >>> orders.select.sql("duckdb")
    "SELECT CAST(DATE_TRUNC('MONTH', orders.ordered_on) AS DATE) AS metric_time__month"
    """
    for key in draft.scan.keys:
        draft.select.append("expressions", with_alias(key_tree(key.reference, draft.context), key.name))
