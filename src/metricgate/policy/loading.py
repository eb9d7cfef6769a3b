"""Policy documents -> one immutable ``Policy``, or everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from metricgate.documents import Read, in_order, read
from metricgate.documents.composing import Limits
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
from metricgate.policy.page import Page
from metricgate.policy.policy import Policy
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

__all__ = ["check_against", "load"]


def load(documents: Sequence[tuple[str, str]], *, limits: Limits | None = None) -> Policy | Problems:
    """Return the policy that all documents make together; with no document, one that grants nothing.

    Args:
        documents: (file name as people should see it, YAML text). Their order does not matter: file names decide.
        limits: of size and nesting of one document.
    """
    reads: list[Read[PolicyDocument]] = []
    problems: list[Problem] = []
    for name, text in sorted(documents):
        document = read(name, text, PolicyDocument, limits=limits)
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
    filters = [
        read_row_filter(each, ("row_filters", index), page)
        for document, page in files
        for index, each in enumerate(document.row_filters)
    ]
    tests = [
        read_case(each, ("tests", index), page) for document, page in files for index, each in enumerate(document.tests)
    ]
    policy = Policy(
        roles=tuple(
            read_role(each, ("roles", index), page)
            for document, page in files
            for index, each in enumerate(document.roles)
        ),
        principals=tuple(
            read_principal(each, ("principals", index), page)
            for document, page in files
            for index, each in enumerate(document.principals)
        ),
        domains=tuple(
            read_domain(each, ("domains", index), page)
            for document, page in files
            for index, each in enumerate(document.domains)
        ),
        grants=tuple(
            read_grant(each, ("grants", index), page)
            for document, page in files
            for index, each in enumerate(document.grants)
        ),
        row_filters=tuple(each for each in filters if each is not None),
        masks=tuple(
            read_mask(each, ("masks", index), page)
            for document, page in files
            for index, each in enumerate(document.masks)
        ),
        minimum_groups=tuple(
            read_minimum_group(each, ("minimum_groups", index), page)
            for document, page in files
            for index, each in enumerate(document.minimum_groups)
        ),
        limits=tuple(
            read_limit(each, ("limits", index), page)
            for document, page in files
            for index, each in enumerate(document.limits)
        ),
        freezes=tuple(
            read_freeze(each, ("freezes", index), page)
            for document, page in files
            for index, each in enumerate(document.freezes)
        ),
        stops=tuple(
            read_stop(each, ("stops", index), page)
            for document, page in files
            for index, each in enumerate(document.stops)
        ),
        holds=tuple(
            read_hold(each, ("holds", index), page)
            for document, page in files
            for index, each in enumerate(document.holds)
        ),
        tests=tuple(each for each in tests if each is not None),
        digest=_digest([document for document, _page in files]),
    )
    return policy, [page for _document, page in files]


def _digest(documents: Sequence[PolicyDocument]) -> str:
    """Digest what is in force, kind by kind, so that neither tests nor the division into files count."""
    kinds = [name for name in PolicyDocument.model_fields if name not in {"version", "tests"}]
    written = [document.model_dump(mode="json", exclude={"version", "tests"}) for document in documents]
    rules: dict[str, Json] = {kind: list(_all_of(kind, written)) for kind in kinds}
    return digest_of(rules)


def _all_of(kind: str, written: Sequence[dict[str, list[Json]]]) -> Iterator[Json]:
    for document in written:
        yield from document[kind]
