"""A small pool of sessions with a server: threads, deadlines, interrupts, and what becomes of a server that hangs.

A session is used by one statement at a time. One that was interrupted, or whose result was not read to its end, is
closed and not used again: what is left on the wire must not reach the next caller. A session that the server has
dropped while idle is replaced without a word; one that is lost in the middle of a statement fails that statement with
``E_WAREHOUSE_UNAVAILABLE``, and the next one gets a new session.

A server that hangs costs each caller at most their limit and ``_ABANDON_SECONDS``. The thread is freed by cutting its
connection, at a time that its phase sets: connecting and beginning have limits of their own, a statement that was told
to stop has ``_SEVER_SECONDS`` to do so, and whoever has their rows does not wait for the session to be cleaned.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from metricgate.adapters.warehouses.kept_rows import caps_of
from metricgate.adapters.warehouses.servers.session import CANCELLED, TIMEOUT, UNAVAILABLE, ReadSession
from metricgate.gateway.ports import ReleasedStatement, Rows, WarehouseError
from metricgate.vocabulary.account_finding import AccountFinding
from metricgate.vocabulary.result import Column, ValueType

_Result = TypeVar("_Result")
_AGAIN_SECONDS = 0.05
_SEVER_SECONDS = 1.0
_ABANDON_SECONDS = 1.5
_BEGIN_SECONDS = 5.0
_END_SECONDS = 2.0
_DESCRIBE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many statements run at once, and the limits of a statement whose verdict sets none."""

    callers: int = 4
    longest_seconds: float = 60.0
    largest_result_bytes: int = 64 * 1024 * 1024


class _Run:
    """One statement on its way: the session it has, until when, and why it should stop, if it should.

    ``session`` is set from before it connects until it is given back, and changed under the pool's lock.
    """

    __slots__ = (
        "asking",
        "at_work",
        "ends",
        "seconds",
        "session",
        "sever_at",
        "stopped_at",
        "stopped_for",
        "tell_nobody",
        "thread",
    )

    def __init__(self, seconds: float, tell_nobody: Callable[[], bool]) -> None:
        self.tell_nobody = tell_nobody
        self.seconds = seconds
        self.ends = time.monotonic() + seconds
        self.session: ReadSession | None = None
        self.sever_at = math.inf
        self.stopped_for: str | None = None
        self.stopped_at = math.inf
        self.at_work = False
        self.asking = False
        self.thread: Future[None] | None = None

    @property
    def left(self) -> float:
        """Seconds until its limit."""
        return max(self.ends - time.monotonic(), 0.001)

    def stop(self, code: str) -> None:
        """Note why it should stop; the first reason stays."""
        if self.stopped_for is None:
            self.stopped_for, self.stopped_at = code, time.monotonic()

    def waits(self) -> bool:
        """Say whether it had no thread yet; it gets none any more."""
        return self.thread is not None and self.thread.cancel() and self.tell_nobody()

    def error_of_stop(self, error: WarehouseError | None = None) -> WarehouseError | None:
        """Return the error of a run that was stopped, whatever failed under it; None where it was not."""
        if self.stopped_for is None:
            return None
        return WarehouseError(self.stopped_for, "stopped before it began" if error is None else error.engine_text)


class Sessions:
    """Runs statements on sessions that ``made`` gives, not yet connected. Made and used in one event loop."""

    def __init__(self, made: Callable[[], ReadSession], bounds: Bounds, name: str) -> None:
        """Open a first session, so that a wrong address or password is told at once.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
        """
        self._made = made
        self._bounds = bounds
        first = made()
        first.open(math.inf)
        self._idle: list[ReadSession] = [first]
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(bounds.callers, thread_name_prefix=name)
        self._control = ThreadPoolExecutor(2, thread_name_prefix=f"{name}-control")
        self._runs: set[_Run] = set()
        self._watching = False
        self._closed = False

    async def run(self, released: ReleasedStatement) -> Rows:
        """Run a statement within the verdict's limits, or within the bounds where it sets none.

        The time limit counts from the call, waiting for a thread included.

        Raises:
            WarehouseError: with the code that fits.
        """
        limit = released.verdict.obligations.seconds
        seconds = limit.value if limit is not None else self._bounds.longest_seconds
        caps = caps_of(released, self._bounds.largest_result_bytes)

        def work(session: ReadSession) -> Rows:
            begin = time.perf_counter()
            answer = session.answer(released.statement, caps)
            return Rows(
                columns=answer.columns,
                values=answer.values,
                truncated=answer.truncated,
                bytes=answer.bytes,
                seconds=time.perf_counter() - begin,
            )

        return await self._in_thread(seconds, work)

    async def describe(
        self, relations: Sequence[tuple[str, ...]]
    ) -> Mapping[tuple[str, ...], tuple[Column, ...] | None]:
        """Return the columns of each relation, or None where it does not exist."""
        if not relations:
            return {}
        found = await self._in_thread(_DESCRIBE_SECONDS, lambda session: session.columns(relations))
        return {relation: found.get(relation) for relation in relations}

    async def types(self, selects: Sequence[str]) -> Sequence[tuple[ValueType, ...]]:
        """Return the types of the columns of SELECTs that read no row."""
        return await self._in_thread(_DESCRIBE_SECONDS, lambda session: [session.types(each) for each in selects])

    async def locate(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return the full names of those relations that exist."""
        return await self._in_thread(_DESCRIBE_SECONDS, lambda session: session.locations(relations))

    async def functions(self) -> frozenset[str]:
        """Return the names of the engine's own functions."""
        return await self._in_thread(_DESCRIBE_SECONDS, lambda session: session.functions())

    async def findings(self, relations: Sequence[tuple[str, ...]]) -> tuple[AccountFinding, ...]:
        """Return what the account can do that it should not."""
        return await self._in_thread(_DESCRIBE_SECONDS, lambda session: session.findings(relations))

    async def close(self) -> None:
        """Interrupt what runs, wait for its threads, and close the sessions. Later calls are refused."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        for run in tuple(self._runs):
            self._stop(loop, run, CANCELLED)
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=False)
        await asyncio.to_thread(self._control.shutdown)
        self._drop_idle()

    async def _in_thread(self, seconds: float, work: Callable[[ReadSession], _Result]) -> _Result:
        """Run ``work`` in a thread; return at the latest ``_ABANDON_SECONDS`` after its limit, with a result or not."""
        if self._closed:
            raise WarehouseError(UNAVAILABLE, "the warehouse is closed")
        loop = asyncio.get_running_loop()
        told: Future[_Result] = Future()
        run = _Run(seconds, told.cancel)
        self._runs.add(run)
        run.thread = self._threads.submit(self._guarded, run, work, told)
        run.thread.add_done_callback(lambda _done: self._runs.discard(run))
        self._watch(loop)
        alarm = loop.call_later(seconds, self._stop, loop, run, TIMEOUT)
        answer = asyncio.wrap_future(told)
        try:
            await asyncio.wait((answer,), timeout=seconds + _ABANDON_SECONDS)
        except asyncio.CancelledError:
            self._stop(loop, run, CANCELLED)
            answer.cancel()  # nobody is left to hear what becomes of it
            raise
        finally:
            alarm.cancel()
        if answer.cancelled():
            raise WarehouseError(run.stopped_for or UNAVAILABLE, "stopped before it began")
        if not answer.done():
            answer.cancel()
            raise WarehouseError(TIMEOUT, "the server answers neither the statement nor its cancelling")
        return answer.result()

    def _stop(self, loop: asyncio.AbstractEventLoop, run: _Run, code: str) -> None:
        """Interrupt the run until it is gone: an interrupt that comes before the engine starts is lost."""
        if run not in self._runs or loop.is_closed():
            return
        run.stop(code)
        if run.waits():
            return
        if run.at_work and not run.asking:
            run.asking = True
            self._control.submit(self._interrupt, run)
        loop.call_later(_AGAIN_SECONDS, self._stop, loop, run, code)

    def _interrupt(self, run: _Run) -> None:
        with self._lock:
            session = run.session if run.at_work else None
            # Under the lock: once the session is given back, an interrupt would hit somebody else's statement.
            if session is not None:
                session.reusable = False
        if session is not None:
            session.cancel()
        run.asking = False

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sever by time, and by the loop itself: threads that wait for a hung server could not do it."""
        if not self._watching:
            self._watching = True
            loop.call_later(_AGAIN_SECONDS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watching = False
        now = time.monotonic()
        with self._lock:
            for run in tuple(self._runs):
                if run.session is not None and now >= min(run.sever_at, run.stopped_at + _SEVER_SECONDS):
                    run.session.reusable = False
                    run.session.sever()
        if self._runs and not loop.is_closed():
            self._watch(loop)

    def _guarded(self, run: _Run, work: Callable[[ReadSession], _Result], told: Future[_Result]) -> None:
        """Run ``work`` in a session's transaction; tell what came of it before the session is cleaned. In a thread."""
        if not told.set_running_or_notify_cancel():
            return
        session = None
        try:
            session = self._begun(run)
            result = self._worked(run, session, work)
        except WarehouseError as error:
            told.set_exception(run.error_of_stop(error) or error)
        except BaseException as error:  # noqa: BLE001 - it is the caller's to raise
            told.set_exception(error)
        else:
            told.set_result(result)
        finally:
            run.at_work = False
            if session is not None:
                run.sever_at = time.monotonic() + _END_SECONDS
                session.end()
                self._give_back(run, session)

    def _worked(self, run: _Run, session: ReadSession, work: Callable[[ReadSession], _Result]) -> _Result:
        run.at_work = True
        # After it is marked as being at work: whoever stops it before finds it stopped here, or interrupts it.
        if (stopped := run.error_of_stop()) is not None:
            raise stopped
        return work(session)

    def _begun(self, run: _Run) -> ReadSession:
        """Return a session in a transaction: an idle one that still lives, or a new one."""
        while (session := self._idle_for(run)) is not None:
            try:
                session.begin(run.seconds)
            except WarehouseError:
                self._let_go(run, session)
                if time.monotonic() >= run.sever_at:
                    # The server was not gone but silent: the other idle sessions would each cost somebody as long.
                    self._drop_idle()
                if (stopped := run.error_of_stop()) is not None:
                    raise stopped from None
            else:
                run.sever_at = math.inf
                return session
        session = self._made()
        try:
            with self._lock:
                run.session = session
            session.open(run.left + _SEVER_SECONDS)
            run.sever_at = time.monotonic() + _BEGIN_SECONDS
            session.begin(run.seconds)
        except WarehouseError:
            self._let_go(run, session)
            raise
        run.sever_at = math.inf
        return session

    def _idle_for(self, run: _Run) -> ReadSession | None:
        with self._lock:
            session = self._idle.pop() if self._idle else None
            run.sever_at = time.monotonic() + _BEGIN_SECONDS if session is not None else math.inf
            run.session = session
            return session

    def _give_back(self, run: _Run, session: ReadSession) -> None:
        with self._lock:
            run.session = None
            if session.reusable and not self._closed:
                self._idle.append(session)
                return
        session.close()

    def _let_go(self, run: _Run, session: ReadSession) -> None:
        with self._lock:
            run.session = None
        session.close()

    def _drop_idle(self) -> None:
        while True:
            with self._lock:
                session = self._idle.pop() if self._idle else None
            if session is None:
                return
            session.close()
