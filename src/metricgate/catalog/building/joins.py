"""Joins between models: relationships linked to their targets, keys that fit, one model at the end of each path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from metricgate.catalog import codes
from metricgate.catalog.building.origin import Findings, Origin
from metricgate.catalog.expression import Expression
from metricgate.catalog.model import Entity, EntityType, Relationship, SemanticModel
from metricgate.vocabulary.nearest import did_you_mean

UNIQUE = frozenset({EntityType.PRIMARY, EntityType.UNIQUE})


def link(
    models: Mapping[str, SemanticModel], origins: Mapping[str, Origin], findings: Findings
) -> dict[str, SemanticModel]:
    """Return the models with every relationship's target columns filled in; note what does not fit."""
    owners = _owners(models, origins, findings)
    linked = {}
    for name, model in models.items():
        _check_foreign_keys(model, owners, models, origins[name], findings)
        relationships = [
            _link_relationship(relationship, at, models, origins[name], findings)
            for at, relationship in enumerate(model.relationships)
        ]
        linked[name] = replace(
            model, relationships=tuple(relationship for relationship in relationships if relationship is not None)
        )
    return linked


def _owners(
    models: Mapping[str, SemanticModel], origins: Mapping[str, Origin], findings: Findings
) -> dict[str, list[str]]:
    """Which models each entity leads to: several may tell of one entity, but none the same thing as another."""
    owners: dict[str, list[str]] = {}
    told: dict[tuple[str, str], str] = {}
    for name, model in models.items():
        unique = [entity.name for entity in model.entities if entity.type in UNIQUE]
        if model.primary_entity is not None:
            unique.append(model.primary_entity)
        own = [each.name for each in model.dimensions if not each.is_partition and each.validity is None]
        for entity in dict.fromkeys(unique):
            owners.setdefault(entity, []).append(name)
            for dimension in own:
                owner = told.setdefault((entity, dimension), name)
                if owner != name:
                    at = next(at for at, each in enumerate(model.dimensions) if each.name == dimension)
                    findings.add(
                        codes.TWO_PATHS,
                        f"{entity}__{dimension} is told by two models, {owner!r} and {name!r}",
                        origins[name].at("dimensions", at),
                        f"Rename {dimension!r} in one of them, or make {entity!r} foreign there.",
                    )
    return owners


def _check_foreign_keys(
    model: SemanticModel,
    owners: Mapping[str, list[str]],
    models: Mapping[str, SemanticModel],
    origin: Origin,
    findings: Findings,
) -> None:
    for entity in model.entities:
        for owner in owners.get(entity.name, ()):
            target = models[owner].entity(entity.name) if owner != model.name else None
            if target is not None and len(target.expressions) != len(entity.expressions):
                findings.add(
                    codes.JOIN_KEYS,
                    f"the entity {entity.name!r} has {len(entity.expressions)} key columns here "
                    f"and {len(target.expressions)} in the model {owner!r}",
                    origin.at("entities", _index(model, entity)),
                    "List the same number of expressions, in the same order.",
                )


def _index(model: SemanticModel, entity: Entity) -> int:
    return model.entities.index(entity)


def _link_relationship(
    relationship: Relationship, at: int, models: Mapping[str, SemanticModel], origin: Origin, findings: Findings
) -> Relationship | None:
    target = models.get(relationship.to_model)
    if target is None:
        findings.add(
            codes.DANGLING_REFERENCE,
            f"the relationship {relationship.name!r} leads to {relationship.to_model!r}, which is no semantic model",
            origin.at("relationships", at, "to"),
            did_you_mean(relationship.to_model, models),
        )
        return None
    unique = [entity for entity in target.entities if entity.type in UNIQUE]
    to_expressions = relationship.to_expressions or _primary_key(target)
    if not any(_have_same_texts(to_expressions, entity.expressions) for entity in unique):
        shown = " or ".join(", ".join(each.text for each in entity.expressions) for entity in unique)
        findings.add(
            codes.JOIN_KEYS,
            f"the relationship {relationship.name!r} does not lead to a unique key of the model {target.name!r}",
            origin.at("relationships", at, "to_columns"),
            f"Join to {shown}." if shown else f"Declare a primary entity in {target.name!r}.",
        )
        return None
    if len(to_expressions) != len(relationship.from_expressions):
        findings.add(
            codes.JOIN_KEYS,
            f"the relationship {relationship.name!r} joins {len(relationship.from_expressions)} columns "
            f"to {len(to_expressions)}",
            origin.at("relationships", at, "from_columns"),
            "List the same number of columns on both sides, in the same order.",
        )
        return None
    return replace(relationship, to_expressions=to_expressions)


def _primary_key(model: SemanticModel) -> tuple[Expression, ...]:
    return next((entity.expressions for entity in model.entities if entity.type is EntityType.PRIMARY), ())


def _have_same_texts(some: tuple[Expression, ...], others: tuple[Expression, ...]) -> bool:
    return {expression.text for expression in some} == {expression.text for expression in others} != set()
