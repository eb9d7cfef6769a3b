"""Everything that changes need, in one place: who holds the actions, the journal, the record, the clock, the rules."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from metricgate.actions import ActionDefinition
from metricgate.approvals import deciding
from metricgate.approvals.proposal import Action
from metricgate.gateway.codes import FROZEN
from metricgate.gateway.conduct.switches import SwitchBoard, SwitchesUnreadable, SwitchKind
from metricgate.gateway.engine import Engines
from metricgate.gateway.entries import Fields
from metricgate.gateway.governance import GovernanceSource
from metricgate.gateway.ports import Clock, Durable, Ledger
from metricgate.gateway.writing import entries
from metricgate.gateway.writing.ports import ActionStore, Journal
from metricgate.gateway.writing.settings import WriteSettings
from metricgate.vocabulary.actor import GATEWAY, Actor
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problem

Tell = Callable[[str, Action, Mapping[str, Json]], None]
"""Called after something happened to an action: the kind of notice, the action, and further facts."""


def nobody(_kind: str, _action: Action, _facts: Mapping[str, Json]) -> None:
    """Tell nobody."""


class Raced(Exception):
    """Somebody else changed the action meanwhile."""


@dataclass(slots=True, kw_only=True)
class Book:
    """The parts, and the few things that every step does alike."""

    governance: GovernanceSource
    engines: Engines
    ledger: Ledger
    clock: Clock
    board: SwitchBoard
    store: ActionStore
    journal: Journal
    settings: WriteSettings
    new_id: Callable[[], str]
    """A fresh action id, unguessable and sortable by time."""
    new_nonce: Callable[[], str]
    actions: Callable[[], Mapping[str, ActionDefinition]]
    """The governed actions in force."""
    tell: Tell = nobody
    changes: int = 0
    """Grows with everything that happens, for live pages."""
    carried_out: Counter[str] = field(default_factory=Counter)
    """How many changes were carried out, or may have been, in each warehouse: what is known of its data is old then."""
    running: set[asyncio.Task[object]] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    """Actions that were begun, and of which nobody could be asked, or no record made, what became of them."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.fromtimestamp(self.clock.unix_nano() / 1_000_000_000, UTC)

    async def record(
        self,
        event: str,
        action: Action,
        fields: Fields | None = None,
        bodies: Fields | None = None,
        *,
        actor: Actor | None = None,
    ) -> Durable:
        """Append an entry of the action; what happens to it is its proposer's act, unless ``actor`` is another one.

        Raises:
            LedgerUnavailable: it could not be made durable.
        """
        who, who_bodies = (actor or action.actor).recorded()
        durable = await self.ledger.append(
            event,
            {**entries.of_action(action), **who, **(fields or {})},
            bodies={**entries.bodies_of(action), **who_bodies, **(bodies or {})},
        )
        self.changes += 1
        return durable

    async def keep(self, action: Action, durable: Durable | None = None) -> Action:
        """Keep a new state of an action.

        Raises:
            Raced: somebody else changed it meanwhile.
        """
        kept = action if durable is None else deciding.with_record(action, durable.index)
        if not await asyncio.to_thread(self.store.replace, kept):
            raise Raced(action.id)
        self.changes += 1
        return kept

    async def get(self, action_id: str) -> Action | None:
        """Return an action; one whose time is over is settled first."""
        action = await asyncio.to_thread(self.store.get, action_id)
        return None if action is None else await self.settled(action)

    async def settled(self, action: Action) -> Action:
        """Return the action, expired where its time is over; that is recorded and told."""
        over = deciding.expired(action, self.now())
        if over is None:
            return action
        durable = await self.record(entries.ENDED, over, {"gov.outcome": "expired"}, actor=GATEWAY)
        try:
            kept = await self.keep(over, durable)
        except Raced:
            return await asyncio.to_thread(self.store.get, action.id) or action
        self.tell("action_expired", kept, {})
        return kept

    def frozen_for(self, action: Action) -> Problem | None:
        """Return why an action may not change anything now: a freeze of whom it was proposed by, or None.

        A person's undo is not frozen: taking back what was done is what a freeze gives time for.
        """
        if action.undoes is not None:
            return None
        proposal = action.proposal
        tenant = (("tenant", proposal.tenant),)
        agent = Identity(
            id=proposal.agent, proof=Proof.ASSERTED, method="action", groups=action.user_groups, attributes=tenant
        )
        user = None if proposal.user is None else Identity(id=proposal.user, proof=Proof.ASSERTED, method="action")
        return self.frozen(Principal(agent=agent, user=user))

    def frozen(self, principal: Principal) -> Problem | None:
        """Return why nothing of this principal may change anything now, or None."""
        try:
            switches = self.board.current()
        except SwitchesUnreadable:
            return Problem(code=FROZEN, message="Nobody can tell whether changes are frozen, so they are.")
        for kind in (SwitchKind.STOP, SwitchKind.FREEZE):
            switch = switches.concerning(principal, kind)
            if switch is not None:
                message = f"Changes are frozen for {switch.target}: {switch.because}"
                return Problem(code=FROZEN, message=message, hint=FROZEN.cure)
        return None
