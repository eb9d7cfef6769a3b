"""What a gateway does from time to time: what is over is settled, what is kept too long goes, anchors are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from metricgate.approvals.proposal import State
from metricgate.changing.structure import aside_of
from metricgate.gateway.changes.advance import StateConflict
from metricgate.gateway.changes.expiry import find_action
from metricgate.gateway.changes.ports import ChangeFailed, WritableWarehouse
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.settlement import retry_unsettled
from metricgate.gateway.ports import WarehouseError
from metricgate.state.actions import ActionFilter
from metricgate.state.record import LedgerUnavailable, RecordStore
from metricgate.state.sealed import Unsealable
from metricgate.state.state import ProjectState, StoreUnavailable

_EVERY_SECONDS = 5.0
_ANCHOR_SECONDS = 1.0


async def _forget_backup(services: ChangeServices, action_id: str) -> bool:
    """Drop for good what an action set aside, if it did; False where that is to be tried again."""
    action = await asyncio.to_thread(services.store.get, action_id)
    if action is None or not action.changes_structure:
        return True
    warehouse = services.engines.find(action.proposal.warehouse).warehouse
    log = structlog.get_logger("metricgate.writing")
    if not isinstance(warehouse, WritableWarehouse) or not warehouse.writable:
        log.warning("set_aside_left", action=action_id, table=aside_of(action_id), error="not opened for changes")
        return True
    try:
        await warehouse.forget_aside([action_id])
    except (ChangeFailed, WarehouseError) as error:
        log.warning("set_aside_left", action=action_id, table=aside_of(action_id), error=str(error))
        return False
    return True


async def tidy(services: ChangeServices, now: datetime) -> None:
    """Settle what is over and remove images, and what was set aside, whose time is over.

    Raises:
        LedgerUnavailable, StateConflict, StoreUnavailable: not all of it was done; the next time does the rest.
    """
    with _whatever_is_damaged():
        for held in await asyncio.to_thread(services.store.glances, ActionFilter(states=(State.HELD,), limit=1_000)):
            if held.expires_at <= now:
                await find_action(services, held.id)
    await retry_unsettled(services)
    for over in await asyncio.to_thread(services.journal.due, now):
        done = True
        with _whatever_is_damaged():
            done = await _forget_backup(services, over)
        if done:
            await asyncio.to_thread(services.journal.forget, over)
            structlog.get_logger("metricgate.writing").info("images_removed", action=over)


@contextmanager
def _whatever_is_damaged() -> Iterator[None]:
    """Say what does not open, and go on: what is left undone of it must not keep the rest from being done."""
    try:
        yield
    except Unsealable as error:
        structlog.get_logger("metricgate.writing").error("kept_unreadable", error=str(error))


async def keep_tidy(services: ChangeServices) -> None:
    """Tidy every few seconds, until cancelled."""
    while True:
        try:
            await tidy(services, services.now())
        except (LedgerUnavailable, StateConflict, StoreUnavailable) as error:
            structlog.get_logger("metricgate.writing").warning("tidying_failed", error=str(error))
        await asyncio.sleep(_EVERY_SECONDS)


async def keep_anchored(state: ProjectState, record: RecordStore) -> None:
    """Tell what remembers it how far the record is, whenever it grew, until cancelled."""
    told = -1
    while True:
        if record.size != told:
            told = await asyncio.to_thread(state.tell_anchors, record)
        await asyncio.sleep(_ANCHOR_SECONDS)
