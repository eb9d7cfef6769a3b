"""A time spine as a relation in which, beside each moment shown, the moment that is read for it stands.

A number of days before is arithmetic. What is not (the same place in an earlier period of a calendar, the first moment
of such a period, whole months moved as a whole) is found by joining the spine to itself.
"""

from __future__ import annotations

from sqlglot import exp

from metricgate.catalog.metrics import CustomGrain, Period, Window, calendar_of
from metricgate.compiling.context import Context
from metricgate.compiling.moments import Beside, shift_moment, starts_period
from metricgate.compiling.series import between
from metricgate.dialects.names import column, identifier, unused_name, with_alias
from metricgate.dialects.series import FIRST, LAST
from metricgate.dialects.trees import all_of, any_of, literal
from metricgate.planning.scan import SpineJoin
from metricgate.planning.shifts import Shift
from metricgate.vocabulary.grain import Grain

_HERE = "here"


def spine_of(moments: SpineJoin, relation: exp.Expr, context: Context) -> exp.Expr:
    """Return the spine's relation under its alias; moments for which no other is to be read are not in it."""
    if not moments.beside:
        return relation
    return _Reading(moments, relation, context).relation()


class _Reading:
    """Walks from the moment shown to the moment read, with one join for each step that is no arithmetic.

    ``_read`` is the moment so far; ``_standing``: the calendar and alias of the row of the spine at that moment, where
    there is one. A moment without a period of a calendar has none before it: its rows are in no numbered relation.
    """

    def __init__(self, moments: SpineJoin, relation: exp.Expr, context: Context) -> None:
        self._moments = moments
        self._relation = relation
        self._context = context
        self._time = moments.moment.expression.text
        self._grain = moments.grain
        self._calendars = {name: expression.text for name, expression in moments.calendars}
        self._period, self._place = (unused_name(name, moments.columns) for name in ("period", "place"))
        self._start, self._length = (unused_name(name, moments.columns) for name in ("start", "length"))
        self._from: exp.Expr | None = None
        self._joins: list[exp.Join] = []
        self._aliases = [_HERE]
        self._shown = list(moments.columns)
        self._read: exp.Expr = column(self._time, _HERE)
        self._standing: tuple[str, str] | None = None

    def relation(self) -> exp.Expr:
        moments, names = self._moments, Beside.of(self._moments)
        where: exp.Expr | None = None
        if any(isinstance(each, CustomGrain) for each in moments.starts):
            where = any_of([self._starts(each) for each in moments.starts])
        if moments.by_period:
            self._pair()
        else:
            for position, shift in enumerate(moments.shifts):
                self._step(shift, whole=moments.whole and position == 0)
        found = [with_alias(self._read, names.read)]
        window = calendar_of(moments.window)
        if moments.window is not None and window is not None:
            earlier = self._earlier(window, moments.window.count, clamped=True)
            found.append(with_alias(column(self._time, earlier), names.after))
        if isinstance(moments.since, CustomGrain):
            found.append(with_alias(column(self._start, self._at(moments.since.name)), names.since))
        select = exp.Select(
            expressions=[*(column(each, _HERE) for each in self._shown), *found],
            from_=exp.From(this=self._from or _with_alias(self._relation, _HERE)),
            joins=self._joins,
            distinct=exp.Distinct(),  # or MariaDB would merge it into the outer SELECT, and compare all with all
        )
        if where is not None:
            select.set("where", exp.Where(this=where))
        return _as_subquery(select, moments.table.alias)

    def _starts(self, period: Period) -> exp.Expr:
        if not isinstance(period, CustomGrain):
            return starts_period(column(self._time, _HERE), period, self._context)
        at = self._at(period.name)
        return exp.EQ(this=column(self._time, at), expression=column(self._start, at))

    def _pair(self) -> None:
        """Go to the moments that the shifts by whole months move here: several or none, as months differ."""
        earlier = self._alias("earlier")
        moved: exp.Expr = column(self._time, earlier)
        for shift in reversed(self._moments.shifts):
            moved = shift_moment(moved, shift, self._grain, self._context, forward=True)
        self._join(_with_alias(self._readable(), earlier), [exp.EQ(this=moved, expression=self._read)])
        self._read = column(self._time, earlier)

    def _readable(self) -> exp.Expr:
        """The moments that those shown may go back to: also before the first one shown."""
        if self._context.dialect.series is None:
            return self._relation.copy()
        first, last = exp.Min(this=column(self._time)), exp.Max(this=column(self._time))
        ends = []
        for end, name in ((first, FIRST), (last, LAST)):
            moment: exp.Expr = end
            for shift in self._moments.shifts:
                moment = shift_moment(moment, shift, self._grain, self._context)
            if name == LAST:  # days that the month shown lacks are shown at its last one
                lacking = Window(count=3 * len(self._moments.shifts), grain=Grain.DAY)
                moment = shift_moment(moment, lacking, self._grain, self._context, forward=True)
            ends.append(with_alias(moment, name))
        select = exp.Select(expressions=ends, from_=exp.From(this=_with_alias(self._relation.copy(), _HERE)))
        return _as_subquery(between(select, self._grain, self._time, self._context), _HERE)

    def _step(self, shift: Shift, *, whole: bool) -> None:
        if isinstance(shift, CustomGrain):
            self._read, self._standing = column(self._start, self._at(shift.name)), None
        elif isinstance(shift, Window) and shift.calendar is not None:
            if whole:
                self._from = self._periods(shift.calendar)
                self._shown = [self._calendars[shift.calendar]]
                self._standing = (shift.calendar, _HERE)
            earlier = self._earlier(shift.calendar, shift.count, placed=not whole)
            self._read, self._standing = column(self._time, earlier), (shift.calendar, earlier)
        else:
            self._read, self._standing = shift_moment(self._read, shift, self._grain, self._context), None

    def _at(self, calendar: str) -> str:
        """Return the alias of the numbered row at the moment read so far."""
        if self._standing is not None and self._standing[0] == calendar:
            return self._standing[1]
        if self._from is None and not self._joins and self._read == column(self._time, _HERE):
            self._from = self._numbered(calendar, _HERE, self._shown)
            self._standing = (calendar, _HERE)
            return _HERE
        alias = self._alias("at")
        self._join(
            self._numbered(calendar, alias, [self._time]),
            [exp.EQ(this=column(self._time, alias), expression=self._read.copy())],
        )
        self._standing = (calendar, alias)
        return alias

    def _earlier(self, calendar: str, count: int, *, placed: bool = True, clamped: bool = False) -> str:
        """Join the moments ``count`` periods before.

        ``placed``: only that at the same place in its period; ``clamped``: its last, where it is not as long.
        """
        at = self._at(calendar)
        earlier = self._alias("earlier")
        number = exp.Sub(this=column(self._period, at), expression=literal(count))
        on: list[exp.Expr] = [exp.EQ(this=column(self._period, earlier), expression=number)]
        if placed:
            place: exp.Expr = column(self._place, at)
            if clamped:
                place = exp.Least(this=place, expressions=[column(self._length, earlier)])
            on.append(exp.EQ(this=column(self._place, earlier), expression=place))
        self._join(self._numbered(calendar, earlier, [self._time]), on)
        return earlier

    def _periods(self, calendar: str) -> exp.Expr:
        """Each period of a calendar once, with its number."""
        period = self._calendars[calendar]
        number = exp.Window(this=exp.RowNumber(), order=_order_by(exp.Min(this=column(self._time))))
        select = self._known(period, [column(period), with_alias(number, self._period)])
        select.set("group", exp.Group(expressions=[literal(1)]))
        return _as_subquery(select, _HERE)

    def _numbered(self, calendar: str, alias: str, columns: list[str]) -> exp.Expr:
        """The spine with what is known of each moment's period; periods are numbered in the order of their starts.

        Their names need not sort as they follow each other.
        """
        period, marks = self._calendars[calendar], self._marks(calendar)
        numbers = {
            self._place: _window_over(exp.RowNumber(), period, self._time),
            self._start: _window_over(exp.Min(this=column(self._time)), period),
            self._length: _window_over(exp.Count(this=exp.Star()), period),
        }
        known = [with_alias(numbers[name], name) for name in marks if name in numbers]
        select = self._known(period, [*(column(each) for each in columns), *known])
        if self._period in marks:
            number = exp.Window(this=exp.DenseRank(), order=_order_by(column(self._start)))
            selected = [*columns, *(name for name in marks if name in numbers)]
            select = exp.Select(
                expressions=[*(column(each) for each in selected), with_alias(number, self._period)],
                from_=exp.From(this=_as_subquery(select, "moments")),
            )
        return _as_subquery(select, alias)

    def _known(self, period: str, expressions: list[exp.Expr]) -> exp.Select:
        known = exp.Not(this=exp.Is(this=column(period), expression=exp.Null()))
        return exp.Select(
            expressions=expressions, from_=exp.From(this=self._relation.copy()), where=exp.Where(this=known)
        )

    def _marks(self, calendar: str) -> list[str]:
        """Return which numbers of a calendar are looked at."""
        moments = self._moments
        back = any(isinstance(each, Window) and each.calendar == calendar for each in moments.shifts)
        widened = calendar_of(moments.window) == calendar
        named = (*moments.shifts, moments.since, *moments.starts)
        cut = any(isinstance(each, CustomGrain) and each.name == calendar for each in named)
        wanted = {
            self._period: back or widened,
            self._place: back or widened,
            self._start: cut or back or widened,
            self._length: widened,
        }
        return [name for name, asked in wanted.items() if asked]

    def _join(self, relation: exp.Expr, on: list[exp.Expr]) -> None:
        self._joins.append(exp.Join(this=relation, on=all_of(on)))

    def _alias(self, wanted: str) -> str:
        self._aliases.append(unused_name(wanted, self._aliases))
        return self._aliases[-1]


def _window_over(function: exp.Expr, period: str, by: str | None = None) -> exp.Expr:
    found = exp.Window(this=function, partition_by=[column(period)])
    if by is not None:
        found.set("order", _order_by(column(by)))
    return found


def _order_by(tree: exp.Expr) -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=tree, nulls_first=False)])


def _with_alias(relation: exp.Expr, alias: str) -> exp.Expr:
    relation.set("alias", exp.TableAlias(this=identifier(alias)))
    return relation


def _as_subquery(select: exp.Select, alias: str) -> exp.Subquery:
    return exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(alias)))
