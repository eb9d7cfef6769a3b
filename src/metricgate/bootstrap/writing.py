"""Changes put together: the store of actions, the journal, ids, who is told, and what is done from time to time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial

import structlog
from ulid import ULID

from metricgate.approvals.proposal import Action, State
from metricgate.bootstrap.settings import Settings
from metricgate.changing.structure import aside_of
from metricgate.gateway.engine import Engines
from metricgate.gateway.governance import GovernanceSource
from metricgate.gateway.ports import Warehouse, WarehouseError
from metricgate.gateway.writing.advance import Raced
from metricgate.gateway.writing.book import Book
from metricgate.gateway.writing.executing import settle_again
from metricgate.gateway.writing.expiry import find_action
from metricgate.gateway.writing.ports import ChangeFailed, WritableWarehouse
from metricgate.gateway.writing.settings import WriteSettings
from metricgate.state.actions import ActionFilter
from metricgate.state.people import PASSWORD, PeopleUnavailable
from metricgate.state.record import LedgerUnavailable, Record
from metricgate.state.sealed import Unsealable
from metricgate.state.state import ProjectState, StoreUnavailable
from metricgate.state.switches import SwitchBoard
from metricgate.surfaces.console.addresses import approval_page
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.notice import Notice, NoticeKind, NoticeNotKept, Notifier

_EVERY_SECONDS = 5.0
_KINDS: Mapping[str, NoticeKind] = {
    "action_held": NoticeKind.ACTION_HELD,
    "action_decided": NoticeKind.ACTION_DECIDED,
    "action_expired": NoticeKind.ACTION_DECIDED,
    "action_executed": NoticeKind.ACTION_EXECUTED,
    "action_failed": NoticeKind.ACTION_EXECUTED,
    "action_undone": NoticeKind.ACTION_UNDONE,
    "break_glass": NoticeKind.BREAK_GLASS,
}


class Opened:
    """The book and its files.

    Raises:
        StateUnavailable: they cannot be opened.
    """

    def __init__(
        self,
        state: ProjectState,
        settings: Settings,
        *,
        governance: GovernanceSource,
        warehouses: Mapping[str, Warehouse],
        ledger: Record,
        board: SwitchBoard,
        clock: Clock,
        notifier: Notifier,
        url: str,
    ) -> None:
        self._stores = state.changes(ledger)
        section = settings.document.writes

        def tell(kind: str, action: Action, facts: Mapping[str, Json]) -> None:
            with suppress(NoticeNotKept):
                notifier.tell(_notice(kind, action, facts, url))

        self.book = Book(
            governance=governance,
            engines=Engines(warehouses, clock),
            ledger=ledger,
            clock=clock,
            board=board,
            store=self._stores.actions,
            steps=self._stores.steps,
            recorded=state.recorded_steps(),
            journal=self._stores.journal,
            settings=WriteSettings(
                environment=section.environment,
                tenant=settings.document.project,
                most_rows=section.most_rows,
                seconds=section.seconds,
                sample_rows=section.sample_rows,
                undo_days=section.undo_days,
            ),
            instance=ledger.instance,
            alive=ledger.alive,
            new_id=new_id,
            new_nonce=lambda: secrets.token_hex(16),
            actions=lambda: governance.current.actions,
            tell=tell,
            left=partial(_left, state),
        )

    def close(self) -> None:
        """Close the files."""
        self._stores.close()


def _left(state: ProjectState, person: str, method: str, at: datetime) -> bool:
    """Whether somebody's account was removed since, or made anew; who cannot be looked up is gone."""
    if method != PASSWORD:  # accounts of others, and what earlier releases kept
        return False
    try:
        since = state.account_since(person)
    except PeopleUnavailable:
        return True
    return since is None or since > at.timestamp()


def new_id() -> str:
    """Return ``act_`` and a ULID: 26 characters that sort by time, with 80 random bits."""
    return f"act_{ULID()}"


def _notice(kind: str, action: Action, facts: Mapping[str, Json], url: str) -> Notice:
    proposal = action.proposal
    score = None if action.risk is None else action.risk.score
    who = action.actor.id
    titles = {
        "action_held": f"{who} asks for a decision",
        "action_decided": f"{who}'s action was {action.state}",
        "action_expired": f"{who}'s action expired",
        "action_executed": f"{who}'s action was carried out",
        "action_failed": f"{who}'s action failed",
        "action_undone": "An action was taken back",
        "break_glass": "The glass was broken",
    }
    fields = {
        "action": action.id,
        "state": str(action.state),
        "actor": str(action.actor),
        "agent": proposal.agent,
        "targets": ", ".join(proposal.targets[:5]),
        "risk": str(score),
        "until": proposal.expires_at.isoformat(timespec="seconds"),
        **{name: str(value) for name, value in facts.items() if isinstance(value, str | int)},
    }
    return Notice(
        kind=_KINDS.get(kind, NoticeKind.ACTION_DECIDED),
        id=f"{action.id}_{kind}_{action.version}",
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        title=titles.get(kind, kind),
        text=proposal.statement[:500],
        fields=fields,
        link=approval_page(url, action.id),
    )


async def _forgotten(book: Book, action_id: str) -> bool:
    """Drop for good what an action set aside, if it did; False where that is to be tried again."""
    action = await asyncio.to_thread(book.store.get, action_id)
    if action is None or not action.changes_structure:
        return True
    warehouse = book.engines.named(action.proposal.warehouse).warehouse
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


async def tidy(book: Book, now: datetime) -> None:
    """Settle what is over and remove images, and what was set aside, whose time is over.

    Raises:
        LedgerUnavailable, Raced, StoreUnavailable: not all of it was done; the next time does the rest.
    """
    with _whatever_is_damaged():
        for held in await asyncio.to_thread(book.store.glances, ActionFilter(states=(State.HELD,), limit=1_000)):
            if held.expires_at <= now:
                await find_action(book, held.id)
    await settle_again(book)
    for over in await asyncio.to_thread(book.journal.due, now):
        done = True
        with _whatever_is_damaged():
            done = await _forgotten(book, over)
        if done:
            await asyncio.to_thread(book.journal.forget, over)
            structlog.get_logger("metricgate.writing").info("images_removed", action=over)


@contextmanager
def _whatever_is_damaged() -> Iterator[None]:
    """Say what does not open, and go on: what is left undone of it must not keep the rest from being done."""
    try:
        yield
    except Unsealable as error:
        structlog.get_logger("metricgate.writing").error("kept_unreadable", error=str(error))


async def keep_tidy(book: Book) -> None:
    """Tidy every few seconds, until cancelled."""
    while True:
        try:
            await tidy(book, book.now())
        except (LedgerUnavailable, Raced, StoreUnavailable) as error:
            structlog.get_logger("metricgate.writing").warning("tidying_failed", error=str(error))
        await asyncio.sleep(_EVERY_SECONDS)
