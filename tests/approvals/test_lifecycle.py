"""Who may decide, on what, until when: no transition lets anything through that was not approved as it is."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.approvals.made import EXPIRES, NOW, PROPOSAL, decision, held_action

from metricgate.approvals import lifecycle
from metricgate.approvals.lifecycle import Obstacle, Refusal
from metricgate.approvals.proposal import Proposal, ProposedAction, Requirement, Reversibility, Review, State

_NOBODY: frozenset[str] = frozenset()


def _approved(action: ProposedAction, *people: str) -> ProposedAction:
    for person in people:
        after = lifecycle.decide(action, decision(action, person), roles=_NOBODY)
        assert isinstance(after, ProposedAction), after
        action = after
    return action


def _obstacle(found: ProposedAction | Refusal | None) -> Obstacle | None:
    return found.obstacle if isinstance(found, Refusal) else None


def test_enough_people_let_it_run_once():
    """Two of two approve; it is begun once, and ends."""
    action = _approved(held_action(Requirement(approvals=2)), "ana")
    assert action.state is State.HELD
    assert lifecycle.count_missing_approvals(action) == 1
    assert _obstacle(lifecycle.begin(action, NOW)) is Obstacle.SETTLED
    action = _approved(action, "ben")
    begun = lifecycle.begin(action, NOW)
    assert isinstance(begun, ProposedAction)
    assert _obstacle(lifecycle.begin(begun, NOW)) is Obstacle.SETTLED
    done = lifecycle.finish(begun, None, NOW, None)
    assert _obstacle(lifecycle.begin(done, NOW)) is Obstacle.SETTLED
    assert [begun.version, done.version] == [action.version + 1, action.version + 2]


def _another(value: object) -> object:
    match value:
        case Reversibility():
            return Reversibility.R4
        case str():
            return f"{value}x"
        case None:
            return "x"
        case int():
            return value + 1
        case tuple():
            return (*value, "dataset:payroll")
        case datetime():
            return value + timedelta(seconds=1)
        case _:
            raise AssertionError(value)


@pytest.mark.parametrize("name", [field.name for field in fields(Proposal)])
def test_an_approval_is_of_every_bound_field(name):
    """Whatever is swapped, before the decision or after it, the approval is of something else."""
    swapped = replace(PROPOSAL, **{name: _another(getattr(PROPOSAL, name))})
    assert swapped.digest != PROPOSAL.digest
    action = held_action()
    before = lifecycle.decide(replace(action, proposal=swapped), decision(action, "ana"), roles=_NOBODY)
    assert _obstacle(before) is Obstacle.NOT_WHAT_WAS_SHOWN
    after = replace(_approved(action, "ana"), proposal=swapped)
    assert _obstacle(lifecycle.begin(after, NOW)) is Obstacle.NOT_WHAT_WAS_SHOWN


def test_an_approval_of_one_action_is_none_of_another():
    """The same change proposed again has another nonce and another id: replay is of no use."""
    first, second = held_action(number=1), held_action(number=2)
    again = lifecycle.decide(second, decision(first, "ana"), roles=_NOBODY)
    assert _obstacle(again) is Obstacle.NOT_WHAT_WAS_SHOWN
    stolen = replace(second, state=State.APPROVED, decisions=_approved(first, "ana").decisions)
    assert _obstacle(lifecycle.begin(stolen, NOW)) is Obstacle.NOT_WHAT_WAS_SHOWN


def _spellings(name: str) -> st.SearchStrategy[str]:
    """Give ways to write one person's name: case, width, composition, invisible characters, the kind before it."""
    wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in name)
    return st.tuples(
        st.sampled_from(["", "user:", "USER:", " user:"]),
        st.sampled_from([name, name.upper(), name.title(), wide, name.replace("\u00e9", "e\u0301")]),
        st.sampled_from(["", "\u200b", "\u00ad", "\u202e", "\ufeff", " "]),
    ).map(lambda parts: f"{parts[0]}{parts[1][:2]}{parts[2]}{parts[1][2:]}")


_PERSON = "ren\u00e9e@acme.example"


@given(spelling=_spellings(_PERSON), part=st.sampled_from(["user", "owner"]), break_glass=st.booleans())
def test_nobody_approves_their_own(spelling, part, break_glass):
    """Requester and owner stay who they are however they are written, roles and broken glass or not."""
    action = held_action(**{part: _PERSON})
    given_ = decision(action, spelling, break_glass=break_glass)
    after = lifecycle.decide(action, given_, roles=frozenset({"admin"}))
    assert _obstacle(after) is Obstacle.SAME_PERSON
    forged = replace(action, state=State.APPROVED, decisions=(given_,))
    assert _obstacle(lifecycle.begin(forged, NOW)) is Obstacle.SAME_PERSON


@given(spelling=_spellings(_PERSON))
def test_nobody_counts_twice(spelling):
    """Two people are two people."""
    action = _approved(held_action(Requirement(approvals=2)), _PERSON)
    assert _obstacle(lifecycle.decide(action, decision(action, spelling), roles=_NOBODY)) is Obstacle.SAME_PERSON
    forged = replace(action, state=State.APPROVED, decisions=(*action.decisions, decision(action, spelling)))
    assert _obstacle(lifecycle.begin(forged, NOW)) is Obstacle.SETTLED


def test_where_a_rule_lets_the_requester_decide_the_owner_still_may_not():
    """Each party is apart by itself, also where requester and owner are one person."""
    requirement = Requirement(apart=("owner",))
    action = held_action(requirement, user="ana", owner="olga")
    assert lifecycle.why_not(action, "ana", NOW, roles=_NOBODY) is None
    both = held_action(requirement, user="ana", owner="ana")
    assert _obstacle(lifecycle.why_not(both, "ana", NOW, roles=_NOBODY)) is Obstacle.SAME_PERSON


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
def test_what_is_late_is_never_decided_nor_run(late):
    """The expiry itself is too late already, for deciding, for breaking the glass and for carrying out."""
    action = held_action()
    for break_glass in (False, True):
        given_ = decision(action, "ana", at=EXPIRES + late, break_glass=break_glass)
        assert _obstacle(lifecycle.decide(action, given_, roles=_NOBODY)) is Obstacle.EXPIRED
        forged = replace(action, state=State.APPROVED, decisions=(given_,))
        assert _obstacle(lifecycle.begin(forged, NOW)) is Obstacle.EXPIRED
    approved = _approved(action, "ana")
    assert _obstacle(lifecycle.begin(approved, EXPIRES + late)) is Obstacle.EXPIRED
    for waiting in (action, approved):
        over = lifecycle.expire(waiting, EXPIRES + late)
        assert over is not None
        assert _obstacle(lifecycle.decide(over, decision(over, "ben"), roles=_NOBODY)) is Obstacle.SETTLED
        assert _obstacle(lifecycle.begin(over, NOW)) is Obstacle.SETTLED
    assert lifecycle.expire(action, EXPIRES - timedelta(microseconds=1)) is None


def test_a_denial_is_final():
    """After one denial no approval and no broken glass counts, and it never runs."""
    action = held_action(Requirement(approvals=2))
    denied = lifecycle.decide(_approved(action, "ana"), decision(action, "ben", approves=False), roles=_NOBODY)
    assert isinstance(denied, ProposedAction)
    assert denied.state is State.DENIED
    for break_glass in (False, True):
        again = lifecycle.decide(denied, decision(action, "cyd", break_glass=break_glass), roles=_NOBODY)
        assert _obstacle(again) is Obstacle.SETTLED
    assert _obstacle(lifecycle.begin(denied, NOW)) is Obstacle.SETTLED
    assert _obstacle(lifecycle.begin(replace(denied, state=State.APPROVED), NOW)) is Obstacle.NOT_WHAT_WAS_SHOWN
    for wrong in (lifecycle.allow, lambda each: lifecycle.hold(each, Requirement())):
        with pytest.raises(ValueError, match="is denied"):
            wrong(denied)


@pytest.mark.parametrize("reason", ["", "   ", "\n", "\u200b\u200b", "\u202e", "x" * 2_001])
@pytest.mark.parametrize("approves", [True, False])
def test_a_decision_says_why(reason, approves):
    """Nothing, what cannot be seen, and a novel are no reasons."""
    action = held_action()
    after = lifecycle.decide(action, decision(action, "ana", reason=reason, approves=approves), roles=_NOBODY)
    assert _obstacle(after) is Obstacle.REASON


def test_each_rules_roles_are_asked_for():
    """Where two rules hold, those whom one of them names do not stand for those whom the other does."""
    requirement = Requirement(
        approvals=2, roles=("stewards", "dpo"), quorums=((1, ("stewards",)), (2, ("dpo",))), apart=()
    )
    action = held_action(requirement)
    assert _obstacle(lifecycle.decide(action, decision(action, "eve"), roles=_NOBODY)) is Obstacle.ROLE
    for person, roles, state in (
        ("sam", {"stewards", "other"}, State.HELD),
        ("sue", {"stewards"}, State.HELD),
        ("dora", {"dpo"}, State.HELD),
        ("dan", {"dpo"}, State.APPROVED),
    ):
        after = lifecycle.decide(action, decision(action, person, roles=("dpo",)), roles=frozenset(roles))
        assert isinstance(after, ProposedAction)
        assert after.state is state, person
        action = after
    assert [each.roles for each in action.decisions] == [("stewards",), ("stewards",), ("dpo",), ("dpo",)]
    assert isinstance(lifecycle.begin(action, NOW), ProposedAction)


def test_one_person_may_count_for_two_rules():
    """Whoever holds both roles satisfies both rules."""
    requirement = Requirement(roles=("a", "b"), quorums=((1, ("a",)), (1, ("b",))))
    action = held_action(requirement)
    after = lifecycle.decide(action, decision(action, "ana"), roles=frozenset({"a", "b"}))
    assert isinstance(after, ProposedAction)
    assert after.state is State.APPROVED


def test_broken_glass_is_one_persons_and_two_others_look_at_it():
    """Roles and number are overridden, persons are not; a review is by people who had no part in it."""
    requirement = Requirement(approvals=3, roles=("dpo",), quorums=((3, ("dpo",)),))
    action = held_action(requirement)
    assert lifecycle.count_missing_reviews(action) == 0
    after = lifecycle.decide(action, decision(action, "ana", break_glass=True), roles=_NOBODY)
    assert isinstance(after, ProposedAction)
    assert after.state is State.APPROVED
    begun = lifecycle.begin(after, NOW)
    assert isinstance(begun, ProposedAction)
    done = lifecycle.finish(begun, None, NOW, None)
    assert lifecycle.count_missing_reviews(done) == 2
    for person, reason, obstacle in (
        ("Ana", "Fine.", Obstacle.SAME_PERSON),
        ("user:rita@acme.example", "Fine.", Obstacle.SAME_PERSON),
        ("OLGA@acme.example", "Fine.", Obstacle.SAME_PERSON),
        ("ben", " ", Obstacle.REASON),
        ("ben", "The outage was real.", None),
        ("BEN", "And again.", Obstacle.SAME_PERSON),
        ("cyd", "It was needed.", None),
        ("dan", "Late.", Obstacle.SETTLED),
    ):
        found = lifecycle.add_review(done, Review(person=person, at=NOW, reason=reason))
        assert _obstacle(found) is obstacle, person
        if isinstance(found, ProposedAction):
            assert found.version == done.version + 1
            done = found
    assert lifecycle.count_missing_reviews(done) == 0
    assert done.state is State.EXECUTED


def test_broken_glass_denies_nothing():
    """Who has no role cannot deny by breaking the glass either."""
    action = held_action(Requirement(roles=("dpo",)))
    given_ = decision(action, "ana", approves=False, break_glass=True)
    assert _obstacle(lifecycle.decide(action, given_, roles=_NOBODY)) is Obstacle.ROLE
    denied = lifecycle.decide(action, given_, roles=frozenset({"dpo"}))
    assert isinstance(denied, ProposedAction)
    assert not denied.decisions[0].break_glass
    assert lifecycle.count_missing_reviews(denied) == 0


def test_nothing_is_reviewed_where_no_glass_was_broken():
    """An ordinary approval waits for no review."""
    action = _approved(held_action(), "ana")
    found = lifecycle.add_review(action, Review(person="ben", at=NOW, reason="Fine."))
    assert _obstacle(found) is Obstacle.SETTLED
