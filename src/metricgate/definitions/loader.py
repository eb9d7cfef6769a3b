"""Loads what a project defines, and loads again only what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metricgate.definitions.files import Documents, read_documents
from metricgate.definitions.kinds import KINDS, DefinitionKind, Definitions
from metricgate.definitions.source import DefinitionPaths, DefinitionSource
from metricgate.documents.memory import ReadMemory
from metricgate.vocabulary.collector import collector_paused
from metricgate.vocabulary.problem import Problem, Problems


def folders_of(paths: DefinitionPaths, kinds: Sequence[DefinitionKind[Any]] = KINDS) -> tuple[str, ...]:
    """Return the folders of definitions, relative to the project's."""
    return tuple(kind.folder(paths) for kind in kinds)


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

    def __init__(self, source: DefinitionSource, kinds: Sequence[DefinitionKind[Any]] = KINDS) -> None:
        """Remember nothing yet."""
        self.source = source
        self._kinds = kinds
        self._kept = {kind.name: _Kept() for kind in kinds}

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of definitions, relative to the project's."""
        return folders_of(self.source.paths, self._kinds)

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
        problems += [each for kind in self._kinds for each in kind.check(found.of(kind), found, self.source)]
        problems += [each for kind in self._kinds for each in self._unfit(kind)]
        return Problems(tuple(problems)) if problems else found

    def _value(self, kind: DefinitionKind[Any]) -> object:
        documents = read_documents(self.source.folder, kind.folder(self.source.paths))
        if isinstance(documents, Problems):
            return documents
        kept = self._kept[kind.name]
        if kept.documents != documents:
            value = kind.load(documents, self.source, kept.memory)
            kept.memory.forget_all_but(documents)
            kept.documents, kept.value, kept.fitting = documents, value, None
        return kept.value

    def _unfit(self, kind: DefinitionKind[Any]) -> tuple[Problem, ...]:
        kept = self._kept[kind.name]
        if kept.fitting is None:
            kept.fitting = tuple(kind.fit(kept.value, self.source))
        return kept.fitting


def digest_of_files(kind: str, texts: Mapping[str, str], source: DefinitionSource) -> str | None:
    """Return the digest of what files of one kind define, None where there is no such kind or they define nothing."""
    found = next((each for each in KINDS if each.name == kind), None)
    value = None if found is None else found.load(sorted(texts.items()), source, ReadMemory())
    return None if found is None or isinstance(value, Problems) else found.digest(value)


def load_definitions(source: DefinitionSource) -> Definitions | Problems:
    """Load everything once, and remember nothing."""
    return DefinitionLoader(source).load()
