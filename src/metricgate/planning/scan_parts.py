"""What scans are made of: members as they are read, conditions, keys and measures, and the moments of a spine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Aggregation, Percentile, Window
from metricgate.catalog.metrics.simple import COUNTING
from metricgate.planning.shifts import Shift
from metricgate.planning.zones import ZoneClock, Zones
from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.predicate import Predicate


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
    clock: ZoneClock | None = None
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
class ScanKey:
    """A group-by of the scan under the name it has in the answer."""

    name: str
    reference: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanMeasure:
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
