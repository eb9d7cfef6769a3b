"""One after another: whoever works on the same thing waits for their turn, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class KeyedLocks:
    """Locks by name, of this process's event loop, which are there as long as somebody holds or wants them."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """Wait for the turn at ``name``, and keep it for the block."""
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            yield
