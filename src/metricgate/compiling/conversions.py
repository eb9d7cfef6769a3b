"""Conversions: each is given to the last base event before it, and counted by that event's keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from metricgate.compiling.conditions import reference_tree
from metricgate.compiling.context import Context
from metricgate.compiling.moments import read_moment, shift_moment
from metricgate.compiling.row_selects import grouped_from, select_rows, subquery, unused_in
from metricgate.compiling.rules.aggregates import aggregate, measured_value
from metricgate.dialects.names import column, with_alias
from metricgate.dialects.trees import all_of, literal
from metricgate.planning.scan import Converted
from metricgate.planning.scan_parts import Reference, ScanKey
from metricgate.vocabulary.grain import Grain


def converted_select(scan: Converted, context: Context, outputs: Mapping[str, str]) -> exp.Select:
    """Return the SELECT of the conversions, each given to the last base event before it, aggregated by its keys.

    Under an offset a base event that is shown at no moment is still the last before its conversions, which then count
    nowhere. The conversions stand first in the text, so they are made first: parameters are numbered as they appear.
    """
    names = [unused_in(f"same_{at}", scan) for at in range(1, len(scan.base.equal) + 1)]
    when, counter, rank = unused_in("happened_at", scan), unused_in("number", scan), unused_in("place", scan)
    keys = [key.name for key in scan.keys]
    measure = scan.conversions.measures[0]
    away = scan.conversions
    value = measured_value(measure, away, context)
    later = select_rows(
        away,
        _side_keys(scan.events.time, scan.events.equal, when, names),
        [with_alias(value, measure.name)],
        context,
    )
    shown = None if scan.spine is None else ScanKey(name=unused_in("shown", scan), reference=read_moment(scan.spine))
    sides = _side_keys(scan.base.time, scan.base.equal, when, names)
    base = select_rows(replace(scan, measures=()), (*sides, *((shown,) if shown else ())), [], context)
    number = exp.Window(
        this=exp.RowNumber(),
        order=exp.Order(expressions=[exp.Ordered(this=reference_tree(scan.events.time, context))]),
    )
    later.select.append("expressions", with_alias(number, counter))
    first, second = "base_events", "conversions"
    same: list[exp.Expr] = [exp.EQ(this=column(name, first), expression=column(name, second)) for name in names]
    same.append(exp.LTE(this=column(when, first), expression=column(when, second)))
    if scan.window is not None:
        grain = scan.events.time.grain or Grain.DAY
        start = shift_moment(column(when, second), scan.window, grain, context)
        same.append(exp.GT(this=column(when, first), expression=start))
    order = [exp.Ordered(this=column(when, first), desc=True), *(exp.Ordered(this=column(key, first)) for key in keys)]
    place = exp.Window(this=exp.RowNumber(), partition_by=[column(counter, second)], order=exp.Order(expressions=order))
    chosen = [*(column(key, first) for key in keys), column(measure.name, second), with_alias(place, rank)]
    counted: list[exp.Expr] = [exp.EQ(this=column(rank), expression=literal(1))]
    if shown is not None:
        chosen.append(column(shown.name, first))
        counted.append(exp.Not(this=exp.Is(this=column(shown.name), expression=exp.Null())))
    joined = exp.Select(
        expressions=chosen,
        from_=exp.From(this=subquery(later.select, second)),
        joins=[exp.Join(this=subquery(base.select, first), on=all_of(same))],
    )
    out: list[exp.Expr] = [column(key) for key in keys]
    out.append(with_alias(aggregate(measure, column(measure.name)), outputs[measure.name]))
    found = grouped_from(out, joined, "attributed", len(keys))
    found.set("where", exp.Where(this=all_of(counted)))
    return found


def _side_keys(time: Reference, equal: tuple[Reference, ...], when: str, names: list[str]) -> tuple[ScanKey, ...]:
    return (
        ScanKey(name=when, reference=time),
        *(ScanKey(name=name, reference=each) for name, each in zip(names, equal, strict=True)),
    )
