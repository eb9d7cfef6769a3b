"""Which models one can reach from a model, from the many side to the one side, and by which member paths."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from metricgate.catalog.model import EntityType, SemanticModel

MOST_HOPS = 5
_MOST_REACHES = 5_000
_UNIQUE = frozenset({EntityType.PRIMARY, EntityType.UNIQUE, EntityType.NATURAL})


@dataclass(frozen=True, slots=True)
class ReachableModel:
    """A model at the end of a path of entity and relationship names; the start itself has the empty path."""

    path: tuple[str, ...]
    model: str


def entity_owners(models: Mapping[str, SemanticModel]) -> dict[str, tuple[str, ...]]:
    """Return, for each entity, the models in which it identifies a row: where its path leads."""
    found: dict[str, list[str]] = {}
    for model in models.values():
        for entity in model.entities:
            if entity.type in _UNIQUE:
                found.setdefault(entity.name, []).append(model.name)
    return {name: tuple(owners) for name, owners in found.items()}


def reaches(
    models: Mapping[str, SemanticModel], start: str, owners: Mapping[str, tuple[str, ...]]
) -> tuple[ReachableModel, ...]:
    """Return every model that ``start`` joins to many-to-one over up to ``MOST_HOPS`` hops, nearest first.

    A path takes no step twice. ``owners`` is ``entity_owners(models)``.
    """
    found = [ReachableModel((), start)]
    waiting = deque(found)
    while waiting and len(found) < _MOST_REACHES:
        here = waiting.popleft()
        if len(here.path) == MOST_HOPS:
            continue
        for step, target in _join_steps(models[here.model], owners):
            if target in models and step not in here.path:
                there = ReachableModel((*here.path, step), target)
                found.append(there)
                waiting.append(there)
    return tuple(found)


def _join_steps(model: SemanticModel, owners: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for entity in model.entities:
        for owner in owners.get(entity.name, ()):
            if owner != model.name:
                yield entity.name, owner
    for relationship in model.relationships:
        yield relationship.name, relationship.to_model
