"""Everything that changes need, in one place: who holds the actions, the journal, the record, the clock, the rules."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from metricgate.actions import ActionDefinition
from metricgate.approvals.proposal import ProposedAction
from metricgate.gateway.changes.codes import PERSON_STOPPED
from metricgate.gateway.changes.keyed_locks import KeyedLocks
from metricgate.gateway.changes.settings import ChangeSettings
from metricgate.gateway.codes import FROZEN
from metricgate.gateway.engine import Engines
from metricgate.gateway.governance import GovernanceSource
from metricgate.ledger.events.actions import ActionEvent
from metricgate.policy.kinds.freezes import FREEZES
from metricgate.policy.occasion import EvaluationContext
from metricgate.state.actions import ActionStore, RecordedSteps, Steps
from metricgate.state.journal import Journal
from metricgate.state.record import AppendReceipt, Ledger, record_event
from metricgate.state.switches import SwitchBoard, SwitchesUnreadable, SwitchKind
from metricgate.vocabulary.actor import ActorKind
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problem
from metricgate.vocabulary.resource import Action as Verb
from metricgate.vocabulary.resource import resource_of
from metricgate.vocabulary.target import EVERYTHING, targets_of

Tell = Callable[[str, ProposedAction, Mapping[str, Json]], None]
"""Called after something happened to an action: the kind of notice, the action, and further facts."""


HasLeft = Callable[[str, str, datetime], bool]
"""Whether the account is gone by which somebody (id, method of the login) was logged in at a moment."""


def has_never_left(_person: str, _method: str, _at: datetime) -> bool:
    """Say that every account is still there."""
    return False


def tell_nobody(_kind: str, _action: ProposedAction, _facts: Mapping[str, Json]) -> None:
    """Tell nobody."""


@dataclass(slots=True, kw_only=True)
class ChangeServices:
    """The parts, and the few things that every step does alike."""

    governance: GovernanceSource
    engines: Engines
    ledger: Ledger
    clock: Clock
    board: SwitchBoard
    store: ActionStore
    steps: Steps
    recorded: RecordedSteps
    journal: Journal
    settings: ChangeSettings
    instance: str
    """Id of this gateway, under which it works on actions."""
    alive: Callable[[str], bool]
    """Whether another gateway, by its id, is there and works on what is its own."""
    new_id: Callable[[], str]
    """A fresh action id, unguessable and sortable by time."""
    new_nonce: Callable[[], str]
    actions: Callable[[], Mapping[str, ActionDefinition]]
    """The governed actions in force."""
    tell: Tell = tell_nobody
    left: HasLeft = has_never_left
    locks: KeyedLocks = field(default_factory=KeyedLocks)
    revision: int = 0
    """Grows with everything that happens, for live pages."""
    carried_out: Counter[str] = field(default_factory=Counter)
    """How many changes were carried out, or may have been, in each warehouse: what is known of its data is old then."""
    stages: dict[str, str] = field(default_factory=dict)
    """What is being done for an action that is carried out this moment, in words, by its id."""
    running: set[asyncio.Task[object]] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    """Ids of actions that are ``EXECUTING`` and of which it is not known whether they were committed, or not recorded.

    Because the warehouse or the record could not be reached; each is tried again until it is settled.
    """

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.fromtimestamp(self.clock.unix_nano() / 1_000_000_000, UTC)

    async def record(self, event: ActionEvent) -> AppendReceipt:
        """Append an entry of an action.

        Raises:
            LedgerUnavailable: it could not be made durable.
        """
        durable = await record_event(self.ledger, event)
        self.revision += 1
        return durable

    async def others_work(self) -> frozenset[str]:
        """Return the actions on which other gateways work that are there."""
        owners = await asyncio.to_thread(self.steps.owners)
        return frozenset(action for action, owner in owners.items() if self.of_another(owner))

    def of_another(self, owner: str) -> bool:
        """Whether an owner is another gateway that is there; what has no owner is an earlier release's."""
        return owner not in {"", self.instance} and self.alive(owner)

    def frozen_for(self, action: ProposedAction) -> Problem | None:
        """Return why an action may not change anything now: a freeze or stop of whom it was proposed by, or None.

        A person's undo passes a freeze: taking back what was done is what a freeze gives time for. A stop that names
        the person binds it.
        """
        if action.actor.kind is ActorKind.PERSON:
            return self.stop_problem(
                Identity(id=action.actor.id, proof=Proof.VERIFIED, method="action", groups=action.user_groups)
            )
        return self.freeze_problem(self._proposer(action))

    def freezes_on(self, action: ProposedAction) -> list[str]:
        """Return the freezes of the agent whose action is taken back, which a person's undo passes."""
        try:
            thrown = self.board.current().thrown
        except SwitchesUnreadable:
            return ["nobody can tell which"]
        proposer = self._proposer(action)
        judge = self.governance.current.judge
        targets = [resource_of(each) for each in action.proposal.targets]
        verdict = judge.judge(proposer, Verb.UNDO, targets, circumstances=EvaluationContext(now=self.now()))
        told = [f"{each.target}: {each.because}" for each in thrown if each.concerns(proposer)]
        return told + [each.message for each in verdict.reasons if each.kind == FREEZES.name]

    def stop_problem(self, person: Identity) -> Problem | None:
        """Return why a person may do nothing at any door, or None: a stop, thrown or in the policy, names that one."""
        try:
            thrown = self.board.current().thrown
        except SwitchesUnreadable:
            return Problem(code=PERSON_STOPPED, message="Nobody can tell whether you are stopped, so you are.")
        targets = targets_of("user", person) - {EVERYTHING}
        switch = next((each for each in thrown if each.kind is SwitchKind.STOP and each.target in targets), None)
        if switch is not None:
            return Problem(
                code=PERSON_STOPPED, message=f"{switch.target} is stopped: {switch.because}", hint=PERSON_STOPPED.cure
            )
        now = EvaluationContext(now=self.now())
        why = self.governance.current.judge.stop_reason(person, circumstances=now)
        return None if why is None else Problem(code=PERSON_STOPPED, message=why, hint=PERSON_STOPPED.cure)

    @staticmethod
    def _proposer(action: ProposedAction) -> Principal:
        proposal = action.proposal
        tenant = (("tenant", proposal.tenant),)
        agent = Identity(
            id=proposal.agent, proof=Proof.ASSERTED, method="action", groups=action.user_groups, attributes=tenant
        )
        user = None if proposal.user is None else Identity(id=proposal.user, proof=Proof.ASSERTED, method="action")
        return Principal(agent=agent, user=user)

    def freeze_problem(self, principal: Principal) -> Problem | None:
        """Return why nothing of this principal may change anything now, or None."""
        try:
            switches = self.board.current()
        except SwitchesUnreadable:
            return Problem(code=FROZEN, message="Nobody can tell whether changes are frozen, so they are.")
        for kind in (SwitchKind.STOP, SwitchKind.FREEZE):
            switch = switches.find_switch(principal, kind)
            if switch is not None:
                message = f"Changes are frozen for {switch.target}: {switch.because}"
                return Problem(code=FROZEN, message=message, hint=FROZEN.cure)
        return None
