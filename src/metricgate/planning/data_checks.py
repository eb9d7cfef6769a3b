"""What answers take for granted of the data: keys of one row each, histories, partners, time spines; as checks of it.

A check reads rows as a question does: its scans give keys and times of one model, under whatever row filters and masks
bind there. What is true of all rows may be false of those that a caller sees, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.expression import Expression
from metricgate.catalog.model import EntityType, SemanticModel
from metricgate.catalog.saved import TimeSpine
from metricgate.planning.graph import JoinStep, hops_of
from metricgate.planning.plan import Plan
from metricgate.planning.scan import Computation, Converted, Densified, MemberValues, Scan, ScanTable, shape_of
from metricgate.planning.scan_parts import Reference, ScanKey
from metricgate.planning.spines import column, spine_table
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import Grain


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCheck:
    """At most one row stands for each key; of a history, at each moment.

    Attributes:
        dataset: the semantic model.
        key: the entity or relationship.
        scan: gives the key's parts, then start and end of a history.
        parts: how many parts the key has.
        history: whether start and end follow.
    """

    dataset: str
    key: str
    scan: Scan
    parts: int
    history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCheck:
    """No row of a history ends before it starts, and none lacks its start: such rows never hold."""

    dataset: str
    scan: Scan
    """Gives start and end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceCheck:
    """Every key that points at another model finds a row there."""

    dataset: str
    key: str
    scan: Scan
    """Gives the key's parts."""
    to: str
    partners: Scan
    """Gives those of the model pointed at."""
    warehouses: tuple[str | None, str | None] = (None, None)
    """Where the two models are; None for the default one. Where they differ, no statement reads both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineCheck:
    """A time spine has each moment of its granularity once, from its first to its last."""

    dataset: str
    scan: Scan
    """Gives the moment, cut to the granularity."""
    granularity: Grain


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsCheck:
    """Whether a scan has any row; no declaration says so."""

    dataset: str
    scan: Scan


Check = KeyCheck | WindowCheck | ReferenceCheck | SpineCheck

_Value = tuple[Expression, Zones | None]
"""What a column holds and, of times, how it is converted to be compared with others."""


def checks_before(plan: Plan) -> tuple[KeyCheck, ...]:
    """Return the checks of every key that the plan joins by, also within filters' own questions; each once.

    Distinct group-bys need none: a row that is joined twice is still one of them.
    """
    return tuple(dict.fromkeys(_of_computation(plan.computation)))


def declared_checks(catalog: Catalog) -> tuple[Check, ...]:
    """Return the checks of all that the definitions declare: keys, histories, references, then time spines."""
    found: list[Check] = []
    for model in catalog.models.values():
        found += _of_model(model)
    hops = hops_of(catalog.models)
    at_home = {(each.from_model, each.name) for each in hops if _at_home(each, catalog.models)}
    for hop in hops:
        if _at_home(hop, catalog.models) or (hop.from_model, hop.name) not in at_home:
            found += _of_hop(hop, catalog.models)
    found += [_of_spine(spine) for spine in catalog.time_spines.values()]
    return tuple(dict.fromkeys(found))


def _of_computation(computation: Computation) -> Iterator[KeyCheck]:
    for scan in computation.scans:
        yield from _of_scan(scan)


def _of_scan(scan: Scan) -> Iterator[KeyCheck]:
    shape = shape_of(scan)
    multiplies = not (isinstance(shape, MemberValues) and shape.distinct)
    for table in (*scan.tables[1:], *(scan.periods.joined if isinstance(scan, Densified) else ())):
        if table.answer is not None:
            yield from _of_computation(table.answer)
        elif table.joined_by and multiplies:
            partitions = tuple(partition for _reference, partition in table.partitions)
            valid, ends = table.valid, _bare_values(())
            if valid is not None:
                ends = tuple(zip((valid.start, valid.end), valid.zones, strict=True))
            yield _key_check(table, (*table.keys, *partitions), ends)
    if isinstance(shape, Converted):
        yield from _of_scan(shape.conversions)


def _of_model(model: SemanticModel) -> Iterator[Check]:
    """A key of a model with partitions is one row's within its partition."""
    partitions = tuple(each.expression for each in model.dimensions if each.is_partition)
    ends = _validity_ends(model)
    for entity in model.entities:
        if entity.type is not EntityType.FOREIGN:
            yield _key_check(_checked_table(model, entity.name), (*entity.expressions, *partitions), ends)
    if ends:
        yield WindowCheck(dataset=model.name, scan=_scan(_checked_table(model), ends))


def _at_home(hop: JoinStep, models: Mapping[str, SemanticModel]) -> bool:
    return models[hop.from_model].warehouse == models[hop.to_model].warehouse


def _of_hop(hop: JoinStep, models: Mapping[str, SemanticModel]) -> Iterator[Check]:
    """Joins within one partition only where both models have it."""
    here, there = models[hop.from_model], models[hop.to_model]
    shared = {each.name for each in here.dimensions if each.is_partition}
    partitions = tuple(each.expression for each in there.dimensions if each.is_partition and each.name in shared)
    yield _key_check(_checked_table(there, hop.name), (*hop.to_expressions, *partitions), _validity_ends(there))
    entity = here.entity(hop.name)
    if hop.by_relationship or entity is None or entity.type is EntityType.FOREIGN:
        yield ReferenceCheck(
            dataset=here.name,
            key=hop.name,
            scan=_scan(_checked_table(here), _bare_values(hop.from_expressions)),
            to=there.name,
            partners=_scan(_checked_table(there), _bare_values(hop.to_expressions)),
            warehouses=(here.warehouse, there.warehouse),
        )


def _of_spine(spine: TimeSpine) -> SpineCheck:
    return spine_check(spine_table(spine, spine.name), spine.name)


def spine_check(table: ScanTable, name: str = "") -> SpineCheck:
    """Return the check of a declared spine that a plan reads; ``name`` is its own, or that of its relation.

    Raises:
        ValueError: the table is none of a spine: a programming error.
    """
    spine = table.spine
    if spine is None:
        raise ValueError("a time spine's table")
    bare = ScanTable(alias=table.alias, model="", source=table.source, warehouse=table.warehouse)
    scan = _scan(bare, _bare_values((column(spine.column),)), spine.stored)
    return SpineCheck(dataset=name or table.name_of_source, scan=scan, granularity=spine.stored)


def _key_check(table: ScanTable, key: tuple[Expression, ...], history: tuple[_Value, ...]) -> KeyCheck:
    bare = ScanTable(alias=table.model, model=table.model, source=table.source)
    return KeyCheck(
        dataset=table.model,
        key=table.joined_by,
        scan=_scan(bare, (*_bare_values(key), *history)),
        parts=len(key),
        history=bool(history),
    )


def _checked_table(model: SemanticModel, key: str = "") -> ScanTable:
    return ScanTable(alias=model.name, model=model.name, source=model.source, joined_by=key)


def _validity_ends(model: SemanticModel) -> tuple[_Value, ...]:
    return tuple((each.expression, None) for each in model.validity or ())


def _bare_values(expressions: Sequence[Expression]) -> tuple[_Value, ...]:
    return tuple((each, None) for each in expressions)


def _scan(table: ScanTable, values: Sequence[_Value], grain: Grain | None = None) -> Scan:
    """Return every row of one table with some values of its own, named by their place."""
    keys = tuple(
        ScanKey(
            name=f"value_{number}",
            reference=Reference(
                table=table.alias, model=table.model, name="", expression=expression, grain=grain, zones=zones
            ),
        )
        for number, (expression, zones) in enumerate(values, 1)
    )
    return MemberValues(
        name=table.alias, tables=(replace(table, joined_by=""),), keys=keys, measures=(), conditions=(), distinct=False
    )
