"""The writing side of a warehouse behind a network: sessions of an account of its own, one transaction each.

A session is opened for each transaction and closed after it, so that nothing of one is there for the next. A caller
never waits past its limit and a little more, whatever the server does: then the session is cut, and what it had begun
is rolled back by the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol, TypeVar

from metricgate.adapters.warehouses.session import TIMEOUT, UNAVAILABLE
from metricgate.adapters.warehouses.writing import core
from metricgate.adapters.warehouses.writing.session import WriteDialect, WriteSession
from metricgate.changing.change import TableChange
from metricgate.changing.effect import Effect
from metricgate.changing.shape import Location, TableShape
from metricgate.gateway.ports import WarehouseError
from metricgate.gateway.writing.ports import (
    ChangeFailed,
    ChangePlan,
    OutcomeUnknown,
    Rehearsal,
    ReleasedChange,
    View,
)

_Result = TypeVar("_Result")
_METADATA_SECONDS = 30.0
_GRACE_SECONDS = 1.5
_AT_ONCE = 2


class ServerSession(WriteSession, Protocol):
    """A write session that can be cut from another thread, and is closed after use."""

    committing: bool
    """Whether COMMIT was sent."""

    def sever(self) -> None:
        """Cut the connection. From any thread."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class ServerWriter:
    """Carries changes out on sessions that ``opened`` gives. Used in one event loop."""

    def __init__(self, opened: Callable[[], ServerSession], dialect: WriteDialect, name: str) -> None:
        self._opened = opened
        self._dialect = dialect
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=f"{name}-writes")
        self._marked = False

    async def shapes(self, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Return the shapes; see ``WritableWarehouse``."""

        def work(engine: core.Engine) -> Mapping[Location, TableShape]:
            engine.session.begin(_METADATA_SECONDS)
            try:
                return self._dialect.shapes(engine.session, relations)
            finally:
                engine.session.rollback()

        return await self._asked(work)

    async def rehearse(self, plan: ChangePlan) -> Rehearsal:
        """Carry the plan out and roll it back."""
        return await self._do(plan.seconds, lambda engine: core.rehearse(engine, plan))

    async def rehearse_changes(
        self, changes: Sequence[TableChange], *, most_rows: int, seconds: float, views: Sequence[View] = ()
    ) -> Rehearsal:
        """Carry changes out and roll them back."""
        return await self._do(
            seconds,
            lambda engine: core.rehearse_changes(engine, changes, most_rows=most_rows, seconds=seconds, views=views),
        )

    async def apply(self, released: ReleasedChange, prepare: Callable[[Effect], None]) -> Effect:
        """Carry it out and commit, or change nothing."""
        await self._make_marks()
        return await self._do(released.seconds, lambda engine: core.apply(engine, released, prepare))

    async def applied(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return those actions whose marker is there."""
        await self._make_marks()

        def work(engine: core.Engine) -> frozenset[str]:
            engine.session.begin(_METADATA_SECONDS)
            try:
                rows = engine.session.read(*self._dialect.marks(action_ids))
                return frozenset(str(row[0]) for row in rows)
            finally:
                engine.session.rollback()

        return await self._asked(work)

    async def close(self) -> None:
        """Wait for what runs."""
        await asyncio.to_thread(self._threads.shutdown)

    async def _make_marks(self) -> None:
        if self._marked:
            return

        def work(engine: core.Engine) -> None:
            for sql in self._dialect.make_marks():
                engine.session.begin(_METADATA_SECONDS)
                engine.session.change(sql, ())
                engine.session.commit()

        # Where the account may not make it, it is there already, or the marker's own statement says what is missing.
        with suppress(ChangeFailed, OutcomeUnknown):
            await self._do(_METADATA_SECONDS, work)
        self._marked = True

    async def _asked(self, work: Callable[[core.Engine], _Result]) -> _Result:
        """Do what changes nothing: its failures are the warehouse's."""
        try:
            return await self._do(_METADATA_SECONDS, work)
        except ChangeFailed as error:
            raise WarehouseError(error.code, error.engine_text) from error

    async def _do(self, seconds: float, work: Callable[[core.Engine], _Result]) -> _Result:
        held: list[ServerSession] = []

        def run() -> _Result:
            session = self._opened()
            held.append(session)
            try:
                return work(core.Engine(session, self._dialect))
            finally:
                session.close()

        running = asyncio.get_running_loop().run_in_executor(self._threads, run)
        done, _waiting = await asyncio.wait({running}, timeout=seconds + _GRACE_SECONDS)
        if done:
            return running.result()
        for session in held:
            await asyncio.to_thread(session.sever)
        running.add_done_callback(lambda each: each.cancelled() or each.exception())
        if any(session.committing for session in held):
            raise OutcomeUnknown("no answer to COMMIT in time")
        raise ChangeFailed(TIMEOUT if held else UNAVAILABLE, "the change took longer than its limit")
