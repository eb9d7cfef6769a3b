"""What the warehouses behind a network share: a small pool of sessions, threads, deadlines, interrupts.

A session is used by one statement at a time. One that was interrupted, or whose result was not read to its end, is
closed and not used again: what is left on the wire must not reach the next caller. A session that the server has
dropped while idle is replaced without a word; one that is lost in the middle of a statement fails that statement with
``E_WAREHOUSE_UNAVAILABLE``, and the next one gets a new session.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Protocol, TypeVar

from metricgate.adapters.warehouses.capping import Caps, caps_of
from metricgate.compiling.statement import Statement
from metricgate.gateway.ports import Released, Rows, WarehouseError
from metricgate.vocabulary.finding import Finding
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.opinion import Opinion
from metricgate.vocabulary.result import Column

TIMEOUT = "E_WAREHOUSE_TIMEOUT"
CANCELLED = "E_WAREHOUSE_CANCELLED"
MEMORY = "E_WAREHOUSE_MEMORY"
UNAVAILABLE = "E_WAREHOUSE_UNAVAILABLE"
FAILED = "E_WAREHOUSE_FAILED"
TIME_ZONE = "E_WAREHOUSE_TIME_ZONE"

_Result = TypeVar("_Result")
_AGAIN_SECONDS = 0.05
_SEVER_AFTER = 60
_DESCRIBE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a session read: columns, rows of wire values, the cap that cut them (or None), and their size in bytes."""

    columns: tuple[Column, ...]
    values: Sequence[Sequence[Json]]
    truncated: str | None
    bytes: int


class Session(Protocol):
    """One connection, read-only. Every method raises ``WarehouseError`` with the code that fits, and nothing else."""

    reusable: bool
    """Whether the next statement may have this session."""

    def begin(self, seconds: float) -> None:
        """Begin a read-only transaction in which a statement may take this long; finds out whether anyone is there."""
        ...

    def answer(self, statement: Statement, caps: Caps) -> Answer:
        """Run one SELECT and read its rows up to the caps."""
        ...

    def columns(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[Column, ...]]:
        """Return the columns of those relations that exist."""
        ...

    def locations(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return the full names of those relations that exist."""
        ...

    def functions(self) -> frozenset[str]:
        """Return the lower-case names of the engine's own functions."""
        ...

    def findings(self, relations: Sequence[tuple[str, ...]]) -> tuple[Finding, ...]:
        """Return what the account can do that it should not, where these are the governed relations."""
        ...

    def end(self) -> None:
        """End the transaction and forget what the session holds; closes it where it is not reusable."""
        ...

    def cancel(self) -> None:
        """Ask the server to stop the statement. From any thread; does nothing where nothing runs."""
        ...

    def sever(self) -> None:
        """Cut the connection under a statement that does not stop. From any thread."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many statements run at once, and the limits of a statement whose verdict sets none."""

    callers: int = 4
    longest_seconds: float = 60.0
    largest_result_bytes: int = 64 * 1024 * 1024


class _Run:
    """One statement on its way: the session it has, and why it should stop, if it should."""

    __slots__ = ("asked", "asking", "session", "stopped_for")

    def __init__(self) -> None:
        self.session: Session | None = None
        self.stopped_for: str | None = None
        self.asking = False
        self.asked = 0


class Sessions:
    """Runs statements on sessions that ``opened`` gives. Made and used in one event loop."""

    def __init__(self, opened: Callable[[], Session], bounds: Bounds, name: str) -> None:
        """Open a first session, so that a wrong address or password is told at once.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
        """
        self._opened = opened
        self._bounds = bounds
        self._idle: list[Session] = [opened()]
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(bounds.callers, thread_name_prefix=name)
        self._control = ThreadPoolExecutor(2, thread_name_prefix=f"{name}-control")
        self._runs: set[_Run] = set()
        self._closed = False

    async def run(self, released: Released) -> Rows:
        """Run a statement within the verdict's limits, or within the bounds where it sets none.

        The time limit counts from the call, waiting for a thread included.

        Raises:
            WarehouseError: with the code that fits.
        """
        limit = released.verdict.obligations.seconds
        seconds = limit.value if limit is not None else self._bounds.longest_seconds
        caps = caps_of(released, self._bounds.largest_result_bytes)

        def work(session: Session) -> Rows:
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

    async def located(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return the full names of those relations that exist."""
        return await self._in_thread(_DESCRIBE_SECONDS, lambda session: session.locations(relations))

    async def functions(self) -> frozenset[str]:
        """Return the names of the engine's own functions."""
        return await self._in_thread(_DESCRIBE_SECONDS, lambda session: session.functions())

    async def findings(self, relations: Sequence[tuple[str, ...]]) -> tuple[Finding, ...]:
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

    async def _in_thread(self, seconds: float, work: Callable[[Session], _Result]) -> _Result:
        if self._closed:
            raise WarehouseError(UNAVAILABLE, "the warehouse is closed")
        loop = asyncio.get_running_loop()
        run = _Run()
        self._runs.add(run)
        future = self._threads.submit(self._guarded, run, seconds, work)
        future.add_done_callback(lambda _done: self._runs.discard(run))
        alarm = loop.call_later(seconds, self._stop, loop, run, TIMEOUT)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._stop(loop, run, CANCELLED)
            raise
        finally:
            alarm.cancel()

    def _stop(self, loop: asyncio.AbstractEventLoop, run: _Run, code: str) -> None:
        """Interrupt the run until it is gone: an interrupt that comes before the engine starts is lost."""
        if run not in self._runs or loop.is_closed():
            return
        run.stopped_for = run.stopped_for or code
        if run.session is not None and not run.asking:
            run.asking = True
            run.asked += 1
            self._control.submit(self._interrupt, run)
        loop.call_later(_AGAIN_SECONDS, self._stop, loop, run, code)

    def _interrupt(self, run: _Run) -> None:
        with self._lock:
            session = run.session
            # Under the lock: once the session is given back, an interrupt would hit somebody else's statement.
            if session is not None:
                session.reusable = False
        if session is not None:
            if run.asked > _SEVER_AFTER:
                session.sever()
            else:
                session.cancel()
        run.asking = False

    def _guarded(self, run: _Run, seconds: float, work: Callable[[Session], _Result]) -> _Result:
        """Run ``work`` in a transaction of a session. In a thread."""
        if run.stopped_for is not None:
            raise WarehouseError(run.stopped_for, "stopped before it began")
        try:
            session = self._begun(seconds)
            run.session = session
            try:
                if run.stopped_for is not None:
                    raise WarehouseError(run.stopped_for, "stopped before it began")
                return work(session)
            finally:
                with self._lock:
                    run.session = None
                session.end()
                self._give_back(session)
        except WarehouseError as error:
            if run.stopped_for is None or error.code == run.stopped_for:
                raise
            raise WarehouseError(run.stopped_for, error.engine_text) from error

    def _begun(self, seconds: float) -> Session:
        """Return a session in a transaction: an idle one that still lives, or a new one."""
        while True:
            with self._lock:
                session = self._idle.pop() if self._idle else None
            if session is None:
                break
            try:
                session.begin(seconds)
            except WarehouseError:
                session.close()
            else:
                return session
        session = self._opened()
        session.begin(seconds)
        return session

    def _give_back(self, session: Session) -> None:
        with self._lock:
            if session.reusable and not self._closed:
                self._idle.append(session)
                return
        session.close()

    def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()


class ServerWarehouse:
    """What the warehouses behind a network have in common; an engine's own adds its name, dialect and parser."""

    name: str
    dialect: str

    def __init__(self, opened: Callable[[], Session], bounds: Bounds) -> None:
        """Connect once, so that a wrong address is told at once.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
        """
        self._sessions = Sessions(opened, bounds, self.name)

    @property
    def data_state(self) -> Json:
        """Nothing: a server does not say when its data changed."""
        return {}

    async def run(self, released: Released) -> Rows:
        """Run the statement; see ``Sessions.run``."""
        return await self._sessions.run(released)

    async def describe(
        self, relations: Sequence[tuple[str, ...]]
    ) -> Mapping[tuple[str, ...], tuple[Column, ...] | None]:
        """Return the columns of each relation that the account may read, or None. Letter case counts."""
        return await self._sessions.describe(relations)

    async def located(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return the full name of each relation that the account may read."""
        return await self._sessions.located(relations)

    async def functions(self) -> frozenset[str]:
        """Return the names of the engine's own functions, in lower case."""
        return await self._sessions.functions()

    async def findings(self, relations: Sequence[tuple[str, ...]]) -> tuple[Finding, ...]:
        """Return what the account can do that it should not."""
        return await self._sessions.findings(relations)

    async def opinion(self, _sql: str) -> Opinion | None:
        """Return None: there is no parser of the engine's own outside the server."""
        return None

    async def close(self) -> None:
        """Interrupt what runs and close every connection."""
        await self._sessions.close()
