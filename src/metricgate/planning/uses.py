"""Which columns of which datasets a plan reads, and what for: masks and rules about columns are held against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from metricgate.catalog.expression import Expression
from metricgate.planning.data_checks import Check, ReferenceCheck
from metricgate.planning.plan import Plan
from metricgate.planning.scan import (
    Computation,
    ConversionSide,
    Converted,
    Densified,
    MemberValues,
    OverSpine,
    PerPeriod,
    Plain,
    Scan,
    ScanTable,
    SemiAdditive,
    Shape,
    shape_of,
    spine_join_of,
)
from metricgate.planning.scan_parts import Condition, Reference
from metricgate.vocabulary.obligation import Use

Uses = Mapping[str, Mapping[str, frozenset[Use]]]
"""Dataset -> column in lower case -> what it is used for; showing it alone is no use."""

_Found = Iterator[tuple[str, Expression, Use]]


def uses_of(plan: Plan) -> Uses:
    """Return every column that the plan reads, within filters' own questions too."""
    return _by_column(_of_scans(plan.computation))


def uses_of_check(check: Check) -> Uses:
    """Return every column that a check reads: what it counts tells what a join over them would find."""
    scans = (check.scan, *((check.partners,) if isinstance(check, ReferenceCheck) else ()))
    return _by_column(
        each for scan in scans for each in _reference_uses((key.reference for key in scan.keys), Use.JOIN)
    )


def _by_column(uses: _Found) -> Uses:
    found: dict[str, dict[str, set[Use]]] = {}
    for model, expression, use in uses:
        for column in expression.columns:
            found.setdefault(model, {}).setdefault(column.lower(), set()).add(use)
    return {
        model: {column: frozenset(uses) for column, uses in columns.items()}
        for model, columns in found.items()
        if model
    }


def _of_scans(computation: Computation) -> _Found:
    for scan in computation.scans:
        yield from _of_scan(scan)


def _of_scan(scan: Scan) -> _Found:
    root = scan.tables[0]
    yield from _reference_uses((key.reference for key in scan.keys), Use.GROUP)
    yield from _condition_uses(scan.conditions)
    for measure in scan.measures:
        yield root.model, measure.expression, Use.AGGREGATE
        yield from _condition_uses(measure.filters)
    models = {each.alias: each.model for each in scan.tables}
    for table in scan.tables:
        yield from _of_table(table, models.get(table.parent or root.alias, ""))
    shape, spine = shape_of(scan), spine_join_of(scan)
    if spine is not None:
        yield from _reference_uses((spine.time,), Use.FILTER)
    if isinstance(scan, Densified):
        yield from _reference_uses((key.reference for key in scan.periods.keys), Use.GROUP)
        yield from _condition_uses(scan.periods.conditions)
    yield from _of_shape(shape)


def _of_shape(shape: Shape) -> _Found:
    """Yield what a shape reads beyond keys, measures, conditions, tables and moments; periods are read of spines."""
    match shape:
        case Plain() | MemberValues() | OverSpine() | PerPeriod():
            return
        case SemiAdditive():
            yield from _reference_uses((shape.time,), Use.FILTER)
            yield from _reference_uses(shape.apart, Use.GROUP)
        case Converted():
            yield from _conversion_uses(shape.base)
            yield from _conversion_uses(shape.events)
            yield from _of_scan(shape.conversions)
        case _:
            assert_never(shape)


def _of_table(table: ScanTable, parent: str) -> _Found:
    if table.answer is not None:
        yield from _of_scans(table.answer)
    for key in table.keys:
        yield table.model, key, Use.JOIN
    for key in table.parent_keys:
        yield parent, key, Use.JOIN
    yield from _reference_uses(table.left, Use.JOIN)
    for reference, partition in table.partitions:
        yield from _reference_uses((reference,), Use.JOIN)
        yield table.model, partition, Use.JOIN
    if table.valid is not None:
        yield from _reference_uses((table.valid.time,), Use.JOIN)
        yield table.model, table.valid.start, Use.JOIN
        yield table.model, table.valid.end, Use.JOIN


def _conversion_uses(events: ConversionSide) -> _Found:
    yield from _reference_uses((events.time, *events.equal), Use.JOIN)


def _condition_uses(conditions: Iterable[Condition]) -> _Found:
    for condition in conditions:
        yield from _reference_uses((reference for _name, reference in condition.members), Use.FILTER)


def _reference_uses(references: Iterable[Reference], use: Use) -> _Found:
    for reference in references:
        yield reference.model, reference.expression, use
