"""Grants: roles may, or may not, do actions on resources. What no grant allows is denied; a denying one wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.decision_trace import Case, RuleEvaluation, covers_none, lacking
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.patterns import ANYTHING, LABEL, applicable, effective_action, mistake_in
from metricgate.policy.rule import RuleDefaults
from metricgate.policy.rule_kind import RuleKind, TraceOrder
from metricgate.policy.verdict import GRANT
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_OF_COLUMNS = (f"{ResourceKind.COLUMN.value}:", f"{LABEL}:")


class GrantEffect(StrEnum):
    """What a grant does."""

    ALLOW = "allow"
    DENY = "deny"


class GrantDocument(Document):
    """A grant as written."""

    id: str
    roles: tuple[str, ...]
    actions: tuple[Action, ...]
    on: tuple[str, ...]
    effect: GrantEffect = GrantEffect.ALLOW
    because: str = ""
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(RuleDefaults):
    """Holders of any of ``roles`` may (or may not) do any of ``actions`` on what any of ``patterns`` covers."""

    id: str
    roles: tuple[str, ...]
    actions: tuple[Action, ...]
    patterns: tuple[str, ...]
    effect: GrantEffect
    because: str
    terms: Terms = ALWAYS
    place: Place = field(compare=False)

    @property
    def opens(self) -> bool:
        """Whether it allows."""
        return self.effect is GrantEffect.ALLOW

    @property
    def binds_by_column(self) -> bool:
        """Whether it denies by a column that a metric reads."""
        return not self.opens and any(each == ANYTHING or each.startswith(_OF_COLUMNS) for each in self.patterns)

    def named_patterns(self) -> tuple[str, ...]:
        """Return what it allows or denies."""
        return self.patterns

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part on one resource; what is touched only needs no allowing one."""
        if resource is None or (self.opens and resource in case.touched):
            return None
        return case.evaluate(
            self.id,
            self.place,
            kind=GRANT,
            effect=self.effect.value,
            resource=resource,
            lacking=lacking(
                role=case.standing.roles.isdisjoint(self.roles),
                action=effective_action(case.action, resource.kind) not in self.actions,
                resource=covers_none(self.patterns, (resource,)),
                condition=self.id in case.suspended,
            ),
        )


def read_grant(document: GrantDocument, path: Path, page: ProblemCollector) -> Grant:
    """Return the grant; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_filled(document.actions, (*path, "actions"), "actions")
    page.check_filled(document.on, (*path, "on"), "resources")
    page.check_patterns(document.on, (*path, "on"))
    for index, pattern in enumerate(document.on):
        if document.actions and mistake_in(pattern) is None and not applicable(pattern) & set(document.actions):
            wanted = ", ".join(sorted(applicable(pattern)))
            page.report(
                codes.ACTION_NOT_APPLICABLE,
                (*path, "on", index),
                f"None of the actions {', '.join(document.actions)} is ever asked on {pattern!r}.",
                f"Add one of: {wanted}; or remove {pattern!r} from this rule.",
            )
    return Grant(
        id=document.id,
        roles=document.roles,
        actions=document.actions,
        patterns=document.on,
        effect=document.effect,
        because=document.because,
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )


GRANTS = RuleKind(
    name=GRANT,
    key="grants",
    summary="Roles may, or may not, do actions on resources. What no grant allows is denied.",
    document=GrantDocument,
    build=read_grant,
    trace=TraceOrder.AMONG_GRANTS,
)
"""Their rulings come from the role book; compared as rights: ``policy/judge.py``, ``policy/policy_index.py``."""
