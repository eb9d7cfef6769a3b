"""Who is refused before there is a call: a known key that may not be used, a request that is none."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from metricgate.ledger.events.access import AuthRefused, DoorRefused
from metricgate.state.keys import RefusedKey
from metricgate.state.record import LedgerUnavailable, RecordStore, record_event

_MOST_REMEMBERED = 10_000
_REFUSED_SECONDS = 60.0
_MOST_CODES = 200


class RefusedKeyRecorder:
    """Records refused keys, at most one entry a minute for each key and reason, so that nobody can flood the ledger."""

    def __init__(self, ledger: RecordStore) -> None:
        self._ledger = ledger
        self._last: dict[tuple[str, str], float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, refused: RefusedKey) -> None:
        """Take note; returns at once. Must be called on the event loop."""
        loop = asyncio.get_running_loop()
        about = (refused.name, refused.code.name)
        now = loop.time()
        if len(self._last) >= _MOST_REMEMBERED:
            self._last = {each: at for each, at in self._last.items() if now - at < _REFUSED_SECONDS}
        if now - self._last.get(about, float("-inf")) < _REFUSED_SECONDS or len(self._last) >= _MOST_REMEMBERED:
            return
        self._last[about] = now
        task = loop.create_task(self._record(refused))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, refused: RefusedKey) -> None:
        event = AuthRefused(agent=refused.agent, credential=refused.name, error_type=refused.code.name)
        with suppress(LedgerUnavailable):
            await record_event(self._ledger, event)


class DoorRecorder:
    """Records requests that a door turned away: the first at once, then how many there were, once a minute at most.

    So whoever is not known makes one entry a minute for each door and code, and no more.
    """

    def __init__(self, ledger: RecordStore, *, seconds: float = 60.0) -> None:
        self._ledger = ledger
        self._seconds = seconds
        self._counts: Counter[tuple[str, str]] = Counter()
        self._waiting: dict[tuple[str, str], asyncio.Task[None]] = {}

    def __call__(self, door: str, code: str) -> None:
        """Take note; returns at once. Must be called on the event loop."""
        about = (door, code)
        self._counts[about] += 1
        if about not in self._waiting and len(self._waiting) < _MOST_CODES:
            self._waiting[about] = asyncio.get_running_loop().create_task(self._keep(about))

    async def _keep(self, about: tuple[str, str]) -> None:
        while self._counts[about]:
            await self._record(about)
            await asyncio.sleep(self._seconds)
        del self._waiting[about]

    async def _record(self, about: tuple[str, str]) -> None:
        door, code = about
        count = self._counts.pop(about)
        try:
            await record_event(self._ledger, DoorRefused(door=door, error_type=code, count=count))
        except LedgerUnavailable:
            self._counts[about] += count

    async def close(self) -> None:
        """Record what is not recorded yet."""
        for task in self._waiting.values():
            task.cancel()
        for about in [about for about, count in self._counts.items() if count]:
            await self._record(about)
