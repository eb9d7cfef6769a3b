"""Work that goes on beside a gateway until it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress


def run_beside(stack: AsyncExitStack, work: Coroutine[None, None, None]) -> None:
    """Start it on the running loop; leaving the stack cancels it and waits for its end."""
    stack.push_async_callback(_stop, asyncio.create_task(work))


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
