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

from metricgate.adapters.stores.ledger_actions import RecordedActions
from metricgate.adapters.stores.people_accounts import PASSWORD, account_since
from metricgate.adapters.stores.sealing import Seal
from metricgate.adapters.stores.sqlite_actions import SqliteActions
from metricgate.adapters.stores.sqlite_database import DatabaseError
from metricgate.adapters.stores.sqlite_journal import SqliteJournal
from metricgate.adapters.stores.sqlite_people import PeopleUnavailable
from metricgate.approvals.proposal import Action, State
from metricgate.bootstrap.pages import approval_page
from metricgate.bootstrap.paths import StatePaths
from metricgate.bootstrap.settings import Settings
from metricgate.changing.structure import aside_of
from metricgate.gateway.conduct.switches import SwitchBoard
from metricgate.gateway.engine import Engines
from metricgate.gateway.governance import GovernanceSource
from metricgate.gateway.notices import Notice, NoticeKind, NoticeNotKept, Notifier
from metricgate.gateway.office import ActionFilter
from metricgate.gateway.ports import Clock, Ledger, LedgerUnavailable, Warehouse, WarehouseError
from metricgate.gateway.writing.book import Book, Raced
from metricgate.gateway.writing.executing import settle_again
from metricgate.gateway.writing.ports import ChangeFailed, Unsealable, WritableWarehouse
from metricgate.gateway.writing.settings import WriteSettings
from metricgate.vocabulary.json import Json

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


class WritingUnavailable(Exception):
    """The files of actions or of the journal cannot be opened."""


def open_stores(paths: StatePaths) -> tuple[SqliteActions, SqliteJournal]:
    """Open the files of actions and of the journal with the key that seals them; the first time they are made.

    Raises:
        WritingUnavailable: they cannot be opened, or their key is gone or another.
    """
    kept = [each for each in (paths.actions, paths.journal) if each.exists()]
    if kept and not paths.journal_key.exists():
        names = " and ".join(each.name for each in kept)
        raise WritingUnavailable(
            f"the key {paths.journal_key} is gone, and {names} cannot be read without it: restore it from the backup, "
            f"or move {names} away to begin anew; what was done before can then not be taken back"
        )
    try:
        seal = Seal(paths.journal_key, may_make=not kept)
        return SqliteActions(paths.actions, seal), SqliteJournal(paths.journal, seal)
    except Unsealable as error:
        raise WritingUnavailable(
            f"{paths.journal_key} is not the key that sealed {paths.actions.name} and {paths.journal.name}: restore "
            "the one that was backed up with them"
        ) from error
    except (OSError, ValueError, DatabaseError) as error:
        raise WritingUnavailable(str(error)) from error


class Opened:
    """The book and its files.

    Raises:
        WritingUnavailable: they cannot be opened.
    """

    def __init__(
        self,
        paths: StatePaths,
        settings: Settings,
        *,
        governance: GovernanceSource,
        warehouses: Mapping[str, Warehouse],
        ledger: Ledger,
        board: SwitchBoard,
        clock: Clock,
        notifier: Notifier,
        url: str,
    ) -> None:
        self._store, self._journal = open_stores(paths)
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
            store=self._store,
            steps=self._store.steps,
            recorded=RecordedActions(paths.ledger),
            journal=self._journal,
            settings=WriteSettings(
                environment=section.environment,
                tenant=settings.document.project,
                most_rows=section.most_rows,
                seconds=section.seconds,
                sample_rows=section.sample_rows,
                undo_days=section.undo_days,
            ),
            new_id=new_id,
            new_nonce=lambda: secrets.token_hex(16),
            actions=lambda: governance.current.actions,
            tell=tell,
            left=partial(_left, paths),
        )

    def close(self) -> None:
        """Close the files."""
        self._store.close()
        self._journal.close()


def _left(paths: StatePaths, person: str, method: str, at: datetime) -> bool:
    """Whether somebody's account was removed since, or made anew; who cannot be looked up is gone."""
    if method != PASSWORD:  # accounts of others, and what earlier releases kept
        return False
    try:
        since = account_since(paths.people, person)
    except PeopleUnavailable:
        return True
    return since is None or since > at.timestamp()


def new_id() -> str:
    """Return ``act_`` and a ULID: 26 characters that sort by time, with 80 random bits."""
    return f"act_{ULID()}"


def _notice(kind: str, action: Action, facts: Mapping[str, Json], url: str) -> Notice:
    proposal = action.proposal
    score = action.risk.get("score")
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
    if action is None or not action.preview.get("structure"):
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
        LedgerUnavailable, Raced, DatabaseError: not all of it was done; the next time does the rest.
    """
    with _whatever_is_damaged():
        for held in await asyncio.to_thread(book.store.glances, ActionFilter(states=(State.HELD,), limit=1_000)):
            if held.expires_at <= now:
                await book.get(held.id)
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
        except (LedgerUnavailable, Raced, DatabaseError) as error:
            structlog.get_logger("metricgate.writing").warning("tidying_failed", error=str(error))
        await asyncio.sleep(_EVERY_SECONDS)
