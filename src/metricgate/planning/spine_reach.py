"""How far a declared time spine reaches: where a period that is asked goes on beyond it, and which rows that concerns.

Which periods exist the spine decides. A period that it has in part would be cut without a word, so rows that belong to
the other part are looked for. What is looked for errs on the side of finding some: then the question is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from metricgate.catalog.metrics import CustomGrain, PeriodAggregation, Window
from metricgate.planning.data_checks import RowsCheck, SpineCheck, spine_check
from metricgate.planning.period_starts import STRETCHES
from metricgate.planning.periods import joined_to
from metricgate.planning.plan import Plan
from metricgate.planning.scan import (
    MemberValues,
    PerPeriod,
    Scan,
    ScanTable,
    SpineJoin,
    shape_of,
    spine_join_of,
    spines_joined,
)
from metricgate.planning.scan_parts import Condition, ScanKey
from metricgate.planning.shifts import Shift
from metricgate.planning.spine_reads import ends_of
from metricgate.vocabulary.grain import Grain, WeekStart
from metricgate.vocabulary.predicate import And, Comparison, Operator

_LENGTHS = {Grain.WEEK: timedelta(weeks=1), Grain.DAY: timedelta(days=1), Grain.HOUR: timedelta(hours=1)}
_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
_ASKED = "time_asked"
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineRead:
    """A declared spine that a plan reads; ``whole``: no moment of it may be missing."""

    check: SpineCheck
    whole: bool


def spines_read(plan: Plan) -> tuple[SpineRead, ...]:
    """Return the declared spines of a plan, each once."""
    found: dict[SpineCheck, bool] = {}
    for scan in plan.scans:
        for table, whole in [*((each, True) for each in spines_joined(scan)), *((each, False) for each in scan.tables)]:
            if table.spine is not None and table.spine.series is None:
                check = spine_check(table)
                found[check] = found.get(check, False) or whole
    return tuple(SpineRead(check=check, whole=whole) for check, whole in found.items())


Beyond = tuple[RowsCheck, ...]
"""Numbers are cut where each of these finds a row."""

_EARLIEST, _LATEST = datetime(1000, 1, 1), datetime(9000, 1, 1)  # noqa: DTZ001 - local times, as the spine's


def rows_beyond(plan: Plan, check: SpineCheck, first: datetime, last: datetime) -> tuple[Beyond, ...]:
    """Return what finds the rows of the periods that a spine, whose ends are given, has in part or not at all.

    Those that it has not are shown where another metric of the question has rows in them.
    """
    sunday = any(model.week_start is WeekStart.SUNDAY for model in plan.models)
    found: list[Beyond] = []
    for scan in plan.scans:
        moments = spine_join_of(scan)
        if moments is None or moments.table.spine is None or moments.table.spine.series is not None:
            continue
        if spine_check(moments.table) == check and moments.grain <= Grain.DAY and not moments.calendars:
            reach = _Reach(scan=scan, moments=moments, sunday=sunday)
            found += [(_rows_in_stretch(scan, moments, *each),) for each in reach.stretches(first, last)]
            others = [each for each in plan.scans if each is not scan and each.tables[0].model == scan.tables[0].model]
            if scan.keys and any(spine_join_of(each) is None for each in others):
                found += [
                    (_rows_in_stretch(scan, moments, *read), _rows_in_stretch(scan, moments, *shown, filtered=False))
                    for read, shown in reach.outside(first, last)
                ]
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reach:
    scan: Scan
    moments: SpineJoin
    sunday: bool

    @property
    def aggregation(self) -> PeriodAggregation | None:
        """What stands for a period that is coarser than the moments; None where none is."""
        shape = shape_of(self.scan)
        return shape.aggregation if isinstance(shape, PerPeriod) else None

    def stretches(self, first: datetime, last: datetime) -> Iterator[Stretch]:
        """Yield from when to when rows would be read by moments that the spine lacks."""
        asked_first, asked_last = ends_of(self.scan.conditions, self.moments.table.alias)
        grains = list(self._grains())
        unit = _LENGTHS.get(self.moments.grain, timedelta(hours=1))
        begins = min((self._start(first, grain) for grain in grains), default=first)
        ends = max((self._end(last, grain, unit) for grain in grains), default=last)
        if not self.scan.keys:  # all of the range is one period
            begins, ends = _EARLIEST, _LATEST
        begins = begins if asked_first is None else max(begins, _as_moment(asked_first))
        ends = ends if asked_last is None else min(ends, self._cut(_as_moment(asked_last)))
        if begins < first and self._matters(at_end=False):
            yield self._read(begins, first - unit, first, at_end=False)
        if last < ends and self._matters(at_end=True):
            yield self._read(last + unit, ends, last, at_end=True)

    def outside(self, first: datetime, last: datetime) -> Iterator[tuple[Stretch, Stretch]]:
        """Yield from when to when moments that the spine lacks would read rows, and these moments themselves."""
        asked_first, asked_last = ends_of(self.scan.conditions, self.moments.table.alias)
        unit = _LENGTHS.get(self.moments.grain, timedelta(hours=1))
        begins = _EARLIEST if asked_first is None else self._cut(_as_moment(asked_first))
        ends = _LATEST if asked_last is None else self._cut(_as_moment(asked_last))
        if begins < first:
            yield self._read(begins, first - unit, first, at_end=False), (begins, first - unit)
        if last < ends:
            yield self._read(last + unit, ends, last, at_end=True, whole=True), (last + unit, ends)

    def _grains(self) -> Iterator[Grain]:
        for key in self.scan.keys:
            if key.reference.table != self.moments.table.alias:
                continue
            grain = key.reference.grain if key.reference.part is None else STRETCHES.get(key.reference.part)
            if grain is not None and grain > self.moments.grain:
                yield grain

    def _matters(self, *, at_end: bool) -> bool:
        """A running metric shows one moment of a period, so that the others may be missing."""
        if not self.moments.running or self.aggregation in (None, PeriodAggregation.AVERAGE):
            return True
        return at_end is (self.aggregation is PeriodAggregation.LAST)

    def _read(self, begin: datetime, end: datetime, edge: datetime, *, at_end: bool, whole: bool = False) -> Stretch:
        """Return from when to when there are rows that the missing moments read, and the edge does not."""
        ever = self.moments.running and self.moments.window is None and self.moments.since is None
        if ever and not (at_end and self.aggregation is PeriodAggregation.LAST):
            begin, end = min(begin, self._least(edge)), max(end, edge)
        if ever and whole:
            begin = _EARLIEST
        months = 0
        for shift in self.moments.shifts:
            begin, end = self._back(begin, shift), self._back(end, shift)
            months += isinstance(shift, Window) and shift.grain in _MONTHS
        if self.moments.by_period:
            end += timedelta(days=3 * months)
        if self.moments.window is not None:
            begin = self._back(begin, self.moments.window)
        since = self.moments.since
        if isinstance(since, Grain) and not (at_end and self._goes_on(edge, end, since)):
            begin = self._start(begin, since)
        return begin, end

    def _goes_on(self, edge: datetime, end: datetime, since: Grain) -> bool:
        """Whether the last moment shown and the one it stands for count from one start: later rows alone differ."""
        last = self.aggregation is PeriodAggregation.LAST
        return last and not self.moments.shifts and self._start(edge, since) == self._start(end, since)

    def _least(self, edge: datetime) -> datetime:
        return min((self._start(edge, grain) for grain in self._grains()), default=edge)

    def _back(self, moment: datetime, shift: Shift) -> datetime:
        if isinstance(shift, CustomGrain):
            return moment
        if not isinstance(shift, Window):
            return self._start(moment, shift)
        if shift.grain in _MONTHS:
            return _months_later(moment, -shift.count * _MONTHS[shift.grain])
        return moment - shift.count * _LENGTHS.get(shift.grain or Grain.DAY, timedelta(hours=1))

    def _cut(self, moment: datetime) -> datetime:
        return self._start(moment, self.moments.grain)

    def _start(self, moment: datetime, grain: Grain) -> datetime:
        if grain <= Grain.HOUR:
            return moment.replace(minute=0, second=0, microsecond=0) if grain is Grain.HOUR else moment
        day = datetime.combine(moment.date(), time())
        if grain is Grain.WEEK:
            return day - timedelta(days=(day.weekday() + self.sunday) % 7)
        if grain in _MONTHS:
            return day.replace(day=1, month=(day.month - 1) // _MONTHS[grain] * _MONTHS[grain] + 1)
        return day

    def _end(self, moment: datetime, grain: Grain, unit: timedelta) -> datetime:
        start = self._start(moment, grain)
        after = _months_later(start, _MONTHS[grain]) if grain in _MONTHS else start + _LENGTHS[grain]
        return after - unit


def _months_later(moment: datetime, count: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: PLR2004 - December
    return moment.replace(year=year, month=month + 1, day=min(moment.day, (following - timedelta(days=1)).day))


def _as_moment(value: date | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _rows_in_stretch(
    scan: Scan, moments: SpineJoin, begin: datetime, end: datetime, *, filtered: bool = True
) -> RowsCheck:
    """Return the scan's rows of a stretch of time, as far as conditions on rows leave them, or all that there are."""
    away = {moments.table.alias, *(each.alias for each in joined_to(moments.table.alias, scan.tables))}
    shared = scan.measures[0].filters if len(scan.measures) == 1 else ()
    conditions = tuple(
        each
        for each in ((*scan.conditions, *shared) if filtered else ())
        if all(reference.table not in away for _name, reference in each.members)
    )
    by_day = moments.grain >= Grain.DAY
    values = (begin.date(), end.date()) if by_day else (begin, end)
    stretch = And(
        tuple(
            Comparison(member=_ASKED, op=op, values=(value,))
            for op, value in zip((Operator.GE, Operator.LE), values, strict=True)
        )
    )
    return RowsCheck(
        dataset=scan.name,
        scan=MemberValues(
            name=scan.name,
            tables=tuple(_without_join(each) for each in scan.tables if each.alias not in away),
            keys=(ScanKey(name="value_1", reference=moments.time),),
            measures=(),
            conditions=(*conditions, Condition(predicate=stretch, members=((_ASKED, moments.time),))),
            distinct=False,
        ),
    )


def _without_join(table: ScanTable) -> ScanTable:
    return replace(table, joined_by="")
