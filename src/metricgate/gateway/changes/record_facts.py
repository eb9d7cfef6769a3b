"""What the record says of actions: from the values of a change to the facts of ``ledger.events.actions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from metricgate.approvals.documents import risk_to_json
from metricgate.approvals.preview import ConsideredRule, RiskSummary
from metricgate.approvals.proposal import HumanDecision, ProposedAction
from metricgate.changing.effect import ChangeEffect
from metricgate.ledger.events.actions import ActionFacts, ChangeFacts, HumanDecisionFacts, TableRows
from metricgate.ledger.events.shared import EntryLink, RiskFacts, RuleDecision
from metricgate.vocabulary.actor import ActorKind
from metricgate.vocabulary.json import Json


def action_facts(action: ProposedAction) -> ActionFacts:
    """Return the facts by which every entry of an action is found and understood.

    What may repeat data or identify a person is a body: the statement, and the user.
    """
    proposal = action.proposal
    return ActionFacts(
        id=action.id,
        state=str(action.state),
        digest=proposal.digest,
        name=proposal.action,
        tool=proposal.tool,
        warehouse=proposal.warehouse,
        targets=proposal.targets,
        policy_digest=proposal.policy_digest,
        catalog_version=proposal.catalog_version,
        preview_digest=proposal.preview_digest,
        reversibility=str(proposal.reversibility),
        undoes=action.undoes,
        # What a person takes back is no act of the agent's.
        agent=proposal.agent if action.actor.kind is ActorKind.AGENT else None,
        links=[EntryLink(index=index, rel="action") for index in action.records] or None,
        statement=proposal.statement,
        user=proposal.user,
    )


def decision_facts(decision: HumanDecision) -> HumanDecisionFacts:
    """Return what a person said; who it was is a body, so that it can be erased."""
    return HumanDecisionFacts(
        approves=decision.approves,
        channel=decision.channel,
        shown_digest=decision.shown_digest,
        bound_to=decision.bound_to,
        break_glass=decision.break_glass,
        person=decision.person,
        reason=decision.reason,
    )


def change_facts(effect: ChangeEffect) -> ChangeFacts:
    """Return how many rows are changed, table by table, and the digest of all of it."""
    tables = [
        TableRows(table=".".join(each.table), cause=str(each.cause), rows=len(each.rows)) for each in effect.tables
    ]
    return ChangeFacts(rows=effect.rows, tables=tables, digest=effect.digest)


def risk_facts(risk: RiskSummary) -> RiskFacts:
    """Return the score, 0 to 100, and what contributed most."""
    contributions = cast("Sequence[Mapping[str, Json]]", risk_to_json(risk)["contributions"])
    return RiskFacts(score=risk.score, contributions=contributions)


def rule_decisions(considered: Sequence[ConsideredRule]) -> list[RuleDecision]:
    """Return every rule considered, in order, and what it said: without words, which may name people."""
    return [RuleDecision(rule=each.rule, decision=each.decision) for each in considered]


def rule_messages(considered: Sequence[ConsideredRule]) -> list[Json]:
    """Return what was said for each rule considered, in the same order: a body."""
    return [each.message for each in considered]
