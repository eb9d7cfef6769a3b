"""Aggregated scans to one SELECT: alone as it is, otherwise as CTEs joined on all their keys, NULL with NULL.

The keys are the UNION of every scan's keys, so that none loses rows; each scan is joined to them with IS NOT DISTINCT
FROM. (FULL JOIN on IS NOT DISTINCT FROM is refused by PostgreSQL, and MySQL has no FULL JOIN.)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import assert_never

from sqlglot import exp

from metricgate.catalog.metrics import PeriodAggregation
from metricgate.compiling.context import Context, ScanDraft
from metricgate.compiling.conversions import converted_select
from metricgate.compiling.periods import densified_select, per_period_select
from metricgate.compiling.rules import SCAN_RULES
from metricgate.compiling.running_sums import select_running_sums
from metricgate.compiling.semi_additive import semi_additive_select
from metricgate.compiling.values import home_of, value_tree
from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.names import column, identifier, with_alias
from metricgate.dialects.trees import all_of, literal
from metricgate.planning.metrics.values import MeasureValue
from metricgate.planning.plan import Plan
from metricgate.planning.scan import (
    Computation,
    Converted,
    Densified,
    MemberValues,
    OneSelect,
    OverSpine,
    PerPeriod,
    Plain,
    Scan,
    SemiAdditive,
    shape_of,
    spines_joined,
    tables_read,
)
from metricgate.planning.scan_parts import ScanMeasure

_GROUPS = "all_groups"
_ENDS = {"min": exp.Min, "max": exp.Max}


def combine_scans(asked: Computation, context: Context) -> exp.Select:
    """Return the SELECT of the columns, without order and limit."""
    scans = asked.scans
    several_keyed = len(scans) > 1 and bool(scans[0].keys)
    may_be_absent = several_keyed or any(isinstance(scan, Densified) for scan in scans)  # an empty period counts 0
    if len(scans) == 1 and all(
        isinstance(value, MeasureValue)
        and value.fill is None
        and value.zones is None
        and not (may_be_absent and value.counts)
        for _name, value in asked.values
    ):
        outputs = {value.measure: name for name, value in asked.values if isinstance(value, MeasureValue)}
        return scan_select(scans[0], context, outputs)
    names = _cte_names(asked)
    queries: list[tuple[str, exp.Expr]] = [
        (name, scan_select(scan, context, {each.name: each.name for each in scan.measures}))
        for name, scan in zip(names, scans, strict=True)
    ]
    homes = {
        each.name: home_of(each, name, partial(_measure_kind, each, scan, context), averaged=_is_averaged(scan))
        for name, scan in zip(names, scans, strict=True)
        for each in scan.measures
    }
    keys = [key.name for key in scans[0].keys]
    several = len(names) > 1
    if several and keys:
        queries.append((_free_name(_GROUPS, asked, names), _all_keys(names, keys)))
    base = queries[-1][0] if several and keys else names[0]
    select = exp.Select(
        expressions=[
            *(column(key, base) for key in keys),
            *(
                with_alias(value_tree(value, homes, context.dialect, may_be_absent=may_be_absent), name)
                for name, value in asked.values
            ),
        ],
        from_=exp.From(this=exp.Table(this=identifier(base))),
        joins=_joins_on_keys(names, base, keys),
    )
    select.set("with_", exp.With(expressions=[_cte(name, query) for name, query in queries]))
    return select


def _measure_kind(measure: ScanMeasure, scan: Scan, context: Context) -> ValueKind:
    """Return what a measure is made of; a conversion's measures are of the conversions."""
    shape = shape_of(scan)
    read = shape.conversions if isinstance(shape, Converted) else shape
    return context.kinds.kind(read.tables[0].model, measure.expression)


def _is_averaged(scan: Scan) -> bool:
    shape = shape_of(scan)
    return isinstance(shape, PerPeriod) and shape.aggregation is PeriodAggregation.AVERAGE


def scan_select(scan: Scan, context: Context, outputs: Mapping[str, str]) -> exp.Select:
    """Return one scan's SELECT; ``outputs`` is what each measure is called in it."""
    match scan:
        case Plain() | MemberValues() | OverSpine():
            return _ruled(scan, context, outputs)
        case PerPeriod():
            return per_period_select(scan, context, outputs, _ruled)
        case SemiAdditive():
            return semi_additive_select(scan, context, outputs)
        case Converted():
            return converted_select(scan, context, outputs)
        case Densified():
            return densified_select(scan, scan_select(scan.shape, context, outputs), context, outputs)
        case _:
            assert_never(scan)


def extremes(plan: Plan, groups: exp.Select, context: Context) -> exp.Select:
    """Return the least and the greatest value of each group-by."""
    name, sorts = "groups_found", context.dialect.sorts_for_ends
    selected: list[exp.Expr] = []
    for each in plan.columns:
        key, _, end = each.name.rpartition("__")
        value = _end_sorted(key, end, name) if sorts else _ENDS[end](this=column(key))
        selected.append(with_alias(value, each.name))
    if sorts:
        select = exp.Select(expressions=selected)
        select.set("with_", exp.With(expressions=[_cte(name, groups)]))
        return select
    alias = exp.TableAlias(this=identifier(name))
    return exp.Select(expressions=selected, from_=exp.From(this=exp.Subquery(this=groups, alias=alias)))


def _end_sorted(key: str, end: str, groups: str) -> exp.Expr:
    ordered = exp.Ordered(this=column(key), desc=end == "max", nulls_first=end == "max")
    first = exp.Select(
        expressions=[column(key)],
        from_=exp.From(this=exp.Table(this=identifier(groups))),
        where=exp.Where(this=exp.Not(this=exp.Is(this=column(key), expression=exp.Null()))),
        order=exp.Order(expressions=[ordered]),
        limit=exp.Limit(expression=literal(1)),
    )
    return exp.Subquery(this=first)


def _ruled(scan: OneSelect, context: Context, outputs: Mapping[str, str]) -> exp.Select:
    """Return a plain scan's SELECT, made by the rules in their order, or out of what rows add up to."""
    found = select_running_sums(scan, context, outputs, _ruled)
    if found is not None:
        return found
    draft = ScanDraft(scan=scan, context=context, outputs=outputs)
    for rule in SCAN_RULES:
        rule(draft)
    return draft.select


def _all_keys(names: list[str], keys: list[str]) -> exp.Expr:
    selects = [_keys_of(name, keys) for name in names]
    whole: exp.Expr = selects[0]
    for each in selects[1:]:
        whole = exp.Union(this=whole, expression=each, distinct=True)
    return whole


def _keys_of(name: str, keys: list[str]) -> exp.Select:
    return exp.Select(expressions=[column(key) for key in keys], from_=exp.From(this=exp.Table(this=identifier(name))))


def _joins_on_keys(names: list[str], base: str, keys: list[str]) -> list[exp.Expr]:
    if not keys:
        return [exp.Join(this=exp.Table(this=identifier(name)), kind="CROSS") for name in names if name != base]
    return [
        exp.Join(
            this=exp.Table(this=identifier(name)),
            side="LEFT",
            on=all_of([exp.NullSafeEQ(this=column(key, base), expression=column(key, name)) for key in keys]),
        )
        for name in names
        if name != base
    ]


def _cte(name: str, query: exp.Expr) -> exp.Expr:
    return exp.CTE(this=query, alias=exp.TableAlias(this=identifier(name)))


def _cte_names(asked: Computation) -> list[str]:
    names: list[str] = []
    for scan in asked.scans:
        names.append(_free_name(f"{scan.name}_metrics", asked, names))
    return names


def _free_name(wanted: str, asked: Computation, taken: list[str]) -> str:
    """A CTE must not hide a table that a later CTE reads."""
    read = [table for scan in asked.scans for table in (*tables_read(scan), *spines_joined(scan))]
    sources = {table.source[-1].lower() for table in read if table.source}
    name, number = wanted, 1
    while name.lower() in sources or name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name
