"""What a crash, or an earlier release, left apart: actions and their entries, images and their actions.

The record decides: a step whose entry it has stands, any other is taken back. An approval is the exception: its person
never heard that it counted, and what it was for may be long past, so it is taken back, and the record says so.
"""

from __future__ import annotations

import asyncio

from metricgate.gateway.writing import codes, entries
from metricgate.gateway.writing.book import Book
from metricgate.state.actions import Step
from metricgate.state.record import Ledger
from metricgate.vocabulary.actor import GATEWAY, person
from metricgate.vocabulary.json import Json

MENDED = "gov.recovery.mended"
"""Something was found without the other half that it belongs to; ``gov.recovery.what`` says what was done."""
_WHAT = "gov.recovery.what"


async def mend(book: Book) -> None:
    """Settle open steps, and record and remove what has no owner. To be done at start, before anything else.

    Raises:
        LedgerUnavailable: the record cannot be read or written.
        Unsealable: an action does not open.
    """
    steps = await asyncio.to_thread(book.steps.open_steps)
    recorded = await asyncio.to_thread(book.recorded.indexes_of, steps)
    for step in steps:
        if not book.of_another(step.owner):
            await _settle(book, step, recorded.get(step.id))
    for action_id in await asyncio.to_thread(book.steps.ownerless):
        await _say(book.ledger, "changes without an action were removed", action_id)
        await asyncio.to_thread(book.steps.forget_changes, action_id)
    for action_id in await asyncio.to_thread(book.journal.all):
        if await asyncio.to_thread(book.store.get, action_id) is None:
            await _say(book.ledger, "images without an action were removed", action_id)
            await asyncio.to_thread(book.journal.abandon, action_id)
            await asyncio.to_thread(book.journal.forget, action_id)
    await _proposals(book)


async def _settle(book: Book, step: Step, index: int | None) -> None:
    if index is None:
        await asyncio.to_thread(book.steps.take_back, step)
        return
    action = await asyncio.to_thread(book.store.get, step.action_id)
    approved = step.event == entries.DECIDED and action is not None and action.decisions[-1].approves
    if not approved or action is None:
        await asyncio.to_thread(book.steps.end, step, index)
        return
    fields, bodies = entries.of_decision(action.decisions[-1])
    fields |= {"gov.outcome": "uncounted", "error.type": codes.INTERRUPTED.name}
    fields |= _link(index, "decision")
    await book.record(entries.UNCOUNTED, action, fields, bodies, actor=person(action.decisions[-1].person))
    await asyncio.to_thread(book.steps.take_back, step)


async def _proposals(book: Book) -> None:
    """Say of each proposal that has no action that there is none; each once."""
    mark = await asyncio.to_thread(book.steps.looked_through)
    proposed = await asyncio.to_thread(book.recorded.proposals, mark)
    for action_id, index in proposed.items():
        if await asyncio.to_thread(book.store.get, action_id) is None:
            await _say(book.ledger, "a proposal has no action", action_id, _link(index, "proposal"))
    if proposed:
        await asyncio.to_thread(book.steps.look_from, max(proposed.values()))


async def _say(ledger: Ledger, what: str, action_id: str, more: dict[str, Json] | None = None) -> None:
    fields = {**GATEWAY.recorded()[0], _WHAT: what, "gov.action.id": action_id, **(more or {})}
    await ledger.append(MENDED, fields, bodies={})


def _link(index: int, relation: str) -> dict[str, Json]:
    return {"gov.links": [{"index": index, "rel": relation}]}
