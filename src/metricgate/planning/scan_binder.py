"""Members and predicates of one scan bound to its tables; values of times become dates and timestamps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from metricgate.catalog.model import Dimension, SemanticModel, TimeKind
from metricgate.catalog.names import split_metric_call
from metricgate.catalog.saved import TimeSpine
from metricgate.catalog.times_within import AtMoment, Mixed
from metricgate.planning import codes
from metricgate.planning.at_moments import entity_expression, expressions_at, joined_at
from metricgate.planning.clocks import Clocks, convert_moment
from metricgate.planning.graph import JoinStep, Member
from metricgate.planning.member_resolver import METRIC_TIME, Resolver
from metricgate.planning.message_subject import NO_SUBJECT, MessageSubject
from metricgate.planning.plan import Plan
from metricgate.planning.scan_parts import Condition, Reference
from metricgate.planning.spines import column
from metricgate.planning.tables import ScanTables
from metricgate.planning.time_problems import depends_on_time, too_fine, untimed_problem
from metricgate.planning.time_spec import AS_STORED, TimeSpec, split_form
from metricgate.planning.time_values import as_moment
from metricgate.planning.values import convert_values, mismatch
from metricgate.planning.zones import ZoneClock
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.predicate import And, Comparison, Not, Or, Predicate, Scalar, Template
from metricgate.vocabulary.problem import Place, Problem, Problems

Answers = Callable[[str, tuple[str, ...], str], Plan | Problems]
"""Plans the question for one metric by some members, for a filter at a place; its column is called ``ANSWER``."""

ANSWER = "metric_value"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineRoot:
    """Rows are read from the moments of a spine, so that the root's ``time`` is the spine's, by ``grain``.

    ``zoned``: the moments are of another zone than the rows are stored in; ``instead``: they stand for the root's own
    time, also in what depends on it.
    """

    spine: TimeSpine
    alias: str
    time: Dimension
    grain: Grain
    zoned: bool = False
    instead: bool = True


class Binder:
    """Binds what is asked of one root; notes problems, the members used, and the paths taken."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        root: SemanticModel,
        tables: ScanTables,
        clocks: Clocks,
        problems: list[Problem],
        asked_for: MessageSubject,
        answers: Answers,
        spine: SpineRoot | None = None,
    ) -> None:
        self._answers = answers
        self._spine = spine
        self.answers: list[Plan] = []
        self._resolver = resolver
        self._root = root
        self._tables = tables
        self._clocks = clocks
        self._problems = problems
        self._asked_for = asked_for
        self.used: dict[tuple[str, str], None] = {}
        self.paths: dict[str, tuple[JoinStep, ...]] = {}

    def member(
        self, name: str, place: str, time_dimension: str | None, *, own_first: bool = False
    ) -> tuple[Member, Dimension | None] | None:
        """Return what ``name`` (without grain) means, or None after noting the problem."""
        if name == METRIC_TIME:
            dimension = None if time_dimension is None else self._root.dimension(time_dimension)
            if dimension is None:
                self._problems.append(untimed_problem(self._asked_for, place))
                return None
            return Member(parts=(dimension.name,), hops=(), model=self._root.name, dimension=dimension), dimension
        found = self._resolver.resolve(
            name, self._root.name, place=place, asked_for=self._asked_for, own_first=own_first
        )
        if isinstance(found, Problem):
            self._problems.append(found)
            return None
        return found, found.dimension

    @property
    def tables(self) -> ScanTables:
        """Where joined tables are collected."""
        return self._tables

    @property
    def on_moments(self) -> bool:
        """Whether the root's time is a spine's."""
        return self._spine is not None

    def own_time(self, name: str, time_dimension: str | None) -> bool:
        """Whether the name means the root's own time, by any name."""
        if name == METRIC_TIME:
            return True
        time = None if time_dimension is None else self._root.dimension(time_dimension)
        if time is None:
            return False
        found = self._resolver.resolve(name, self._root.name, place="", asked_for=NO_SUBJECT)
        if isinstance(found, Problem) or found.hops or found.dimension is None:
            return False
        same = (found.dimension.expression, found.dimension.granularity) == (time.expression, time.granularity)
        return same or found.own_name == time.name

    def full_name_of(self, name: str) -> str:
        """Return the whole name of the member that is meant; what is no member, or none of one place, as it is."""
        found = self._resolver.resolve(name, self._root.name, place="", asked_for=NO_SUBJECT)
        return name if isinstance(found, Problem) else found.name

    def of_time(self, name: str, time_dimension: str | None) -> bool:
        """Whether the name means something else that depends on the root's own time: a calendar's day, its year."""
        time = None if time_dimension is None else self._root.dimension(time_dimension)
        if time is None or self.own_time(name, time_dimension):
            return False
        found = self._resolver.resolve(name, self._root.name, place="", asked_for=NO_SUBJECT)
        return not isinstance(found, Problem) and any(expressions_at(found, time.expression, ""))

    def refer(self, name: str, member: Member, form: TimeSpec, place: str) -> Reference | None:
        """Return the reference in ``form``, joining what it needs; None after noting a problem."""
        dimension = member.dimension
        grain = form.grain
        granularity = None if dimension is None else dimension.granularity
        spine = self._spine
        if spine is not None and (member.hops or dimension is None or dimension.name != spine.time.name):
            shown = self._shown(name, member, spine, form, place) if spine.instead else member
            if shown is None or isinstance(shown, Reference):
                return shown
            member, spine = shown, None
        if spine is not None:
            granularity = spine.grain
        if not form.plain and not self._form_fits(name, granularity, form, place):
            return None
        if spine is not None:
            return self._moment(spine, granularity, form)
        if form.calendar is not None:
            return self._calendar(name, member, form.calendar, place)
        expression = (
            entity_expression(member) if dimension is None else self._clocks.expression_of(member.model, dimension)
        )
        clock = None
        if dimension is not None and granularity is not None:
            clock = self._clocks.of_cut(member.model, dimension) or self._clocks.of(member.model, dimension)
        return Reference(
            table=self._tables.alias(member.hops),
            model=member.model,
            name=member.own_name,
            expression=expression,
            present=self._tables.present(member.hops, expression),
            granularity=granularity,
            grain=grain,
            zones=None if clock is None else clock.zones,
            clock=clock,
            part=form.part,
        )

    def _shown(
        self, name: str, member: Member, spine: SpineRoot, form: TimeSpec, place: str
    ) -> Reference | Member | None:
        """Return what depends on the time as of the moment shown; the member joined at it; or as it is, if it does not.

        None after noting that it depends on the time in a way that no other moment can be put in.
        """
        found = expressions_at(member, spine.time.expression, spine.spine.column)
        if not any(found):
            return member
        exact = spine.time.granularity is spine.grain
        cut = not member.hops and (form.part is not None or (form.grain or Grain.MILLISECOND) >= spine.grain)
        if spine.zoned or any(
            isinstance(each, Mixed) or (each and not (exact or cut or each.by_day)) for each in found
        ):
            self._problems.append(depends_on_time(name, self._asked_for, place, zoned=spine.zoned))
            return None
        at = [
            Reference(table=spine.alias, model=self._root.name, name=spine.time.name, expression=each.expression)
            if isinstance(each, AtMoment)
            else None
            for each in found
        ]
        if member.hops:
            return joined_at(member, at, self._root.name)
        dimension = member.dimension
        granularity = None if dimension is None else dimension.granularity
        if granularity is not None and granularity < spine.grain:
            granularity = spine.grain
        if at[0] is None or not (form.plain or self._form_fits(name, granularity, form, place)):
            return None
        moment = replace(at[0], name=member.own_name, granularity=granularity)
        if form.calendar is None:
            return replace(moment, grain=form.grain, part=form.part)
        home, text = self._resolver.spines.of(self._root.warehouse).calendars[form.calendar]
        alias = self._tables.calendar(home, replace(moment, grain=home.granularity))
        return Reference(table=alias, model=moment.model, name=moment.name, expression=column(text))

    def _moment(self, spine: SpineRoot, granularity: Grain | None, form: TimeSpec) -> Reference:
        """The root's own time, where rows are read from the moments of a spine: local times of the zone shown."""
        shown = self._clocks.shown_zone(spine.time)
        clocked = granularity is not None and granularity < Grain.DAY
        found = Reference(
            table=spine.alias,
            model=self._root.name,
            name=spine.time.name,
            expression=column(spine.spine.column),
            granularity=granularity,
            grain=form.grain or (granularity if form.plain else None),
            clock=ZoneClock(kind=TimeKind.LOCAL, stored=shown, shown=shown) if clocked else None,
            part=form.part,
        )
        if form.calendar is None:
            return found
        home, text = self._resolver.spines.of(self._root.warehouse).calendars[form.calendar]
        if home is spine.spine:
            return replace(found, expression=column(text), granularity=None, grain=None)
        alias = self._tables.calendar(home, replace(found, grain=home.granularity))
        return replace(found, table=alias, expression=column(text), granularity=None, grain=None)

    def _calendar(self, name: str, member: Member, calendar: str, place: str) -> Reference | None:
        home, text = self._resolver.spines.of(self._root.warehouse).calendars[calendar]
        time = self.refer(name, member, TimeSpec(grain=home.granularity), place)
        if time is None:
            return None
        alias = self._tables.calendar(home, time)
        return Reference(table=alias, model=time.model, name=time.name, expression=column(text))

    def _answer(
        self, text: str, call: tuple[str, tuple[str, ...]], place: str, time_dimension: str | None
    ) -> Reference | None:
        """Join the answer of another metric grouped as the filter says."""
        plan = self._answers(call[0], call[1], place)
        if isinstance(plan, Problems):
            self._problems.extend(plan)
            return None
        left: list[Reference] = []
        for group in call[1]:
            name = group
            if isinstance(self._resolver.resolve(group, self._root.name, place=place, asked_for=NO_SUBJECT), Problem):
                name = group.rpartition("__")[2]
            found = self.member(name, place, time_dimension)
            reference = None if found is None else self.refer(name, found[0], AS_STORED, place)
            if reference is None:
                return None
            left.append(reference)
        keys = tuple(column(each.name) for each in plan.columns if each.member is not None)
        if len(keys) != len(left):
            self._problems.append(
                Problem(
                    code=codes.METRIC_GROUPS,
                    message=f"{text[:120]} cannot be joined to {self._asked_for}.",
                    where=Place(path=place),
                )
            )
            return None
        alias = self._tables.answer(call[0].rpartition(".")[2], plan.computation, tuple(left), keys)
        self.answers.append(plan)
        return Reference(table=alias, model="", name=call[0], expression=column(ANSWER))

    def condition(
        self, predicate: Predicate, place: str, time_dimension: str | None, *, from_metric: bool = False
    ) -> Condition | None:
        """Return the predicate bound; None where problems were noted."""
        members: dict[str, Reference] = {}
        bound = self._bind(predicate, place, time_dimension, members, from_metric=from_metric)
        if bound is None:
            return None
        return Condition(predicate=bound, members=tuple(members.items()), shown=not from_metric)

    def _bind(
        self,
        predicate: Predicate,
        place: str,
        time_dimension: str | None,
        members: dict[str, Reference],
        *,
        from_metric: bool,
    ) -> Predicate | None:
        match predicate:
            case Comparison():
                reference = self._filtered(predicate.member, place, time_dimension, members, from_metric=from_metric)
                return None if reference is None else self._compare(predicate, reference, place, members)
            case And() | Or():
                parts = [
                    self._bind(part, place, time_dimension, members, from_metric=from_metric)
                    for part in predicate.parts
                ]
                whole = tuple(part for part in parts if part is not None)
                return type(predicate)(whole) if len(whole) == len(parts) else None
            case Not():
                inner = self._bind(predicate.part, place, time_dimension, members, from_metric=from_metric)
                return None if inner is None else Not(inner)
            case Template():
                found = [
                    self._filtered(each, place, time_dimension, members, from_metric=from_metric)
                    for each in predicate.members
                ]
                return None if None in found else predicate

    def _filtered(
        self,
        text: str,
        place: str,
        time_dimension: str | None,
        members: dict[str, Reference],
        *,
        from_metric: bool,
    ) -> Reference | None:
        call = split_metric_call(text)
        if call is not None:
            joined = self._answer(text, call, place, time_dimension)
            if joined is not None:
                members[text] = joined
            return joined
        name, form = split_form(text, self._resolver.spines.calendars)
        found = self.member(name, place, time_dimension, own_first=from_metric)
        if found is None:
            return None
        reference = self.refer(name, found[0], form, place)
        if reference is not None:
            members[text] = reference
            if not from_metric:
                self.used[reference.model, reference.name] = None
            if name != METRIC_TIME:
                self.paths.setdefault(text, found[0].hops)
        return reference

    def _compare(
        self, comparison: Comparison, reference: Reference, place: str, members: dict[str, Reference]
    ) -> Comparison | None:
        wrong = mismatch(comparison, reference)
        if wrong is not None:
            self._problems.append(replace(wrong, where=Place(path=place)))
            return None
        clock = reference.clock
        if clock is None or clock.kind is TimeKind.DATE or reference.grain is not None or reference.part is not None:
            return convert_values(comparison, reference)
        # The stored column stays bare, so that the engine can skip what lies outside: the values are moved instead.
        members[comparison.member] = replace(reference, zones=None)
        return replace(comparison, values=tuple(_move_scalar(value, clock) for value in comparison.values))

    def _form_fits(self, name: str, granularity: Grain | None, form: TimeSpec, place: str) -> bool:
        if granularity is not None and form.calendar is not None:  # its periods begin on any moment of its spine
            form = TimeSpec(
                grain=self._resolver.spines.of(self._root.warehouse).calendars[form.calendar][0].granularity
            )
        if granularity is not None and form.grain is None:
            return True
        grain = form.grain or form.suffix.removeprefix("__")
        if granularity is None:
            self._problems.append(
                Problem(
                    code=codes.NOT_A_TIME,
                    message=f"{name!r} is not a time, so it has no {grain}.",
                    where=Place(path=place),
                    hint=f"Write {name!r} alone.",
                )
            )
            return False
        if isinstance(grain, Grain) and grain < granularity:
            self._problems.append(too_fine(name, grain, granularity, place))
            return False
        return True


def _move_scalar(value: Scalar, clock: ZoneClock) -> Scalar:
    moment = as_moment(value)
    return value if moment is None else convert_moment(moment, clock.shown, clock)
