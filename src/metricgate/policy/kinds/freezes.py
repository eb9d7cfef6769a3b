"""Freezes: while one binds, nothing it covers may be changed; reading goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from metricgate.documents import Document
from metricgate.policy.decision_trace import Case, RuleEvaluation, lacking
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.enforcement import Enforcement, JudgedCall, denial
from metricgate.policy.names import for_display
from metricgate.policy.narrowings import Narrowed, NarrowedKey, Narrowing
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.patterns import ANYTHING, LABEL, covers_resource
from metricgate.policy.rule import RuleDefaults
from metricgate.policy.rule_index import PartyIndex
from metricgate.policy.rule_kind import RuleKind, TraceOrder
from metricgate.policy.verdict import VerdictReason
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource, ResourceKind

_NAME = "freeze"
_KINDS = (ResourceKind.DATASET.value, ResourceKind.ACTION.value, LABEL, ANYTHING)
_FROZEN = Narrowing(conditions=frozenset({"nothing may be changed"}))
_HINT = "Reading goes on. Propose the change again when the freeze is lifted; do not keep asking."


class FreezeDocument(Document):
    """A freeze as written."""

    id: str
    roles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    on: tuple[str, ...] = (ANYTHING,)
    because: str
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeRule(RuleDefaults):
    """Holders of any of ``roles``, and whom any of ``targets`` names, change nothing that ``patterns`` cover."""

    id: str
    roles: tuple[str, ...]
    targets: tuple[str, ...]
    patterns: tuple[str, ...]
    because: str
    terms: Terms = ALWAYS
    place: Place = field(compare=False)

    @property
    def binds_by_column(self) -> bool:
        """Whether it may bind a question: questions change nothing."""
        return False

    def named_targets(self) -> tuple[str, ...]:
        """Return whom it names beside roles."""
        return self.targets

    def named_patterns(self) -> tuple[str, ...]:
        """Return what is frozen."""
        return self.patterns

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part on one resource."""
        if resource is None:
            return None
        lacks = lacking(
            role=not case.standing.is_named(self.roles, self.targets),
            action=not case.action.changes,
            resource=not self.covers(resource),
            condition=self.id in case.suspended,
        )
        return case.evaluate(self.id, self.place, kind=_NAME, effect="deny", resource=resource, lacking=lacks)

    def narrowings(self) -> Iterator[Narrowed]:
        """Yield what is frozen."""
        for pattern in self.patterns:
            yield NarrowedKey(_NAME, pattern, self.terms.text), _FROZEN

    def covers(self, resource: Resource) -> bool:
        """Whether it lies on the resource; a column is frozen with its dataset."""
        if any(covers_resource(pattern, resource) for pattern in self.patterns):
            return True
        if resource.kind is not ResourceKind.COLUMN:
            return False
        dataset = Resource(ResourceKind.DATASET, resource.name.partition(".")[0])
        return any(covers_resource(pattern, dataset) for pattern in self.patterns)


def read_freeze(document: FreezeDocument, path: Path, page: ProblemCollector) -> FreezeRule:
    """Return the freeze; what is wrong with it goes to the page."""
    page.check_filled((*document.roles, *document.targets), path, "roles or targets")
    page.check_filled(document.because.strip(), (*path, "because"), "reason")
    page.check_targets(document.targets, (*path, "targets"))
    page.check_filled(document.on, (*path, "on"), "resources")
    page.check_patterns(document.on, (*path, "on"), kinds=_KINDS)
    return FreezeRule(
        id=document.id,
        roles=document.roles,
        targets=document.targets,
        patterns=document.on,
        because=document.because.strip(),
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )


class FreezeEnforcement(Enforcement):
    """Freezes by whom they name."""

    def __init__(self, rules: Sequence[FreezeRule]) -> None:
        self._rules = PartyIndex[FreezeRule](rules)

    def denials(self, call: JudgedCall) -> Iterator[VerdictReason]:
        """Yield what a change may not touch, party by party."""
        if not call.action.changes:
            return
        for standing in call.standings:
            for rule in self._rules.on(standing, call.suspended):
                for resource in call.resources:
                    if rule.covers(resource):
                        what = for_display(f"{standing.party} to {call.action} {resource}")
                        message = f"The freeze {rule.id!r} forbids {what}: {rule.because}"
                        yield denial(rule.id, standing, resource, message, kind=_NAME, hint=_HINT)


FREEZES = RuleKind(
    name=_NAME,
    key="freezes",
    summary="While one binds, nothing that it covers is changed; reading goes on.",
    document=FreezeDocument,
    build=read_freeze,
    enforce=FreezeEnforcement,
    trace=TraceOrder.BY_RESOURCE,
    guards_columns=False,
)
