"""Rows read from the moments of a time spine: offsets, windows, periods to date, periods without rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import CustomGrain, Window, calendar_of
from metricgate.catalog.model import Dimension, SemanticModel
from metricgate.catalog.saved import TimeSpine
from metricgate.planning import codes
from metricgate.planning.calendars import home_of, looked_back_by, merge_windows
from metricgate.planning.member_resolver import METRIC_TIME
from metricgate.planning.message_subject import MessageSubject
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.own_members import own_reference
from metricgate.planning.period_starts import starts_of
from metricgate.planning.question import TimeRange
from metricgate.planning.scan import ScanTable, SpineJoin
from metricgate.planning.scan_binder import SpineRoot
from metricgate.planning.scan_parts import Condition, Reference, Series
from metricgate.planning.shifts import Shift, by_months, is_elapsed
from metricgate.planning.spines import Spines, column, make_spine, moment_of, spine_table
from metricgate.planning.tables import ScanTables
from metricgate.planning.time_spec import TimeSpec
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.predicate import And, Comparison, Operator
from metricgate.vocabulary.problem import Place, Problem


def base_of(leaf: LeafMetric, dimension: Dimension, forms: list[TimeSpec], spines: Spines) -> Grain:
    """Return the grain of the moments that a leaf's rows are read from: that of the data.

    Where no spine is as fine as the data, it is that of the finest spine, or of the spine that has the calendars, if
    nothing finer is asked or defined: an hour of the data then counts for its day. Otherwise the moments are made:
    days, or what is asked or defined more finely.
    """
    own = dimension.granularity or Grain.DAY
    home = home_of(looked_back_by(leaf), spines)
    if home is None and spines.coarsest_for(own) is not None:
        return own
    needed = [own if form.plain else form.grain for form in forms]
    back: list[Shift | None] = [*leaf.shifts]
    if leaf.running is not None:
        back += [leaf.running.grain_to_date, leaf.running.window]
    needed += [each.grain if isinstance(each, Window) else each for each in back if not isinstance(each, CustomGrain)]
    finest = min((each for each in needed if each is not None), key=lambda grain: grain.rank, default=Grain.DAY)
    read = home or spines.finest
    if read is not None and own < read.granularity <= finest:
        return read.granularity
    return own if home is not None else max(own, min(finest, Grain.DAY, key=_rank), key=_rank)


def _rank(grain: Grain) -> int:
    return grain.rank


def _coarser_grains(forms: list[TimeSpec], base: Grain) -> tuple[Grain, ...]:
    return tuple(dict.fromkeys(form.grain for form in forms if form.grain is not None and form.grain > base))


def time_at(
    root: SemanticModel, dimension: Dimension, grain: Grain, shown: tuple[Expression, Zones | None]
) -> Reference:
    """Return the time of the root's rows at a grain, as it is shown (``Clocks.own``)."""
    expression, zones = shown
    own = own_reference(root, dimension)
    return replace(own, expression=expression, granularity=dimension.granularity or grain, grain=grain, zones=zones)


_SECONDS = {Grain.MINUTE: 60.0, Grain.SECOND: 1.0, Grain.MILLISECOND: 0.001}
_MOST = 1_000_000


def too_many(table: ScanTable, asked_for: MessageSubject) -> Problem | None:
    """Return the problem of more moments than anybody would look at, where they are to be made."""
    spine = table.spine
    if spine is None or spine.series is None or spine.grain not in _SECONDS:
        return None
    first, last = spine.series.first, spine.series.last
    if first is not None and last is not None:
        begin, end = (each if isinstance(each, datetime) else datetime.combine(each, time()) for each in (first, last))
        if (end - begin).total_seconds() / _SECONDS[spine.grain] <= _MOST:
            return None
    asked = asked_for.with_verb("is asked", "are asked")
    return Problem(
        code=codes.TOO_MANY_MOMENTS,
        message=f"{asked} by {spine.grain}, over more than {_MOST:,} of them or without an end.",
        where=Place(path="time_range"),
        hint="Give a time_range with both ends, or ask by hour or coarser.",
    )


def ends_of(conditions: Iterable[Condition], spine: str) -> Ends:
    """Return the first and the last moment of a spine that a range leaves, in the zone of the moments."""
    first: date | datetime | None = None
    last: date | datetime | None = None
    for condition in conditions:
        if [(name, reference.table) for name, reference in condition.members] != [(METRIC_TIME, spine)]:
            continue
        predicate = condition.predicate
        for each in predicate.parts if isinstance(predicate, And) else (predicate,):
            value = each.values[0] if isinstance(each, Comparison) and each.values else None
            if isinstance(each, Comparison) and isinstance(value, date):
                if each.op is Operator.GE:
                    first = value
                elif each.op is Operator.LT:
                    last = value - (timedelta(milliseconds=1) if isinstance(value, datetime) else timedelta(days=1))
    return first, last


Ends = tuple[date | datetime | None, date | datetime | None]


def between(table: ScanTable, condition: Condition | None) -> ScanTable:
    """Return a spine whose moments are made with those ends that a range, in the zone of the moments, gives."""
    if condition is None or table.spine is None or table.spine.series is None:
        return table
    first, last = ends_of((condition,), table.alias)
    series = replace(table.spine.series, first=first, last=last)
    return replace(table, spine=replace(table.spine, series=series))


def moments_of(
    leaf: LeafMetric,
    dimension: Dimension,
    root: SemanticModel,
    tables: ScanTables,
    spines: Spines,
    forms: list[TimeSpec],
    *,
    base: Grain,
    shown: tuple[Expression, Zones | None],
    timed: bool,
    beside: bool,
) -> tuple[SpineJoin, TimeSpine] | None:
    """Return how the leaf's rows are read from a spine, and the spine; None where there is none fine enough.

    ``forms`` are those in which the leaf's own time is asked; ``base`` is the moments' grain (``base_of``); ``shown``:
    that time as it is shown; ``timed``: a range or filter speaks of that time too; ``beside``: it is grouped by
    something that depends on it.
    """
    starts = starts_of(leaf, forms, base)
    calendars = dict.fromkeys((*looked_back_by(leaf), *(each.name for each in starts if isinstance(each, CustomGrain))))
    spine = home_of(tuple(calendars), spines) or spines.coarsest_for(base)
    if spine is None and any(form.calendar is not None for form in forms):
        return None
    spine = spine or make_spine(base, root.warehouse)
    alias = tables.reserve(spine)
    own = time_at(root, dimension, base, shown)
    running = leaf.running
    shifts = merge_windows(leaf.shifts)
    if own.zones is not None:  # moments are known, so that hours are elapsed time: rows are moved by it, not moments
        later, shifts = _moving_rows(shifts)
        own = replace(own, later=later)
    series = None
    if not spine.source:
        uneven = running is None and base <= Grain.DAY and any(map(by_months, shifts))
        series = Series(time=own, shifts=shifts, whole=_coarser_grains(forms, base), uneven=uneven)
    return (
        SpineJoin(
            table=spine_table(spine, alias, base, series),
            grain=base,
            moment=moment_of(spine, alias, base),
            time=own,
            shifts=shifts,
            running=running is not None,
            window=None if running is None else running.window,
            since=None if running is None else running.grain_to_date,
            starts=starts,
            calendars=tuple((name, column(spines.calendars[name][1])) for name in calendars),
            whole=not (starts or timed or beside) and _shifts_whole_period(shifts, forms),
            by_period=not beside and _by_period(leaf, base, forms),
            columns=tuple(dict.fromkeys((spine.column, *(each.column for each in spine.calendars)))),
        ),
        spine,
    )


def _moving_rows(shifts: tuple[Shift, ...]) -> tuple[tuple[Window, ...], tuple[Shift, ...]]:
    """Return what rows are moved by, in order, and the shifts that are left to moments.

    Days within hours come first, by the clock shown: a day before 30 hours ago is not 30 hours before a day ago where
    clocks change between. Months within hours are left to moments, as months differ.
    """
    first = next((at for at, each in enumerate(shifts) if is_elapsed(each)), len(shifts))
    inner = tuple(each for each in shifts[first:] if isinstance(each, Window) and _is_exact(each))
    if len(inner) == len(shifts) - first:
        return inner[::-1], shifts[:first]
    later = tuple(each for each in inner if is_elapsed(each))
    return later, tuple(each for each in shifts if not is_elapsed(each))


def _is_exact(window: Window) -> bool:
    return window.grain is not None and window.grain <= Grain.WEEK


def spine_root(moments: SpineJoin, spine: TimeSpine, time: Dimension) -> SpineRoot:
    """Return how a binder finds the root's time in the spine's moments."""
    zones = moments.time.zones
    zoned = zones is not None and not (zones.stored is None and zones.shown == "UTC")
    return SpineRoot(spine=spine, alias=moments.table.alias, time=time, grain=moments.grain, zoned=zoned)


_LONGEST = {Grain.WEEK: 7, Grain.MONTH: 31, Grain.QUARTER: 92, Grain.YEAR: 366}
"""Days; a grain of a day or less is at most one."""


def reach_of(span: TimeRange, leaf: LeafMetric, dimension: Dimension) -> TimeRange | None:
    """Return a range that holds every row which the moments of ``span`` can look back on, and not much more."""
    if dimension.granularity is None or dimension.granularity > Grain.DAY:
        return None  # periods: a bound inside one would cut it
    back: list[Shift | None] = [*leaf.shifts]
    if leaf.running is not None:
        back.append(leaf.running.window or leaf.running.grain_to_date)
    days = 1
    for each in back:
        grain, count = (each.grain, each.count) if isinstance(each, Window) else (each, 1)
        if not isinstance(grain, Grain):
            return replace(span, start=None)  # since ever, or by a calendar
        days += count * _LONGEST.get(grain, 1)
    start = span.start
    earliest = date.min + timedelta(days=days)
    if start is None or (start.date() if isinstance(start, datetime) else start) <= earliest:
        return replace(span, start=None)
    return replace(span, start=start - timedelta(days=days))


def _shifts_whole_period(shifts: tuple[Shift, ...], forms: list[TimeSpec]) -> bool:
    """Whether the first shift goes back by the periods that are asked, and by nothing else."""
    first = shifts[0] if shifts else None
    name = calendar_of(first) if isinstance(first, Window) else None
    return name is not None and all(form.calendar == name for form in forms)


_OF_MONTHS = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)
_PARTS_OF_MONTHS = (DatePart.MONTH, DatePart.QUARTER, DatePart.YEAR)


def at_one_moment(moments: SpineJoin) -> bool:
    """Whether each row is read at one moment at most: the shifts are of one length, or of whole periods as asked."""
    lengths = moments.shifts[1:] if moments.whole else moments.shifts
    return moments.by_period or all(
        isinstance(each, Window) and each.calendar is None and not by_months(each) for each in lengths
    )


def _by_period(leaf: LeafMetric, base: Grain, forms: list[TimeSpec]) -> bool:
    """Whether a shift by months moves whole stretches: no period finer than a month is asked, or only a range.

    Shifts by days or weeks among those by months move with them: forward each row has one place.
    """
    lengths = all(isinstance(shift, Window) and shift.calendar is None for shift in leaf.shifts)
    if not lengths or not any(map(by_months, leaf.shifts)):
        return False
    if leaf.running is not None and base >= Grain.MONTH:
        return False  # nothing lies inside of a month, and each has its own
    return all(form.part in _PARTS_OF_MONTHS or (base if form.plain else form.grain) in _OF_MONTHS for form in forms)
