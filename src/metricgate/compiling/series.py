"""Moments that are made: their ends, from the question or from the rows that the caller may see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.catalog.metrics import Window
from metricgate.compiling.conditions import interval, reference_tree
from metricgate.compiling.context import Context
from metricgate.compiling.moments import shift_moment
from metricgate.dialects.names import column, identifier, with_alias
from metricgate.dialects.series import FIRST, LAST
from metricgate.dialects.trees import operand
from metricgate.planning.scan_parts import Series, Spine
from metricgate.vocabulary.grain import Grain

_EARLIEST, _LATEST = "earliest", "latest"
_UNEVEN = Window(count=3, grain=Grain.DAY)
"""Days before a moment may be three fewer than days after: those that a shorter month lacks."""


def select_series(series: Series, spine: Spine, rows: Callable[[], exp.Expr], context: Context) -> exp.Select:
    """Return the moments of a series; ``rows`` makes the root's, under its alias, where they are asked for an end.

    Raises:
        UnsupportedError: the dialect is not known to make moments.
    """
    first, last = (
        _end_of_question(series.first, spine.grain, context),
        _end_of_question(series.last, spine.grain, context),
    )
    if first is not None and last is not None:
        ends = exp.Select(expressions=[with_alias(first, FIRST), with_alias(last, LAST)])
    else:
        time = reference_tree(series.time, context)
        found = exp.Select(
            expressions=[
                with_alias(exp.Min(this=time), _EARLIEST),
                with_alias(exp.Max(this=time.copy()), _LATEST),
            ],
            from_=exp.From(this=rows()),
        )
        ends = exp.Select(
            expressions=[
                with_alias(first or _first_moment(series, spine.grain, context), FIRST),
                with_alias(last or _last(series, spine.grain, context), LAST),
            ],
            from_=exp.From(this=exp.Subquery(this=found, alias=exp.TableAlias(this=identifier("rows_found")))),
        )
    return between(ends, spine.grain, spine.column, context)


def between(ends: exp.Select, grain: Grain, name: str, context: Context) -> exp.Select:
    """Return all moments between two ends.

    Raises:
        UnsupportedError: the dialect is not known to make moments.
    """
    if context.dialect.series is None:
        raise UnsupportedError("it looks back in time, and no time spine is declared for it (`time_spines`)")
    return context.dialect.series(ends, grain, name)


def _end_of_question(end: date | datetime | None, grain: Grain, context: Context) -> exp.Expr | None:
    if end is None:
        return None
    kind = exp.DType.TIMESTAMP if isinstance(end, datetime) else exp.DType.DATE
    value = exp.Cast(this=context.bind(end), to=exp.DataType(this=kind))
    return context.dialect.truncated(value, grain)


def _first_moment(series: Series, grain: Grain, context: Context) -> exp.Expr:
    """The first row's moment, as late as it is shown, from the start of its period; weeks need not start with it."""
    first: exp.Expr = column(_EARLIEST)
    for shift in reversed(series.shifts):
        if isinstance(shift, Window):
            first = shift_moment(first, shift, grain, context, forward=True)
    starts = [] if grain is Grain.WEEK else [context.dialect.truncated(first.copy(), each) for each in series.whole]
    return exp.Least(this=starts[0], expressions=starts[1:]) if len(starts) > 1 else starts[0] if starts else first


def _last(series: Series, grain: Grain, context: Context) -> exp.Expr:
    """The last row's moment, as late as it is shown, up to the end of its period."""
    last: exp.Expr = column(_LATEST)
    for shift in reversed(series.shifts):
        if isinstance(shift, Window):
            last = shift_moment(last, shift, grain, context, forward=True)
        elif isinstance(shift, Grain):
            last = _last_moment(last, shift, grain, context)
    if any(
        isinstance(shift, Window) and shift.grain is not None and shift.grain > Grain.WEEK for shift in series.shifts
    ):
        last = shift_moment(last, _UNEVEN, grain, context, forward=True) if grain <= Grain.DAY else last
    ends = [_last_moment(last.copy(), each, grain, context) for each in series.whole]
    return exp.Greatest(this=ends[0], expressions=ends[1:]) if len(ends) > 1 else ends[0] if ends else last


def _last_moment(moment: exp.Expr, period: Grain, grain: Grain, context: Context) -> exp.Expr:
    """The last moment of a period."""
    start = context.dialect.truncated(moment, period)
    after = exp.Add(this=operand(start), expression=interval(Window(count=1, grain=period)))
    end = exp.Sub(this=exp.Paren(this=after), expression=interval(Window(count=1, grain=grain)))
    return context.dialect.truncated(exp.Paren(this=end), grain)
