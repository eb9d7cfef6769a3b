"""Rows read from the moments of a time spine: offsets, windows, periods to date, periods without rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from metricgate.catalog.metrics import CumulativeMetric, CustomGrain, Period, Window, calendar_of
from metricgate.catalog.model import Dimension
from metricgate.catalog.saved import TimeSpine
from metricgate.planning.binding import SpineRoot
from metricgate.planning.calendars import home_of, looked_back_by, merged, starts_asked, to_start
from metricgate.planning.forms import Form
from metricgate.planning.metrics.expanding import Leaf
from metricgate.planning.question import TimeRange
from metricgate.planning.resolving import METRIC_TIME
from metricgate.planning.scan import Key, Moments, Periods, Reference, Scan, Shift, Zones
from metricgate.planning.spines import Spines, column, moment_of, spine_table
from metricgate.planning.tables import Tables
from metricgate.planning.timing import has_clock, stored_zone
from metricgate.vocabulary.grain import DatePart, Grain

if TYPE_CHECKING:
    from metricgate.planning.scanning import Scanning


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
    zone: str | None,
    timed: bool,
) -> tuple[Moments, TimeSpine] | None:
    """Return how the leaf's rows are read from a spine, and the spine; None where there is none fine enough.

    ``forms`` are those in which the leaf's own time is asked; ``base`` is the moments' grain (``base_of``); ``timed``:
    a range or filter speaks of that time too.
    """
    starts = starts_asked(leaf, forms, base, spines) or _starts(leaf, base, forms)
    calendars = dict.fromkeys((*looked_back_by(leaf), *((starts.name,) if isinstance(starts, CustomGrain) else ())))
    spine = home_of(tuple(calendars), spines) or spines.serving(base)
    if spine is None:
        return None
    alias = tables.reserve(spine)
    zones = None
    if zone is not None and has_clock(dimension) and zone != stored_zone(dimension):
        zones = Zones(stored=stored_zone(dimension), shown=zone)
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
            whole=starts is None and not timed and _whole(shifts, forms),
            by_period=_by_period(leaf, base, forms),
            columns=tuple(dict.fromkeys((spine.column, *(each.column for each in spine.calendars)))),
        ),
        spine,
    )


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


def _starts(leaf: Leaf, base: Grain, forms: list[Form]) -> Period | None:
    """The start of a month is one moment: asked by week, it is read at the start of each week, not on every day."""
    if not to_start(leaf) or leaf.running is not None:
        return None
    grains = [form.grain for form in forms if form.grain is not None]
    finest = min(grains, key=lambda grain: grain.rank) if grains else None
    return finest if finest is not None and finest > base else None


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


def period_of(scan: Scan, metric: CumulativeMetric) -> Scan:
    """Return the scan with one value per period where its keys are coarser than the moments."""
    moments = scan.moments
    if moments is None or any(
        key.reference.table == moments.table.alias and key.reference.grain is moments.grain for key in scan.keys
    ):
        return scan
    return replace(scan, period=metric.period_aggregation)


def periods_of(scanning: Scanning, scan: Scan, leaf: Leaf, dimension: Dimension) -> Scan | None:
    """Return the scan with every period of the spine, trimmed as the question trims time; None without a spine."""
    root = scanning.catalog.models[leaf.metric.model]
    spines = scanning.resolver.spines.of(root.warehouse)
    forms = [each.form for each in scanning.asked if each.member == METRIC_TIME]
    base = base_of(leaf, dimension, forms, spines)
    calendars = [each.form.calendar for each in scanning.asked if each.form.calendar is not None]
    spine = spines.calendars[calendars[0]][0] if calendars else spines.serving(base)
    if spine is None:
        return None
    tables = scanning.tables(root, leaf.metric)
    alias = spine.source[-1].lower()
    binder = scanning.binder(
        root, tables, leaf.metric.header.name, SpineRoot(spine=spine, alias=alias, time=dimension.name, grain=base)
    )
    keys: list[Key] = []
    for key, asked in zip(scan.keys, scanning.asked, strict=False):
        if not binder.own_time(asked.member, dimension.name):
            continue
        member = binder.member(METRIC_TIME, "group_by", dimension.name)
        reference = None if member is None else binder.refer(METRIC_TIME, member[0], asked.form, "group_by")
        if reference is not None:
            keys.append(Key(name=key.name, reference=reference))
    conditions = [scanning.range(binder, dimension.name, scanning.question.time_range)]
    conditions += [
        binder.condition(part, "where", dimension.name) for part in scanning.parts_of_where(binder, dimension.name)
    ]
    found = tuple(each for each in conditions if each is not None)
    return replace(
        scan,
        periods=Periods(
            table=spine_table(spine, alias, None if calendars else base),
            keys=tuple(keys),
            conditions=found,
            joined=tables.tables[1:],
        ),
    )
