"""What the rules of one kind do to calls and changes: deny, oblige, hold.

A kind denies before grants are asked, obliges what is allowed, and holds changes that may be proposed. What it obliges
is made of the parts that whoever makes SQL knows; parts of several kinds go together, and the strictest holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, NamedTuple

from metricgate.policy.change_profile import ChangeProfile
from metricgate.policy.patterns import candidates
from metricgate.policy.resolved_subject import Standing
from metricgate.policy.rule_index import Suspended
from metricgate.policy.verdict import Decision, VerdictReason
from metricgate.vocabulary.obligation import Budget, Limit, Mask, MinimumGroup, RowFilter
from metricgate.vocabulary.problem import Code
from metricgate.vocabulary.resource import Action, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCall:
    """A call under judgement.

    Attributes:
        standings: of the agent and, where there is one, of the user.
        resources: everything that is named or touched, each once.
        suspended: ids of the rules that are not in force.
        covering: each resource with every pattern that covers it.
        patterns: every pattern that covers any resource.
    """

    standings: Sequence[Standing]
    action: Action
    resources: Sequence[Resource]
    suspended: Suspended
    covering: Sequence[tuple[Resource, tuple[str, ...]]]
    patterns: AbstractSet[str]

    @classmethod
    def of(
        cls, standings: Sequence[Standing], action: Action, resources: Sequence[Resource], suspended: Suspended
    ) -> JudgedCall:
        """Return the call with the patterns that cover its resources."""
        covering = [(resource, candidates(resource)) for resource in resources]
        return cls(
            standings=standings,
            action=action,
            resources=resources,
            suspended=suspended,
            covering=covering,
            patterns={pattern for _resource, patterns in covering for pattern in patterns},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUnderJudgement:
    """A change under judgement, which its proposer has the right to propose.

    Attributes:
        roles: of the agent and the user together; of the person who takes a change back.
        stakes: what the rehearsal and the past tell.
        resources: what changes.
        risk: 0 to 100.
        suspended: ids of the rules that are not in force.
        undo: a person takes a change back: only rules that say so by name hold it.
    """

    roles: frozenset[str]
    stakes: ChangeProfile
    resources: tuple[Resource, ...]
    risk: int
    suspended: Suspended
    undo: bool = False


CallSort = Literal["rows", "bytes", "seconds"]
"""What the calls of a party may be limited in, one by one."""


class CallLimit(NamedTuple):
    """The most of a sort that one call may take."""

    sort: CallSort
    limit: Limit


class Obligation(NamedTuple):
    """One part of what an allowed call owes, and why."""

    part: RowFilter | Mask | MinimumGroup | CallLimit | Budget
    reason: VerdictReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One rule that holds a change.

    Attributes:
        why: what binds it, in a few words.
        because: the rule's own reason; empty where it has none.
        approvals: how many people decide.
        approver_roles: of which roles; of any where empty.
        apart: who may not be among them: ``requester``, ``owner``.
        seconds: within which they decide.
    """

    rule: str
    why: str
    because: str
    approvals: int
    approver_roles: tuple[str, ...]
    apart: tuple[str, ...]
    seconds: int


class Enforcement:
    """The rules of one kind of one policy at work. Never changes; asked from several threads at once.

    What a kind leaves as it is here, it does not do. Answers are remembered: they may depend on nothing but what is
    given and the rules.
    """

    def denials(self, call: JudgedCall) -> Iterable[VerdictReason]:  # noqa: ARG002 - kinds that deny use it
        """Yield why the call is denied whatever is granted; those of the call as a whole are told first."""
        return ()

    def denials_of_person(self, standing: Standing, suspended: Suspended) -> Iterable[VerdictReason]:  # noqa: ARG002 - as above
        """Yield why a person who acts alone is served nothing."""
        return ()

    def obligations(self, call: JudgedCall) -> Iterable[Obligation | VerdictReason]:  # noqa: ARG002 - kinds that oblige use it
        """Yield what the call owes where it is allowed; a reason alone: why that cannot be told, which denies it."""
        return ()

    def holds(self, change: ChangeUnderJudgement) -> Iterable[Hold]:  # noqa: ARG002 - kinds that hold use it
        """Yield what holds the change."""
        return ()


def denial(
    rule: str,
    standing: Standing,
    resource: Resource | None,
    message: str,
    *,
    kind: str,
    code: Code | None = None,
    hint: str | None = None,
) -> VerdictReason:
    """Return the reason of a rule that denies."""
    return VerdictReason(
        rule=rule,
        party=standing.party,
        resource=resource,
        decision=Decision.DENY,
        message=message,
        kind=kind,
        code=code,
        hint=hint,
    )


def allowance(rule: str, standing: Standing, resource: Resource | None, message: str, *, kind: str) -> VerdictReason:
    """Return the reason of a rule that obliges what is allowed."""
    return VerdictReason(
        rule=rule, party=standing.party, resource=resource, decision=Decision.ALLOW, message=message, kind=kind
    )
