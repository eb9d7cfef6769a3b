"""Rows of a scan that are selected before anything is aggregated, and the SELECT that groups them."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from metricgate.compiling.context import Context, ScanDraft
from metricgate.compiling.rules.keys import select_keys
from metricgate.compiling.rules.sources import read_tables
from metricgate.compiling.rules.wanted_rows import keep_wanted_rows
from metricgate.dialects.names import identifier, unused_name
from metricgate.dialects.trees import literal
from metricgate.planning.scan import Scan, Shape
from metricgate.planning.scan_parts import ScanKey


def select_rows(scan: Shape, more: tuple[ScanKey, ...], values: list[exp.Expr], context: Context) -> ScanDraft:
    """Return the rows of a scan that count: its keys, more columns, and values; binds what they compare with."""
    draft = ScanDraft(scan=replace(scan, keys=(*scan.keys, *more)), context=context, outputs={})
    select_keys(draft)
    for value in values:
        draft.select.append("expressions", value)
    read_tables(draft)
    keep_wanted_rows(draft)
    return draft


def grouped_from(selected: list[exp.Expr], inner: exp.Select, alias: str, keys: int) -> exp.Select:
    """Return what is selected from an inner SELECT under an alias, grouped by the first ``keys`` of it."""
    found = exp.Select(expressions=selected, from_=exp.From(this=subquery(inner, alias)))
    if keys:
        found.set("group", exp.Group(expressions=[literal(at) for at in range(1, keys + 1)]))
    return found


def subquery(inner: exp.Expr, alias: str) -> exp.Subquery:
    """Return an inner SELECT under an alias."""
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=identifier(alias)))


def unused_in(wanted: str, scan: Scan) -> str:
    """Return a name like ``wanted`` that neither a key nor a measure of the scan has."""
    return unused_name(wanted, [*(key.name for key in scan.keys), *(each.name for each in scan.measures)])
