"""Threads that wait for an engine, with a deadline for each call and a way to stop it.

A call is stopped in two steps: it is asked to stop, again and again, because an engine misses what comes before it
starts; and where the call can be killed, it is killed when it has not stopped after ``KILL_AFTER`` seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from metricgate.gateway.codes import WAREHOUSE_CANCELLED, WAREHOUSE_TIMEOUT, WAREHOUSE_UNAVAILABLE
from metricgate.gateway.ports import WarehouseError

KILL_AFTER = 1.0
"""Seconds from the first request to stop until the process is killed; less than the two that are promised."""

_AGAIN_SECONDS = 0.02
_Result = TypeVar("_Result")


class Call:
    """One piece of work on its way: how it can be stopped, and why it should stop, if it should."""

    __slots__ = ("interrupt", "kill", "stopped_for")

    def __init__(self) -> None:
        self.interrupt: Callable[[], None] | None = None
        """Asks the engine to stop; set while it works."""
        self.kill: Callable[[], None] | None = None
        """Ends the process in which the engine works; None where that is the gateway's own."""
        self.stopped_for: str | None = None
        """Name of the code with which the call ends, once it should stop."""

    def unless_stopped(self) -> None:
        """Go on only if the call need not stop.

        Raises:
            WarehouseError: it must.
        """
        if self.stopped_for is not None:
            raise WarehouseError(self.stopped_for, "stopped before it began")


class EngineCalls:
    """A number of threads and the calls in them, served in the order in which they came. For one event loop."""

    def __init__(self, threads: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._running: set[Call] = set()
        self._closed = False

    async def do(self, seconds: float, work: Callable[[Call], _Result]) -> _Result:
        """Do ``work`` in a thread within ``seconds``, waiting for a thread included.

        When the awaiting task is cancelled, this call alone is stopped.

        Raises:
            WarehouseError: the time is over, the calls are closed, or ``work`` raised it.
        """
        if self._closed:
            raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, "the warehouse is closed")
        loop = asyncio.get_running_loop()
        call = Call()
        self._running.add(call)
        future = self._threads.submit(self._started, call, work)
        future.add_done_callback(lambda _done: self._running.discard(call))
        alarm = loop.call_later(seconds, self._stop, loop, call, WAREHOUSE_TIMEOUT.name, None)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._stop(loop, call, WAREHOUSE_CANCELLED.name, None)
            raise
        finally:
            alarm.cancel()

    async def close(self) -> None:
        """Stop what runs and wait for its threads. Later calls are refused."""
        self._closed = True
        loop = asyncio.get_running_loop()
        for call in tuple(self._running):
            self._stop(loop, call, WAREHOUSE_CANCELLED.name, None)
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=False)

    @staticmethod
    def _started(call: Call, work: Callable[[Call], _Result]) -> _Result:
        call.unless_stopped()
        return work(call)

    def _stop(self, loop: asyncio.AbstractEventLoop, call: Call, code: str, kill_at: float | None) -> None:
        """Ask the call to stop until it is gone, and kill it when it does not."""
        if call not in self._running:
            return
        call.stopped_for = call.stopped_for or code
        if kill_at is None:
            kill_at = loop.time() + KILL_AFTER
        interrupt, kill = call.interrupt, call.kill
        if kill is not None and loop.time() >= kill_at:
            kill()
        elif interrupt is not None:
            interrupt()
        loop.call_later(_AGAIN_SECONDS, self._stop, loop, call, code, kill_at)
