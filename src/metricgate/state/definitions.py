"""Definitions that came into force, by digest, with their content: what a number of last year was made by can be read.

The record names digests. Here stand the files that they are of, for as long as the state is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

DEFINITIONS = "definitions"
"""What ``ProjectState.kept`` calls them."""


class DefinitionsNotKept(Exception):
    """Published definitions cannot be kept or read; what cannot be kept must not come into force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Definitions of one kind that came into force.

    Attributes:
        kind: ``models``, ``policies`` or ``actions``.
        digest: equal for definitions that mean the same; what the record names.
        published_at: seconds since 1970 at which they came into force for the first time.
        files: how many files they are.
    """

    kind: str
    digest: str
    published_at: float
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFiles:
    """The files of one publication, as they were when it came into force for the first time.

    Attributes:
        texts: name, relative to the project's folder -> text.
        erased: names of files of which something was erased since, so that the digest is theirs no more.
    """

    publication: Publication
    texts: Mapping[str, str]
    erased: frozenset[str] = frozenset()


class PublishedDefinitions(Protocol):
    """Where they are kept. Durable when a method returns; safe from several threads and processes.

    Every method raises ``DefinitionsNotKept`` where they cannot be read or written.
    """

    def keep(self, kind: str, digest: str, texts: Mapping[str, str], *, at: float) -> None:
        """Keep what comes into force; a digest that is kept already stays with the content and time it has.

        Args:
            kind: of definitions.
            digest: of what the files define.
            texts: name of a file, relative to the project's folder -> its text.
            at: seconds since 1970.
        """
        ...

    def find(self, kind: str, digest: str) -> PublishedFiles | None:
        """Return the files that were published under a digest, None where none were."""
        ...

    def list(self, kind: str | None = None) -> Sequence[Publication]:
        """Return what came into force, of one kind or of all, the newest first."""
        ...

    def close(self) -> None:
        """Let them go."""
        ...
