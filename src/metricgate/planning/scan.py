"""One pass over one model: its joins, what it groups by, what it aggregates, which rows it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Aggregation, Percentile, Period, PeriodAggregation, Window, WindowChoice
from metricgate.planning.zones import Clock, Zones
from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.predicate import Predicate

if TYPE_CHECKING:
    from metricgate.planning.plan import Plan


Shift = Window | Period
"""Back by a window, or back to the start of a period; either may be of a calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A dimension or entity of one table of the scan.

    Attributes:
        table: the table's alias in the scan.
        model: the model that the table is.
        name: the dimension's or entity's name in its model.
        grain: truncate to this; None leaves the value as stored.
        zones: convert before truncation; None leaves the value in its own zone.
        later: what is added, in order: elapsed time to the moment, days by the clock shown.
        clock: of a time of a model.
        granularity: the finest grain of the data for a time, None for everything else.
        part: extract this number from the time.
        present: what the table has only where a row was found, for an expression that has a value without one.
    """

    table: str
    model: str
    name: str
    expression: Expression
    present: Expression | None = None
    granularity: Grain | None = None
    grain: Grain | None = None
    zones: Zones | None = None
    clock: Clock | None = None
    later: tuple[Window, ...] = ()
    part: DatePart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A predicate whose members are resolved. Comparisons with times hold dates or timestamps as values.

    ``shown``: its values are a question's own, in the form in which an answer shows them.
    """

    predicate: Predicate
    members: tuple[tuple[str, Reference], ...]
    shown: bool = False

    def reference(self, member: str) -> Reference:
        """Return what the member is; ``KeyError`` is a fault of the planner."""
        return dict(self.members)[member]


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid:
    """The joined row holds at ``time``: ``start <= time < end``, an absent end being open.

    ``zones``: how start and end are converted to be compared with it.
    """

    time: Reference
    start: Expression
    end: Expression
    zones: tuple[Zones | None, Zones | None] = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Moments that are made, not read: from an end that the question gives, or from that of the root's rows.

    Attributes:
        time: of the root's rows, at the grain of the moments.
        first, last: the question's ends, in the zone shown; None where the rows tell.
        shifts: rows are shown later by these, the last one first.
        whole: the rows' ends are taken as far as such periods reach.
        uneven: a row may be read some days later than it would be moved, as months are not equally long.
    """

    time: Reference
    first: date | datetime | None = None
    last: date | datetime | None = None
    shifts: tuple[Shift, ...] = ()
    whole: tuple[Grain, ...] = ()
    uneven: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spine:
    """The moments of a time spine, cut to a grain, each once.

    Attributes:
        column: the spine's time, here cut to ``grain``.
        stored: how fine its moments are in the relation.
        calendars: columns that stand beside it.
        series: the moments are made; the table has no source.
    """

    column: str
    grain: Grain
    stored: Grain
    calendars: tuple[str, ...] = ()
    series: Series | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An occurrence of a model: its alias, source, and how it is joined (None for the root: LEFT JOIN otherwise).

    Attributes:
        model: empty for what is no model: a time spine, or the answer to another question.
        warehouse: of a time spine; a model knows its own.
        parent_keys, keys: equal pair by pair; the parent's are columns of ``parent``.
        joined_by: the entity or relationship of the keys, for models.
        left: instead of ``parent_keys``: references of any tables joined before.
        spine: the table is a time spine: its source is read through this.
        partitions: of a table joined before and of this one, equal pair by pair.
        valid: for slowly changing dimensions.
        answer: the plan whose answer the table is, instead of a source.
        parent_present: what ``parent`` has only where a row of it was found, for keys that have a value without one.
        marker: a column that the table is read with beside its own, where nothing else tells that a row was found.
    """

    alias: str
    model: str
    source: tuple[str, ...]
    parent: str | None = None
    parent_keys: tuple[Expression, ...] = ()
    keys: tuple[Expression, ...] = ()
    partitions: tuple[tuple[Reference, Expression], ...] = ()
    left: tuple[Reference, ...] = ()
    spine: Spine | None = None
    valid: Valid | None = None
    answer: Plan | None = None
    warehouse: str | None = None
    joined_by: str = ""

    @property
    def name_of_source(self) -> str:
        """The relation's name in full, as it is declared."""
        return ".".join(self.source)

    parent_present: Expression | None = None
    marker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A group-by of the scan under the name it has in the answer."""

    name: str
    reference: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """An aggregate over the root's rows for which every filter holds; ``fill`` stands for NULL."""

    name: str
    aggregation: Aggregation
    expression: Expression
    percentile: Percentile | None = None
    filters: tuple[Condition, ...] = ()
    fill: int | None = None

    @property
    def counts(self) -> bool:
        """Whether nothing means 0 rather than NULL."""
        return self.aggregation in COUNTING


COUNTING = (Aggregation.COUNT, Aggregation.COUNT_DISTINCT, Aggregation.SUM_BOOLEAN)


def is_elapsed(shift: Shift) -> bool:
    """Whether a shift is a length of time, hours and shorter; days and longer are steps of a calendar."""
    return isinstance(shift, Window) and shift.grain is not None and shift.grain < Grain.DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Rows are read from each moment of a time spine: at the moment shifted, or over all rows up to it.

    Attributes:
        table: the spine; its rows come first, the root is joined to them.
        grain: of the moments; that of the data, or a coarser one.
        moment: the spine's time, which is at that grain.
        time: the root's time at the same grain.
        shifts: applied to the moment one after the other. Back by periods of a calendar is the moment at the same place
            in that earlier period, and none where there is no such moment.
        running: rows up to the moment rather than at it; limited by ``window`` or ``since`` (start of the period).
        by_period: whole months are asked and shifted, or a range as a whole: rows (``running``: the moments that rows
            are read up to) are moved forward by the shifts instead of moments back, so that each counts exactly once,
            at the last day of the month where that lacks its day.
        starts: keep only moments that start one of such periods.
        calendars: the spine's columns of the calendars that shifts, ``window``, ``since`` and ``starts`` name.
        whole: whole periods of a calendar are asked, and the first shift goes back by that calendar: each reads every
            moment of the earlier period, however long both are.
        columns: of the spine: its time and its calendars' periods.
    """

    table: Table
    grain: Grain
    moment: Reference
    time: Reference
    shifts: tuple[Shift, ...] = ()
    running: bool = False
    window: Window | None = None
    since: Period | None = None
    starts: tuple[Period, ...] = ()
    calendars: tuple[tuple[str, Expression], ...] = ()
    whole: bool = False
    by_period: bool = False
    columns: tuple[str, ...] = ()

    @property
    def beside(self) -> bool:
        """Whether the moment read is another than the moment shown, and stands beside it."""
        return bool(self.calendars) or (bool(self.shifts) and (self.running or not self.by_period))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Only the rows at the first or last ``time`` count, sought for each value of ``apart``.

    ``repeated``: several moments of one group may read the same row, which then counts at the last (or first) of them.
    """

    time: Reference
    choice: WindowChoice
    apart: tuple[Reference, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """The periods that a time spine has, without regard to rows.

    Attributes:
        table: the spine.
        keys: those of the scan that are read from the spine, or from what is joined to it.
        conditions: of the question, as far as they speak of periods: a group-by that is no time is NULL in them.
        joined: to the spine, each after its parent.
        named: keys that name a calendar's period; a day without a name is no period of it.
    """

    table: Table
    keys: tuple[Key, ...]
    conditions: tuple[Condition, ...]
    joined: tuple[Table, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PerPeriod:
    """One value stands for each period that the question shows, out of those of the period's moments."""

    aggregation: PeriodAggregation
    periods: Periods


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """One side of a conversion: rows with their time and what must be equal on both sides."""

    time: Reference
    equal: tuple[Reference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """The scan's rows are base events; each conversion belongs to the last of them before it.

    Attributes:
        base: time and equal members of the base events, the entity first.
        scan: the conversion events: its one measure is what is aggregated; it has no keys.
        events: time and equal members of the conversion events, in the order of the base's.
        window: conversions later than this after the base event do not belong to it.
    """

    base: Events
    scan: Scan
    events: Events
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """``SELECT keys, measures FROM tables WHERE conditions GROUP BY keys``. The first table is the root.

    Attributes:
        moments: rows are read from each moment of a time spine.
        period: what stands for the keys where they are coarser than the moments.
        edge: for measures that must not be summed over time.
        periods: periods without rows are shown too.
        conversion: measures are conversions of the rows.
        distinct: whether equal keys are one row (always so where there are measures).
        whole: joins keep the rows of both sides.
        root_key: tells the root's rows apart where ``whole``, and is NULL beside them; None where nothing does.
    """

    name: str
    tables: tuple[Table, ...]
    keys: tuple[Key, ...]
    measures: tuple[Measure, ...]
    conditions: tuple[Condition, ...]
    moments: Moments | None = None
    period: PerPeriod | None = None
    edge: Edge | None = None
    periods: Periods | None = None
    conversion: Conversion | None = None
    distinct: bool = True
    whole: bool = False
    root_key: Expression | None = None

    @property
    def plain(self) -> bool:
        """Whether the scan is one SELECT."""
        return self.period is None and self.edge is None and self.periods is None and self.conversion is None

    @property
    def reads(self) -> tuple[Table, ...]:
        """Every table that is read, also for conversions."""
        return self.tables if self.conversion is None else (*self.tables, *self.conversion.scan.tables)
