"""Moments of a time spine: which rows belong to one, and what is back from it."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Window
from metricgate.compiling.conditions import reference_tree
from metricgate.compiling.context import Context
from metricgate.compiling.names import aliased, column, identifier, unused
from metricgate.compiling.trees import all_of, literal, operand
from metricgate.planning.scan import CalendarShift, Moments, Reference, Shift
from metricgate.vocabulary.grain import Grain

_SIDES = ("here", "before")


def spine_of(moments: Moments, relation: exp.Expr, context: Context) -> exp.Expr:
    """Return the spine, with the moment a calendar's periods before beside each of its moments.

    Periods are numbered in their order and moments within their period; a moment without period has none before.
    """
    if moments.running and moments.by_period:
        return _paired(moments, relation, context)
    shift = moments.calendar
    if shift is None:
        return relation
    here, before = _SIDES
    period, place, earlier = _marks(shift)
    own = [] if shift.whole else [shift.time, *shift.others]
    columns = [column(each.text, here) for each in (*own, shift.calendar)]
    on: list[exp.Expr] = [
        exp.EQ(
            this=column(period, before),
            expression=exp.Sub(this=column(period, here), expression=literal(shift.count)),
        )
    ]
    if not shift.whole:
        on.append(exp.EQ(this=column(place, before), expression=column(place, here)))
    select = exp.Select(
        expressions=[*columns, aliased(column(shift.time.text, before), earlier)],
        from_=exp.From(this=_numbered(shift, relation, here, every=not shift.whole)),
        joins=[exp.Join(this=_numbered(shift, relation.copy(), before, every=True), on=all_of(on))],
    )
    return exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(moments.table.alias)))


def _paired(moments: Moments, relation: exp.Expr, context: Context) -> exp.Expr:
    """Return the spine's moments, each beside those that the shifts move to it: several, or none, in other months."""
    here, before = _SIDES
    time = moments.moment.expression.text
    grain = moments.moment.granularity or Grain.DAY
    moved: exp.Expr = column(time, before)
    for shift in reversed(moments.shifts):
        moved = shifted(moved, shift, grain, context, forward=True)
    select = exp.Select(
        expressions=[aliased(column(each, here), each) for each in moments.columns],
        from_=exp.From(this=_named(relation, here)),
        joins=[exp.Join(this=_named(relation.copy(), before), on=exp.EQ(this=moved, expression=column(time, here)))],
    )
    select.append("expressions", aliased(column(time, before), _read(moments)))
    return exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(moments.table.alias)))


def _named(relation: exp.Expr, alias: str) -> exp.Expr:
    relation.set("alias", exp.TableAlias(this=identifier(alias)))
    return relation


def read_moment(moments: Moments) -> Reference:
    """Return the moment up to which rows are read: the moment shown, where the spine has no other beside it."""
    if not (moments.running and moments.by_period):
        return moments.moment
    name = _read(moments)
    return replace(moments.moment, expression=Expression(text=name, columns=(name,)))


def _read(moments: Moments) -> str:
    return unused("moment_before", list(moments.columns))


def _marks(shift: CalendarShift) -> tuple[str, str, str]:
    """Names for the number of a period, the place in it, and the moment before, that no column of the spine has."""
    taken = [each.text for each in (shift.time, shift.calendar, *shift.others)]
    return unused("period", taken), unused("place", taken), unused("moment_before", taken)


def _numbered(shift: CalendarShift, relation: exp.Expr, alias: str, *, every: bool) -> exp.Expr:
    marks = _marks(shift)
    calendar = column(shift.calendar.text)
    period = exp.Window(
        this=exp.DenseRank(), order=exp.Order(expressions=[exp.Ordered(this=calendar.copy(), nulls_first=False)])
    )
    selected: list[exp.Expr] = [calendar, aliased(period, marks[0])]
    if every:
        time = column(shift.time.text)
        place = exp.Window(
            this=exp.RowNumber(),
            partition_by=[calendar.copy()],
            order=exp.Order(expressions=[exp.Ordered(this=time.copy(), nulls_first=False)]),
        )
        selected = [time, *(column(each.text) for each in shift.others), *selected, aliased(place, marks[1])]
    known = exp.Not(this=exp.Is(this=calendar.copy(), expression=exp.Null()))
    select = exp.Select(expressions=selected, from_=exp.From(this=relation), where=exp.Where(this=known))
    if not every:
        select.set("distinct", exp.Distinct())
    return exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(alias)))


def rows_of(moments: Moments, context: Context) -> exp.Expr:
    """Return the condition on which a row of the root belongs to a moment of the spine."""
    grain = moments.moment.grain or Grain.DAY
    time = reference_tree(moments.time, context)
    moment = reference_tree(read_moment(moments), context)
    if moments.calendar is not None:
        moment = context.dialect.truncated(column(_marks(moments.calendar)[2], moments.table.alias), grain)
    if moments.by_period and moments.running:
        pass  # the moment read stands in the spine already
    elif moments.by_period:
        for shift in reversed(moments.shifts):
            time = shifted(time, shift, grain, context, forward=True)
    else:
        for shift in moments.shifts:
            moment = shifted(moment, shift, grain, context)
    parts: list[exp.Expr] = [
        exp.LTE(this=time, expression=moment) if moments.running else exp.EQ(this=time, expression=moment)
    ]
    if moments.window is not None:
        start = shifted(moment.copy(), moments.window, grain, context)
        parts.append(exp.GT(this=time.copy(), expression=start))
    if moments.since is not None:
        start = shifted(moment.copy(), moments.since, grain, context)
        parts.append(exp.GTE(this=time.copy(), expression=start))
    if moments.starts is not None:
        stored = reference_tree(replace(moments.moment, grain=None), context)
        parts.append(exp.EQ(this=stored, expression=context.dialect.truncated(stored.copy(), moments.starts)))
    return all_of(parts)


def shifted(tree: exp.Expr, shift: Shift, grain: Grain, context: Context, *, forward: bool = False) -> exp.Expr:
    """Return the moment a window before, or after, or the start of its period; a DATE where the data is known by day.

    A day that the month reached lacks is that month's last day, either way.
    """
    if not isinstance(shift, Window):
        return context.dialect.truncated(tree, shift)
    moved = (exp.Add if forward else exp.Sub)(this=operand(tree), expression=interval(shift))
    return exp.Cast(this=moved, to=exp.DataType(this=exp.DType.DATE)) if grain >= Grain.DAY else moved


def interval(window: Window) -> exp.Interval:
    """Return the window as an interval; three months for a quarter, which not every engine knows."""
    grain, count = window.grain or Grain.DAY, window.count
    if grain is Grain.QUARTER:
        grain, count = Grain.MONTH, 3 * count
    return exp.Interval(this=literal(str(count)), unit=exp.Var(this=grain.name))
