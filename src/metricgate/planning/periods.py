"""Periods that are shown whether or not rows stand in them: of running metrics, and of ``join_to_timespine``."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from metricgate.catalog.conjuncts import conjuncts
from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import PeriodAggregation
from metricgate.catalog.model import Dimension
from metricgate.catalog.names import split_metric_call
from metricgate.planning.binders import Binders
from metricgate.planning.group_bys import GroupBys
from metricgate.planning.member_resolver import METRIC_TIME
from metricgate.planning.message_subject import subject_of
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.question import Question
from metricgate.planning.scan import Densified, OverSpine, PerPeriod, ScanTable, Shape, SpineFill, SpineJoin
from metricgate.planning.scan_binder import Binder, SpineRoot
from metricgate.planning.scan_parts import Condition, ScanKey, Series
from metricgate.planning.spine_reads import base_of, between, time_at
from metricgate.planning.spines import alias_of, make_spine, spine_table
from metricgate.planning.time_ranges import bound_range
from metricgate.planning.time_spec import split_form
from metricgate.vocabulary.predicate import members_of

_NULL = Expression(text="NULL", columns=())


def per_period(
    binders: Binders,
    question: Question,
    scan: OverSpine,
    aggregation: PeriodAggregation,
    binder: Binder,
    dimension: Dimension,
) -> OverSpine | PerPeriod:
    """Return the scan with one value per period where its keys are coarser than the moments.

    Args:
        binders: of the question.
        question: what is asked.
        scan: over the moments.
        aggregation: which value stands for a period.
        binder: of the moments.
        dimension: the time of the rows.
    """
    spine = scan.spine
    if any(_is_moment(key, spine) for key in scan.keys):
        return scan
    joined = tuple(joined_to(spine.table.alias, scan.tables))
    homes = {spine.table.alias, *(each.alias for each in joined)}
    plain = (each for each in conjuncts(question.where) if not any(map(split_metric_call, members_of(each))))
    parts = (binder.condition(part, "where", dimension.name) for part in plain)
    asked_range = bound_range(binder, dimension.name, question.time_range, binders.models, binders.problems)
    conditions = (asked_range, *parts)
    periods = SpineFill(
        table=spine.table,
        keys=tuple(key for key in scan.keys if key.reference.table in homes),
        conditions=tuple(
            each
            for each in conditions
            if each is not None and all(reference.table in homes for _name, reference in each.members)
        ),
        joined=joined,
    )
    return PerPeriod(
        name=scan.name,
        tables=scan.tables,
        keys=scan.keys,
        measures=scan.measures,
        conditions=scan.conditions,
        spine=spine,
        aggregation=aggregation,
        periods=periods,
    )


def _is_moment(key: ScanKey, spine: SpineJoin) -> bool:
    return key.reference.table == spine.table.alias and key.reference.grain is spine.grain


def joined_to(alias: str, tables: Iterable[ScanTable]) -> Iterator[ScanTable]:
    """Yield the tables that are joined to a spine, or to what is: not to rows."""
    homes = {alias}
    for table in tables:
        to = {reference.table for reference in table.left} if table.left else {table.parent}
        if to <= homes and table.alias != alias:
            homes.add(table.alias)
            yield table


def densify(
    binders: Binders, question: Question, group_bys: GroupBys, shape: Shape, leaf: LeafMetric, dimension: Dimension
) -> Densified:
    """Return the shape with every period of the spine that the question leaves; without one, of the rows' own time."""
    root = binders.models[leaf.metric.model]
    spines = binders.resolver.spines.of(root.warehouse)
    every = group_bys.asked
    forms = [each.form for each in every if each.member == METRIC_TIME]
    base = base_of(leaf, dimension, forms, spines)
    calendars = [each.form.calendar for each in every if each.form.calendar is not None]
    spine = (
        spines.calendars[calendars[0]][0]
        if calendars
        else spines.coarsest_for(base) or make_spine(base, root.warehouse)
    )
    tables = binders.tables(root, leaf.metric)
    alias = alias_of(spine)
    subject = subject_of(filter(binders.resolver.sees_metric, [leaf.metric.header.name]))
    binder = binders.binder(root, tables, subject, SpineRoot(spine=spine, alias=alias, time=dimension, grain=base))
    keys: list[ScanKey] = []
    named: list[str] = []
    for key, asked in zip(shape.keys, every, strict=False):
        if not (binder.own_time(asked.member, dimension.name) or binder.of_time(asked.member, dimension.name)):
            continue
        member = binder.member(asked.member, "group_by", dimension.name)
        reference = None if member is None else binder.refer(asked.member, member[0], asked.form, "group_by")
        if reference is not None:
            keys.append(ScanKey(name=key.name, reference=reference))
            named += [key.name] if asked.form.calendar is not None else []
    asked_range = bound_range(binder, dimension.name, question.time_range, binders.models, binders.problems)
    conditions = [asked_range]
    conditions += _asked_of_periods(question, group_bys, binder, dimension, spines.calendars)
    found = tuple(each for each in conditions if each is not None)
    series = (
        None if spine.source else Series(time=time_at(root, dimension, base, binders.clocks.own(root.name, dimension)))
    )
    table = spine_table(spine, alias, None if calendars else base, series)
    return Densified(
        shape=shape,
        periods=SpineFill(
            table=between(table, asked_range),
            keys=tuple(keys),
            named=tuple(named),
            conditions=found,
            joined=tuple(joined_to(alias, tables.tables[1:])),  # a filter's other tables are not there to be joined to
        ),
    )


def _asked_of_periods(
    question: Question, group_bys: GroupBys, binder: Binder, dimension: Dimension, calendars: Container[str]
) -> Iterator[Condition | None]:
    """Yield the parts of the filter that speak of the time and of group-bys alone.

    A period without rows has no other group-by, so that these are NULL in it; it says nothing of what is not shown.
    """
    shown = {binder.full_name_of(asked.member) for asked in group_bys.asked}
    for part in conjuncts(question.where):
        members = {member: split_form(member, calendars)[0] for member in members_of(part)}
        timed = {member for member, bare in members.items() if _timed(bare, binder, dimension)}
        if all(member in timed or binder.full_name_of(bare) in shown for member, bare in members.items()):
            condition = binder.condition(part, "where", dimension.name)
            yield None if condition is None else _without_rows(condition, timed)


def _timed(member: str, binder: Binder, dimension: Dimension) -> bool:
    return binder.own_time(member, dimension.name) or binder.of_time(member, dimension.name)


def _without_rows(condition: Condition, timed: set[str]) -> Condition:
    return replace(
        condition,
        members=tuple(
            (name, reference if name in timed else replace(reference, expression=_NULL, present=None, grain=None))
            for name, reference in condition.members
        ),
    )
