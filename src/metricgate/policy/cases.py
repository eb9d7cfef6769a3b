"""Tests that stand beside the rules: as whom, doing what, on what, and what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import Field, StrictBool, create_model

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.change_cases import ApprovalsCaseDocument, StakesCaseDocument, read_stakes
from metricgate.policy.change_profile import ChangeProfile
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.kinds.roles import AttributesDocument, read_attributes
from metricgate.policy.names import mistake_in_party
from metricgate.policy.occasion import EvaluationContext, read_moment
from metricgate.policy.patterns import well_formed
from metricgate.policy.rule_kind import AnyKind
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_METHOD = "policy_test"


class CallerDocument(Document):
    """Who asks in a test. ``groups`` and ``attributes`` are what the credential proves, of the user if there is one."""

    agent: str
    user: str | None = None
    asserted: StrictBool = False
    groups: tuple[str, ...] = ()
    attributes: AttributesDocument = Field(default_factory=dict)


class CaseHeadDocument(Document):
    """A test as written, before what it says of kinds of rules: keys are told in this order."""

    name: str
    as_: CallerDocument = Field(alias="as")
    do: Action
    on: tuple[str, ...]
    expect: Decision
    rules: tuple[str, ...] = ()


class CaseTailDocument(Document):
    """A test as written, after what it says of kinds of rules."""

    touching: tuple[str, ...] = ()
    labels: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    purpose: str | None = None
    at: str | None = None
    stakes: StakesCaseDocument | None = None
    approvals: ApprovalsCaseDocument | None = None


class CaseDocument(CaseTailDocument, CaseHeadDocument):
    """A test as written."""


def case_document(kinds: Sequence[AnyKind]) -> type[CaseDocument]:
    """Return the form of tests that may say what they expect of these kinds, each under its key."""
    keys: dict[str, Any] = {kind.key: (kind.expects.form | None, None) for kind in kinds if kind.expects is not None}
    bases: Any = (CaseDocument, create_model("ExpectingCaseDocument", __base__=CaseHeadDocument, **keys))
    return cast("type[CaseDocument]", create_model("CaseDocument", __base__=bases, __doc__=CaseDocument.__doc__))


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """One test.

    Attributes:
        rules: ids that the verdict must name; it may name more.
        expected: what the test says of kinds of rules, each in the words of the kind's ``expects``.
        touching: what is touched without needing a grant.
        labels: (resource as ``kind:name``, its labels), for those that the test names.
        circumstances: purpose and time of the call.
        stakes: of a change: what its rehearsal is supposed to have told; None where only the right is judged.
        approvals: what a hold must demand, as far as the test says.
    """

    name: str
    principal: Principal
    action: Action
    resources: tuple[Resource, ...]
    expect: Decision
    rules: tuple[str, ...]
    expected: tuple[tuple[AnyKind, Any], ...]
    touching: tuple[Resource, ...]
    labels: tuple[tuple[str, tuple[str, ...]], ...]
    circumstances: EvaluationContext
    stakes: ChangeProfile | None = None
    approvals: ApprovalsCaseDocument | None = None
    place: Place = field(compare=False)

    @property
    def named_rules(self) -> tuple[str, ...]:
        """The ids of rules that it names, wherever."""
        found = list(self.rules)
        for kind, written in self.expected:
            if kind.expects is not None:
                found += kind.expects.rules(written)
        return tuple(found)


def read_case(
    document: CaseDocument, path: Path, page: ProblemCollector, kinds: Sequence[AnyKind]
) -> PolicyTest | None:
    """Return the test, or None; what is wrong with it goes to the page. ``kinds``: of which it may expect something."""
    page.check_filled(document.on, (*path, "on"), "resources")
    resources = _read_resources(document.on, (*path, "on"), page)
    touching = _read_resources(document.touching, (*path, "touching"), page)
    _read_resources(tuple(document.labels), (*path, "labels"), page)
    principal = _principal(document.as_, (*path, "as"), page)
    now = None if document.at is None else read_moment(document.at, (*path, "at"), page)
    stakes = read_stakes(document.stakes, document.do, document.on, now)
    _check_change(document, path, page)
    if principal is None:
        return None
    return PolicyTest(
        name=document.name,
        principal=principal,
        action=document.do,
        resources=resources,
        expect=document.expect,
        rules=document.rules,
        expected=tuple((kind, written) for kind in kinds if (written := getattr(document, kind.key, None)) is not None),
        touching=touching,
        labels=tuple(sorted(document.labels.items())),
        circumstances=EvaluationContext(purpose=document.purpose, now=now),
        stakes=stakes,
        approvals=document.approvals,
        place=page.place(path),
    )


def _check_change(document: CaseDocument, path: Path, page: ProblemCollector) -> None:
    """Report stakes where nothing changes, and demands where nothing is held."""
    if document.stakes is not None and not document.do.changes:
        message = f"`{document.do}` changes nothing, so that nothing is at stake."
        page.report(codes.BAD_TEST, (*path, "stakes"), message, codes.BAD_TEST.cure)
    held = document.stakes is not None and document.expect is Decision.HOLD
    if document.approvals is not None and not held:
        message = "Approvals are looked at where `stakes` are given and `hold` is expected."
        page.report(codes.BAD_TEST, (*path, "approvals"), message, codes.BAD_TEST.cure)


def _read_resources(texts: tuple[str, ...], path: Path, page: ProblemCollector) -> tuple[Resource, ...]:
    found: list[Resource] = []
    for index, text in enumerate(texts):
        resource = read_resource(text)
        if resource is None:
            page.report(
                codes.BAD_PATTERN,
                (*path, index),
                f"{text!r} is not one resource.",
                "A test asks about single things: `metric:sales.revenue`, `tool:query_metrics`, "
                "`column:customers.email`.",
            )
        else:
            found.append(resource)
    return tuple(found)


def read_resource(text: str) -> Resource | None:
    """Return the resource that ``kind:name`` names, or None if it names none."""
    kind, _colon, name = text.partition(":")
    if kind not in tuple(ResourceKind):
        return None
    resource = Resource(ResourceKind(kind), name)
    return resource if well_formed(resource) else None


def _principal(document: CallerDocument, path: Path, page: ProblemCollector) -> Principal | None:
    attributes = read_attributes(document.attributes, (*path, "attributes"), page)
    wrong = False
    for name, kind in (("agent", document.agent), ("user", document.user)):
        mistake = None if kind is None else mistake_in_party(f"{name}:{kind}")
        if mistake is not None:
            page.report(codes.BAD_PARTY, (*path, name), mistake, "Write the bare id here, without its kind.")
            wrong = True
    if wrong:
        return None
    if document.user is None:
        agent = Identity(
            id=document.agent,
            proof=Proof.VERIFIED,
            method=_METHOD,
            groups=document.groups,
            attributes=attributes,
        )
        return Principal(agent=agent)
    user = Identity(
        id=document.user,
        proof=Proof.ASSERTED if document.asserted else Proof.VERIFIED,
        method=_METHOD,
        groups=document.groups,
        attributes=attributes,
    )
    return Principal(agent=Identity(id=document.agent, proof=Proof.VERIFIED, method=_METHOD), user=user)
