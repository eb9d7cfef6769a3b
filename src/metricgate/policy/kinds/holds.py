"""Holds: changes that wait for people, which, for whom, for how many and for how long.

Every hold that binds counts: the most approvals, everybody's roles, all that must be apart, the shortest time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from metricgate.documents import Document
from metricgate.policy.change_profile import ChangeProfile
from metricgate.policy.decision_trace import Case, RuleEvaluation, covers_none, lacking
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.enforcement import ChangeUnderJudgement, Enforcement, Hold
from metricgate.policy.narrowings import Narrowed, NarrowedKey, Narrowing
from metricgate.policy.occasion import OccasionDocument, Terms, read_terms
from metricgate.policy.patterns import covers_resource
from metricgate.policy.rule import RuleDefaults
from metricgate.policy.rule_kind import RuleKind
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource

_NAME = "hold"
_UNDO = "undo"
Verb = Literal["insert", "update", "delete", "truncate", "drop", "alter", "execute", "undo"]
Apart = Literal["requester", "owner"]
Level = Literal["R0", "R1", "R2", "R3", "R4"]


class StakesDocument(Document):
    """What must be true of a change for a hold to bind; all that is given."""

    rows_over: Annotated[StrictInt, Field(ge=0)] | None = None
    risk_over: Annotated[StrictInt, Field(ge=0, le=100)] | None = None
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    reversibility: tuple[Level, ...] = ()
    environments: tuple[str, ...] = ()
    changes_lately_over: Annotated[StrictInt, Field(ge=0)] | None = None


class ApprovalsDocument(Document):
    """Who decides."""

    count: Annotated[StrictInt, Field(ge=1, le=5)] = 1
    roles: tuple[str, ...] = ()
    apart: tuple[Apart, ...] = ("requester", "owner")
    within_minutes: Annotated[StrictInt, Field(ge=1, le=10_080)] = 15


class HoldDocument(Document):
    """A hold as written."""

    id: str
    roles: tuple[str, ...]
    on: tuple[str, ...]
    actions: tuple[Verb, ...] = ()
    stakes: StakesDocument = Field(default_factory=StakesDocument)
    approvals: ApprovalsDocument = Field(default_factory=ApprovalsDocument)
    because: str = ""
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRule(RuleDefaults):
    """Changes by holders of any of ``roles``, of what any of ``patterns`` covers, wait where ``stakes`` fit."""

    id: str
    roles: tuple[str, ...]
    patterns: tuple[str, ...]
    actions: tuple[str, ...]
    stakes: StakesDocument
    approvals: int
    approver_roles: tuple[str, ...]
    apart: tuple[str, ...]
    seconds: int
    because: str
    terms: Terms
    place: Place = field(compare=False)

    @property
    def binds_by_column(self) -> bool:
        """Whether it may bind a question: questions are not held."""
        return False

    def named_roles(self) -> tuple[str, ...]:
        """Return whose changes it holds and who decides."""
        return (*self.roles, *self.approver_roles)

    def named_patterns(self) -> tuple[str, ...]:
        """Return what it holds changes of."""
        return self.patterns

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part in a change; whether one that applies binds depends on its stakes: a rehearsal tells."""
        if resource is not None or not case.action.changes:
            return None
        lacks = lacking(
            role=case.standing.roles.isdisjoint(self.roles),
            action=bool(self.actions) and case.action.value not in self.actions,
            resource=covers_none(self.patterns, case.resources),
            condition=self.id in case.suspended,
        )
        return case.evaluate(
            self.id, self.place, kind=_NAME, effect="hold", resource=None, lacking=lacks, stakes=self.stakes_text
        )

    def narrowings(self) -> Iterator[Narrowed]:
        """Yield which changes wait, and for whom."""
        what = f"{' or '.join(self.actions) or 'any change'} held for {self.demand_text}"
        said = f"{what} where {self.stakes_text}" if self.stakes_text else what
        for pattern in self.patterns:
            yield NarrowedKey(_NAME, pattern, self.terms.text), Narrowing(conditions=frozenset({said}))

    @property
    def stakes_text(self) -> str:
        """What must be true of a change for the rule to bind, in words; empty where it always does."""
        wanted = self.stakes
        parts = [
            f"{words} {value:,}"
            for words, value in (
                ("rows over", wanted.rows_over),
                ("risk over", wanted.risk_over),
                ("changes lately over", wanted.changes_lately_over),
            )
            if value is not None
        ]
        parts += [
            f"{words} {' or '.join(values)}"
            for words, values in (
                ("labels", wanted.labels),
                ("columns", wanted.columns),
                ("reversibility", wanted.reversibility),
                ("environment", wanted.environments),
            )
            if values
        ]
        return ", ".join(parts)

    @property
    def demand_text(self) -> str:
        """Who decides, in words."""
        who = f"{self.approvals} of {' or '.join(self.approver_roles)}" if self.approver_roles else f"{self.approvals}"
        apart = f", apart from {' and '.join(self.apart)}" if self.apart else ""
        return f"{who} within {self.seconds // 60:,} minutes{apart}"

    def why(self, stakes: ChangeProfile, resources: tuple[Resource, ...], risk: int) -> str | None:
        """Return why the rule binds a change, in a few words, or None where it does not."""
        if self.actions and not set(self.actions) & set(stakes.verbs):
            return None
        if not any(covers_resource(pattern, each) for pattern in self.patterns for each in resources):
            return None
        wanted, said = self.stakes, []
        for fits, words in (
            (_exceeds(stakes.rows, wanted.rows_over), f"{stakes.rows:,} rows"),
            (_exceeds(risk, wanted.risk_over), f"risk {risk}"),
            (
                _exceeds(stakes.past.changes_lately, wanted.changes_lately_over),
                f"{stakes.past.changes_lately} changes lately",
            ),
            (_any(wanted.labels, stakes.labels), f"labels {', '.join(stakes.labels)}"),
            (_any(wanted.columns, stakes.columns), f"columns {', '.join(stakes.columns)}"),
            (_any(wanted.reversibility, (stakes.reversibility,)), f"reversibility {stakes.reversibility}"),
            (_any(wanted.environments, (stakes.environment,)), f"environment {stakes.environment}"),
        ):
            if fits is False:
                return None
            if fits:
                said.append(words)
        return ", ".join(said) or "what it changes"


def _exceeds(value: int, most: int | None) -> bool | None:
    return None if most is None else value > most


def _any(wanted: tuple[str, ...], found: tuple[str, ...]) -> bool | None:
    return None if not wanted else not set(wanted).isdisjoint(found)


def read_hold(document: HoldDocument, path: Path, page: ProblemCollector) -> HoldRule:
    """Return the hold; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_filled(document.on, (*path, "on"), "resources")
    page.check_patterns(document.on, (*path, "on"))
    approvals = document.approvals
    return HoldRule(
        id=document.id,
        roles=document.roles,
        patterns=document.on,
        actions=tuple(document.actions),
        stakes=document.stakes,
        approvals=approvals.count,
        approver_roles=approvals.roles,
        apart=tuple(approvals.apart),
        seconds=approvals.within_minutes * 60,
        because=document.because,
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )


class HoldEnforcement(Enforcement):
    """Holds in their order: a policy has few of them."""

    def __init__(self, rules: Sequence[HoldRule]) -> None:
        self._rules = tuple(rules)

    def holds(self, change: ChangeUnderJudgement) -> Iterator[Hold]:
        """Yield the holds that bind, and why; a person's undo is held by those that name it."""
        for rule in self._rules:
            if change.undo and _UNDO not in rule.actions:
                continue
            if rule.id in change.suspended or change.roles.isdisjoint(rule.roles):
                continue
            why = rule.why(change.stakes, change.resources, change.risk)
            if why is not None:
                yield Hold(
                    rule=rule.id,
                    why=why,
                    because=rule.because,
                    approvals=rule.approvals,
                    approver_roles=rule.approver_roles,
                    apart=rule.apart,
                    seconds=rule.seconds,
                )


HOLDS = RuleKind(
    name=_NAME,
    key="holds",
    summary="Changes of a role's holders wait until people approve, by what the changes are.",
    document=HoldDocument,
    build=read_hold,
    enforce=HoldEnforcement,
    guards_columns=False,
)
