"""What is asked once more in the moment of the effect: who is stopped, what is frozen, what policy says now."""

from __future__ import annotations

from metricgate.approvals.proposal import HumanDecision, ProposedAction
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.decision_basis import DecisionBasis, find_unmet, judge_again
from metricgate.gateway.changes.services import ChangeServices
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.principal import Identity, Proof
from metricgate.vocabulary.problem import Problem
from metricgate.vocabulary.resource import Action as Verb
from metricgate.vocabulary.resource import ResourceKind, resource_of


def find_objection(services: ChangeServices, action: ProposedAction, basis: DecisionBasis | None) -> Problem | None:
    """Return what came between the decision and now, or None: the stricter of both moments counts.

    Args:
        services: with the clock, the switches and the rules of now.
        action: approved.
        basis: on what it was judged; None in what earlier releases kept, for which nothing may have changed at all.
    """
    stopped = services.frozen_for(action) or _why_left(services, action, basis)
    lost = (_why_lost(services, action, each) for each in action.decisions)
    found = stopped or next((each for each in lost if each is not None), None)
    if found is not None:
        return found
    return _require_the_same(services, action) if basis is None else _judge_again(services, action, basis)


def _judge_again(services: ChangeServices, action: ProposedAction, basis: DecisionBasis) -> Problem | None:
    if basis.digest != action.proposal.governance_digest:
        return Problem(code=codes.NOT_THE_SAME, message="The rules that are kept are not those that were shown.")
    now = judge_again(basis, services.governance.current, services.now())
    if now.why_not:
        return _governance_changed(f"Policy does not allow it at this moment: {now.why_not}")
    missing = find_unmet(now.demand, action.requirement, action.decisions)
    if missing:
        return _governance_changed(f"Policy demands more by now: {missing}.")
    if now.changed:
        return _governance_changed(f"What took part is not as it was shown: {', '.join(now.changed[:10])}.")
    return None


def _why_lost(services: ChangeServices, action: ProposedAction, decision: HumanDecision) -> Problem | None:
    """Return why somebody's approval does not count any more, or None."""
    person = Identity(id=decision.person, proof=Proof.VERIFIED, method="decision", groups=decision.groups)
    stopped = services.stop_problem(person)
    if stopped is not None:
        return _governance_changed(f"{decision.person}, who approved it, may decide nothing now: {stopped.message}")
    named = [resource_of(each) for each in action.proposal.targets]
    wanted = [each for each in named if each.kind in {ResourceKind.DATASET, ResourceKind.ACTION}]
    if services.left(decision.person, decision.method, decision.at):
        return _governance_changed(f"{decision.person}, who approved it, is not among the people here any more.")
    judge = services.governance.current.judge
    right = judge.judge_person(person, Verb.APPROVE, wanted, circumstances=EvaluationContext(now=services.now()))
    if right.decision is Decision.ALLOW:
        return None
    return _governance_changed(f"{decision.person}, who approved it, may not any more: {right.reasons[0].message}")


def _why_left(services: ChangeServices, action: ProposedAction, basis: DecisionBasis | None) -> Problem | None:
    """Return why somebody takes nothing back any more, where a person proposed it."""
    person = None if basis is None else basis.person
    if person is None or not services.left(person.id, person.method, action.proposal.proposed_at):
        return None
    return _governance_changed(f"{person.id}, who would take it back, is not among the people here any more.")


def _require_the_same(services: ChangeServices, action: ProposedAction) -> Problem | None:
    governance, proposal = services.governance.current, action.proposal
    now = (governance.judge.policy.digest, governance.catalog.version)
    if now == (proposal.policy_digest, proposal.catalog_version):
        return None
    return _governance_changed("Policy or catalog changed after the action was shown.")


def _governance_changed(message: str) -> Problem:
    return Problem(code=codes.GOVERNANCE_CHANGED, message=message, hint=codes.GOVERNANCE_CHANGED.cure)
