"""How an action goes on: the one place that records what happens to an action and keeps what it becomes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import overload

from metricgate.approvals.lifecycle import Refusal
from metricgate.approvals.proposal import ProposedAction
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.transitions import (
    CertainTransition,
    ProposalMade,
    RefusableTransition,
    Transition,
    apply_transition,
    entry_of,
)
from metricgate.ledger.events.actions import ActionEvent
from metricgate.state.actions import ActionStep
from metricgate.state.record import AppendReceipt, LedgerUnavailable


class StateConflict(Exception):
    """Somebody else changed the action meanwhile (the optimistic lock); nothing was recorded."""


class KeyTaken(Exception):
    """The proposer's idempotency key stands for another action already: ``kept``."""

    def __init__(self, kept: ProposedAction) -> None:
        super().__init__(kept.id)
        self.kept = kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """An action as it is kept now, and the entry that says so; None where another action's entry does."""

    action: ProposedAction
    entry: AppendReceipt | None


@overload
async def advance(services: ChangeServices, action: ProposedAction, event: CertainTransition) -> Advanced: ...
@overload
async def advance(
    services: ChangeServices, action: ProposedAction, event: RefusableTransition
) -> Advanced | Refusal: ...
async def advance(services: ChangeServices, action: ProposedAction, event: Transition) -> Advanced | Refusal:
    """Let something happen to an action: the new state and its entry both count, or neither does.

    The new state is begun as a step, under its version; then the entry is appended; then the step is ended with the
    entry's number. Until it ends, no other step of the action begins, and what a crash leaves open is settled by what
    the record has (``mending``). A caller that is cancelled leaves nothing half done: the step goes on without it.

    Args:
        services: with the stores and the record.
        action: as the caller knows it, which must be as it is kept; a new action where it is proposed.
        event: what happens to it.

    Returns:
        The action as it is kept now, or why it cannot become so; nothing is recorded or kept then.

    Raises:
        StateConflict: somebody else changed it meanwhile; nothing is recorded.
        KeyTaken: a new action's idempotency key stands for another one; nothing is recorded.
        LedgerUnavailable: it could not be recorded, and does not count.
        ValueError: as ``transitioned``.
    """
    after = apply_transition(action, event)
    if isinstance(after, Refusal):
        return after
    entry = entry_of(after, event)
    if entry is None:
        if not await asyncio.to_thread(services.store.replace, after):
            raise StateConflict(after.id)
        services.revision += 1
        return Advanced(action=after, entry=None)
    content, before = (event.content, event.after) if isinstance(event, ProposalMade) else (None, -1)
    step = ActionStep(
        id=services.new_nonce(),
        action_id=after.id,
        event=entry.NAME,
        after=max(before, *after.records, -1),
        owner=services.instance,
    )
    task = asyncio.ensure_future(_step(services, step, after, replace(entry, step=step.id), content))
    services.running.add(task)
    task.add_done_callback(services.running.discard)
    return await asyncio.shield(task)


async def _step(
    services: ChangeServices, step: ActionStep, action: ProposedAction, entry: ActionEvent, content: bytes | None
) -> Advanced:
    async with services.locks.of(action.id):
        kept = await asyncio.to_thread(partial(services.steps.begin, step, action, changes=content))
        if kept is None:
            raise StateConflict(action.id)
        if kept.id != action.id:
            raise KeyTaken(kept)
        try:
            durable = await services.record(entry)
        except LedgerUnavailable:
            await asyncio.to_thread(services.steps.take_back, step)
            raise
        return Advanced(action=await asyncio.to_thread(services.steps.end, step, durable.index), entry=durable)
