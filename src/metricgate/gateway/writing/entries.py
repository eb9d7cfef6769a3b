"""What the record says of actions: one entry for each thing that happens to one, all with the action's id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from metricgate.approvals.documents import risk_to_json
from metricgate.approvals.preview import ConsideredRule, RiskSummary
from metricgate.approvals.proposal import Action, HumanDecision
from metricgate.changing.effect import Effect
from metricgate.state.record import Durable
from metricgate.vocabulary.actor import ActorKind
from metricgate.vocabulary.json import Json

if TYPE_CHECKING:  # what the record calls things is read by stores too; the compiler stays unloaded for them
    from metricgate.gateway.entries import Fields

PROPOSED = "gov.action.proposed"
"""An agent proposed it; it was rehearsed and decided on: shown, held, allowed or denied."""
DECIDED = "gov.action.decided"
"""A person approved or denied it."""
RELEASED = "gov.action.released"
"""Intent: it is about to be carried out. Durable before the effect."""
EXECUTED = "gov.action.executed"
"""It was carried out and committed."""
FAILED = "gov.action.failed"
"""It was released, and nothing was changed."""
ENDED = "gov.action.ended"
"""It expired or was withdrawn; nothing was changed."""
REVIEWED = "gov.action.reviewed"
"""Somebody reviewed a break-glass approval afterwards."""
UNCOUNTED = "gov.action.uncounted"
"""A person decided on it, and that did not count: too late, against what stood already, or not theirs to decide."""
STEP = "gov.action.step"
"""The step that an entry belongs to: an action's new state and its entry count together or not at all."""
SHOWN = "gov.action.shown"
"""A person was shown it."""


def of_action(action: Action) -> Fields:
    """The fields by which every entry of an action is found and understood."""
    proposal = action.proposal
    fields: Fields = {
        "gov.action.id": action.id,
        "gov.action.state": str(action.state),
        "gov.action.digest": proposal.digest,
        "gov.action.name": proposal.action,
        "gen_ai.tool.name": proposal.tool,
        "gov.warehouse": proposal.warehouse,
        "gov.targets": list(proposal.targets),
        "gov.policy.digest": proposal.policy_digest,
        "gov.catalog.version": proposal.catalog_version,
        "gov.effect.preview_digest": proposal.preview_digest,
        "gov.reversibility": str(proposal.reversibility),
    }
    if action.undoes is not None:
        fields["gov.undoes"] = action.undoes
    if action.actor.kind is ActorKind.AGENT:
        # What a person takes back is no act of the agent's.
        fields["gen_ai.agent.id"] = proposal.agent
    links: list[Json] = [{"index": index, "rel": "action"} for index in action.records]
    if links:
        fields["gov.links"] = links
    return fields


def bodies_of(action: Action) -> Fields:
    """What may repeat data or identify a person: the statement, and the user."""
    bodies: Fields = {"gov.statement.text": action.proposal.statement}
    if action.proposal.user is not None:
        bodies["gov.user.id"] = action.proposal.user
    return bodies


def of_decision(decision: HumanDecision) -> tuple[Fields, Fields]:
    """What a person said; who it was is a body, so that it can be erased."""
    fields: Fields = {
        "gov.decision.approves": decision.approves,
        "gov.decision.channel": decision.channel,
        "gov.decision.shown_digest": decision.shown_digest,
        "gov.decision.bound_to": decision.bound_to,
        "gov.decision.break_glass": decision.break_glass,
    }
    return fields, {"gov.decision.person": decision.person, "gov.decision.reason": decision.reason}


def of_effect(effect: Effect) -> Fields:
    """How many rows were changed, table by table, and the digest of all of it."""
    tables: list[Json] = [
        {"table": ".".join(each.table), "cause": str(each.cause), "rows": len(each.rows)} for each in effect.tables
    ]
    return {"gov.effect.rows": effect.rows, "gov.effect.tables": tables, "gov.effect.digest": effect.digest}


def of_risk(risk: RiskSummary) -> Fields:
    """The score and what contributed most."""
    told = risk_to_json(risk)
    return {"gov.risk.score": told["score"], "gov.risk.contributions": told["contributions"]}


def linked(*records: tuple[Durable, str]) -> Json:
    """Links to other entries."""
    return [{"index": durable.index, "rel": relation} for durable, relation in records]


def of_reasons(reasons: Sequence[ConsideredRule]) -> Fields:
    """Every rule considered, in order, and what it said: without words, which may name people."""
    return {"gov.rules.considered": [{"rule": each.rule, "decision": each.decision} for each in reasons]}


def words_of_reasons(reasons: Sequence[ConsideredRule]) -> Fields:
    """What was said for each rule considered, in the same order: a body."""
    return {"gov.rules.messages": [each.message for each in reasons]}
