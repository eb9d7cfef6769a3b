"""Rows read from the moments of a time spine: offsets, windows, periods to date, periods without rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from metricgate.catalog.metrics import CustomGrain, Window, calendar_of
from metricgate.catalog.model import Dimension
from metricgate.catalog.saved import TimeSpine
from metricgate.planning.binding import SpineRoot
from metricgate.planning.calendars import home_of, looked_back_by, merged
from metricgate.planning.forms import Form
from metricgate.planning.metrics.expanding import Leaf
from metricgate.planning.question import TimeRange
from metricgate.planning.scan import Moments, Reference, Shift, Zones
from metricgate.planning.spines import Spines, column, moment_of, spine_table
from metricgate.planning.starting import starts_of
from metricgate.planning.tables import Tables
from metricgate.vocabulary.grain import DatePart, Grain


def base_of(leaf: Leaf, dimension: Dimension, forms: list[Form], spines: Spines) -> Grain:
    """Return the grain of the moments that a leaf's rows are read from: that of the data.

    Where no spine is as fine as the data, it is that of the finest spine, or of the spine that has the calendars, if
    nothing finer is asked or defined: an hour of the data then counts for its day.
    """
    own = dimension.granularity or Grain.DAY
    read = home_of(looked_back_by(leaf), spines) or (spines.finest if spines.serving(own) is None else None)
    if read is None or read.granularity <= own:
        return own
    asked = [own if form.plain else form.grain for form in forms]
    back: list[Shift | None] = [*leaf.shifts]
    if leaf.running is not None:
        back += [leaf.running.grain_to_date, leaf.running.window]
    asked += [each.grain if isinstance(each, Window) else each for each in back if not isinstance(each, CustomGrain)]
    fits = all(each is None or read.granularity <= each for each in asked)
    return read.granularity if fits else own


def moments_of(
    leaf: Leaf,
    dimension: Dimension,
    tables: Tables,
    spines: Spines,
    forms: list[Form],
    *,
    base: Grain,
    zones: Zones | None,
    timed: bool,
    beside: bool,
) -> tuple[Moments, TimeSpine] | None:
    """Return how the leaf's rows are read from a spine, and the spine; None where there is none fine enough.

    ``forms`` are those in which the leaf's own time is asked; ``base`` is the moments' grain (``base_of``); ``zones``:
    what showing that time takes; ``timed``: a range or filter speaks of that time too; ``beside``: it is grouped by
    something that depends on it.
    """
    starts = starts_of(leaf, forms, base)
    calendars = dict.fromkeys((*looked_back_by(leaf), *(each.name for each in starts if isinstance(each, CustomGrain))))
    spine = home_of(tuple(calendars), spines) or spines.serving(base)
    if spine is None:
        return None
    alias = tables.reserve(spine)
    root = tables.tables[0]
    time = Reference(
        table=root.alias,
        model=root.model,
        name=dimension.name,
        expression=dimension.expression,
        granularity=dimension.granularity or base,
        grain=base,
        zones=zones,
    )
    running = leaf.running
    shifts = merged(leaf.shifts)
    return (
        Moments(
            table=spine_table(spine, alias, base),
            grain=base,
            moment=moment_of(spine, alias, base),
            time=time,
            shifts=shifts,
            running=running is not None,
            window=None if running is None else running.window,
            since=None if running is None else running.grain_to_date,
            starts=starts,
            calendars=tuple((name, column(spines.calendars[name][1])) for name in calendars),
            whole=not (starts or timed or beside) and _whole(shifts, forms),
            by_period=not beside and _by_period(leaf, base, forms),
            columns=tuple(dict.fromkeys((spine.column, *(each.column for each in spine.calendars)))),
        ),
        spine,
    )


def spine_root(moments: Moments, spine: TimeSpine, time: Dimension) -> SpineRoot:
    """Return how a binder finds the root's time in the spine's moments."""
    zoned = moments.time.zones is not None
    return SpineRoot(spine=spine, alias=moments.table.alias, time=time, grain=moments.grain, zoned=zoned)


_LONGEST = {Grain.WEEK: 7, Grain.MONTH: 31, Grain.QUARTER: 92, Grain.YEAR: 366}
"""Days; a grain of a day or less is at most one."""


def reach_of(span: TimeRange, leaf: Leaf, dimension: Dimension) -> TimeRange | None:
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


def _whole(shifts: tuple[Shift, ...], forms: list[Form]) -> bool:
    """Whether the first shift goes back by the periods that are asked, and by nothing else."""
    first = shifts[0] if shifts else None
    name = calendar_of(first) if isinstance(first, Window) else None
    return name is not None and all(form.calendar == name for form in forms)


_OF_MONTHS = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)
_PARTS_OF_MONTHS = (DatePart.MONTH, DatePart.QUARTER, DatePart.YEAR)


def by_months(shift: Shift) -> bool:
    """Whether the shift is a number of months, which are not equally long."""
    return isinstance(shift, Window) and shift.grain in _OF_MONTHS


def at_one_moment(moments: Moments) -> bool:
    """Whether each row is read at one moment at most: the shifts are of one length, or of whole periods as asked."""
    lengths = moments.shifts[1:] if moments.whole else moments.shifts
    return moments.by_period or all(
        isinstance(each, Window) and each.calendar is None and not by_months(each) for each in lengths
    )


def _by_period(leaf: Leaf, base: Grain, forms: list[Form]) -> bool:
    """Whether a shift by months moves whole stretches: no period finer than a month is asked, or only a range.

    Shifts by days or weeks among those by months move with them: forward each row has one place.
    """
    lengths = all(isinstance(shift, Window) and shift.calendar is None for shift in leaf.shifts)
    if not lengths or not any(map(by_months, leaf.shifts)):
        return False
    if leaf.running is not None and base >= Grain.MONTH:
        return False  # nothing lies inside of a month, and each has its own
    return all(form.part in _PARTS_OF_MONTHS or (base if form.plain else form.grain) in _OF_MONTHS for form in forms)
