"""The judgement on a rehearsed change: allow, hold or deny, with every rule that was considered, in order.

Floors of the gateway come first and beat everything: what means every row, what cannot be taken back, what may do more
than is known, is never automatic, whatever rules and score say. Then the rules that hold; then the risk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from metricgate.policy.change_profile import ChangeProfile
from metricgate.policy.enforcement import ChangeUnderJudgement, Hold
from metricgate.policy.judge import Judge
from metricgate.policy.occasion import UNKNOWN_CONTEXT, EvaluationContext
from metricgate.policy.risk import Risk, risk_of
from metricgate.policy.verdict import Decision, Verdict
from metricgate.vocabulary.principal import Identity, Principal
from metricgate.vocabulary.resource import Resource

HOLD_OVER = 30
"""A change of a higher score waits for a person; ``docs/approvals.md`` says how scores come about."""
DENY_OVER = 90
"""A change of a higher score is not even shown to people."""
FLOOR_SECONDS = 900
FLOORS = (
    "floor:no-where",
    "floor:structure",
    "floor:unknown-effect",
    "floor:irreversible",
    "floor:critical",
    "floor:risk",
)
"""Ids of what holds, or denies, without any rule of the policy's."""
_IRREVERSIBLE = frozenset({"R3", "R4"})
_APART = ("requester", "owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What it takes for a held change to run: see ``approvals.proposal.Requirement``."""

    approvals: int = 1
    roles: tuple[str, ...] = ()
    apart: tuple[str, ...] = _APART
    rules: tuple[str, ...] = ()
    quorums: tuple[tuple[int, tuple[str, ...]], ...] = ()
    seconds: int = FLOOR_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRuleEvaluation:
    """One rule, or floor, and what it said."""

    rule: str
    decision: Decision
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeVerdict:
    """What becomes of the change. ``demand`` counts only where it is held."""

    decision: Decision
    demand: Demand
    considered: tuple[ChangeRuleEvaluation, ...]
    risk: Risk


def judge_change(
    judge: Judge,
    principal: Principal,
    right: Verdict,
    stakes: ChangeProfile,
    resources: Sequence[Resource],
    *,
    circumstances: EvaluationContext = UNKNOWN_CONTEXT,
) -> ChangeVerdict:
    """Return what becomes of a change that its proposer has the right to propose.

    Args:
        judge: of the policy in force.
        principal: who proposes.
        right: the allowing verdict on proposing it.
        stakes: what the rehearsal and the past tell.
        resources: what changes.
        circumstances: purpose and time, for rules with conditions.
    """
    risk = risk_of(stakes)
    considered = [
        ChangeRuleEvaluation(rule=each.rule, decision=each.decision, message=each.message) for each in right.reasons
    ]
    held = list(_floors(stakes))
    change = ChangeUnderJudgement(
        roles=frozenset().union(*(standing.roles for standing in judge.standings(principal))),
        stakes=stakes,
        resources=tuple(resources),
        risk=risk.score,
        suspended=judge.suspended_rules(circumstances),
    )
    holds = list(_holds_on(judge, change))
    held += [
        ChangeRuleEvaluation(rule=each.rule, decision=Decision.HOLD, message=_hold_message(each)) for each in holds
    ]
    if risk.score > HOLD_OVER:
        message = f"The risk is {risk.score}, above {HOLD_OVER}."
        held.append(ChangeRuleEvaluation(rule="floor:risk", decision=Decision.HOLD, message=message))
    considered += held
    if risk.score > DENY_OVER:
        message = f"The risk is {risk.score}, above {DENY_OVER}."
        considered.append(ChangeRuleEvaluation(rule="floor:risk", decision=Decision.DENY, message=message))
        return ChangeVerdict(decision=Decision.DENY, demand=Demand(), considered=tuple(considered), risk=risk)
    decision = Decision.HOLD if held else Decision.ALLOW
    demand = _demand(stakes, holds, held)
    return ChangeVerdict(decision=decision, demand=demand, considered=tuple(considered), risk=risk)


def undo_demand(
    judge: Judge,
    person: Identity,
    resources: tuple[Resource, ...],
    *,
    rows: int,
    environment: str,
    now: datetime,
) -> Demand | None:
    """Return what it takes that a person's undo runs, or None where it runs at once: the holds on ``undo`` say it.

    Args:
        judge: of the policy in force.
        person: who takes it back; has the right to.
        resources: what changes back.
        rows: how many rows the action changed.
        environment: of the gateway.
        now: UTC.
    """
    stakes = ChangeProfile(
        verbs=("undo",), targets=tuple(map(str, resources)), updated=rows, environment=environment, now=now
    )
    change = ChangeUnderJudgement(
        roles=judge.roles_of_person(person),
        stakes=stakes,
        resources=resources,
        risk=0,
        suspended=judge.suspended_rules(EvaluationContext(now=now)),
        undo=True,
    )
    holds = list(_holds_on(judge, change))
    if not holds:
        return None
    held = [ChangeRuleEvaluation(rule=each.rule, decision=Decision.HOLD, message=_hold_message(each)) for each in holds]
    return _demand(stakes, holds, held)


def _floors(stakes: ChangeProfile) -> Iterator[ChangeRuleEvaluation]:
    """What is never automatic."""
    for rule, binds, message in (
        ("floor:no-where", stakes.no_where, "It means every row of the table."),
        ("floor:structure", bool(stakes.structure), f"It changes the table itself: it {stakes.structure}."),
        (
            "floor:unknown-effect",
            bool(stakes.unknown),
            f"Not all that happens is known: {'; '.join(stakes.unknown)[:300]}.",
        ),
        (
            "floor:irreversible",
            stakes.reversibility in _IRREVERSIBLE,
            f"Its reversibility is {stakes.reversibility}; two people decide.",
        ),
        ("floor:critical", stakes.risk_class == "critical", "Its owner classed the action critical."),
    ):
        if binds:
            yield ChangeRuleEvaluation(rule=rule, decision=Decision.HOLD, message=message)


def _holds_on(judge: Judge, change: ChangeUnderJudgement) -> Iterator[Hold]:
    """Yield what holds the change, kind by kind."""
    return (hold for each in judge.enforcements for hold in each.holds(change))


def _hold_message(hold: Hold) -> str:
    said = f"The rule {hold.rule!r} holds it for {hold.why}"
    return f"{said}: {hold.because}" if hold.because else f"{said}."


def _demand(stakes: ChangeProfile, holds: Sequence[Hold], held: Sequence[ChangeRuleEvaluation]) -> Demand:
    two = stakes.reversibility in _IRREVERSIBLE
    apart = {part for hold in holds for part in hold.apart}
    # What a floor holds, no rule makes easier to decide; and a rule that demands nobody apart is taken to forget it.
    if not apart or any(each.rule.startswith("floor:") for each in held):
        apart = set(_APART)
    return Demand(
        approvals=max([2 if two else 1, *(hold.approvals for hold in holds)]),
        roles=tuple(dict.fromkeys(role for hold in holds for role in hold.approver_roles)),
        apart=tuple(part for part in _APART if part in apart),
        rules=tuple(dict.fromkeys(each.rule for each in held)),
        quorums=tuple(dict.fromkeys((hold.approvals, hold.approver_roles) for hold in holds if hold.approver_roles)),
        seconds=min((hold.seconds for hold in holds), default=FLOOR_SECONDS),
    )
