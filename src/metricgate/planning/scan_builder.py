"""Build one SELECT from all metric inputs (leaves) that share model, time column and treatment of time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from metricgate.catalog.catalog import Catalog
from metricgate.planning.binders import Binders
from metricgate.planning.conversion_join import with_conversions
from metricgate.planning.group_bys import GroupBys
from metricgate.planning.leaf_groups import LeafGroup
from metricgate.planning.message_subject import MessageSubject, subject_of
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.periods import densify, per_period
from metricgate.planning.plan_assembly import ScanNotes
from metricgate.planning.question import Question, TimeRange
from metricgate.planning.scan import Densified, OverSpine, Plain, Scan, ScanTable, Shape, SpineJoin
from metricgate.planning.scan_binder import Binder
from metricgate.planning.scan_parts import Condition
from metricgate.planning.semi_additive import semi_additive
from metricgate.planning.spine_choice import Found, SpineChoice, SpineRequest
from metricgate.planning.spine_reads import between, reach_of, spine_root, too_many
from metricgate.planning.time_problems import no_time, undated_problem
from metricgate.planning.time_ranges import bound_range


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanBuilder:
    """Builds the scans of one question, which have different names."""

    question: Question
    catalog: Catalog
    binders: Binders
    group_bys: GroupBys
    _taken: set[str] = field(default_factory=set, init=False)

    def build(self, group: LeafGroup) -> ScanNotes:
        """Return the scan of a group of leaves.

        Effects: takes a name for it, and notes members, paths and problems in the question's binders. Where a problem
        is noted the scan is not to be used.
        """
        subject = self._subject(group)
        time, leaf, dimension = group.time, subject.leaf, subject.dimension
        tables = self.binders.tables(subject.root, leaf.metric)
        plain = self.binders.binder(subject.root, tables, subject.asked_for)
        asked = self.group_bys.asked if group.kind is not None else ()
        forms = [each.form for each in asked if plain.own_time(each.member, time)]
        beside = any(plain.of_time(each.member, time) for each in asked)
        choice = SpineChoice(question=self.question, catalog=self.catalog, binders=self.binders)
        found = None if group.kind is None else choice.of(subject, plain, forms, beside=beside)
        binder = plain
        if found is not None and dimension is not None:
            binder = self.binders.binder(subject.root, tables, subject.asked_for, spine_root(*found, dimension))
            binder.answers = plain.answers
        keys = self.group_bys.keys(binder, time)
        asked_range, conditions = self._conditions(subject, time, plain, binder, found)
        rows = Plain(
            name=self._name(subject.root.name, group),
            tables=(),
            keys=keys,
            # A definition's own filters speak of rows, the question's of what is asked: of moments.
            measures=()
            if leaf.conversion is not None
            else tuple(self.binders.measure(plain, each) for each in group.leaves),
            conditions=conditions,
        )
        spine = None if found is None else replace(found[0], table=between(found[0].table, asked_range))
        self._check_moments(None if spine is None else spine.table, subject.asked_for)
        rows = replace(rows, tables=tables.tables)
        scan = self._shaped(rows, spine, subject, binder, by_time=bool(forms))
        self.binders.problems.extend(undated_problem(subject.asked_for, model) for model in tables.undated)
        return ScanNotes(scan=_with_tables(scan, tables.tables), binder=binder, leaves=group.leaves)

    def _subject(self, group: LeafGroup) -> SpineRequest:
        root = self.catalog.models[group.model]
        names = [leaf.metric.header.name for leaf in group.leaves]
        return SpineRequest(
            leaf=group.leaves[0],
            root=root,
            dimension=None if group.time is None else root.dimension(group.time),
            asked_for=subject_of(filter(self.binders.resolver.sees_metric, names)),
        )

    def _conditions(
        self, subject: SpineRequest, time: str | None, plain: Binder, binder: Binder, found: Found | None
    ) -> tuple[Condition | None, tuple[Condition, ...]]:
        """Return the range asked, and all conditions: that, the filter, how far moments look back, base events'."""
        leaf, span = subject.leaf, self.question.time_range
        if leaf.running is not None and found is None and span is not None:
            span = replace(span, start=None)  # since ever, up to the end
        asked = self._range(binder, time, span)
        conditions = [asked]
        if self.question.where is not None:
            conditions.append(binder.condition(self.question.where, "where", time))
        if found is not None and span is not None and subject.dimension is not None:
            conditions.append(self._range(plain, time, reach_of(span, leaf, subject.dimension)))
        if leaf.conversion is not None:
            conditions += self.binders.measure(plain, leaf).filters
        return asked, tuple(each for each in conditions if each is not None)

    def _range(self, binder: Binder, time: str | None, span: TimeRange | None) -> Condition | None:
        return bound_range(binder, time, span, self.catalog.models, self.binders.problems)

    def _shaped(
        self, rows: Plain, spine: SpineJoin | None, subject: SpineRequest, binder: Binder, *, by_time: bool
    ) -> Scan:
        leaf, dimension = subject.leaf, subject.dimension
        shape: Shape = rows
        if leaf.conversion is not None:
            found = None if dimension is None else with_conversions(self.binders, rows, spine, leaf, dimension)
            if found is None:
                self.binders.problems.append(no_time(subject.asked_for))
                return rows
            shape = found
        elif leaf.metric.non_additive is not None:
            shape = semi_additive(rows, spine, leaf.metric, leaf.metric.non_additive, subject.root)
        elif spine is not None:
            shape = self._over(rows, spine, leaf, subject, binder)
        if not (leaf.metric.join_to_timespine and by_time and dimension is not None):
            return shape
        scan = densify(self.binders, self.question, self.group_bys, shape, leaf, dimension)
        self._check_moments(scan.periods.table, subject.asked_for)
        return scan

    def _over(self, rows: Plain, spine: SpineJoin, leaf: LeafMetric, subject: SpineRequest, binder: Binder) -> Shape:
        over = OverSpine(
            name=rows.name,
            tables=rows.tables,
            keys=rows.keys,
            measures=rows.measures,
            conditions=rows.conditions,
            spine=spine,
        )
        if leaf.running is None or subject.dimension is None:
            return over
        return per_period(self.binders, self.question, over, leaf.running.period_aggregation, binder, subject.dimension)

    def _name(self, root: str, group: LeafGroup) -> str:
        apart = group.time is not None and group.kind is None and root in self._taken
        wanted = f"{root}_by_{group.time}" if apart else root
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name

    def _check_moments(self, spine: ScanTable | None, asked_for: MessageSubject) -> None:
        problem = None if spine is None else too_many(spine, asked_for)
        if problem is not None:
            self.binders.problems.append(problem)


def _with_tables(scan: Scan, tables: tuple[ScanTable, ...]) -> Scan:
    """Return the scan with all tables that were joined by the time it was finished."""
    if isinstance(scan, Densified):
        return replace(scan, shape=replace(scan.shape, tables=tables))
    return replace(scan, tables=tables)
