"""What a project defines, kind by kind: loaded, checked, versioned and loaded again by one mechanism.

A kind is one record in ``KINDS``: its folder, how its files become a value, how the value is held against the other
kinds and against the warehouses, and its digest. What others do with definitions goes through the records: nothing
else counts kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from metricgate.actions import load as load_actions
from metricgate.actions.loading import Actions
from metricgate.bootstrap.definition_files import Documents, read_documents
from metricgate.bootstrap.metric_types import metric_types
from metricgate.bootstrap.settings import Settings
from metricgate.bootstrap.settings_document import Paths
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.loading import load as load_catalog
from metricgate.catalog.placing import placed, within
from metricgate.compiling.expressible import inexpressible
from metricgate.documents.memory import ReadMemory
from metricgate.gateway.actions import check_actions
from metricgate.policy.checking import check_against
from metricgate.policy.loading import load as load_policy
from metricgate.policy.policy import Policy
from metricgate.vocabulary.collector import collector_paused
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
        folder: where the settings say that its files are, relative to the project.
        load: (name, text) of all its files -> the value, or every problem in the order of their places. The memory has
            files as they were read before; the same files give the same value with any memory.
        digest: equal for values that are in force alike, else different; a change of it is published.
        check: what does not fit the other kinds. Called only when all kinds have loaded.
        fit: what the warehouses of the settings cannot do with it, from nothing but the value and the settings.
    """

    name: str
    folder: Callable[[Paths], str]
    load: Callable[[Documents, Settings, ReadMemory], T | Problems]
    digest: Callable[[T], str]
    check: Callable[[T, Definitions, Settings], Iterable[Problem]] = _no_problems
    fit: Callable[[T, Settings], Iterable[Problem]] = _no_problems


def _load_models(documents: Documents, settings: Settings, memory: ReadMemory) -> Catalog | Problems:
    catalog = load_catalog(documents, metric_types(), memory=memory)
    return catalog if isinstance(catalog, Problems) else placed(catalog, list(settings.warehouses))


def _inexpressible(catalog: Catalog, settings: Settings) -> Iterator[Problem]:
    for name, dialect in settings.dialects.items() if settings.all_said else ():
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
    load=lambda documents, _settings, memory: load_policy(documents, memory=memory),
    digest=lambda policy: policy.digest,
    check=lambda policy, others, _settings: check_against(policy, others.catalog),
)
ACTIONS: DefinitionKind[Actions] = DefinitionKind(
    name="actions",
    folder=lambda paths: paths.actions,
    load=lambda documents, _settings, memory: load_actions(documents, memory=memory),
    digest=_digest_of_actions,
    check=lambda actions, others, settings: check_actions(actions, others.catalog, settings.dialects),
)
KINDS: tuple[DefinitionKind[Any], ...] = (MODELS, POLICIES, ACTIONS)
"""Every kind; problems are told in this order."""


def folders_of(settings: Settings, kinds: Sequence[DefinitionKind[Any]] = KINDS) -> tuple[str, ...]:
    """Return the folders of definitions, relative to the project's."""
    return tuple(kind.folder(settings.document.paths) for kind in kinds)


@dataclass(slots=True)
class _Kept:
    """What is remembered of one kind from its last load: files as they were read, and what they made together."""

    memory: ReadMemory = field(default_factory=ReadMemory)
    documents: Documents | None = None
    value: object = None
    fitting: tuple[Problem, ...] | None = None
    """What ``fit`` found for the value; None before it was asked."""


class DefinitionLoader:
    """Loads a project's definitions, and loads again only what changed: files that did, and kinds that have such files.

    What comes out is what a load from nothing gives: values, digests, problems and their order.
    """

    def __init__(self, folder: Path, settings: Settings, kinds: Sequence[DefinitionKind[Any]] = KINDS) -> None:
        """Remember nothing yet; ``folder`` is the project's."""
        self.folder = folder
        self.settings = settings
        self._kinds = kinds
        self._kept = {kind.name: _Kept() for kind in kinds}

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of definitions, relative to the project's."""
        return folders_of(self.settings, self._kinds)

    @collector_paused()
    def load(self) -> Definitions | Problems:
        """Read the folders and return what they define; all problems come at once.

        Kinds are held against each other, and against the warehouses, once each of them is sound by itself.
        """
        values = {kind.name: self._value(kind) for kind in self._kinds}
        problems = [each for value in values.values() if isinstance(value, Problems) for each in value]
        if problems:
            return Problems(tuple(problems))
        digests = {kind.name: kind.digest(values[kind.name]) for kind in self._kinds}
        files = {kind.name: self._kept[kind.name].documents or () for kind in self._kinds}
        found = Definitions(values, digests, files)
        problems += [each for kind in self._kinds for each in kind.check(found.of(kind), found, self.settings)]
        problems += [each for kind in self._kinds for each in self._unfit(kind)]
        return Problems(tuple(problems)) if problems else found

    def _value(self, kind: DefinitionKind[Any]) -> object:
        documents = read_documents(self.folder, kind.folder(self.settings.document.paths))
        if isinstance(documents, Problems):
            return documents
        kept = self._kept[kind.name]
        if kept.documents != documents:
            value = kind.load(documents, self.settings, kept.memory)
            kept.memory.forget_all_but(documents)
            kept.documents, kept.value, kept.fitting = documents, value, None
        return kept.value

    def _unfit(self, kind: DefinitionKind[Any]) -> tuple[Problem, ...]:
        kept = self._kept[kind.name]
        if kept.fitting is None:
            kept.fitting = tuple(kind.fit(kept.value, self.settings))
        return kept.fitting


def digest_of_files(kind: str, texts: Mapping[str, str], settings: Settings) -> str | None:
    """Return the digest of what files of one kind define, None where there is no such kind or they define nothing."""
    found = next((each for each in KINDS if each.name == kind), None)
    value = None if found is None else found.load(sorted(texts.items()), settings, ReadMemory())
    return None if found is None or isinstance(value, Problems) else found.digest(value)


def load_definitions(folder: Path, settings: Settings) -> Definitions | Problems:
    """Load everything once, and remember nothing."""
    return DefinitionLoader(folder, settings).load()
