"""SpineJoin of a time spine: which rows belong to one, and what is back from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import CustomGrain, Window
from metricgate.compiling.conditions import interval, reference_tree
from metricgate.compiling.context import Context
from metricgate.dialects.names import unused_name
from metricgate.dialects.trees import all_of, any_of, operand
from metricgate.planning.scan import SpineJoin
from metricgate.planning.scan_parts import Reference
from metricgate.planning.shifts import Shift, is_elapsed
from metricgate.vocabulary.grain import Grain


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Names, that no column of the spine has, for what stands beside a moment.

    Attributes:
        read: the moment read for it.
        after: rows after this count, where the window is a number of a calendar's periods.
        since: rows from this on count, where they count since the start of a calendar's period.
    """

    read: str
    after: str
    since: str

    @staticmethod
    def of(moments: SpineJoin) -> Beside:
        """Return the names for a spine."""
        read, after, since = (
            unused_name(name, moments.columns) for name in ("moment_before", "window_after", "period_start")
        )
        return Beside(read=read, after=after, since=since)


def read_moment(moments: SpineJoin) -> Reference:
    """Return the moment at or up to which rows are read: the moment shown, where no other stands beside it."""
    return _column_beside(moments, Beside.of(moments).read) if moments.beside else moments.moment


def _column_beside(moments: SpineJoin, name: str) -> Reference:
    return replace(moments.moment, expression=Expression(text=name, columns=(name,)))


def rows_of(moments: SpineJoin, context: Context) -> exp.Expr:
    """Return the condition on which a row of the root belongs to a moment of the spine."""
    grain = moments.grain
    time = reference_tree(moments.time, context)
    moment = reference_tree(read_moment(moments), context)
    if moments.by_period and not moments.running:
        for shift in reversed(moments.shifts):
            time = shift_moment(time, shift, grain, context, forward=True)
    parts: list[exp.Expr] = [
        exp.LTE(this=time, expression=moment) if moments.running else exp.EQ(this=time, expression=moment)
    ]
    if moments.window is not None:
        parts.append(_is_within_window(moments, moments.window, time, moment, context))
    if moments.since is not None:
        if isinstance(moments.since, CustomGrain):
            start = reference_tree(_column_beside(moments, Beside.of(moments).since), context)
        else:
            start = shift_moment(moment.copy(), moments.since, grain, context)
        parts.append(exp.GTE(this=time.copy(), expression=start))
    if moments.starts and not any(isinstance(each, CustomGrain) for each in moments.starts):
        here = reference_tree(moments.moment, context)
        parts.append(any_of([starts_period(here, each, context) for each in moments.starts if isinstance(each, Grain)]))
    return all_of(parts)


def _is_within_window(
    moments: SpineJoin, window: Window, time: exp.Expr, moment: exp.Expr, context: Context
) -> exp.Expr:
    """Return whether a row is not too long before a moment: by elapsed time, the row that much later is after it."""
    if moments.time.zones is not None and is_elapsed(window):
        later = replace(moments.time, later=(*moments.time.later, window))
        return exp.GT(this=reference_tree(later, context), expression=moment.copy())
    if window.calendar is not None:
        start = reference_tree(_column_beside(moments, Beside.of(moments).after), context)
    else:
        start = shift_moment(moment.copy(), window, moments.grain, context)
    return exp.GT(this=time.copy(), expression=start)


def starts_period(moment: exp.Expr, grain: Grain, context: Context) -> exp.Expr:
    """Return whether a moment is the first of its period."""
    return exp.EQ(this=moment.copy(), expression=context.dialect.truncated(moment.copy(), grain))


def shift_moment(tree: exp.Expr, shift: Shift, grain: Grain, context: Context, *, forward: bool = False) -> exp.Expr:
    """Return the moment a window before, or after, or the start of its period; a DATE where the data is known by day.

    A day that the month reached lacks is that month's last day, either way.

    Raises:
        ValueError: it is looked up in the spine, not computed: a programming error.
    """
    if isinstance(shift, CustomGrain) or (isinstance(shift, Window) and shift.grain is None):
        raise ValueError(f"{shift} is no arithmetic: it is looked up in the spine")
    if not isinstance(shift, Window):
        return context.dialect.truncated(tree, shift)
    moved = (exp.Add if forward else exp.Sub)(this=operand(tree), expression=interval(shift))
    return exp.Cast(this=moved, to=exp.DataType(this=exp.DType.DATE)) if grain >= Grain.DAY else moved
