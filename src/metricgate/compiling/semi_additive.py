"""Measures that must not be summed over time: only the rows at the first or last time of a group are aggregated."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from metricgate.catalog.metrics import WindowChoice
from metricgate.compiling.conditions import key_tree, reference_tree
from metricgate.compiling.context import Context, ScanDraft
from metricgate.compiling.row_selects import grouped_from, select_rows, unused_in
from metricgate.compiling.rules.aggregates import aggregate, measured_value
from metricgate.dialects.names import column, with_alias
from metricgate.dialects.trees import all_of
from metricgate.planning.scan import SemiAdditive, SpineJoin
from metricgate.planning.scan_parts import ScanKey, ScanMeasure


def semi_additive_select(scan: SemiAdditive, context: Context, outputs: Mapping[str, str]) -> exp.Select:
    """Return the SELECT of the rows whose time is the first or last of all that are apart together, aggregated."""
    moment, limit = unused_in("moment", scan), unused_in("edge", scan)
    values = [_measure_value(measure, scan, context) for measure in scan.measures]
    draft = select_rows(scan, (ScanKey(name=moment, reference=scan.time),), values, context)
    end = exp.Min if scan.choice is WindowChoice.MIN else exp.Max
    over = exp.Window(
        this=end(this=reference_tree(scan.time, context)),
        partition_by=[key_tree(each, context) for each in scan.apart],
    )
    draft.select.append("expressions", with_alias(over, limit))
    counted: list[exp.Expr] = [exp.EQ(this=column(moment), expression=column(limit))]
    if scan.repeated and scan.spine is not None:
        counted.append(_select_moment_once(scan, scan.spine, draft))
    aggregates = [with_alias(aggregate(each, column(each.name)), outputs[each.name]) for each in scan.measures]
    keys: list[exp.Expr] = [column(key.name) for key in scan.keys]
    found = grouped_from([*keys, *aggregates], draft.select, f"{scan.name}_rows", len(keys))
    found.set("where", exp.Where(this=all_of(counted)))
    return found


def _select_moment_once(scan: SemiAdditive, spine: SpineJoin, draft: ScanDraft) -> exp.Expr:
    """Select the moment that reads a row and the last (or first) of its group that does; return that they are one."""
    shown, chosen = unused_in("shown", scan), unused_in("chosen", scan)
    here = reference_tree(spine.moment, draft.context)
    end = exp.Min if scan.choice is WindowChoice.MIN else exp.Max
    keys = [*(key.reference for key in scan.keys), spine.time]
    over = exp.Window(this=end(this=here.copy()), partition_by=[key_tree(each, draft.context) for each in keys])
    draft.select.append("expressions", with_alias(here, shown))
    draft.select.append("expressions", with_alias(over, chosen))
    return exp.EQ(this=column(shown), expression=column(chosen))


def _measure_value(measure: ScanMeasure, scan: SemiAdditive, context: Context) -> exp.Expr:
    return with_alias(measured_value(measure, scan, context), measure.name)
