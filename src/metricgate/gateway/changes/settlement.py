"""How an action that was begun ends: finished, failed, or settled later, once its warehouse tells what became of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from metricgate.approvals.proposal import ProposedAction, State
from metricgate.changing.effect import ChangeEffect
from metricgate.gateway.changes import codes, kept_change
from metricgate.gateway.changes.advance import StateConflict, advance
from metricgate.gateway.changes.ports import ChangeFailed, WritableWarehouse
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.transitions import ActionTakenBack, ExecutionFailed, ExecutionFinished
from metricgate.gateway.ports import WarehouseError
from metricgate.state.actions import ActionFilter
from metricgate.state.record import LedgerUnavailable
from metricgate.state.sealed import Unsealable
from metricgate.vocabulary.problem import Problem


async def finish(services: ChangeServices, action: ProposedAction, effect: ChangeEffect | None) -> ProposedAction:
    """Say of a committed transaction so in the journal, in the record, and in the action; return that.

    Args:
        services: of changes.
        action: begun.
        effect: what was changed; None where only the marker of its transaction tells that it was committed.

    Raises:
        StateConflict, LedgerUnavailable: as ``advance``.
    """
    await asyncio.to_thread(services.journal.commit, action.id)
    now = services.now()
    nothing = effect is not None and effect.structure is None and effect.rows == 0
    until = None if nothing else now + timedelta(days=services.settings.undo_days)
    done = (await advance(services, action, ExecutionFinished(effect=effect, at=now, undo_until=until))).action
    if done.undoes is not None:
        await _mark_undone(services, done)
    services.tell("action_undone" if done.undoes else "action_executed", done, {})
    return done


async def _mark_undone(services: ChangeServices, action: ProposedAction) -> None:
    try:
        first = await asyncio.to_thread(services.store.get, action.undoes or "")
    except Unsealable as error:
        # What was taken back stays taken back and recorded, though its first action cannot say so any more.
        structlog.get_logger("metricgate.writing").error("kept_unreadable", action=action.undoes, error=str(error))
        return
    if first is None:
        return
    await advance(services, first, ActionTakenBack(by=action.id))


async def fail(services: ChangeServices, action: ProposedAction, problem: Problem, engine_text: str) -> ProposedAction:
    """Record that nothing was changed, and why; return the action with that outcome.

    Args:
        services: of changes.
        action: approved or begun.
        problem: what people and the agent are told.
        engine_text: the engine's own words, for the record only.

    Raises:
        StateConflict, LedgerUnavailable: as ``advance``.
    """
    failed = ExecutionFailed(problem=problem, engine_text=engine_text, at=services.now())
    done = await advance(services, action, failed)
    services.tell("action_failed", done.action, {})
    return done.action


async def settle(services: ChangeServices, action: ProposedAction) -> ProposedAction | None:
    """Find out what became of an action that was begun, and record it; None where the warehouse cannot tell yet.

    ``retry_unsettled`` then asks again.
    """
    settled = await _ask_warehouse(services, action)
    if settled is None:
        services.unsettled.add(action.id)
    return settled


async def retry_unsettled(services: ChangeServices) -> None:
    """Try once more what could not be settled.

    Raises:
        StateConflict, LedgerUnavailable: some of it is left for the next time.
    """
    for action_id in tuple(services.unsettled):
        try:
            action = await asyncio.to_thread(services.store.get, action_id)
            begun = action is not None and action.state is State.EXECUTING
            if action is None or not begun or await settle(services, action) is not None:
                services.unsettled.discard(action_id)
        except Unsealable as error:
            # It stays unsettled, and keeps no other from being settled.
            structlog.get_logger("metricgate.writing").error("kept_unreadable", action=action_id, error=str(error))


async def _ask_warehouse(services: ChangeServices, action: ProposedAction) -> ProposedAction | None:
    warehouse = services.engines.find(action.proposal.warehouse).warehouse
    if not isinstance(warehouse, WritableWarehouse):
        return None
    try:
        applied = action.id in await warehouse.close_off([action.id]) or await _is_restructured(
            services, action, warehouse
        )
    except (ChangeFailed, WarehouseError):
        return None
    if applied:
        return await finish(services, action, None)
    if action.changes_structure:
        # Values that were copied aside for a change that was not made.
        with suppress(ChangeFailed, WarehouseError):
            await warehouse.forget_aside([action.id])
    await asyncio.to_thread(services.journal.abandon, action.id)
    problem = Problem(code=codes.INTERRUPTED, message=codes.INTERRUPTED.cause, hint=codes.INTERRUPTED.cure)
    return await fail(services, action, problem, "the transaction was not committed")


async def _is_restructured(services: ChangeServices, action: ProposedAction, warehouse: WritableWarehouse) -> bool:
    content = await asyncio.to_thread(services.store.changes, action.id)
    structure = None if content is None else kept_change.from_bytes(content).structure
    return structure is not None and await warehouse.is_restructured(structure, action.id)


async def settle_after_crash(services: ChangeServices) -> list[ProposedAction]:
    """Settle what a crash left, at start: begun actions, and approved ones that nobody began.

    What another gateway works on that is there stays with that one.
    """
    found: list[ProposedAction] = []
    others = await services.others_work()
    for action in await asyncio.to_thread(services.store.list, ActionFilter(states=(State.EXECUTING,), limit=1_000)):
        if action.id in others:
            continue
        try:
            settled = await settle(services, action)
        except (StateConflict, LedgerUnavailable):
            continue
        if settled is not None:
            found.append(settled)
    for action in await asyncio.to_thread(services.store.list, ActionFilter(states=(State.APPROVED,), limit=1_000)):
        if action.id in others:
            continue
        # Approved, but the gateway went away before it began: what was approved then is not run now.
        problem = Problem(code=codes.INTERRUPTED, message=codes.INTERRUPTED.cause, hint=codes.INTERRUPTED.cure)
        try:
            found.append(await fail(services, action, problem, "the gateway went away before it began"))
        except (StateConflict, LedgerUnavailable):
            continue
    return found
