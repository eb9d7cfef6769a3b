"""What happens beside calls and still belongs in the record: keys that come and go, refused keys."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from metricgate.adapters.identity.api_keys import RefusedKey
from metricgate.adapters.stores.sqlite_keys import KeysUnavailable, SqliteKeys
from metricgate.adapters.stores.sqlite_ledger import SqliteLedger
from metricgate.adapters.stores.switch_file import SwitchFile
from metricgate.bootstrap.notifying import notice_of_switch
from metricgate.gateway.conduct.switches import SwitchesUnreadable
from metricgate.gateway.notices import NoticeNotKept, Notifier
from metricgate.gateway.ports import LedgerUnavailable
from metricgate.vocabulary.actor import ID, operator

AUTH_REFUSED = "gov.auth.refused"
"""A known key was used that is revoked, expired, or may not act for the user named."""

_LOOK_SECONDS = 1.0
_MOST_REMEMBERED = 10_000


def record_key_changes(keys: SqliteKeys, ledger: SqliteLedger) -> None:
    """Record every change of the keys that awaits its record. Blocks until each is durable.

    Raises:
        LedgerUnavailable: the ledger cannot make entries durable; what is left stays noted.
        KeysUnavailable: the keys cannot be read.
    """
    for notice in keys.notices():
        who, bodies = operator().recorded()
        ledger.append_blocking(notice.event, {**notice.fields, **who}, bodies=bodies)
        keys.settle(notice)


def record_switches(switches: SwitchFile, ledger: SqliteLedger, notifier: Notifier) -> None:
    """Record every change of the switches that awaits its record. Blocks until each is durable.

    Raises:
        LedgerUnavailable: the ledger cannot make entries durable; what is left stays noted.
        SwitchesUnreadable: the switches cannot be read.
        NoticeNotKept: the outbox cannot be written.
    """
    for notice in switches.notices():
        # Told before it is settled, under one id: a crash between tells nobody twice and nobody never.
        notifier.tell(notice_of_switch(notice))
        # A change that an earlier release noted does not say whether a person or an operator made it.
        ledger.append_blocking(notice.event, notice.fields, bodies={ID: notice.fields["gov.switch.by"]})
        switches.settle(1)


async def watch_switches(switches: SwitchFile, ledger: SqliteLedger, notifier: Notifier) -> None:
    """Record the switches' changes as they come, until cancelled."""
    while True:
        with suppress(LedgerUnavailable, SwitchesUnreadable, NoticeNotKept):
            await asyncio.to_thread(record_switches, switches, ledger, notifier)
        await asyncio.sleep(_LOOK_SECONDS)


async def watch_keys(keys: SqliteKeys, ledger: SqliteLedger) -> None:
    """Record the keys' changes as they come, until cancelled."""
    while True:
        with suppress(LedgerUnavailable, KeysUnavailable):
            await asyncio.to_thread(record_key_changes, keys, ledger)
        await asyncio.sleep(_LOOK_SECONDS)


class RefusedKeyRecorder:
    """Records refused keys, at most one entry a minute for each key and reason, so that nobody can flood the ledger."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self._ledger = ledger
        self._last: dict[tuple[str, str], float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, refused: RefusedKey) -> None:
        """Take note; returns at once. Must be called on the event loop."""
        loop = asyncio.get_running_loop()
        about = (refused.name, refused.code.name)
        now = loop.time()
        if now - self._last.get(about, float("-inf")) < 60.0 or len(self._last) > _MOST_REMEMBERED:  # noqa: PLR2004
            return
        self._last[about] = now
        task = loop.create_task(self._record(refused))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, refused: RefusedKey) -> None:
        fields = {
            "gen_ai.agent.id": refused.agent,
            "gov.credential": refused.name,
            "gov.outcome": "refused",
            "error.type": refused.code.name,
        }
        with suppress(LedgerUnavailable):
            await self._ledger.append(AUTH_REFUSED, fields, bodies={})
