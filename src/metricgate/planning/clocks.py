"""By which clock each time of one question is read: what its values are (moments, local times, days) decides it.

Three kinds of time answer differently to a question's zone. A *zoned* value is a moment (``timestamptz``, MariaDB's
``TIMESTAMP``); a *local* one is what a clock showed, that of the zone in which the data is stored; a *date* is a day
everywhere. The engine knows the kind of an expression by its type, and is asked before the question is planned for
good; where it does not know, the model says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from metricgate.catalog.clock_readings import columns_by_clock, passes_times_on
from metricgate.catalog.expression import Expression
from metricgate.catalog.model import KIND_OF_TYPE, Dimension, SemanticModel, TimeKind
from metricgate.planning import codes
from metricgate.planning.time_values import has_clock
from metricgate.planning.zones import ZoneClock, Zones
from metricgate.vocabulary.problem import Place, Problem
from metricgate.vocabulary.result import DataType, ValueType

UTC = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeAsked:
    """An expression over the source of ``model``, whose type decides what a question means."""

    model: str
    expression: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """What engines say of types.

    Attributes:
        types: what was asked, each once; a type of None is one that the engine did not tell.
        assumed: of a time of whose type nothing is known; None refuses it.
    """

    types: tuple[tuple[TypeAsked, ValueType | None], ...] = ()
    assumed: TimeKind | None = None


ASSUMED_LOCAL = Kinds(assumed=TimeKind.LOCAL)
"""For looking at definitions, and for finding out what has to be asked: nothing that is planned so is run."""


@dataclass(slots=True, kw_only=True)
class Clocks:
    """The clocks of one question; notes which types it hangs on, and the times whose kind nobody knows."""

    kinds: Kinds
    zone: str | None
    models: Mapping[str, SemanticModel]
    problems: list[Problem]
    asked: dict[TypeAsked, ValueType | None] = field(default_factory=dict)
    told: dict[str, TimeKind] = field(default_factory=dict)

    def of(self, model: str, dimension: Dimension) -> ZoneClock:
        """Return the clock of a time dimension of a model, shown as the question wants."""
        return self._clock(model, dimension, self.shown_zone(dimension))

    def of_cut(self, home: str, dimension: Dimension) -> ZoneClock | None:
        """Return the clock of a time that is itself read by a clock, like ``DATE_TRUNC('hour', at)``; None of others.

        It is cut by the clock of the zone shown (in Calcutta hours begin at half past), so its values are that clock's.
        """
        text, stored, shown = dimension.expression.text, dimension.time_zone or UTC, self.shown_zone(dimension)
        if home not in self.models or not has_clock(dimension) or stored == UTC == shown:
            return None
        if passes_times_on(text) or not columns_by_clock(text):
            return None
        kind = KIND_OF_TYPE.get(self.type_of(home, dimension.expression) or DataType.STRING)
        if kind not in {TimeKind.LOCAL, TimeKind.ZONED}:
            return None
        return ZoneClock(kind=TimeKind.LOCAL, stored=shown, shown=shown)

    def own(self, home: str, dimension: Dimension) -> tuple[Expression, Zones | None]:
        """Return a time dimension's expression, and what showing its values takes.

        Of one that is cut by the clock shown, nothing but where its moments are known is told: the clock itself.
        """
        expression, cut = self.expression_of(home, dimension), self.of_cut(home, dimension)
        if cut is None:
            return expression, self.of(home, dimension).zones
        known = any(stored != shown for _name, stored, shown in expression.zones or ())
        return expression, Zones(stored=cut.shown, shown=cut.shown) if known else None

    def at_rest(self, model: str, dimension: Dimension) -> ZoneClock:
        """Return the clock of a time dimension whatever the question's zone, shown as it is stored."""
        return self._clock(model, dimension, dimension.time_zone or UTC)

    def _clock(self, model: str, dimension: Dimension, shown: str) -> ZoneClock:
        if not has_clock(dimension):
            return self._day(model, dimension, shown)
        stored = dimension.time_zone or UTC
        if stored == UTC == shown:  # an engine's session is in UTC: moments and local times are read alike
            return ZoneClock(kind=TimeKind.LOCAL, stored=UTC, shown=UTC)
        found = self._kind(model, dimension.expression, stored, dimension.time_kind)
        if found is None:
            self.problems.append(_unknown_time_kind(f"{model}.{dimension.name}"))
            found = TimeKind.LOCAL, stored
        kind, of_clock = found
        self.told[f"{model}.{dimension.name}"] = kind
        return ZoneClock(kind=kind, stored=of_clock, shown=shown)

    def _day(self, home: str, dimension: Dimension, shown: str) -> ZoneClock:
        """A time by day or coarser is a date, unless the engine says that it is a moment: its day is some zone's."""
        model = self.models.get(home)  # a time spine is none
        if shown == UTC and model is not None and self.zone is None:
            shown = model.stored_zone or UTC
        told = dimension.time_kind is not None or model is None or shown == UTC
        if told or self.type_of(home, dimension.expression) is not DataType.TIMESTAMP_TZ:
            return ZoneClock(kind=TimeKind.DATE, stored=UTC, shown=UTC)
        self.told[f"{home}.{dimension.name}"] = TimeKind.ZONED
        return ZoneClock(kind=TimeKind.ZONED, stored=None, shown=shown)

    def shown_zone(self, dimension: Dimension) -> str:
        """Return the zone in which a time is shown: the question's, else that in which it is stored."""
        return self.zone or dimension.time_zone or UTC

    def type_of(self, model: str, expression: Expression) -> DataType | None:
        """Return an expression's type as far as it is known, and note that the question hangs on it."""
        asked = TypeAsked(model=model, expression=expression)
        if asked not in self.asked:
            self.asked[asked] = dict(self.kinds.types).get(asked)
        found = self.asked[asked]
        return None if found is None else found.type

    def of_value(self, home: str, expression: Expression) -> Zones | None:
        """Return how a value of an expression, if it is a time, is shown in the question's zone; None as it is."""
        model = self.models[home]
        if not passes_times_on(expression.text):
            return None  # what a calendar or a clock reads is of the zone already
        dimension = _dimension_of(model, expression)
        stored = (None if dimension is None else dimension.time_zone) or model.stored_zone or UTC
        shown = self.zone or stored
        if stored == UTC == shown or (dimension is not None and not has_clock(dimension)):
            return None
        if dimension is not None:
            return self.of(model.name, dimension).zones
        found = self._kind(model.name, expression, stored, None)
        if KIND_OF_TYPE.get(self.type_of(model.name, expression) or DataType.STRING) is None:
            return None  # a number, or a text
        if found is None:
            self.problems.append(_unknown_time_kind(f"{model.name}: {expression.text}"))
            return None
        return ZoneClock(kind=found[0], stored=found[1], shown=shown).zones

    def expression_of(self, home: str, dimension: Dimension) -> Expression:
        """Return a dimension's expression with the zones in which it reads calendars and clocks.

        A time is converted whole, after it is computed, but for one that a clock is read of (``of_cut``); a day is that
        of the stored zone whatever is asked.
        """
        if has_clock(dimension):
            cut = self.of_cut(home, dimension) is not None
            return self.read_expression(home, dimension.expression) if cut else dimension.expression
        return self.read_expression(home, dimension.expression, in_zone=dimension.granularity is None)

    def read_expression(self, home: str, expression: Expression, *, in_zone: bool = True) -> Expression:
        """Return a model's expression with the zones in which it reads calendars and clocks.

        ``in_zone``: in the question's; otherwise in the stored one, as what must not depend on the question.
        """
        model = self.models.get(home)  # a time spine is none
        if model is None or expression.is_column or not (self.zone not in {None, UTC} or _has_zones(model)):
            return expression
        found = [
            (name, zones.stored, zones.shown)
            for name in columns_by_clock(expression.text)
            if (zones := self._zones_read(model, _column_expression(name), in_zone=in_zone)) is not None
        ]
        return replace(expression, zones=tuple(found)) if found else expression

    def _zones_read(self, model: SemanticModel, column: Expression, *, in_zone: bool) -> Zones | None:
        dimension = _dimension_of(model, column)
        stored = (None if dimension is None else dimension.time_zone) or model.stored_zone or UTC
        shown = (self.zone if in_zone else None) or stored
        if stored == UTC == shown:
            return None
        declared = None if dimension is None else dimension.time_kind
        kind = KIND_OF_TYPE.get(self.type_of(model.name, column) or DataType.STRING, declared)
        if kind is None:
            return None  # no time: a text is read as it is written
        self.told[f"{model.name}.{column.text}"] = kind
        return ZoneClock(kind=kind, stored=None if kind is TimeKind.ZONED else stored, shown=shown).zones

    def take(self, other: Iterable[tuple[TypeAsked, ValueType | None]]) -> None:
        """Hang on what another question within this one hangs on."""
        self.asked.update(other)

    def _kind(
        self, model: str, expression: Expression, stored: str, declared: TimeKind | None
    ) -> tuple[TimeKind, str | None] | None:
        """Return the kind and the zone of the clock that the values show; no zone for what the engine knows to be one.

        An expression over moments that gives a local time shows the clock of the session, which is UTC, unless the
        model says that it was moved to the stored zone's.
        """
        kind = KIND_OF_TYPE.get(self.type_of(model, expression) or DataType.STRING)
        read = () if expression.is_column else expression.columns
        moments = [each for each in read if self.type_of(model, _column_expression(each)) is DataType.TIMESTAMP_TZ]
        if kind is TimeKind.LOCAL and moments:
            kind = declared or (TimeKind.LOCAL if stored == UTC else None)
            return None if kind is None else (kind, UTC if kind is TimeKind.ZONED else stored)
        if kind is not None:
            return kind, None if kind is TimeKind.ZONED else stored
        kind = declared or self.kinds.assumed
        return None if kind is None else (kind, None if kind is TimeKind.ZONED else stored)


def on_one_clock(times: Sequence[ZoneClock]) -> tuple[Zones | None, ...]:
    """Return how each of several times is converted before they are compared; None leaves it.

    Beside a date, the others are days of the zones they are stored in. Otherwise they are compared as moments, unless
    they are all local times of one zone.
    """
    if any(each.kind is TimeKind.DATE for each in times):
        return tuple(each.zones for each in times)
    if len({each.stored for each in times}) == 1:
        return (None,) * len(times)
    return tuple(None if each.stored == UTC else Zones(stored=each.stored, shown=UTC) for each in times)


def convert_moment(value: date | datetime, meant: str, clock: ZoneClock) -> datetime:
    """Return what the clock's values show at the moment ``value``, a local time of zone ``meant``.

    A moment is given in UTC. A value with an offset of its own keeps it.
    """
    moment = value if isinstance(value, datetime) else datetime.combine(value, datetime.min.time())
    target = clock.stored or UTC
    if moment.tzinfo is None:
        if meant == target:
            return moment
        moment = moment.replace(tzinfo=ZoneInfo(meant))
    return moment.astimezone(ZoneInfo(target)).replace(tzinfo=None)


def _dimension_of(model: SemanticModel, expression: Expression) -> Dimension | None:
    """Return the time dimension that an expression is the values of."""
    found = (each for each in model.dimensions if each.expression == expression and each.granularity is not None)
    return next(found, None)


def _has_zones(model: SemanticModel) -> bool:
    return model.stored_zone is not None or any(each.time_zone not in {None, UTC} for each in model.dimensions)


def _column_expression(name: str) -> Expression:
    return Expression(text=name, columns=(name,))


def _unknown_time_kind(name: str) -> Problem:
    return Problem(
        code=codes.UNKNOWN_TIME_KIND,
        message=f"A zone matters, and it is not known whether {name} holds moments, local times or dates.",
        where=Place(path="time_zone"),
        hint="The model's owner adds time_kind: zoned, local or date to the dimension.",
        details={"dimension": name},
    )
