"""Tests that stand beside the rules: as whom, doing what, on what, and what is expected."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import Field, StrictBool

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.kinds.limits import Count, Seconds
from metricgate.policy.kinds.roles import AttributesDocument, read_attributes
from metricgate.policy.names import mistake_in_party
from metricgate.policy.page import Page, Path
from metricgate.policy.patterns import well_formed
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


class LimitsDocument(Document):
    """The limits that a test expects in force."""

    rows: Count | None = None
    seconds: Seconds | None = None
    bytes: Count | None = None


class CaseDocument(Document):
    """A test as written."""

    name: str
    as_: CallerDocument = Field(alias="as")
    do: Action
    on: tuple[str, ...]
    expect: Decision
    rules: tuple[str, ...] = ()
    row_filters: tuple[str, ...] | None = None
    limits: LimitsDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """One test.

    Attributes:
        rules: ids that the verdict must name; it may name more.
        row_filters: ids of all row filters that must bind, no more and no fewer; None where the test does not say.
        limits: sorted (``rows``, ``seconds`` or ``bytes``, value) pairs that must be in force.
    """

    name: str
    principal: Principal
    action: Action
    resources: tuple[Resource, ...]
    expect: Decision
    rules: tuple[str, ...]
    row_filters: tuple[str, ...] | None
    limits: tuple[tuple[str, float], ...]
    place: Place = field(compare=False)


def read_case(document: CaseDocument, path: Path, page: Page) -> PolicyTest | None:
    """Return the test, or None; what is wrong with it goes to the page."""
    page.check_filled(document.on, (*path, "on"), "resources")
    resources = [read_resource(text) for text in document.on]
    for index, resource in enumerate(resources):
        if resource is None:
            page.report(
                codes.BAD_PATTERN,
                (*path, "on", index),
                f"{document.on[index]!r} is not one resource.",
                "A test asks about single things: `metric:sales.revenue`, `tool:query_metrics`.",
            )
    principal = _principal(document.as_, (*path, "as"), page)
    if principal is None or None in resources:
        return None
    limits = document.limits or LimitsDocument()
    wanted = (("bytes", limits.bytes), ("rows", limits.rows), ("seconds", limits.seconds))
    return PolicyTest(
        name=document.name,
        principal=principal,
        action=document.do,
        resources=tuple(resource for resource in resources if resource is not None),
        expect=document.expect,
        rules=document.rules,
        row_filters=document.row_filters,
        limits=tuple((name, value) for name, value in wanted if value is not None),
        place=page.place(path),
    )


def read_resource(text: str) -> Resource | None:
    """Return the resource that ``kind:name`` names, or None if it names none."""
    kind, _colon, name = text.partition(":")
    if kind not in tuple(ResourceKind):
        return None
    resource = Resource(ResourceKind(kind), name)
    return resource if well_formed(resource) else None


def _principal(document: CallerDocument, path: Path, page: Page) -> Principal | None:
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
