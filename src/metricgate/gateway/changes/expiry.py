"""Actions whose time is over expire when somebody looks at them; nothing of theirs is carried out after that."""

from __future__ import annotations

import asyncio

from metricgate.approvals.lifecycle import Refusal
from metricgate.approvals.proposal import ProposedAction
from metricgate.gateway.changes.advance import StateConflict, advance
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.transitions import ActionExpired


async def find_action(services: ChangeServices, action_id: str) -> ProposedAction | None:
    """Return an action as it stands, expired where its time is over; None where there is none.

    Raises:
        LedgerUnavailable: that it expired could not be recorded.
        Unsealable: it does not open.
    """
    action = await asyncio.to_thread(services.store.get, action_id)
    return None if action is None else await expire_if_due(services, action)


async def expire_if_due(services: ChangeServices, action: ProposedAction) -> ProposedAction:
    """Return the action, expired where its time is over; that is recorded and told.

    Raises:
        LedgerUnavailable: that it expired could not be recorded.
    """
    try:
        done = await advance(services, action, ActionExpired(at=services.now()))
    except StateConflict:
        return await asyncio.to_thread(services.store.get, action.id) or action
    if isinstance(done, Refusal):
        return action
    services.tell("action_expired", done.action, {})
    return done.action
