"""The transitions of an action: each takes it as it stands and gives what it becomes, or why that cannot be.

No transition knows who anybody is: whoever calls has proved the person and judged the right to decide. What is held
here binds everybody, administrators too: requester, owner and approvers are different people, a denial is final, an
approval is of exactly what was shown, and nothing runs twice or late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from metricgate.approvals.proposal import Action, HumanDecision, Requirement, State
from metricgate.vocabulary.json import Json

OWNER, REQUESTER = "owner", "requester"
LONGEST_REASON = 2_000


class Obstacle(StrEnum):
    """Why a transition cannot be made."""

    SETTLED = "settled"
    """The action is not in the state from which this is possible."""
    EXPIRED = "expired"
    NOT_WHAT_WAS_SHOWN = "not_what_was_shown"
    SAME_PERSON = "same_person"
    """Requester, owner, or somebody who decided already."""
    ROLE = "role"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, in a sentence for people."""

    obstacle: Obstacle
    message: str


def held(action: Action, requirement: Requirement) -> Action:
    """Return the action waiting for people."""
    return _next(action, State.HELD, requirement=requirement)


def allowed(action: Action) -> Action:
    """Return the action that a verdict lets run without anybody."""
    return _next(action, State.APPROVED)


def decide(action: Action, decision: HumanDecision, *, roles: frozenset[str]) -> Action | Refusal:
    """Return the action after one person's decision.

    Args:
        action: held.
        decision: what the person said, when, and to what it is bound.
        roles: the person's roles.
    """
    refusal = why_not(action, decision.person, decision.at, roles=roles, break_glass=decision.break_glass)
    if refusal is not None:
        return refusal
    if decision.bound_to != action.proposal.digest:
        return Refusal(Obstacle.NOT_WHAT_WAS_SHOWN, "What was decided on is not what the action is.")
    reason = decision.reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        return Refusal(Obstacle.REASON, f"A decision needs a reason of at most {LONGEST_REASON:,} characters.")
    decisions = (*action.decisions, decision)
    if not decision.approves:
        return _next(action, State.DENIED, decisions=decisions, settled_at=decision.at)
    enough = decision.break_glass or missing(action, decisions) == 0
    return _next(action, State.APPROVED if enough else State.HELD, decisions=decisions)


def why_not(
    action: Action, person: str, now: datetime, *, roles: frozenset[str], break_glass: bool = False
) -> Refusal | None:
    """Return why this person cannot decide now, or None. Breaking the glass overrides roles, never the persons."""
    if action.state is not State.HELD or action.requirement is None:
        return Refusal(Obstacle.SETTLED, f"The action is {action.state} and waits for nobody.")
    if now >= action.proposal.expires_at:
        return Refusal(Obstacle.EXPIRED, "The time to decide is over.")
    for part, other in ((REQUESTER, action.proposal.user), (OWNER, action.proposal.owner)):
        if part in action.requirement.apart and other is not None and _same(other, person):
            return Refusal(Obstacle.SAME_PERSON, f"You are the {part} of this action; somebody else decides.")
    if any(_same(each.person, person) for each in action.decisions):
        return Refusal(Obstacle.SAME_PERSON, "You decided on this action already.")
    wanted = action.requirement.roles
    if wanted and not break_glass and roles.isdisjoint(wanted):
        return Refusal(Obstacle.ROLE, f"Holders of {' or '.join(wanted)} decide on this action.")
    return None


def missing(action: Action, decisions: tuple[HumanDecision, ...] | None = None) -> int:
    """Return how many approvals are still wanted."""
    if action.requirement is None:
        return 0
    given = {each.person.casefold() for each in decisions or action.decisions if each.approves}
    return max(0, action.requirement.approvals - len(given))


def may_run(action: Action, now: datetime) -> Refusal | None:
    """Return why an action must not be carried out now, or None: asked again at the last moment."""
    if action.state is not State.APPROVED:
        return Refusal(Obstacle.SETTLED, f"The action is {action.state}.")
    if now >= action.proposal.expires_at:
        return Refusal(Obstacle.EXPIRED, "The time to carry it out is over.")
    digest = action.proposal.digest
    if any(each.bound_to != digest or not each.approves for each in action.decisions):
        return Refusal(Obstacle.NOT_WHAT_WAS_SHOWN, "An approval is bound to something else.")
    broken = any(each.break_glass for each in action.decisions)
    if not broken and missing(action) > 0:
        return Refusal(Obstacle.SETTLED, "Approvals are missing.")
    return None


def executing(action: Action, now: datetime) -> Action | Refusal:
    """Return the action as begun; only one caller gets there, because the store compares versions."""
    return may_run(action, now) or _next(action, State.EXECUTING)


def executed(action: Action, outcome: Mapping[str, Json], now: datetime, undo_until: datetime | None) -> Action:
    """Return the action as carried out."""
    return _next(action, State.EXECUTED, outcome=outcome, settled_at=now, undo_until=undo_until)


def failed(action: Action, outcome: Mapping[str, Json], now: datetime) -> Action:
    """Return the action as released without any effect."""
    return _next(action, State.FAILED, outcome=outcome, settled_at=now)


def expired(action: Action, now: datetime) -> Action | None:
    """Return the action as expired, or None where it is not due."""
    waiting = action.state in {State.HELD, State.APPROVED}
    if not waiting or now < action.proposal.expires_at:
        return None
    return _next(action, State.EXPIRED, settled_at=now)


def cancelled(action: Action, now: datetime) -> Action | Refusal:
    """Return the action as withdrawn by its proposer."""
    if action.state is not State.HELD:
        return Refusal(Obstacle.SETTLED, f"The action is {action.state}.")
    return _next(action, State.CANCELLED, settled_at=now)


def undone(action: Action, by: str) -> Action | Refusal:
    """Return the action as taken back by the action ``by``."""
    if action.state is not State.EXECUTED:
        return Refusal(Obstacle.SETTLED, f"The action is {action.state}.")
    return _next(action, State.UNDONE, undone_by=by)


def with_record(action: Action, index: int) -> Action:
    """Return the action with one more entry of the record."""
    return replace(action, records=(*action.records, index))


def _next(action: Action, state: State, **changed: object) -> Action:
    return replace(action, state=state, version=action.version + 1, **changed)  # type: ignore[arg-type]


def _same(one: str, other: str) -> bool:
    return one.removeprefix("user:").casefold() == other.removeprefix("user:").casefold()
