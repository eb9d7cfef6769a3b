"""One pass over one model, as a closed sum of shapes: each names what its SELECT has beyond keys and measures.

``Plain`` is one SELECT with one GROUP BY. ``MemberValues`` has no measure. ``OverSpine`` reads its rows from moments of
a time spine. ``PerPeriod``, ``SemiAdditive`` and ``Converted`` take more than one SELECT. ``Densified`` is any of
these with the periods that have no rows. Who handles scans matches on the class and ends in ``assert_never``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Period, PeriodAggregation, Window, WindowChoice
from metricgate.planning.metrics.values import Value
from metricgate.planning.scan_parts import Condition, Reference, ScanKey, ScanMeasure, Spine, Valid
from metricgate.planning.shifts import Shift
from metricgate.vocabulary.grain import Grain


@dataclass(frozen=True, slots=True, kw_only=True)
class Computation:
    """What a question computes: scans, and what becomes of their measures.

    Attributes:
        values: column of the answer -> what it is over the measures of the scans, in order.
        scans: aggregated apart, joined on their keys, which all of them have in the same order.
    """

    values: tuple[tuple[str, Value], ...]
    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTable:
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
        answer: the question whose answer the table is, instead of a source.
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
    answer: Computation | None = None
    warehouse: str | None = None
    joined_by: str = ""
    parent_present: Expression | None = None
    marker: str | None = None

    @property
    def name_of_source(self) -> str:
        """The relation's name in full, as it is declared."""
        return ".".join(self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineJoin:
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

    table: ScanTable
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
class SpineFill:
    """The periods that a time spine has, without regard to rows.

    Attributes:
        table: the spine.
        keys: those of the scan that are read from the spine, or from what is joined to it.
        conditions: of the question, as far as they speak of periods: a group-by that is no time is NULL in them.
        joined: to the spine, each after its parent.
        named: keys that name a calendar's period; a day without a name is no period of it.
    """

    table: ScanTable
    keys: tuple[ScanKey, ...]
    conditions: tuple[Condition, ...]
    joined: tuple[ScanTable, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionSide:
    """One side of a conversion: the time of its rows, and what must be equal on both sides, the entity first."""

    time: Reference
    equal: tuple[Reference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What every shape has: ``SELECT keys, measures FROM tables WHERE conditions``. The first table is the root."""

    name: str
    tables: tuple[ScanTable, ...]
    keys: tuple[ScanKey, ...]
    measures: tuple[ScanMeasure, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(_Rows):
    """Measures of the rows, grouped by the keys: one SELECT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberValues(_Rows):
    """Values of members without a measure: one SELECT.

    Attributes:
        distinct: whether equal keys are one row.
        whole: joins keep the rows of both sides.
        root_key: tells the root's rows apart where ``whole``, and is NULL beside them; None where nothing does.
    """

    distinct: bool = True
    whole: bool = False
    root_key: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverSpine(_Rows):
    """Measures of the rows that each moment of a time spine reads: one SELECT."""

    spine: SpineJoin


@dataclass(frozen=True, slots=True, kw_only=True)
class PerPeriod(_Rows):
    """Out of the values of a period's moments one stands for the period, which is coarser than these.

    Attributes:
        spine: gives the moments.
        aggregation: which value, or what of them all.
        periods: those that the question shows.
    """

    spine: SpineJoin
    aggregation: PeriodAggregation
    periods: SpineFill


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiAdditive(_Rows):
    """Measures that must not be summed over time: only the rows at the first or last ``time`` count.

    Attributes:
        time: whose first or last value is sought.
        choice: the first, or the last.
        apart: it is sought for each value of these.
        spine: the rows are read from moments (under an offset).
        repeated: several moments of one group may read the same row, which then counts at the last (or first) of them.
    """

    time: Reference
    choice: WindowChoice
    apart: tuple[Reference, ...]
    spine: SpineJoin | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted(_Rows):
    """The rows are base events; each conversion belongs to the last of them before it. The measure is of conversions.

    Attributes:
        base: of the base events.
        conversions: the conversion events: its one measure is what is aggregated; it has no keys.
        events: of the conversion events, in the order of the base's.
        window: conversions later than this after the base event do not belong to it.
        spine: the base events are read from moments (under an offset).
    """

    base: ConversionSide
    conversions: Plain
    events: ConversionSide
    window: Window | None = None
    spine: SpineJoin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Densified:
    """A shape with the periods of a time spine in which it has no rows.

    Attributes:
        shape: whose rows all stay.
        periods: that are shown beside them.
    """

    shape: Shape
    periods: SpineFill

    @property
    def name(self) -> str:
        """The shape's name."""
        return self.shape.name

    @property
    def tables(self) -> tuple[ScanTable, ...]:
        """The shape's tables."""
        return self.shape.tables

    @property
    def keys(self) -> tuple[ScanKey, ...]:
        """The shape's keys."""
        return self.shape.keys

    @property
    def measures(self) -> tuple[ScanMeasure, ...]:
        """The shape's measures."""
        return self.shape.measures

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The shape's conditions."""
        return self.shape.conditions


OneSelect = Plain | MemberValues | OverSpine
Shape = OneSelect | PerPeriod | SemiAdditive | Converted
Scan = Shape | Densified


def shape_of(scan: Scan) -> Shape:
    """Return a scan without the periods that have no rows."""
    return scan.shape if isinstance(scan, Densified) else scan


def spine_join_of(scan: Scan) -> SpineJoin | None:
    """Return how the rows are read from the moments of a spine; None where they are read as they are."""
    match scan:
        case Plain() | MemberValues():
            return None
        case OverSpine() | PerPeriod() | SemiAdditive() | Converted():
            return scan.spine
        case Densified():
            return spine_join_of(scan.shape)
        case _:
            assert_never(scan)


def root_key_of(scan: Scan) -> Expression | None:
    """Return what tells the root's rows apart where joins keep the rows of both sides; None where nothing need."""
    return scan.root_key if isinstance(scan, MemberValues) else None


def spines_joined(scan: Scan) -> tuple[ScanTable, ...]:
    """Return the spines that are read beside the tables: that of the moments, then that of periods without rows."""
    spine = spine_join_of(scan)
    found = () if spine is None else (spine.table,)
    return (*found, scan.periods.table) if isinstance(scan, Densified) else found


def tables_read(scan: Scan) -> tuple[ScanTable, ...]:
    """Return every table of rows, also those of conversions; not the spines beside them."""
    shape = shape_of(scan)
    return (*shape.tables, *shape.conversions.tables) if isinstance(shape, Converted) else shape.tables
