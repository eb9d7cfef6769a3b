"""SpineJoin beside the stretches of time that they read, so that rows find their moments by an equality.

A join by ``time <= moment AND time > start`` alone compares every row with every moment where an engine has no join for
ranges. Here each moment stands once beside every stretch (a minute, hour, day, month or year) in which its rows can
lie, and a row is in exactly one stretch: the range goes on to decide, the equality only narrows what is compared.
"""

from __future__ import annotations

from math import ceil

from sqlglot import exp

from metricgate.catalog.metrics import Window
from metricgate.compiling.conditions import reference_tree
from metricgate.compiling.context import Context
from metricgate.compiling.moments import Beside, read_moment
from metricgate.dialects.names import column, identifier, unused_name, with_alias
from metricgate.dialects.trees import all_of, literal
from metricgate.planning.scan import SpineJoin
from metricgate.planning.shifts import is_elapsed
from metricgate.vocabulary.grain import Grain

_HOUR, _DAY = 3_600.0, 86_400.0
_LONGEST = {
    Grain.MILLISECOND: 0.001, Grain.SECOND: 1.0, Grain.MINUTE: 60.0, Grain.HOUR: _HOUR, Grain.DAY: _DAY,
    Grain.WEEK: 7 * _DAY, Grain.MONTH: 31 * _DAY, Grain.QUARTER: 92 * _DAY, Grain.YEAR: 366 * _DAY,
}  # fmt: skip
_SHORTEST = {
    Grain.MINUTE: 60.0, Grain.HOUR: _HOUR, Grain.DAY: _DAY, Grain.MONTH: 28 * _DAY, Grain.YEAR: 365 * _DAY,
}  # fmt: skip
"""Seconds. Stretches are of these grains: each lies within one of the next."""
_CLOCK_MOVES = 25 * _HOUR
"""A local clock was never set further in one go: days were left out, or had twice, where the date line was moved."""
_FEW, _MOST = 16, 400
_HERE, _STEPS, _STEP = "here", "steps", "step"


def join_stretches(
    moments: SpineJoin, spine: exp.Expr, known: exp.Expr, context: Context
) -> tuple[exp.Expr, list[exp.Expr]]:
    """Return the spine, under its alias, with the stretches read, and the equality that ties rows to them.

    The spine as it is, and nothing, where rows are not read by a range, or since ever. ``known`` holds all moments that
    may be read: where a calendar says how far back that is, the stretches are the months that these lie in.
    """
    if not moments.running or context.dialect.steps_back is None:
        return spine, []
    names = Beside.of(moments)
    name = unused_name("stretch", [*moments.columns, names.read, names.after, names.since])
    time = reference_tree(moments.time, context)
    if isinstance(moments.since, Grain):
        grain, steps = moments.since, 0
    elif moments.window is not None and moments.window.calendar is None:
        grain, steps = _stretches(moments, moments.window)
    elif (moments.window is not None or moments.since is not None) and not moments.whole:
        here = column(name, moments.table.alias)
        tie = exp.EQ(this=here, expression=context.dialect.truncated(time, Grain.MONTH))
        return _by_months(moments, spine, known, name, context), [tie]
    else:
        return spine, []
    if steps > _MOST:
        return spine, []
    found = _spread_stretches(moments, spine, name, grain, steps, context)
    here = column(name, moments.table.alias)
    return found, [exp.EQ(this=here, expression=context.dialect.truncated(time, grain))]


def _by_months(moments: SpineJoin, spine: exp.Expr, known: exp.Expr, name: str, context: Context) -> exp.Expr:
    """Beside each moment the months from the one that it begins to read in to its own; months are few."""
    beside, time, months = Beside.of(moments), moments.moment.expression.text, "months"

    def month(of: str, table: str) -> exp.Expr:
        return context.dialect.truncated(column(of, table), Grain.MONTH)

    begun = beside.since if moments.window is None else beside.after
    known, every = known.copy(), "every"
    known.set("alias", exp.TableAlias(this=identifier(every)))
    each = exp.Select(
        expressions=[with_alias(month(time, every), name)], from_=exp.From(this=known), distinct=exp.Distinct()
    )
    within = all_of(
        [
            exp.GTE(this=column(name, months), expression=month(begun, _HERE)),
            exp.LTE(this=column(name, months), expression=month(beside.read, _HERE)),
        ]
    )
    spine.set("alias", exp.TableAlias(this=identifier(_HERE)))
    select = exp.Select(
        expressions=[
            *(column(each, _HERE) for each in (*moments.columns, beside.read, begun)),
            column(name, months),
        ],
        from_=exp.From(this=spine),
        joins=[exp.Join(this=exp.Subquery(this=each, alias=exp.TableAlias(this=identifier(months))), on=within)],
        distinct=exp.Distinct(),  # or MariaDB would merge it into the outer SELECT, and compare all with all
    )
    return exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(moments.table.alias)))


def _stretches(moments: SpineJoin, window: Window) -> tuple[Grain, int]:
    """Return the finest grain by which a window has few stretches, and how many beside the moment's own."""
    seconds = window.count * _LONGEST[window.grain or Grain.DAY]
    if moments.time.zones is not None and is_elapsed(window):
        seconds += _CLOCK_MOVES
    grains = [each for each in _SHORTEST if each >= moments.grain] or [Grain.YEAR]
    chosen = next((each for each in grains if seconds / _SHORTEST[each] <= _FEW), grains[-1])
    return chosen, ceil(seconds / _SHORTEST[chosen])


def _spread_stretches(
    moments: SpineJoin, spine: exp.Expr, name: str, grain: Grain, steps: int, context: Context
) -> exp.Expr:
    if context.dialect.steps_back is None:
        raise ValueError("a dialect that counts steps")
    alias = moments.table.alias
    read = read_moment(moments)
    stretch = context.dialect.truncated(column(read.expression.text, _HERE), grain)
    joins = []
    if steps:
        stretch = context.dialect.steps_back(stretch, column(_STEP, _STEPS), grain)
        joins.append(exp.Join(this=_numbers_from_zero(steps), kind="CROSS"))
    spine.set("alias", exp.TableAlias(this=identifier(_HERE)))
    select = exp.Select(
        expressions=[
            *(column(each, _HERE) for each in (*moments.columns, *_names_beside(moments))),
            with_alias(stretch, name),
        ],
        from_=exp.From(this=spine),
        joins=joins,
        distinct=exp.Distinct(),  # or MariaDB would merge it into the outer SELECT, and compare all with all
    )
    return exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(alias)))


def _names_beside(moments: SpineJoin) -> list[str]:
    """The column that the spine already has beside its own."""
    return [Beside.of(moments).read] if moments.beside else []


def _numbers_from_zero(steps: int) -> exp.Expr:
    """The numbers from 0 on."""
    counted: exp.Query = exp.Select(expressions=[with_alias(literal(0), _STEP)])
    for number in range(1, steps + 1):
        counted = exp.Union(this=counted, expression=exp.Select(expressions=[literal(number)]), distinct=False)
    return exp.Subquery(this=counted, alias=exp.TableAlias(this=identifier(_STEPS)))
