"""Whatever people and time do, in whatever order: what runs was approved as it is, in time, by enough of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.approvals.made import EXPIRES, NOW, PROPOSAL, decision, held_action

from metricgate.approvals import lifecycle
from metricgate.approvals.outcome import NotCarriedOut
from metricgate.approvals.proposal import ProposedAction, Requirement, State

_PEOPLE = ("rita@acme.example", "Rita@acme.example", "user:olga@acme.example", "ana", "ANA", "ben", "cyd", "dora")
_ROLES = {"ana": {"stewards"}, "ben": {"stewards", "dpo"}, "cyd": set[str](), "dora": {"dpo"}}


def _plain(person: str) -> str:
    return person.removeprefix("user:").lower()


class Life(RuleBasedStateMachine):
    """One action, and a book kept beside it of what people said."""

    @initialize(
        approvals=st.sampled_from([1, 1, 2, 3]),
        quorums=st.lists(
            st.tuples(st.integers(1, 2), st.sampled_from([("stewards",), ("dpo",), ("stewards", "dpo")])), max_size=2
        ),
        apart=st.sampled_from([("requester", "owner"), ("requester",), ("owner",), ()]),
    )
    def propose(self, approvals: int, quorums: list[tuple[int, tuple[str, ...]]], apart: tuple[str, ...]) -> None:
        """Begin with any requirement."""
        roles = tuple(dict.fromkeys(role for _number, names in quorums for role in names))
        self.requirement = Requirement(approvals=approvals, roles=roles, quorums=tuple(quorums), apart=apart)
        self.action = held_action(self.requirement)
        self.now = NOW
        self.approved_by: set[str] = set()
        self.broken = False
        self.denied = False
        self.begun = 0
        self.version = self.action.version

    def _take(self, after: object) -> bool:
        if not isinstance(after, ProposedAction):
            return False
        assert after.version == self.action.version + 1
        self.action = after
        return True

    @rule(
        person=st.sampled_from(_PEOPLE),
        approves=st.sampled_from([True, True, True, False]),
        break_glass=st.sampled_from([False, False, False, True]),
        bound=st.sampled_from([True, True, True, False]),
        reason=st.sampled_from(["Looked at.", "Looked at.", " "]),
    )
    def decide(self, *, person: str, approves: bool, break_glass: bool, bound: bool, reason: str) -> None:
        """Somebody says something; where it counts, it had to."""
        self._decide(person, approves=approves, break_glass=break_glass, bound=bound, reason=reason)

    def _decide(self, person: str, *, approves: bool, break_glass: bool, bound: bool, reason: str) -> None:
        given = decision(self.action, person, at=self.now, approves=approves, break_glass=break_glass, reason=reason)
        if not bound:
            given = replace(given, bound_to=replace(PROPOSAL, nonce="1" * 32).digest)
        if not self._take(lifecycle.decide(self.action, given, roles=frozenset(_ROLES.get(_plain(person), set())))):
            return
        assert bound
        assert reason.strip()
        assert self.now < EXPIRES
        assert not self.denied
        assert _plain(person) not in self.approved_by
        self.approved_by |= {_plain(person)} if approves else set()
        self.denied = self.denied or not approves
        self.broken = self.broken or (break_glass and approves)

    @rule(person=st.sampled_from(["ana", "ben", "dora", "cyd"]))
    def approve(self, person: str) -> None:
        """Somebody who may approves, with all that it takes."""
        self._decide(person, approves=True, break_glass=False, bound=True, reason="Looked at.")

    @rule()
    def begin(self) -> None:
        """Begin what was proposed."""
        self._execute("0" * 32)

    @rule(minutes=st.integers(0, 9))
    def wait(self, minutes: int) -> None:
        """Let time go by."""
        self.now += timedelta(minutes=minutes)

    @rule()
    def expire(self) -> None:
        """Settle what is over."""
        over = lifecycle.expire(self.action, self.now)
        if over is not None:
            assert self.now >= EXPIRES
            self.action = over

    @rule()
    def cancel(self) -> None:
        """Withdraw it, seldom, so that most lives go on."""
        if self.now.minute == 7:
            self._take(lifecycle.cancel(self.action, self.now))

    @rule(nonce=st.sampled_from(["0" * 32, "0" * 32, "2" * 32]))
    def execute(self, nonce: str) -> None:
        """Begin it, perhaps with another proposal in its place."""
        self._execute(nonce)

    def _execute(self, nonce: str) -> None:
        kept = replace(self.action, proposal=replace(self.action.proposal, nonce=nonce))
        after = lifecycle.begin(kept, self.now)
        if not isinstance(after, ProposedAction):
            return
        self.begun += 1
        assert nonce == "0" * 32
        assert self.now < EXPIRES
        assert not self.denied
        parties = {"requester": "rita@acme.example", "owner": "olga@acme.example"}
        assert self.approved_by.isdisjoint(parties[part] for part in self.requirement.apart)
        if not self.broken:
            assert len(self.approved_by) >= self.requirement.approvals
            for number, roles in self.requirement.quorums:
                holders = [each for each in self.approved_by if _ROLES.get(each, set()) & set(roles)]
                assert len(holders) >= number
        assert self.approved_by
        self.action = after

    @precondition(lambda self: self.action.state is State.EXECUTING)
    @rule(well=st.booleans())
    def end(self, *, well: bool) -> None:
        """Come to an end."""
        if well:
            self._take(lifecycle.finish(self.action, None, self.now, None))
        else:
            self._take(lifecycle.fail(self.action, NotCarriedOut(code="E_X", message="No."), self.now))

    @invariant()
    def it_begins_once_at_most_and_versions_grow(self) -> None:
        """Nothing runs twice, nothing final moves."""
        if not hasattr(self, "action"):
            return
        assert self.begun <= 1
        assert self.action.version >= self.version
        self.version = self.action.version
        if self.denied:
            assert self.action.state is State.DENIED


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=300, stateful_step_count=12)
