"""Definitions that came into force, for auditors: which there were, and the files that they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from metricgate.definitions.codes import UNREADABLE
from metricgate.operations import codes
from metricgate.state.definitions import DEFINITIONS, DefinitionsNotKept, Publication, PublishedFiles
from metricgate.state.state import ProjectState
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem, Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPublication:
    """The files of a publication, and whether they are what its digest says.

    Attributes:
        agrees: whether this release reads from them definitions of this digest. Not where something was erased since,
            or where a later release reads the same words as something else.
    """

    files: PublishedFiles
    agrees: bool


_PREFIX = "sha256:"
_SHORTEST = 8
"""So many characters of a digest may stand for it, if they stand for one only."""


def list_publications(state: ProjectState, kind: str | None = None) -> Sequence[Publication] | Problems:
    """Return what came into force, of one kind or of all, the newest first; none before a gateway first ran."""
    if DEFINITIONS not in state.existing_stores():
        return ()
    try:
        with closing(state.definitions()) as kept:
            return kept.list(kind)
    except DefinitionsNotKept as error:
        return _definitions_unreadable(error)


def find_publication(
    state: ProjectState, digest: str, kind: str | None, digest_of: Callable[[str, Mapping[str, str]], str | None]
) -> FoundPublication | Problems:
    """Return the files that were published under a digest, and whether they still give it.

    Args:
        state: of the project.
        digest: as the record has it, or its first characters, eight at least.
        kind: ``models``, ``policies`` or ``actions``, where one digest could stand for several.
        digest_of: kind, name of a file -> its text -> the digest of what they define, None where they define nothing.
    """
    found = list_publications(state, kind)
    if isinstance(found, Problems):
        return found
    meant = [each for each in found if each.digest == digest or _abbreviates(digest, each.digest)]
    if len(meant) != 1:
        return _no_such_definitions(digest, found, meant)
    try:
        with closing(state.definitions()) as kept:
            files = kept.find(meant[0].kind, meant[0].digest)
    except DefinitionsNotKept as error:
        return _definitions_unreadable(error)
    if files is None:
        return _no_such_definitions(digest, found, ())
    return FoundPublication(files=files, agrees=digest_of(meant[0].kind, files.texts) == meant[0].digest)


def _definitions_unreadable(error: DefinitionsNotKept) -> Problems:
    return Problems((Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure),))


def _abbreviates(start: str, digest: str) -> bool:
    start, digest = start.removeprefix(_PREFIX), digest.removeprefix(_PREFIX)
    return len(start) >= _SHORTEST and digest.startswith(start)


def _no_such_definitions(digest: str, known: Sequence[Publication], meant: Sequence[Publication]) -> Problems:
    code = codes.NO_SUCH_DEFINITIONS
    if meant:
        names = ", ".join(f"{each.kind} {each.digest}" for each in meant)
        return Problems((Problem(code=code, message=f"{digest!r} stands for {names}.", hint="Name one of them."),))
    hint = did_you_mean(digest, [each.digest for each in known]) or code.cure
    return Problems((Problem(code=code, message=f"No definitions of digest {digest!r} were published.", hint=hint),))
