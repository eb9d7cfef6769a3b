"""``semantic_models[]`` -> ``SemanticModel``: one model at a time; joins between models are ``joins.py``'s matter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from metricgate.catalog import codes
from metricgate.catalog.building.origin import Findings, Origin
from metricgate.catalog.documents import (
    DimensionDocument,
    EntityDocument,
    RelationshipDocument,
    SemanticModelDocument,
    SettingsDocument,
)
from metricgate.catalog.expression import Expression
from metricgate.catalog.model import (
    Dimension,
    DimensionType,
    Entity,
    EntityType,
    Relationship,
    SemanticModel,
    SourceColumn,
)
from metricgate.vocabulary.grain import Grain, WeekStart
from metricgate.vocabulary.nearest import did_you_mean

_UNREADABLE = Expression(text="NULL", columns=())
"""Stands for an expression that was refused, so that its owner is still known by name and nothing else is blamed."""

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


def build_model(
    document: SemanticModelDocument, settings: SettingsDocument, origin: Origin, findings: Findings
) -> SemanticModel:
    """Return the model; relationships without ``to_columns`` keep them empty until the joins are linked."""
    _check_part_names(document, origin, findings)
    _check_zone(document.time_zone, origin, findings)
    zone = document.time_zone or _settled_zone(document.warehouse, settings)
    entities = [
        _build_entity(each, origin.below("entities", at), findings) for at, each in enumerate(document.entities)
    ]
    dimensions = [
        _build_dimension(each, zone, origin.below("dimensions", at), findings)
        for at, each in enumerate(document.dimensions)
    ]
    relationships = [
        _relationship(each, origin.below("relationships", at), findings)
        for at, each in enumerate(document.relationships)
    ]
    return SemanticModel(
        name=document.name,
        source=tuple(document.source.split(".")),
        entities=tuple(entities),
        dimensions=tuple(dimensions),
        relationships=tuple(relationship for relationship in relationships if relationship is not None),
        primary_entity=_primary_entity(document, origin, findings),
        agg_time_dimension=_time_dimension(document, origin, findings),
        description=document.description,
        label=document.label,
        owner=document.owner,
        domain=document.domain,
        stored_zone=zone,
        week_start=None if settings.week_start is WeekStart.MONDAY else settings.week_start,
        warehouse=document.warehouse,
        columns=_build_columns(document, origin, findings),
        sensitivity=_labels(document.sensitivity),
        place=origin.at(),
    )


def _build_columns(document: SemanticModelDocument, origin: Origin, findings: Findings) -> tuple[SourceColumn, ...]:
    first: dict[str, str] = {}
    for at, each in enumerate(document.columns):
        name, place = each.name.lower(), origin.at("columns", at, "name")
        if name in first:
            message = f"the model {document.name!r} has the column {name!r} twice"
            findings.add(codes.DUPLICATE_NAME, message, place, f"The first is in line {first[name]}.")
        first.setdefault(name, str(place.line))
    return tuple(
        SourceColumn(name=each.name, description=each.description, sensitivity=_labels(each.sensitivity))
        for each in document.columns
    )


def _labels(written: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({written} if isinstance(written, str) else set(written)))


def check_settings(document: SettingsDocument, origin: Origin, findings: Findings) -> None:
    """Note zones that are none."""
    _check_zone(document.time_zone, origin, findings)
    for name, each in document.warehouses.items():
        _check_zone(each.time_zone, origin.below("warehouses", name), findings)


def _check_zone(written: str | None, origin: Origin, findings: Findings) -> None:
    if written is not None and not _ZONE.fullmatch(written):
        message = f"{written!a} is not a time zone"
        findings.add(codes.TIME_DIMENSION, message, origin.at("time_zone"), "Name an IANA zone such as Europe/Berlin.")


def _settled_zone(warehouse: str | None, settings: SettingsDocument) -> str | None:
    """Return the zone of the warehouse that a model names, or else that of all definitions."""
    found = None if warehouse is None else settings.warehouses.get(warehouse)
    return settings.time_zone if found is None else found.time_zone


def _check_part_names(document: SemanticModelDocument, origin: Origin, findings: Findings) -> None:
    """Entities, dimensions and relationships share one space of names: each is a word in a member's path."""
    first: dict[str, str] = {}
    parts: tuple[tuple[str, Sequence[EntityDocument | DimensionDocument | RelationshipDocument]], ...] = (
        ("entities", document.entities),
        ("dimensions", document.dimensions),
        ("relationships", document.relationships),
    )
    for kind, members in parts:
        for at, member in enumerate(members):
            place = origin.at(kind, at, "name")
            if member.name in first:
                findings.add(
                    codes.DUPLICATE_NAME,
                    f"the model {document.name!r} has {member.name!r} twice",
                    place,
                    f"The first is in line {first[member.name]}.",
                )
            first.setdefault(member.name, str(place.line))


def _build_expressions(
    written: object, name: str, origin: Origin, key: str, findings: Findings
) -> tuple[Expression, ...]:
    texts: Iterable[str | int]
    if isinstance(written, (list, tuple)):
        found = [findings.expression(text, origin.at(key, at)) for at, text in enumerate(written)]
    else:
        texts = (written,) if isinstance(written, (str, int)) else (name,)
        found = [findings.expression(text, origin.at(key)) for text in texts]
    return tuple(expression for expression in found if expression is not None)


def _build_entity(document: EntityDocument, origin: Origin, findings: Findings) -> Entity:
    expressions = _build_expressions(document.expr, document.name, origin, "expr", findings)
    return Entity(
        name=document.name,
        type=document.type,
        expressions=expressions or (_UNREADABLE,),
        description=document.description,
        place=origin.at(),
    )


def _build_dimension(document: DimensionDocument, zone: str | None, origin: Origin, findings: Findings) -> Dimension:
    is_time = document.type is DimensionType.TIME
    if is_time and document.granularity is None:
        findings.add(
            codes.TIME_DIMENSION,
            f"the time dimension {document.name!r} has no granularity",
            origin.at("type"),
            "Add granularity: day (or the finest grain that the data has).",
        )
    if not is_time and document.granularity is not None:
        findings.add(
            codes.TIME_DIMENSION,
            f"the categorical dimension {document.name!r} has a granularity",
            origin.at("granularity"),
            "Set type: time, or leave the granularity out.",
        )
    if document.time_zone is not None and not (is_time and _ZONE.fullmatch(document.time_zone)):
        findings.add(
            codes.TIME_DIMENSION,
            f"{document.time_zone!a} is not the zone of a time dimension",
            origin.at("time_zone"),
            "Name an IANA zone such as Europe/Berlin, on time dimensions only.",
        )
    if document.time_kind is not None and not is_time:
        message = f"the categorical dimension {document.name!r} has a time_kind"
        findings.add(codes.TIME_DIMENSION, message, origin.at("time_kind"), "Set type: time, or leave it out.")
    if document.validity is not None and not is_time:
        message = f"the categorical dimension {document.name!r} cannot be an end of validity"
        findings.add(codes.TIME_DIMENSION, message, origin.at("validity"), "Set type: time.")
    expression = findings.expression(document.name if document.expr is None else document.expr, origin.at("expr"))
    return Dimension(
        name=document.name,
        type=document.type,
        expression=expression or _UNREADABLE,
        granularity=document.granularity,
        time_zone=document.time_zone or (zone if is_time and _has_clock(document.granularity) else None),
        time_kind=document.time_kind,
        label=document.label,
        description=document.description,
        synonyms=tuple(document.synonyms),
        sensitivity=document.sensitivity,
        is_partition=document.is_partition,
        validity=document.validity,
        place=origin.at(),
    )


def _has_clock(granularity: Grain | None) -> bool:
    return granularity is not None and granularity < Grain.DAY


def _relationship(document: RelationshipDocument, origin: Origin, findings: Findings) -> Relationship | None:
    own = _build_expressions(document.from_columns, document.name, origin, "from_columns", findings)
    other: tuple[Expression, ...] = ()
    if document.to_columns is not None:
        other = _build_expressions(document.to_columns, document.name, origin, "to_columns", findings)
    if not own:
        return None
    return Relationship(name=document.name, to_model=document.to, from_expressions=own, to_expressions=other)


def _primary_entity(document: SemanticModelDocument, origin: Origin, findings: Findings) -> str | None:
    declared = [entity.name for entity in document.entities if entity.type is EntityType.PRIMARY]
    if len(declared) > 1 or (declared and document.primary_entity not in {None, declared[0]}):
        names = [*declared, *([document.primary_entity] if document.primary_entity else [])]
        findings.add(
            codes.PRIMARY_ENTITY,
            f"the model {document.name!r} has more than one primary entity: {', '.join(dict.fromkeys(names))}",
            origin.at("primary_entity"),
            "A composite key is one entity with a list of expressions.",
        )
    primary = declared[0] if declared else document.primary_entity
    if primary is None and document.dimensions:
        findings.add(
            codes.PRIMARY_ENTITY,
            f"the model {document.name!r} has dimensions but no primary entity to name them by",
            origin.at("name"),
            "Give one entity the type primary, or set primary_entity.",
        )
    return primary


def _time_dimension(document: SemanticModelDocument, origin: Origin, findings: Findings) -> str | None:
    path: tuple[str, ...] = ("agg_time_dimension",)
    name = document.agg_time_dimension
    if name is None and document.defaults is not None:
        path = ("defaults", "agg_time_dimension")
        name = document.defaults.agg_time_dimension
    if name is None:
        return None
    times = [dimension.name for dimension in document.dimensions if dimension.type is DimensionType.TIME]
    if name not in times:
        findings.add(
            codes.TIME_DIMENSION,
            f"agg_time_dimension {name!r} is not a time dimension of the model {document.name!r}",
            origin.at(*path),
            did_you_mean(name, times) or f"Its time dimensions: {', '.join(times) or 'none'}.",
        )
    return name
