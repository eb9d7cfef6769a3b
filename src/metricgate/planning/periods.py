"""Periods that are shown whether or not rows stand in them: of running metrics, and of ``join_to_timespine``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from metricgate.catalog.conjuncts import conjuncts
from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import CumulativeMetric
from metricgate.catalog.model import Dimension
from metricgate.catalog.names import split_metric_call
from metricgate.planning.binding import Binder, SpineRoot
from metricgate.planning.metrics.expanding import Leaf
from metricgate.planning.resolving import METRIC_TIME
from metricgate.planning.running import base_of, between, time_at
from metricgate.planning.scan import Condition, Key, Moments, Periods, PerPeriod, Scan, Series, Table
from metricgate.planning.spines import alias_of, made, spine_table
from metricgate.vocabulary.predicate import members_of

if TYPE_CHECKING:
    from metricgate.planning.scanning import Scanning

_NULL = Expression(text="NULL", columns=())


def period_of(scanning: Scanning, scan: Scan, metric: CumulativeMetric, binder: Binder, dimension: Dimension) -> Scan:
    """Return the scan with one value per period where its keys are coarser than the moments."""
    moments = scan.moments
    if moments is None or any(_is_moment(key, moments) for key in scan.keys):
        return scan
    joined = tuple(joined_to(moments.table.alias, scan.tables))
    homes = {moments.table.alias, *(each.alias for each in joined)}
    plain = (each for each in conjuncts(scanning.question.where) if not any(map(split_metric_call, members_of(each))))
    parts = (binder.condition(part, "where", dimension.name) for part in plain)
    conditions = (scanning.range(binder, dimension.name, scanning.question.time_range), *parts)
    periods = Periods(
        table=moments.table,
        keys=tuple(key for key in scan.keys if key.reference.table in homes),
        conditions=tuple(
            each
            for each in conditions
            if each is not None and all(reference.table in homes for _name, reference in each.members)
        ),
        joined=joined,
    )
    return replace(scan, period=PerPeriod(aggregation=metric.period_aggregation, periods=periods))


def _is_moment(key: Key, moments: Moments) -> bool:
    return key.reference.table == moments.table.alias and key.reference.grain is moments.grain


def joined_to(alias: str, tables: Iterable[Table]) -> Iterator[Table]:
    """Yield the tables that are joined to a spine, or to what is: not to rows."""
    homes = {alias}
    for table in tables:
        to = {reference.table for reference in table.left} if table.left else {table.parent}
        if to <= homes and table.alias != alias:
            homes.add(table.alias)
            yield table


def periods_of(scanning: Scanning, scan: Scan, leaf: Leaf, dimension: Dimension) -> Scan:
    """Return the scan with every period of the spine that the question leaves; without one, of the rows' own time."""
    root = scanning.catalog.models[leaf.metric.model]
    spines = scanning.resolver.spines.of(root.warehouse)
    forms = [each.form for each in scanning.asked if each.member == METRIC_TIME]
    base = base_of(leaf, dimension, forms, spines)
    calendars = [each.form.calendar for each in scanning.asked if each.form.calendar is not None]
    spine = spines.calendars[calendars[0]][0] if calendars else spines.serving(base) or made(base, root.warehouse)
    tables = scanning.tables(root, leaf.metric)
    alias = alias_of(spine)
    binder = scanning.binder(
        root, tables, leaf.metric.header.name, SpineRoot(spine=spine, alias=alias, time=dimension, grain=base)
    )
    keys: list[Key] = []
    named: list[str] = []
    for key, asked in zip(scan.keys, scanning.asked, strict=False):
        if not (binder.own_time(asked.member, dimension.name) or binder.of_time(asked.member, dimension.name)):
            continue
        member = binder.member(asked.member, "group_by", dimension.name)
        reference = None if member is None else binder.refer(asked.member, member[0], asked.form, "group_by")
        if reference is not None:
            keys.append(Key(name=key.name, reference=reference))
            named += [key.name] if asked.form.calendar is not None else []
    asked_range = scanning.range(binder, dimension.name, scanning.question.time_range)
    conditions = [asked_range]
    conditions += _asked_of_periods(scanning, binder, dimension)
    found = tuple(each for each in conditions if each is not None)
    series = (
        None if spine.source else Series(time=time_at(root, dimension, base, scanning.clocks.own(root.name, dimension)))
    )
    table = spine_table(spine, alias, None if calendars else base, series)
    return replace(
        scan,
        periods=Periods(
            table=between(table, asked_range),
            keys=tuple(keys),
            named=tuple(named),
            conditions=found,
            joined=tuple(joined_to(alias, tables.tables[1:])),  # a filter's other tables are not there to be joined to
        ),
    )


def _asked_of_periods(scanning: Scanning, binder: Binder, dimension: Dimension) -> Iterator[Condition | None]:
    """Yield the parts of the filter that speak of the time and of group-bys alone.

    A period without rows has no other group-by, so that these are NULL in it; it says nothing of what is not shown.
    """
    shown = {binder.meant(asked.member) for asked in scanning.asked}
    for part in conjuncts(scanning.question.where):
        members = {member: scanning.bare(member) for member in members_of(part)}
        timed = {member for member, bare in members.items() if _timed(bare, binder, dimension)}
        if all(member in timed or binder.meant(bare) in shown for member, bare in members.items()):
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
