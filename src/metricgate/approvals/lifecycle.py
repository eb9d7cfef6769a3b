"""The transitions of an action: each takes it as it stands and gives what it becomes, or why that cannot be.

No transition knows who anybody is: whoever calls has proved the person and judged the right to decide. What is held
here binds everybody, administrators too: requester, owner and approvers are different people, a denial is final, an
approval is of exactly what was shown, and nothing runs twice or late.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from metricgate.approvals.outcome import ActionOutcome, NotCarriedOut
from metricgate.approvals.proposal import HumanDecision, ProposedAction, Requirement, Review, State

OWNER, REQUESTER = "owner", "requester"
LONGEST_REASON = 2_000
REVIEWS = 2
"""How many people look at broken glass afterwards."""


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


def hold(action: ProposedAction, requirement: Requirement) -> ProposedAction:
    """Return the action waiting for people.

    Raises:
        ValueError: it is not in a state from which this follows.
    """
    return _next(_in(action, State.PREVIEWED), State.HELD, requirement=requirement)


def allow(action: ProposedAction) -> ProposedAction:
    """Return the action that a verdict lets run without anybody.

    Raises:
        ValueError: it is not in a state from which this follows.
    """
    return _next(_in(action, State.PREVIEWED), State.APPROVED)


def decide(action: ProposedAction, decision: HumanDecision, *, roles: frozenset[str]) -> ProposedAction | Refusal:
    """Return the action after one person's decision.

    Args:
        action: held.
        decision: what the person said, when, and to what it is bound.
        roles: the person's roles.
    """
    # A denial is final, so that breaking the glass makes nothing of it easier.
    broken = decision.break_glass and decision.approves
    refusal = why_not(action, decision.person, decision.at, roles=roles, break_glass=broken)
    if refusal is not None:
        return refusal
    if decision.bound_to != action.proposal.digest:
        return Refusal(Obstacle.NOT_WHAT_WAS_SHOWN, "What was decided on is not what the action is.")
    if not _is_reason(decision.reason):
        return Refusal(Obstacle.REASON, f"A decision needs a reason of at most {LONGEST_REASON:,} characters.")
    wanted = () if action.requirement is None else action.requirement.roles
    counted = replace(decision, break_glass=broken, roles=tuple(each for each in wanted if each in roles))
    decisions = (*action.decisions, counted)
    if not decision.approves:
        return _next(action, State.DENIED, decisions=decisions, settled_at=decision.at)
    enough = broken or count_missing_approvals(action, decisions) == 0
    return _next(action, State.APPROVED if enough else State.HELD, decisions=decisions)


def why_not(
    action: ProposedAction, person: str, now: datetime, *, roles: frozenset[str], break_glass: bool = False
) -> Refusal | None:
    """Return why this person cannot decide now, or None. Breaking the glass overrides roles, never the persons."""
    if action.state is not State.HELD or action.requirement is None:
        return Refusal(Obstacle.SETTLED, f"The action is {action.state} and waits for nobody.")
    if now >= action.proposal.expires_at:
        return Refusal(Obstacle.EXPIRED, "The time to decide is over.")
    for part in _parts_of(action, person):
        if part in action.requirement.apart:
            return Refusal(Obstacle.SAME_PERSON, f"You are the {part} of this action; somebody else decides.")
    if _is_among(person, (each.person for each in action.decisions)):
        return Refusal(Obstacle.SAME_PERSON, "You decided on this action already.")
    wanted = action.requirement.roles
    if wanted and not break_glass and roles.isdisjoint(wanted):
        return Refusal(Obstacle.ROLE, f"Holders of {' or '.join(wanted)} decide on this action.")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """How many people are wanted, of which roles (of any, where none is named), and who approved so far."""

    approvals: int
    roles: tuple[str, ...]
    people: tuple[str, ...]

    @property
    def missing(self) -> int:
        """How many more are wanted."""
        return max(0, self.approvals - len(self.people))


def list_quorums(action: ProposedAction, decisions: tuple[HumanDecision, ...] | None = None) -> tuple[Quorum, ...]:
    """Return what a held action waits for; one person may count in several. Empty where it never had to wait."""
    requirement = action.requirement
    if requirement is None:
        return ()
    given = [each for each in (action.decisions if decisions is None else decisions) if each.approves]
    found = [
        Quorum(
            approvals=approvals,
            roles=roles,
            people=_people(each for each in given if not set(roles).isdisjoint(each.roles)),
        )
        for approvals, roles in requirement.quorums
    ]
    # Where a rule with roles wants as many, the number alone says nothing more.
    if all(each.approvals < requirement.approvals for each in found):
        found.insert(0, Quorum(approvals=requirement.approvals, roles=requirement.roles, people=_people(given)))
    return tuple(found)


def count_missing_approvals(action: ProposedAction, decisions: tuple[HumanDecision, ...] | None = None) -> int:
    """Return how many approvals are still wanted, at the least: of anybody, and of the roles of each rule."""
    return max((each.missing for each in list_quorums(action, decisions)), default=0)


def may_run(action: ProposedAction, now: datetime) -> Refusal | None:
    """Return why an action must not be carried out now, or None: asked again at the last moment.

    It does not take the state's word: the decisions themselves must carry it.
    """
    if action.state is not State.APPROVED:
        return Refusal(Obstacle.SETTLED, f"The action is {action.state}.")
    if now >= action.proposal.expires_at:
        return Refusal(Obstacle.EXPIRED, "The time to carry it out is over.")
    return _why_not_carried(action)


def _why_not_carried(action: ProposedAction) -> Refusal | None:
    """Return why the decisions of an approved action do not carry it, or None."""
    proposal, requirement = action.proposal, action.requirement
    if any(each.bound_to != proposal.digest or not each.approves for each in action.decisions):
        return Refusal(Obstacle.NOT_WHAT_WAS_SHOWN, "An approval is bound to something else.")
    if any(not proposal.proposed_at <= each.at < proposal.expires_at for each in action.decisions):
        return Refusal(Obstacle.EXPIRED, "An approval was given when nothing could be decided.")
    if requirement is None:
        return None
    parts = {part for each in action.decisions for part in _parts_of(action, each.person)}
    if not parts.isdisjoint(requirement.apart):
        return Refusal(Obstacle.SAME_PERSON, "An approval is of somebody who had to be another person.")
    broken = any(each.break_glass for each in action.decisions)
    if not broken and count_missing_approvals(action) > 0:
        return Refusal(Obstacle.SETTLED, "Approvals are missing.")
    return None


def count_missing_reviews(action: ProposedAction) -> int:
    """Return how many people have yet to look at broken glass; 0 where none was broken, or before it had any effect."""
    broken = any(each.break_glass for each in action.decisions)
    if not broken or action.state in {State.PREVIEWED, State.HELD}:
        return 0
    return max(0, REVIEWS - len({_comparable_name(each.person) for each in action.reviews}))


def add_review(action: ProposedAction, review: Review) -> ProposedAction | Refusal:
    """Return the action with one more review of its broken glass: by nobody who had a part in it, and once each.

    A review changes nothing of what was done; whoever finds fault takes the action back.
    """
    refusal = why_not_review(action, review.person)
    if refusal is not None:
        return refusal
    if not _is_reason(review.reason):
        return Refusal(Obstacle.REASON, f"A review needs a reason of at most {LONGEST_REASON:,} characters.")
    return replace(action, reviews=(*action.reviews, review), version=action.version + 1)


def why_not_review(action: ProposedAction, person: str) -> Refusal | None:
    """Return why this person cannot review broken glass in the action, or None."""
    if count_missing_reviews(action) == 0:
        return Refusal(Obstacle.SETTLED, "There is no broken glass in it that waits for a review.")
    parts = _parts_of(action, person)
    if parts:
        return Refusal(Obstacle.SAME_PERSON, f"You are the {parts[0]} of this action; somebody else reviews it.")
    earlier = (*(each.person for each in action.decisions), *(each.person for each in action.reviews))
    if _is_among(person, earlier):
        return Refusal(Obstacle.SAME_PERSON, "You decided on this action or reviewed it already.")
    return None


def begin(action: ProposedAction, now: datetime) -> ProposedAction | Refusal:
    """Return the action as begun; only one caller gets there, because the store compares versions."""
    return may_run(action, now) or _next(action, State.EXECUTING)


def finish(
    action: ProposedAction, outcome: ActionOutcome | None, now: datetime, undo_until: datetime | None
) -> ProposedAction:
    """Return the action as carried out.

    Raises:
        ValueError: it is not in a state from which this follows.
    """
    return _next(_in(action, State.EXECUTING), State.EXECUTED, outcome=outcome, settled_at=now, undo_until=undo_until)


def fail(action: ProposedAction, outcome: NotCarriedOut, now: datetime) -> ProposedAction:
    """Return the action as released without any effect.

    Raises:
        ValueError: it is not in a state from which this follows.
    """
    return _next(_in(action, State.APPROVED, State.EXECUTING), State.FAILED, outcome=outcome, settled_at=now)


def expire(action: ProposedAction, now: datetime) -> ProposedAction | None:
    """Return the action as expired, or None where it is not due."""
    waiting = action.state in {State.HELD, State.APPROVED}
    if not waiting or now < action.proposal.expires_at:
        return None
    return _next(action, State.EXPIRED, settled_at=now)


def cancel(action: ProposedAction, now: datetime) -> ProposedAction | Refusal:
    """Return the action as withdrawn by its proposer."""
    if action.state is not State.HELD:
        return Refusal(Obstacle.SETTLED, f"The action is {action.state}.")
    return _next(action, State.CANCELLED, settled_at=now)


def take_back(action: ProposedAction, by: str) -> ProposedAction | Refusal:
    """Return the action as taken back by the action ``by``."""
    if action.state is not State.EXECUTED:
        return Refusal(Obstacle.SETTLED, f"The action is {action.state}.")
    return _next(action, State.UNDONE, undone_by=by)


def add_record(action: ProposedAction, index: int) -> ProposedAction:
    """Return the action with one more entry of the record."""
    return replace(action, records=(*action.records, index))


def _in(action: ProposedAction, *states: State) -> ProposedAction:
    """Return the action; a caller that comes from another state is wrong, and what is final stays so."""
    if action.state not in states:
        raise ValueError(f"the action {action.id} is {action.state}")
    return action


def _next(action: ProposedAction, state: State, **changed: object) -> ProposedAction:
    return replace(action, state=state, version=action.version + 1, **changed)  # type: ignore[arg-type]


def _parts_of(action: ProposedAction, person: str) -> tuple[str, ...]:
    """Return which parts of the proposal are the person's already."""
    parts = ((REQUESTER, action.proposal.user), (OWNER, action.proposal.owner))
    return tuple(
        part for part, other in parts if other is not None and _comparable_name(other) == _comparable_name(person)
    )


def _is_among(person: str, others: Iterable[str]) -> bool:
    return _comparable_name(person) in map(_comparable_name, others)


def _people(decisions: Iterable[HumanDecision]) -> tuple[str, ...]:
    """Return who decided, each person once, as they wrote themselves first."""
    named: dict[str, str] = {}
    for each in decisions:
        named.setdefault(_comparable_name(each.person), each.person)
    return tuple(named.values())


def _comparable_name(person: str) -> str:
    """Return what is the same for every way to write one person: case, width, composition, what cannot be seen.

    Names that differ only so are taken for one person, who then is refused: the error on the safe side. Letters of
    other alphabets that look alike stay different: whether they may log in is decided where accounts are made.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", person).casefold())
    seen = "".join(each for each in plain if unicodedata.category(each) not in {"Cf", "Cc"} and not each.isspace())
    return seen.removeprefix("user:")


def _is_reason(text: str) -> bool:
    stripped = text.strip()
    return len(stripped) <= LONGEST_REASON and any(unicodedata.category(each)[0] in "LNPS" for each in stripped)
