"""What can happen to an action, as a closed sum: what it becomes by that, and what the record says of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from metricgate.approvals import lifecycle
from metricgate.approvals.lifecycle import Obstacle, Refusal
from metricgate.approvals.outcome import NotCarriedOut, RowsChanged
from metricgate.approvals.proposal import HumanDecision, ProposedAction, Review
from metricgate.changing.effect import ChangeEffect
from metricgate.gateway.changes import record_facts
from metricgate.gateway.changes.preview import count_rows
from metricgate.ledger.events.actions import (
    ActionDecided,
    ActionEnded,
    ActionEvent,
    ActionExecuted,
    ActionFailed,
    ActionProposed,
    ActionReleased,
    ActionReviewed,
)
from metricgate.ledger.events.shared import BY_GATEWAY, facts_of_actor
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalMade:
    """A new action, in the state to which policy's verdict led.

    Attributes:
        effect: that the rehearsal found.
        content: what is kept to carry it out; None of a dry run.
        after: number of an entry that the record has before it: of the intent to rehearse, or of the action that is
            taken back; -1 where none is known.
        freezes_passed: freezes of the agent that a person's undo passes.
    """

    effect: ChangeEffect
    content: bytes | None
    after: int = -1
    freezes_passed: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade:
    """A person approves or denies; ``roles`` are the person's."""

    decision: HumanDecision
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSigned:
    """A person reviewed a break-glass approval afterwards."""

    review: Review


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionBegun:
    """An approved action is about to be carried out: its entry is the intent, durable before the effect."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFinished:
    """It was carried out and committed.

    Attributes:
        effect: None where only the marker of its transaction tells.
        undo_until: until when it can be taken back; None where there is nothing to take back.
    """

    effect: ChangeEffect | None
    at: datetime
    undo_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFailed:
    """It was approved or begun, and nothing was changed; ``engine_text`` goes to the record only."""

    problem: Problem
    engine_text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionExpired:
    """Its time is over."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWithdrawn:
    """Its proposer takes it off the desk."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTakenBack:
    """Another action, ``by``, took it back: that one's entry says so, and this one has none of its own."""

    by: str


CertainTransition = ProposalMade | ExecutionFinished | ExecutionFailed
"""What happened already: where the action's state does not fit, a caller is wrong, and ``ValueError`` is raised."""
RefusableTransition = DecisionMade | ReviewSigned | ExecutionBegun | ActionExpired | ActionWithdrawn | ActionTakenBack
Transition = CertainTransition | RefusableTransition


def apply_transition(action: ProposedAction, event: Transition) -> ProposedAction | Refusal:  # noqa: PLR0911 - one for each transition
    """Return what the action becomes, or why it cannot.

    Args:
        action: as it stands; the new action itself where it is proposed.
        event: what happens.

    Raises:
        ValueError: of what happened already, in a state from which it cannot follow.
    """
    match event:
        case ProposalMade():
            return action
        case DecisionMade():
            return lifecycle.decide(action, event.decision, roles=event.roles)
        case ReviewSigned():
            return lifecycle.add_review(action, event.review)
        case ExecutionBegun():
            return lifecycle.begin(action, event.at)
        case ExecutionFinished():
            outcome = None if event.effect is None else RowsChanged(rows=count_rows(event.effect))
            return lifecycle.finish(action, outcome, event.at, event.undo_until)
        case ExecutionFailed():
            return lifecycle.fail(action, NotCarriedOut.by(event.problem), event.at)
        case ActionExpired():
            expired = lifecycle.expire(action, event.at)
            return expired or Refusal(Obstacle.SETTLED, "The action does not wait, or its time is not over.")
        case ActionWithdrawn():
            return lifecycle.cancel(action, event.at)
        case ActionTakenBack():
            return lifecycle.take_back(action, event.by)
        case _ as never:
            assert_never(never)


def entry_of(action: ProposedAction, event: Transition) -> ActionEvent | None:  # noqa: PLR0911 - one for each transition
    """Return what the record says of it; None where another action's entry says it.

    Args:
        action: what it became.
        event: by what.
    """
    facts, proposer = record_facts.action_facts(action), facts_of_actor(action.actor)
    match event:
        case ProposalMade():
            return _proposed(action, event)
        case DecisionMade():
            by = facts_of_actor(actors.person(event.decision.person))
            return ActionDecided(action=facts, actor=by, decision=record_facts.decision_facts(event.decision))
        case ReviewSigned():
            return ActionReviewed(
                action=facts,
                actor=facts_of_actor(actors.person(event.review.person)),
                reviews_missing=lifecycle.count_missing_reviews(action),
                person=event.review.person,
                reason=event.review.reason,
            )
        case ExecutionBegun():
            return ActionReleased(action=facts, actor=proposer)
        case ExecutionFinished():
            return ActionExecuted(
                action=facts,
                actor=proposer,
                effect=None if event.effect is None else record_facts.change_facts(event.effect),
                reconciled=True if event.effect is None else None,
            )
        case ExecutionFailed():
            return ActionFailed(
                action=facts,
                actor=proposer,
                error_type=event.problem.code.name,
                error_text=event.engine_text,
                problems=[event.problem.as_json()],
            )
        case ActionExpired():
            return ActionEnded(action=facts, actor=BY_GATEWAY, outcome="expired")
        case ActionWithdrawn():
            return ActionEnded(action=facts, actor=proposer, outcome="withdrawn")
        case ActionTakenBack():
            return None
        case _ as never:
            assert_never(never)


def _proposed(action: ProposedAction, event: ProposalMade) -> ActionProposed:
    considered = None if action.preview is None else action.preview.considered
    return ActionProposed(
        action=record_facts.action_facts(action),
        actor=facts_of_actor(action.actor),
        outcome=str(action.state),
        effect=record_facts.change_facts(event.effect),
        risk=None if action.risk is None else record_facts.risk_facts(action.risk),
        considered=None if considered is None else record_facts.rule_decisions(considered),
        messages=None if considered is None else record_facts.rule_messages(considered),
        freezes_passed=event.freezes_passed or None,
    )
