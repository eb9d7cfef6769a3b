"""What a crash, or an earlier release, left apart: actions and their entries, images and their actions.

The record decides: a step whose entry it has stands, any other is taken back. An approval is the exception: its person
never heard that it counted, and what it was for may be long past, so it is taken back, and the record says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from metricgate.gateway.changes import codes, record_facts
from metricgate.gateway.changes.services import ChangeServices
from metricgate.ledger.events import names
from metricgate.ledger.events.actions import ActionUncounted, RecoveryMended
from metricgate.ledger.events.shared import BY_GATEWAY, EntryLink, facts_of_actor
from metricgate.state.actions import ActionStep
from metricgate.state.record import Ledger, record_event
from metricgate.vocabulary.actor import person


async def recover(services: ChangeServices) -> None:
    """Settle open steps, and record and remove what has no owner. To be done at start, before anything else.

    Raises:
        LedgerUnavailable: the record cannot be read or written.
        Unsealable: an action does not open.
    """
    steps = await asyncio.to_thread(services.steps.open_steps)
    recorded = await asyncio.to_thread(services.recorded.indexes_of, steps)
    for step in steps:
        if not services.of_another(step.owner):
            await _settle(services, step, recorded.get(step.id))
    for action_id in await asyncio.to_thread(services.steps.ownerless):
        await _record_mended(services.ledger, "changes without an action were removed", action_id)
        await asyncio.to_thread(services.steps.forget_changes, action_id)
    for action_id in await asyncio.to_thread(services.journal.all):
        if await asyncio.to_thread(services.store.get, action_id) is None:
            await _record_mended(services.ledger, "images without an action were removed", action_id)
            await asyncio.to_thread(services.journal.abandon, action_id)
            await asyncio.to_thread(services.journal.forget, action_id)
    await _record_lost_proposals(services)


async def _settle(services: ChangeServices, step: ActionStep, index: int | None) -> None:
    if index is None:
        await asyncio.to_thread(services.steps.take_back, step)
        return
    action = await asyncio.to_thread(services.store.get, step.action_id)
    approved = step.event == names.ACTION_DECIDED and action is not None and action.decisions[-1].approves
    if not approved or action is None:
        await asyncio.to_thread(services.steps.end, step, index)
        return
    decision = action.decisions[-1]
    uncounted = ActionUncounted(
        action=record_facts.action_facts(action),
        actor=facts_of_actor(person(decision.person)),
        decision=record_facts.decision_facts(decision),
        error_type=codes.INTERRUPTED.name,
        links=[EntryLink(index=index, rel="decision")],
    )
    await services.record(uncounted)
    await asyncio.to_thread(services.steps.take_back, step)


async def _record_lost_proposals(services: ChangeServices) -> None:
    """Say of each proposal that has no action that there is none; each once."""
    mark = await asyncio.to_thread(services.steps.looked_through)
    proposed = await asyncio.to_thread(services.recorded.proposals, mark)
    for action_id, index in proposed.items():
        if await asyncio.to_thread(services.store.get, action_id) is None:
            await _record_mended(
                services.ledger, "a proposal has no action", action_id, [EntryLink(index=index, rel="proposal")]
            )
    if proposed:
        await asyncio.to_thread(services.steps.look_from, max(proposed.values()))


async def _record_mended(ledger: Ledger, what: str, action_id: str, links: Sequence[EntryLink] | None = None) -> None:
    await record_event(ledger, RecoveryMended(actor=BY_GATEWAY, what=what, action=action_id, links=links))
