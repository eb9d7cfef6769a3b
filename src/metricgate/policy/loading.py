"""Policy documents -> one immutable ``Policy``, or everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from metricgate.documents import Read, in_order
from metricgate.documents.composing import Limits
from metricgate.documents.memory import ReadMemory
from metricgate.policy.cases import read_case
from metricgate.policy.checking import check_against
from metricgate.policy.consistency import check_together
from metricgate.policy.documents import PolicyDocument
from metricgate.policy.kinds.domains import read_domain
from metricgate.policy.kinds.freezes import read_freeze
from metricgate.policy.kinds.grants import read_grant
from metricgate.policy.kinds.holds import read_hold
from metricgate.policy.kinds.limits import read_limit
from metricgate.policy.kinds.masks import read_mask
from metricgate.policy.kinds.minimum_groups import read_minimum_group
from metricgate.policy.kinds.principals import read_principal
from metricgate.policy.kinds.roles import read_role
from metricgate.policy.kinds.row_filters import read_row_filter
from metricgate.policy.kinds.stops import read_stop
from metricgate.policy.page import Page, Path
from metricgate.policy.policy import Policy
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

__all__ = ["check_against", "load"]

Written = TypeVar("Written")
Meant = TypeVar("Meant")


def load(
    documents: Sequence[tuple[str, str]], *, limits: Limits | None = None, memory: ReadMemory | None = None
) -> Policy | Problems:
    """Return the policy that all documents make together; with no document, one that grants nothing.

    Args:
        documents: (file name as people should see it, YAML text). Their order does not matter: file names decide.
        limits: of size and nesting of one document.
        memory: files as they were read before.
    """
    memory = memory or ReadMemory()
    reads: list[Read[PolicyDocument]] = []
    problems: list[Problem] = []
    for name, text in sorted(documents):
        document = memory.read(name, text, PolicyDocument, limits=limits)
        if isinstance(document, Problems):
            problems.extend(document)
        else:
            reads.append(document)
    policy, pages = _assembled(reads)
    problems.extend(chain.from_iterable(page.problems for page in pages))
    # A file that could not be read may declare what the others name: only a complete set is checked for that.
    if len(reads) == len(documents):
        problems.extend(check_together(policy))
    return Problems(in_order(problems)) if problems else policy


def _assembled(reads: Sequence[Read[PolicyDocument]]) -> tuple[Policy, list[Page]]:
    files = [(read.value, Page(place=read.place)) for read in reads]
    policy = Policy(
        roles=_each(files, "roles", lambda document: document.roles, read_role),
        principals=_each(files, "principals", lambda document: document.principals, read_principal),
        domains=_each(files, "domains", lambda document: document.domains, read_domain),
        grants=_each(files, "grants", lambda document: document.grants, read_grant),
        row_filters=_there(_each(files, "row_filters", lambda document: document.row_filters, read_row_filter)),
        masks=_each(files, "masks", lambda document: document.masks, read_mask),
        minimum_groups=_each(files, "minimum_groups", lambda document: document.minimum_groups, read_minimum_group),
        limits=_each(files, "limits", lambda document: document.limits, read_limit),
        freezes=_each(files, "freezes", lambda document: document.freezes, read_freeze),
        stops=_each(files, "stops", lambda document: document.stops, read_stop),
        holds=_each(files, "holds", lambda document: document.holds, read_hold),
        tests=_there(_each(files, "tests", lambda document: document.tests, read_case)),
        digest=_digest([document for document, _page in files]),
    )
    return policy, [page for _document, page in files]


def _each(
    files: Sequence[tuple[PolicyDocument, Page]],
    name: str,
    listed: Callable[[PolicyDocument], Sequence[Written]],
    understood: Callable[[Written, Path, Page], Meant],
) -> tuple[Meant, ...]:
    """Read every item of one list of the files, with its place in its file."""
    return tuple(
        understood(each, (name, at), page) for document, page in files for at, each in enumerate(listed(document))
    )


def _there(found: Sequence[Meant | None]) -> tuple[Meant, ...]:
    return tuple(each for each in found if each is not None)


def _digest(documents: Sequence[PolicyDocument]) -> str:
    """Digest what is in force, kind by kind, so that neither tests nor the division into files count."""
    kinds = [name for name in PolicyDocument.model_fields if name not in {"version", "tests"}]
    written = [document.model_dump(mode="json", exclude={"version", "tests"}) for document in documents]
    rules: dict[str, Json] = {kind: list(_all_of(kind, written)) for kind in kinds}
    return digest_of(rules)


def _all_of(kind: str, written: Sequence[dict[str, list[Json]]]) -> Iterator[Json]:
    for document in written:
        yield from document[kind]
