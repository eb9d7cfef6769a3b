"""Scans that take more than one SELECT: one value per period, edges of time, conversions, periods without rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlglot import exp

from metricgate.catalog.metrics import WindowChoice
from metricgate.compiling.conditions import key_tree, reference_tree
from metricgate.compiling.context import Context, ScanDraft
from metricgate.compiling.moments import read_moment, shifted
from metricgate.compiling.periods import by_period, with_periods
from metricgate.compiling.rules.aggregates import applied, measured
from metricgate.compiling.rules.keys import select_keys
from metricgate.compiling.rules.sources import read_tables
from metricgate.compiling.rules.wanted_rows import keep_wanted_rows
from metricgate.dialects.names import aliased, column, identifier, unused
from metricgate.dialects.trees import all_of, literal
from metricgate.planning.scan import Conversion, Edge, Key, Measure, Moments, Reference, Scan
from metricgate.vocabulary.grain import Grain

Outputs = Mapping[str, str]
Plain = Callable[[Scan, Context, Outputs], exp.Select]


def wrapped(scan: Scan, context: Context, outputs: Outputs, plain: Plain) -> exp.Select:
    """Return the scan's SELECT; ``plain`` makes that of a scan that is only one."""
    if scan.conversion is not None:
        found = _converted(scan, scan.conversion, context, outputs)
    elif scan.edge is not None:
        found = _edged(scan, scan.edge, context, outputs)
    elif scan.period is not None and scan.moments is not None:
        found = by_period(scan, scan.period, context, outputs, plain)
    else:
        found = plain(scan, context, outputs)
    return found if scan.periods is None else with_periods(scan, scan.periods, found, context, outputs)


def _edged(scan: Scan, edge: Edge, context: Context, outputs: Outputs) -> exp.Select:
    """Aggregate only the rows whose time is the first or last of all that are apart together."""
    moment, limit = _unused("moment", scan), _unused("edge", scan)
    values = [_value(measure, scan, context) for measure in scan.measures]
    draft = _rows(scan, (Key(name=moment, reference=edge.time),), values, context)
    end = exp.Min if edge.choice is WindowChoice.MIN else exp.Max
    over = exp.Window(
        this=end(this=reference_tree(edge.time, context)),
        partition_by=[key_tree(each, context) for each in edge.apart],
    )
    draft.select.append("expressions", aliased(over, limit))
    counted: list[exp.Expr] = [exp.EQ(this=column(moment), expression=column(limit))]
    if edge.repeated and scan.moments is not None:
        counted.append(_once(scan, edge, scan.moments, draft))
    aggregates = [aliased(applied(each, column(each.name)), outputs[each.name]) for each in scan.measures]
    keys: list[exp.Expr] = [column(key.name) for key in scan.keys]
    found = _grouped([*keys, *aggregates], draft.select, f"{scan.name}_rows", len(keys))
    found.set("where", exp.Where(this=all_of(counted)))
    return found


def _once(scan: Scan, edge: Edge, moments: Moments, draft: ScanDraft) -> exp.Expr:
    """Select the moment that reads a row and the last (or first) of its group that does; return that they are one."""
    shown, chosen = _unused("shown", scan), _unused("chosen", scan)
    here = reference_tree(moments.moment, draft.context)
    end = exp.Min if edge.choice is WindowChoice.MIN else exp.Max
    keys = [*(key.reference for key in scan.keys), moments.time]
    over = exp.Window(this=end(this=here.copy()), partition_by=[key_tree(each, draft.context) for each in keys])
    draft.select.append("expressions", aliased(here, shown))
    draft.select.append("expressions", aliased(over, chosen))
    return exp.EQ(this=column(shown), expression=column(chosen))


def _converted(scan: Scan, conversion: Conversion, context: Context, outputs: Outputs) -> exp.Select:
    """Give each conversion to the last base event before it, then aggregate by that event's keys.

    Under an offset a base event that is shown at no moment is still the last before its conversions, which then count
    nowhere. The conversions stand first in the text, so they are made first: parameters are numbered as they appear.
    """
    names = [_unused(f"same_{at}", scan) for at in range(1, len(conversion.base.equal) + 1)]
    when, counter, rank = _unused("happened_at", scan), _unused("number", scan), _unused("place", scan)
    keys = [key.name for key in scan.keys]
    measure = conversion.scan.measures[0]
    away = conversion.scan
    value = measured(measure, away, context)
    later = _rows(
        away,
        _sides(conversion.events.time, conversion.events.equal, when, names),
        [aliased(value, measure.name)],
        context,
    )
    shown = None if scan.moments is None else Key(name=_unused("shown", scan), reference=read_moment(scan.moments))
    sides = _sides(conversion.base.time, conversion.base.equal, when, names)
    base = _rows(replace(scan, measures=()), (*sides, *((shown,) if shown else ())), [], context)
    number = exp.Window(
        this=exp.RowNumber(),
        order=exp.Order(expressions=[exp.Ordered(this=reference_tree(conversion.events.time, context))]),
    )
    later.select.append("expressions", aliased(number, counter))
    first, second = "base_events", "conversions"
    same: list[exp.Expr] = [exp.EQ(this=column(name, first), expression=column(name, second)) for name in names]
    same.append(exp.LTE(this=column(when, first), expression=column(when, second)))
    if conversion.window is not None:
        grain = conversion.events.time.grain or Grain.DAY
        start = shifted(column(when, second), conversion.window, grain, context)
        same.append(exp.GT(this=column(when, first), expression=start))
    order = [exp.Ordered(this=column(when, first), desc=True), *(exp.Ordered(this=column(key, first)) for key in keys)]
    place = exp.Window(this=exp.RowNumber(), partition_by=[column(counter, second)], order=exp.Order(expressions=order))
    chosen = [*(column(key, first) for key in keys), column(measure.name, second), aliased(place, rank)]
    counted: list[exp.Expr] = [exp.EQ(this=column(rank), expression=literal(1))]
    if shown is not None:
        chosen.append(column(shown.name, first))
        counted.append(exp.Not(this=exp.Is(this=column(shown.name), expression=exp.Null())))
    joined = exp.Select(
        expressions=chosen,
        from_=exp.From(this=_subquery(later.select, second)),
        joins=[exp.Join(this=_subquery(base.select, first), on=all_of(same))],
    )
    out: list[exp.Expr] = [column(key) for key in keys]
    out.append(aliased(applied(measure, column(measure.name)), outputs[measure.name]))
    found = _grouped(out, joined, "attributed", len(keys))
    found.set("where", exp.Where(this=all_of(counted)))
    return found


def _rows(scan: Scan, more: tuple[Key, ...], values: list[exp.Expr], context: Context) -> ScanDraft:
    """The rows of a scan that count, unaggregated: its keys, more columns, and values."""
    draft = ScanDraft(scan=replace(scan, keys=(*scan.keys, *more)), context=context, outputs={})
    select_keys(draft)
    for value in values:
        draft.select.append("expressions", value)
    read_tables(draft)
    keep_wanted_rows(draft)
    return draft


def _value(measure: Measure, scan: Scan, context: Context) -> exp.Expr:
    return aliased(measured(measure, scan, context), measure.name)


def _sides(time: Reference, equal: tuple[Reference, ...], when: str, names: list[str]) -> tuple[Key, ...]:
    return (
        Key(name=when, reference=time),
        *(Key(name=name, reference=each) for name, each in zip(names, equal, strict=True)),
    )


def _grouped(selected: list[exp.Expr], inner: exp.Select, alias: str, keys: int) -> exp.Select:
    found = exp.Select(expressions=selected, from_=exp.From(this=_subquery(inner, alias)))
    if keys:
        found.set("group", exp.Group(expressions=[literal(at) for at in range(1, keys + 1)]))
    return found


def _subquery(inner: exp.Expr, alias: str) -> exp.Subquery:
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=identifier(alias)))


def _unused(wanted: str, scan: Scan) -> str:
    return unused(wanted, [*(key.name for key in scan.keys), *(each.name for each in scan.measures)])
