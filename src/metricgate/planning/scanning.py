"""Leaves of one model under the same treatment of time to one scan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.metrics import NonAdditive, SimpleMetric
from metricgate.catalog.model import Dimension, SemanticModel
from metricgate.catalog.saved import TimeSpine
from metricgate.planning import codes
from metricgate.planning.binding import Answers, Binder, SpineRoot
from metricgate.planning.calendars import calendars_served, converts_by_calendar, to_start
from metricgate.planning.clocks import Clocks
from metricgate.planning.concluding import ScanNotes
from metricgate.planning.converting import conversion_of
from metricgate.planning.fitting import calendar_not_served, unfit_for
from metricgate.planning.forms import AS_STORED, Form, split_form
from metricgate.planning.looking_back import looking_back
from metricgate.planning.metrics.expanding import Leaf
from metricgate.planning.owning import own_members, own_reference
from metricgate.planning.periods import period_of, periods_of
from metricgate.planning.question import Question, TimeRange
from metricgate.planning.ranging import range_condition
from metricgate.planning.resolving import METRIC_TIME, Resolver
from metricgate.planning.running import (
    at_one_moment,
    base_of,
    between,
    by_months,
    moments_of,
    reach_of,
    spine_root,
    too_many,
)
from metricgate.planning.scan import Condition, Edge, Key, Measure, Moments, Periods, Scan
from metricgate.planning.starting import unsafe_to_group
from metricgate.planning.tables import Moment, Tables
from metricgate.vocabulary.predicate import members_of
from metricgate.vocabulary.problem import Code, Place, Problem

Kind = tuple[object, ...]


@dataclass(slots=True, kw_only=True)
class Asked:
    """A group-by of the question: member and form; the form's grain is filled in where the member's own is meant."""

    member: str
    form: Form

    @property
    def name(self) -> str:
        """The column's name in the answer."""
        return self.member + self.form.suffix


def kind_of(leaf: Leaf) -> Kind | None:
    """Return what a leaf shares a scan by beyond model and time; None for plain aggregates."""
    metric = leaf.metric
    if leaf.conversion is not None:
        return ("conversion", leaf.measure)
    running = None if leaf.running is None else leaf.running.header.name
    apart = leaf.filters if metric.non_additive is not None else ()
    kind = (leaf.shifts, running, metric.non_additive, metric.join_to_timespine, apart)
    return None if kind == _PLAIN else kind


_PLAIN: Kind = ((), None, None, False, ())


@dataclass(slots=True, kw_only=True)
class Scanning:
    """Makes the scans of one question; notes problems."""

    question: Question
    catalog: Catalog
    resolver: Resolver
    answers: Answers
    problems: list[Problem]
    clocks: Clocks
    asked: list[Asked]
    taken: set[str] = field(default_factory=set)

    def scan(self, model: str, time: str | None, leaves: tuple[Leaf, ...], kind: Kind | None) -> ScanNotes:
        """Return the scan of leaves that share model, time and kind."""
        root = self.catalog.models[model]
        first = leaves[0]
        dimension = None if time is None else root.dimension(time)
        names = dict.fromkeys(leaf.metric.header.name for leaf in leaves)
        shown = [repr(name) for name in names if self.resolver.sees_metric(name)]
        asked_for = f"Metric {' and '.join(shown)}" if shown else "The metric"
        tables = self.tables(root, first.metric)
        plain = self.binder(root, tables, asked_for)
        forms = [each.form for each in self.asked if plain.own_time(each.member, time)] if kind is not None else []
        beside = kind is not None and any(plain.of_time(each.member, time) for each in self.asked)
        moments = None if kind is None else self._moments(first, dimension, plain, forms, asked_for, beside=beside)
        binder = plain
        if moments is not None and dimension is not None:
            binder = self.binder(root, tables, asked_for, spine_root(*moments, dimension))
            binder.answers = plain.answers
        keys = self.keys(binder, time)
        span = self.question.time_range
        if first.running is not None and moments is None and span is not None:
            span = replace(span, start=None)  # since ever, up to the end
        asked_range = self.range(binder, time, span)
        conditions = self._conditions(binder, time, asked_range)
        if moments is not None and span is not None and dimension is not None:
            reach = self.range(plain, time, reach_of(span, first, dimension))
            conditions += () if reach is None else (reach,)
        if first.conversion is not None:
            conditions += self.measure(plain, first).filters
        scan = Scan(
            name=self._name(root, time, kind),
            tables=(),
            keys=keys,
            # A definition's own filters speak of rows, the question's of what is asked: of moments.
            measures=tuple(self.measure(plain, leaf) for leaf in leaves) if first.conversion is None else (),
            conditions=conditions,
            moments=None if moments is None else replace(moments[0], table=between(moments[0].table, asked_range)),
        )
        self._count(scan.moments, asked_for)
        scan = self._treated(
            replace(scan, tables=tables.tables), binder, first, dimension, asked_for, by_time=bool(forms)
        )
        self._dated(tables, asked_for)
        return ScanNotes(scan=replace(scan, tables=tables.tables), binder=binder, leaves=leaves)

    def _moments(
        self,
        leaf: Leaf,
        dimension: Dimension | None,
        binder: Binder,
        forms: list[Form],
        asked_for: str,
        *,
        beside: bool,
    ) -> tuple[Moments, TimeSpine] | None:
        """Return the moments that a leaf's rows are read from, where it looks back in time, and their spine.

        ``beside``: it is grouped by something that depends on its time, too.
        """
        if converts_by_calendar(leaf):
            self.problems.append(calendar_not_served(asked_for))
            return None
        backward = bool(leaf.shifts or leaf.running)
        if leaf.running is not None and leaf.running.window is None and leaf.running.grain_to_date is None:
            backward = bool(leaf.shifts or forms)  # since ever without any time is the whole
        if backward and dimension is None:
            self._no_time(asked_for)
        if not backward or dimension is None:
            return None
        timed = self._timed(binder, dimension.name)
        if not forms and not (leaf.shifts and (to_start(leaf) or timed)):
            self._needs_time(leaf, asked_for)
        root = self.catalog.models[leaf.metric.model]
        spines = self.resolver.spines.of(root.warehouse)
        base = base_of(leaf, dimension, forms, spines)
        served = calendars_served(leaf, base, spines)
        unfit = unfit_for(leaf, base, asked_for) if served else calendar_not_served(asked_for)
        if unfit is not None:
            self.problems.append(unfit)
            return None
        unsafe = unsafe_to_group(leaf, forms, base, spines, beside=beside)
        if unsafe is not None:
            hint = "Group by metric_time at a grain such as day or month."
            self._refuse(codes.UNSAFE_REAGGREGATION, f"{asked_for} {unsafe}.", hint, "group_by")
        found = moments_of(
            leaf,
            dimension,
            root,
            binder.tables,
            spines,
            forms,
            base=base,
            shown=self.clocks.own(leaf.metric.model, dimension),
            timed=timed,
            beside=beside,
        )
        if found is None:
            self._no_spine(asked_for, dimension)
        elif leaf.conversion is not None and not at_one_moment(found[0]):
            message = f"{asked_for} is read at several days, or at none, and each conversion belongs to one base event."
            hint = "Ask by the offset's own periods: by month for an offset by months, by the calendar for one by it."
            self._refuse(codes.UNSAFE_REAGGREGATION, message, hint, "group_by")
        return found

    def _treated(
        self,
        scan: Scan,
        binder: Binder,
        leaf: Leaf,
        dimension: Dimension | None,
        asked_for: str,
        *,
        by_time: bool,
    ) -> Scan:
        if scan.moments is not None and leaf.running is not None and dimension is not None:
            scan = period_of(self, scan, leaf.running, binder, dimension)
        if leaf.metric.non_additive is not None and leaf.conversion is None:
            scan = replace(scan, edge=self._edge(leaf.metric, leaf.metric.non_additive, scan))
        if leaf.conversion is not None:
            conversion = None if dimension is None else conversion_of(self, leaf, dimension)
            if conversion is None:
                self._no_time(asked_for)
                return scan
            scan = replace(scan, conversion=conversion, measures=conversion.scan.measures)
        if leaf.metric.join_to_timespine and by_time and dimension is not None:
            scan = periods_of(self, scan, leaf, dimension)
            self._count(scan.periods, asked_for)
        return scan

    def tables(self, root: SemanticModel, metric: SimpleMetric | None, *, whole: bool = False) -> Tables:
        """Return the tables of a scan, with the moment at which changing rows hold; ``whole`` as of ``Tables``."""
        name = None if metric is None else metric.time_dimension
        dimension = None if name is None else root.dimension(name)
        time = None
        if dimension is not None:
            time = Moment(reference=own_reference(root, dimension), dimension=dimension, clocks=self.clocks)
        return Tables(root, self.catalog.models, time, whole=whole)

    def binder(self, root: SemanticModel, tables: Tables, asked_for: str, spine: SpineRoot | None = None) -> Binder:
        """Return a binder for the question."""
        return Binder(
            resolver=self.resolver,
            root=root,
            tables=tables,
            clocks=self.clocks,
            problems=self.problems,
            asked_for=asked_for,
            answers=self.answers,
            spine=spine,
        )

    def keys(self, binder: Binder, time: str | None) -> tuple[Key, ...]:
        """Return the group-bys bound."""
        keys: list[Key] = []
        for position, asked in enumerate(self.asked):
            place = f"group_by[{position}]"
            found = binder.member(asked.member, place, time)
            if found is None:
                continue
            member, dimension = found
            if asked.form.plain and dimension is not None and dimension.granularity is not None:
                asked.form = Form(grain=dimension.granularity)
            reference = binder.refer(asked.member, member, asked.form, place)
            if reference is None:
                continue
            binder.used[reference.model, reference.name] = None
            if asked.member != METRIC_TIME:
                binder.paths[asked.member] = member.hops
            keys.append(Key(name=asked.name, reference=reference))
        return tuple(keys)

    def _conditions(self, binder: Binder, time: str | None, asked: Condition | None) -> tuple[Condition, ...]:
        found = [asked]
        if self.question.where is not None:
            found.append(binder.condition(self.question.where, "where", time))
        return tuple(each for each in found if each is not None)

    def range(self, binder: Binder, time: str | None, span: TimeRange | None) -> Condition | None:
        """Return a time range bound."""
        member = None if span is None else binder.member(METRIC_TIME, "time_range", time)
        if span is None or member is None or member[1] is None:
            return None
        reference = binder.refer(METRIC_TIME, member[0], AS_STORED, "time_range")
        if reference is None:
            return None
        bare = replace(reference, zones=None)  # the bounds are moved to the column's clock instead
        binder.used[reference.model, reference.name] = None
        home = self.catalog.models.get(reference.model)  # a time spine is none
        week_start = None if home is None else home.week_start
        return range_condition(span, span.time_zone, bare, self.problems, week_start)

    def bare(self, member: str) -> str:
        """Return a member of a filter without its form."""
        return split_form(member, self.resolver.spines.calendars)[0]

    def measure(self, binder: Binder, leaf: Leaf) -> Measure:
        """Return a leaf's aggregate under its filters."""
        metric = leaf.metric
        place = f"metric {metric.header.name}"
        bound = [binder.condition(each, place, metric.time_dimension, from_metric=True) for each in leaf.filters]
        return Measure(
            name=leaf.measure,
            aggregation=metric.aggregation,
            expression=self.clocks.reading(metric.model, metric.expression),
            percentile=metric.percentile,
            filters=tuple(each for each in bound if each is not None),
            fill=metric.fill_nulls_with,
        )

    def _edge(self, metric: SimpleMetric, non_additive: NonAdditive, scan: Scan) -> Edge | None:
        root = self.catalog.models[metric.model]
        time = root.dimension(non_additive.dimension)
        if time is None:
            return None
        apart = [each for name in non_additive.groupings for each in own_members(root, name)]
        own = (root.name, time.name)
        apart += [key.reference for key in scan.keys if (key.reference.model, key.reference.name) == own]
        sought = own_reference(root, time)
        moments = scan.moments
        repeated = False
        if moments is not None and not moments.by_period:
            # Several moments may read one row, which then counts at the first or last of them only.
            repeated = time.name != metric.time_dimension and any(map(by_months, moments.shifts))
            if time.name == metric.time_dimension:
                sought = sought if moments.whole else moments.moment
        return Edge(time=sought, choice=non_additive.choice, apart=tuple(apart), repeated=repeated)

    def _timed(self, binder: Binder, time: str | None) -> bool:
        """Whether a range or a filter speaks of the metric's own time."""
        where = members_of(self.question.where)
        return self.question.time_range is not None or any(binder.own_time(self.bare(each), time) for each in where)

    def _name(self, root: SemanticModel, time: str | None, kind: Kind | None) -> str:
        apart = time is not None and kind is None and root.name in self.taken
        wanted = f"{root.name}_by_{time}" if apart else root.name
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name

    def _refuse(self, code: Code, message: str, hint: str, path: str = "metrics") -> None:
        self.problems.append(Problem(code=code, message=message, where=Place(path=path), hint=hint))

    def _needs_time(self, leaf: Leaf, asked_for: str) -> None:
        """Name the metric that was asked: the input that it reads, ``asked_for``, is the definition's affair."""
        names = looking_back(self.question.metrics, self.catalog.metrics, leaf)
        seen = [repr(name) for name in names if self.resolver.sees_metric(name)]
        what = "an offset" if leaf.shifts else "a window"
        subject = f"Metric {' and '.join(seen)}" if seen else asked_for
        message = f"{subject} looks back in time by {what}: its value depends on the time, and none is asked."
        self._refuse(codes.NEEDS_TIME, message, "Add metric_time with a grain to group_by.", "group_by")

    def _count(self, moments: Moments | Periods | None, asked_for: str) -> None:
        problem = None if moments is None else too_many(moments.table, asked_for)
        self.problems += [] if problem is None else [problem]

    def _no_time(self, asked_for: str) -> None:
        message = f"{asked_for} looks back in time, but what it is built on names no time dimension."
        self._refuse(codes.NO_TIME, message, "The metric's owner sets agg_time_dimension.")

    def _no_spine(self, asked_for: str, dimension: Dimension) -> None:
        message = f"{asked_for} needs a time spine by {dimension.granularity}; the catalog has none."
        hint = f"Add a relation with one row per {dimension.granularity} under `time_spines`."
        self._refuse(codes.NO_TIME_SPINE, message, hint)

    def _dated(self, tables: Tables, asked_for: str) -> None:
        self.problems.extend(
            Problem(
                code=codes.UNDATED,
                message=f"{asked_for} has no time that says which rows of {model!r} hold.",
                where=Place(path="group_by"),
            )
            for model in tables.undated
        )
