"""WHERE: the question's own conditions, and the filters of the measures as far as no group is lost or invented."""

from __future__ import annotations

from sqlglot import exp

from metricgate.compiling.conditions import condition_tree
from metricgate.compiling.context import ScanDraft
from metricgate.compiling.rules.shared_filters import own_filters, shared_filters
from metricgate.dialects.trees import all_of, any_of


def keep_wanted_rows(draft: ScanDraft) -> None:
    """Keep the rows that some measure counts.

    They meet every condition, every filter that all measures share and, where each measure has filters of its own,
    those of at least one measure: a group in which no measure has a row does not appear.

    >>> from metricgate.compiling.examples import draft
    >>> orders = draft()
    >>> keep_wanted_rows(orders)
    >>> orders.select.sql("duckdb"), orders.context.parameters
    ('SELECT WHERE customer.segment = $1', ['BUILDING'])
    """
    context, scan = draft.context, draft.scan
    parts = [condition_tree(each, context) for each in (*scan.conditions, *shared_filters(scan))]
    owned = [own_filters(measure, scan) for measure in scan.measures]
    if owned and all(owned):
        parts.append(any_of([all_of([condition_tree(each, context) for each in filters]) for filters in owned]))
    if parts:
        draft.select.set("where", exp.Where(this=all_of(parts)))
