"""Where one can get from a model by joins that never multiply its rows: many to one, several hops.

A hop goes from any entity to a model in which the entity of that name identifies a row (primary, unique, natural), or
along a named relationship. A model is visited once per path, except by relationships (an employee's manager).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from metricgate.catalog.expression import Expression
from metricgate.catalog.model import Dimension, Entity, EntityType, SemanticModel
from metricgate.planning.scan_parts import Reference

MOST_HOPS = 8
MOST_PATHS = 4_000
"""Beyond these a catalog's graph is too dense to name members by less than their whole path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinStep:
    """One join: ``name`` is the entity's or relationship's.

    ``left``: what the keys are compared with instead of ``from_expressions``, where these depend on a time that is
    shown as another moment.
    """

    name: str
    from_model: str
    to_model: str
    from_expressions: tuple[Expression, ...]
    to_expressions: tuple[Expression, ...]
    by_relationship: bool = False
    left: tuple[Reference, ...] = ()

    def __str__(self) -> str:
        return f"{self.from_model}.{self.name} -> {self.to_model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A dimension or entity as reached from a root: exactly one of ``dimension`` and ``entity`` is set."""

    parts: tuple[str, ...]
    hops: tuple[JoinStep, ...]
    model: str
    dimension: Dimension | None = None
    entity: Entity | None = None

    @property
    def name(self) -> str:
        """The whole name in the dunder form."""
        return "__".join(self.parts)

    @property
    def own_name(self) -> str:
        """The dimension's or entity's name in its model."""
        return self.parts[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachableMembers:
    """All members that one root reaches over hops.

    Attributes:
        by_name: whole name, e.g. ``orders.customer.region``, -> the members of that name; several are ambiguous.
        by_suffix: each suffix of whole names -> likewise.
        complete: whether all paths were followed, none being longer than ``MOST_HOPS`` nor beyond ``MOST_PATHS``.
    """

    members: tuple[Member, ...]
    by_name: Mapping[str, tuple[Member, ...]]
    by_suffix: Mapping[str, tuple[Member, ...]]
    complete: bool


class JoinGraph:
    """The hops of a catalog's models, and what each root reaches (worked out at the first use of the root)."""

    def __init__(self, models: Mapping[str, SemanticModel]) -> None:
        self._models = models
        self._hops = {name: tuple(hops) for name, hops in _hops(models).items()}
        self._neighbours = _neighbours(self._hops)
        self._reach: dict[str, ReachableMembers] = {}

    def reach(self, root: str) -> ReachableMembers:
        """Return everything that ``root`` reaches."""
        found = self._reach.get(root)
        if found is None:
            found = self._reach[root] = self._explore(root)
        return found

    def are_connected(self, one: str, other: str) -> bool:
        """Whether any chain of joins, in any direction, links the two models."""
        seen, waiting = {one}, [one]
        while waiting:
            model = waiting.pop()
            if model == other:
                return True
            fresh = self._neighbours.get(model, frozenset()) - seen
            seen |= fresh
            waiting.extend(fresh)
        return False

    def _explore(self, root: str) -> ReachableMembers:
        paths, complete = self._paths(root)
        members = tuple(member for path in paths for member in self._members(root, path))
        by_name: dict[str, list[Member]] = {}
        by_suffix: dict[str, list[Member]] = {}
        for member in members:
            by_name.setdefault(member.name, []).append(member)
            for start in range(len(member.parts)):
                by_suffix.setdefault("__".join(member.parts[start:]), []).append(member)
        return ReachableMembers(
            members=members,
            by_name={name: tuple(found) for name, found in by_name.items()},
            by_suffix={name: tuple(found) for name, found in by_suffix.items()},
            complete=complete,
        )

    def _paths(self, root: str) -> tuple[list[tuple[JoinStep, ...]], bool]:
        paths: list[tuple[JoinStep, ...]] = [()]
        complete = True
        for path in paths:  # grows while it is read: breadth first
            for hop in self._hops[path[-1].to_model if path else root]:
                if not _sensible(root, path, hop):
                    continue
                if len(path) == MOST_HOPS or len(paths) == MOST_PATHS:
                    complete = False
                    break
                paths.append((*path, hop))
        return paths, complete

    def _members(self, root: str, path: tuple[JoinStep, ...]) -> Iterator[Member]:
        model = self._models[path[-1].to_model if path else root]
        names = tuple(hop.name for hop in path)
        own = () if model.primary_entity is None else (model.primary_entity,)
        prefix = names if path else own
        for dimension in model.dimensions:
            yield Member(parts=(*prefix, dimension.name), hops=path, model=model.name, dimension=dimension)
        for entity in model.entities:
            if path and entity.name == path[-1].name:
                continue  # the key that was joined by: it is the parent's own entity
            yield Member(parts=(*names, entity.name), hops=path, model=model.name, entity=entity)


def _sensible(root: str, path: tuple[JoinStep, ...], hop: JoinStep) -> bool:
    if hop.by_relationship:
        return hop not in path
    if path and hop.name == path[-1].name:
        return False
    return hop.to_model != root and all(hop.to_model != earlier.to_model for earlier in path)


def hops_of(models: Mapping[str, SemanticModel]) -> tuple[JoinStep, ...]:
    """Return every hop between models, by the models that they leave."""
    return tuple(hop for hops in _hops(models).values() for hop in hops)


def _hops(models: Mapping[str, SemanticModel]) -> dict[str, list[JoinStep]]:
    identified: dict[str, list[tuple[str, Entity]]] = {}
    for model in models.values():
        for entity in model.entities:
            if entity.type is not EntityType.FOREIGN:
                identified.setdefault(entity.name, []).append((model.name, entity))
    hops: dict[str, list[JoinStep]] = {}
    for model in models.values():
        found = hops[model.name] = []
        for entity in model.entities:
            found += [
                JoinStep(
                    name=entity.name,
                    from_model=model.name,
                    to_model=target,
                    from_expressions=entity.expressions,
                    to_expressions=there.expressions,
                )
                for target, there in identified.get(entity.name, [])
                if target != model.name and len(there.expressions) == len(entity.expressions)
            ]
        found += [
            JoinStep(
                name=each.name,
                from_model=model.name,
                to_model=each.to_model,
                from_expressions=each.from_expressions,
                to_expressions=each.to_expressions,
                by_relationship=True,
            )
            for each in model.relationships
            if each.to_model in models
        ]
    return hops


def _neighbours(hops: Mapping[str, tuple[JoinStep, ...]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {name: set() for name in hops}
    for each in hops.values():
        for hop in each:
            found[hop.from_model].add(hop.to_model)
            found[hop.to_model].add(hop.from_model)
    return {name: frozenset(others) for name, others in found.items()}
