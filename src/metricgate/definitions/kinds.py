"""What a project defines, kind by kind: loaded, checked, versioned and loaded again by one mechanism.

A kind is one record in ``KINDS``: its folder, how its files become a value, how the value is held against the other
kinds and against the warehouses, and its digest. What others do with definitions goes through the records: nothing
else counts kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from metricgate.actions import load as load_actions
from metricgate.actions.action_loader import Actions
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load as load_catalog
from metricgate.catalog.warehouse_placement import place_in_warehouses, within
from metricgate.compiling.expressible import inexpressible
from metricgate.definitions.files import Documents
from metricgate.definitions.source import DefinitionPaths, DefinitionSource
from metricgate.documents.memory import ReadMemory
from metricgate.gateway.actions import check_actions
from metricgate.policy.catalog_check import check_against
from metricgate.policy.policy import Policy
from metricgate.policy.policy_loader import load as load_policy
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.problem import Problem, Problems

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Definitions:
    """Checked values of all kinds at one moment, their digests and the files they are of; each by the kind's name."""

    values: Mapping[str, object]
    digests: Mapping[str, str]
    files: Mapping[str, Documents]

    def of(self, kind: DefinitionKind[T]) -> T:
        """Return the value of a kind."""
        return cast("T", self.values[kind.name])

    @property
    def catalog(self) -> Catalog:
        """The models and metrics, each model with its warehouse."""
        return self.of(MODELS)

    @property
    def policy(self) -> Policy:
        """The rules."""
        return self.of(POLICIES)

    @property
    def actions(self) -> Actions:
        """Governed actions by name."""
        return self.of(ACTIONS)


def _no_problems(*_given: object) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionKind(Generic[T]):
    """One kind of definitions.

    Attributes:
        name: in the plural, unlike any other's.
        folder: where its files are, relative to the project.
        load: (name, text) of all its files -> the value, or every problem in the order of their places. The memory has
            files as they were read before; the same files give the same value with any memory.
        digest: equal for values that are in force alike, else different; a change of it is published.
        check: what does not fit the other kinds. Called only when all kinds have loaded.
        fit: what the warehouses cannot do with it, from nothing but the value and the source.
    """

    name: str
    folder: Callable[[DefinitionPaths], str]
    load: Callable[[Documents, DefinitionSource, ReadMemory], T | Problems]
    digest: Callable[[T], str]
    check: Callable[[T, Definitions, DefinitionSource], Iterable[Problem]] = _no_problems
    fit: Callable[[T, DefinitionSource], Iterable[Problem]] = _no_problems


def _load_models(documents: Documents, source: DefinitionSource, memory: ReadMemory) -> Catalog | Problems:
    catalog = load_catalog(documents, source.types, memory=memory)
    return catalog if isinstance(catalog, Problems) else place_in_warehouses(catalog, list(source.dialects))


def _inexpressible(catalog: Catalog, source: DefinitionSource) -> Iterator[Problem]:
    for name, dialect in source.dialects.items() if source.all_expressible else ():
        yield from inexpressible(within(catalog, name), dialect)


def _digest_of_actions(actions: Actions) -> str:
    """Digest all of them but their places."""
    return digest_of_bytes(repr(sorted(actions.items())).encode())


MODELS: DefinitionKind[Catalog] = DefinitionKind(
    name="models",
    folder=lambda paths: paths.semantic_models,
    load=_load_models,
    digest=lambda catalog: catalog.version,
    fit=_inexpressible,
)
POLICIES: DefinitionKind[Policy] = DefinitionKind(
    name="policies",
    folder=lambda paths: paths.policies,
    load=lambda documents, source, memory: load_policy(documents, source.rule_kinds, memory=memory),
    digest=lambda policy: policy.digest,
    check=lambda policy, others, _source: check_against(policy, others.catalog),
)
ACTIONS: DefinitionKind[Actions] = DefinitionKind(
    name="actions",
    folder=lambda paths: paths.actions,
    load=lambda documents, _source, memory: load_actions(documents, memory=memory),
    digest=_digest_of_actions,
    check=lambda actions, others, source: check_actions(actions, others.catalog, source.dialects),
)
KINDS: tuple[DefinitionKind[Any], ...] = (MODELS, POLICIES, ACTIONS)
"""Every kind; problems are told in this order."""
