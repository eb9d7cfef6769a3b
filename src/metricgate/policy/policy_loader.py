"""Policy documents -> one immutable ``Policy``, or everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from metricgate.documents import Read, in_order
from metricgate.documents.memory import ReadMemory
from metricgate.documents.yaml_composer import DocumentLimits
from metricgate.policy.cases import read_case
from metricgate.policy.catalog_check import check_against
from metricgate.policy.consistency import check_together
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.documents import TESTS, PolicyDocument
from metricgate.policy.kinds.domains import read_domain
from metricgate.policy.kinds.principals import read_principal
from metricgate.policy.kinds.roles import read_role
from metricgate.policy.policy import Policy
from metricgate.policy.rule_kinds import BUILT_IN, RuleKinds
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

__all__ = ["check_against", "load"]

Meant = TypeVar("Meant")

_ALWAYS_DIGESTED = frozenset(
    {
        *("roles", "principals", "domains"),
        *("grants", "row_filters", "masks", "minimum_groups", "limits", "freezes", "stops", "holds"),
    }
)
"""The lists that stand in a policy's digest even where they are empty: its form, on which records and approvals rely.

Never changed: any other list stands in it only where something is written in it.
"""


def load(
    documents: Sequence[tuple[str, str]],
    kinds: RuleKinds = BUILT_IN,
    *,
    limits: DocumentLimits | None = None,
    memory: ReadMemory | None = None,
) -> Policy | Problems:
    """Return the policy that all documents make together; with no document, one that grants nothing.

    Args:
        documents: (file name as people should see it, YAML text). Their order does not matter: file names decide.
        kinds: of rules that they may have.
        limits: of size and nesting of one document.
        memory: files as they were read before.
    """
    memory = memory or ReadMemory()
    reads: list[Read[PolicyDocument]] = []
    problems: list[Problem] = []
    for name, text in sorted(documents):
        document = memory.read(name, text, kinds.file, limits=limits)
        if isinstance(document, Problems):
            problems.extend(document)
        else:
            reads.append(document)
    policy, pages = _assembled(reads, kinds)
    problems.extend(chain.from_iterable(page.problems for page in pages))
    # A file that could not be read may declare what the others name: only a complete set is checked for that.
    if len(reads) == len(documents):
        problems.extend(check_together(policy))
    return Problems(in_order(problems)) if problems else policy


def _assembled(reads: Sequence[Read[PolicyDocument]], kinds: RuleKinds) -> tuple[Policy, list[ProblemCollector]]:
    files = [(read.value, ProblemCollector(place=read.place)) for read in reads]
    policy = Policy(
        roles=_each(files, "roles", read_role),
        principals=_each(files, "principals", read_principal),
        domains=_each(files, "domains", read_domain),
        by_kind={kind: _each(files, kind.key, kind.build) for kind in kinds.kinds},
        tests=_each(files, TESTS, partial(read_case, kinds=kinds.kinds)),
        digest=_policy_digest([document for document, _page in files], kinds),
    )
    return policy, [page for _document, page in files]


def _each(
    files: Sequence[tuple[PolicyDocument, ProblemCollector]],
    key: str,
    build: Callable[[Any, Path, ProblemCollector], Meant | None],
) -> tuple[Meant, ...]:
    """Build every item of one list of the files, with its place in its file; what cannot be built is left out."""
    return tuple(
        built
        for document, page in files
        for at, each in enumerate(getattr(document, key))
        if (built := build(each, (key, at), page)) is not None
    )


def _policy_digest(documents: Sequence[PolicyDocument], kinds: RuleKinds) -> str:
    """Digest what is in force, kind by kind, so that neither tests nor the division into files count.

    Nor does a kind beside the first ones that no rule is of: to add it, here or by a package, changes nothing in force.
    """
    keys = [key for key in kinds.file.model_fields if key not in {"version", TESTS}]
    written = [document.model_dump(mode="json", exclude={"version", TESTS}) for document in documents]
    rules: dict[str, Json] = {key: list(_all_of(key, written)) for key in keys}
    return digest_of({key: each for key, each in rules.items() if each or key in _ALWAYS_DIGESTED})


def _all_of(key: str, written: Sequence[dict[str, list[Json]]]) -> Iterator[Json]:
    for document in written:
        yield from document[key]
