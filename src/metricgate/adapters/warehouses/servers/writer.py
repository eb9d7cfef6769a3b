"""Changes to a warehouse behind a network: a connection of the writing account for each transaction.

A call that runs out of time is asked to stop over a connection of its own; where that does not help, its connection is
cut. A connection serves one transaction, so that nothing is left of it for the next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import Protocol, TypeVar

from metricgate.adapters.warehouses.changing import structures, transaction
from metricgate.adapters.warehouses.changing.session import WriteDialect, WriteSession
from metricgate.adapters.warehouses.engine_calls import Call, EngineCalls
from metricgate.changing.change import TableChange
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import Location, TableShape
from metricgate.changing.structure import StructureChange
from metricgate.gateway.changes.ports import (
    ChangeFailed,
    ChangePlan,
    OutcomeUnknown,
    Rehearsal,
    ReleasedChange,
    View,
)
from metricgate.gateway.codes import WAREHOUSE_CANCELLED, WAREHOUSE_TIMEOUT
from metricgate.gateway.ports import WarehouseError

_Result = TypeVar("_Result")
_METADATA_SECONDS = 30.0
_MARKS_SECONDS = 10.0
_ABANDON_SECONDS = 1.7
_BESIDE_SECONDS = 10.0


class ServerSession(WriteSession, Protocol):
    """A ``WriteSession`` behind a network. The further methods may be called from other threads."""

    def open(self, seconds: float) -> None:
        """Connect."""
        ...

    def begin_asking(self, seconds: float) -> None:
        """Begin a transaction in which each statement sees what was committed before it."""
        ...

    def cancel(self) -> None:
        """Ask the server to stop the statement."""
        ...

    def sever(self) -> None:
        """Cut the connection; does not wait."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class ServerDialect(WriteDialect, Protocol):
    """A ``WriteDialect`` whose markers may be taken before whoever is about to commit them."""

    @property
    def old_catalogue(self) -> bool:
        """Whether a transaction sees its catalogue as it was when its snapshot was taken."""
        ...

    def await_marks(self, action_ids: Sequence[str]) -> tuple[str, Sequence[object]] | None:
        """Write what waits for transactions that are about to commit one of these markers."""

    def close_off(self, action_ids: Sequence[str]) -> tuple[str, Sequence[object]]:
        """Write the INSERT by which what has no marker can get none any more; it waits for who has one uncommitted."""
        ...

    def has_marks(self) -> tuple[str, Sequence[object]]:
        """Write the SELECT of one row if the table of markers is there."""
        ...


class _Commit:
    """Whether the call may still commit: settled once, by the thread that commits or by who no longer waits."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._begun = self._abandoned = False

    def begin(self) -> bool:
        with self._lock:
            self._begun = not self._abandoned
            return self._begun

    def abandon(self) -> bool:
        """Keep it from committing; False where it has begun to."""
        with self._lock:
            self._abandoned = True
            return not self._begun


class _Stopped(Exception):
    """Nobody waits for the change any more."""


class ServerWriter:
    """The ``WritableWarehouse`` methods of one server.

    Args:
        made: gives a session that is not connected.
        dialect: of the engine.
    """

    def __init__(self, made: Callable[[], ServerSession], dialect: ServerDialect, name: str) -> None:
        self._made = made
        self._dialect = dialect
        self._changes = EngineCalls(2, f"{name}-changes")
        self._questions = EngineCalls(1, f"{name}-changes-asked")

    async def close(self) -> None:
        """Stop what runs."""
        await self._changes.close()
        await self._questions.close()

    async def shapes(self, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Return the shapes, as ``WritableWarehouse`` says."""

        def work(session: ServerSession, _call: Call) -> Mapping[Location, TableShape]:
            session.begin_asking(_METADATA_SECONDS)
            try:
                return self._dialect.shapes(session, relations)
            finally:
                session.rollback()

        return await self._asked(_METADATA_SECONDS, work)

    async def find_committed(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return what was committed; waits for a transaction that may be about to commit one of them."""

        def work(session: ServerSession, _call: Call) -> frozenset[str]:
            session.begin_asking(_MARKS_SECONDS)
            try:
                if not session.read(*self._dialect.has_marks()):
                    return frozenset()
                if (waiting := self._dialect.await_marks(action_ids)) is not None:
                    session.change(*waiting)
                    session.rollback()
                    session.begin_asking(_MARKS_SECONDS)
                return frozenset(str(action) for (action,) in session.read(*self._dialect.marks(action_ids)))
            finally:
                session.rollback()

        return await self._asked(_MARKS_SECONDS, work) if action_ids else frozenset()

    async def close_off(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return what was committed, and let nothing of the rest be: whoever is still at it fails at its marker."""

        def work(session: ServerSession, _call: Call) -> frozenset[str]:
            self._make_marks(session, _MARKS_SECONDS)
            session.begin_asking(_MARKS_SECONDS)
            try:
                session.change(*self._dialect.close_off(action_ids))
                session.commit()
                session.begin_asking(_MARKS_SECONDS)
                return frozenset(str(action) for (action,) in session.read(*self._dialect.marks(action_ids)))
            finally:
                session.rollback()

        return await self._asked(_MARKS_SECONDS, work) if action_ids else frozenset()

    async def rehearse(self, plan: ChangePlan) -> Rehearsal:
        """Rehearse, as ``WritableWarehouse`` says."""

        def work(session: ServerSession, _call: Call) -> Rehearsal:
            return transaction.rehearse(self._engine(session), plan)

        return await self._carried_out(plan.seconds, work, _Commit())

    async def rehearse_changes(
        self, changes: Sequence[TableChange], *, most_rows: int, seconds: float, views: Sequence[View]
    ) -> Rehearsal:
        """Rehearse, as ``WritableWarehouse`` says."""

        def work(session: ServerSession, _call: Call) -> Rehearsal:
            engine = self._engine(session)
            return transaction.rehearse_changes(engine, changes, most_rows=most_rows, seconds=seconds, views=views)

        return await self._carried_out(seconds, work, _Commit())

    async def rehearse_structure(self, change: StructureChange, *, seconds: float) -> Rehearsal:
        """Look up, as ``WritableWarehouse`` says."""

        def work(session: ServerSession, _call: Call) -> Rehearsal:
            return structures.rehearse_structure(self._engine(session), change, seconds)

        return await self._carried_out(seconds, work, _Commit())

    async def restructured(self, change: StructureChange, action_id: str) -> bool:
        """Look at the table, as ``WritableWarehouse`` says."""

        def work(session: ServerSession, _call: Call) -> bool:
            session.begin_asking(_METADATA_SECONDS)
            try:
                return structures.is_restructured(transaction.WriteEngine(session, self._dialect), change, action_id)
            finally:
                session.rollback()

        return await self._asked(_METADATA_SECONDS, work)

    async def forget_aside(self, action_ids: Sequence[str]) -> None:
        """Drop it, as ``WritableWarehouse`` says."""

        def work(session: ServerSession, _call: Call) -> None:
            session.begin_asking(_METADATA_SECONDS)
            try:
                structures.forget_aside(transaction.WriteEngine(session, self._dialect), action_ids)
                session.commit()
            finally:
                session.rollback()

        await self._asked(_METADATA_SECONDS, work)

    async def apply(self, released: ReleasedChange, prepare: Callable[[ChangeEffect], None]) -> ChangeEffect:
        """Apply, as ``WritableWarehouse`` says."""
        commit = _Commit()

        def work(session: ServerSession, call: Call) -> ChangeEffect:
            self._make_marks(session, released.seconds)

            def prepared(effect: ChangeEffect) -> None:
                call.unless_stopped()
                prepare(effect)
                call.unless_stopped()
                if not commit.begin():
                    raise _Stopped
                # From here on nobody asks the server to stop; where it hangs, the connection is cut.
                call.interrupt = None

            engine = self._engine(session)
            if released.structure is not None:
                return structures.restructure(engine, released.structure, released, prepared)
            return transaction.apply(engine, released, prepared)

        return await self._carried_out(released.seconds, work, commit)

    def _engine(self, session: ServerSession) -> transaction.WriteEngine:
        return transaction.WriteEngine(session, self._dialect, self._beside if self._dialect.old_catalogue else None)

    @contextmanager
    def _beside(self) -> Iterator[ServerSession]:
        session = self._made()
        try:
            session.open(_BESIDE_SECONDS)
            session.begin_asking(_BESIDE_SECONDS)
            yield session
        finally:
            session.close()

    async def missing_marks(self) -> str:
        """Return why the table of markers cannot be had; empty where it can."""

        def work(session: ServerSession, _call: Call) -> str:
            try:
                self._make_marks(session, _MARKS_SECONDS)
            except ChangeFailed as error:
                return error.engine_text
            return ""

        return await self._asked(_MARKS_SECONDS, work)

    def _make_marks(self, session: ServerSession, seconds: float) -> None:
        session.begin_asking(seconds)
        try:
            if session.read(*self._dialect.has_marks()):
                return
            for sql in self._dialect.make_marks():
                session.change(sql, ())
            session.commit()
        finally:
            session.rollback()

    async def _asked(self, seconds: float, work: Callable[[ServerSession, Call], _Result]) -> _Result:
        try:
            return await self._run(self._questions, seconds, work, _Commit())
        except ChangeFailed as error:
            raise WarehouseError(error.code, error.engine_text) from error

    async def _carried_out(
        self, seconds: float, work: Callable[[ServerSession, Call], _Result], commit: _Commit
    ) -> _Result:
        try:
            return await self._run(self._changes, seconds, work, commit)
        except WarehouseError as error:
            raise ChangeFailed(error.code, error.engine_text) from error

    async def _run(
        self, calls: EngineCalls, seconds: float, work: Callable[[ServerSession, Call], _Result], commit: _Commit
    ) -> _Result:
        until = time.monotonic() + seconds
        running = asyncio.ensure_future(calls.do(seconds, lambda call: self._worked(call, until, work)))
        try:
            done, _waiting = await asyncio.wait((running,), timeout=seconds + _ABANDON_SECONDS)
        except asyncio.CancelledError:
            commit.abandon()
            running.cancel()
            raise
        if done:
            return running.result()
        stopped = commit.abandon()
        running.cancel()
        if stopped:
            raise ChangeFailed(WAREHOUSE_TIMEOUT.name, "the server answers neither the statement nor its cancelling")
        raise OutcomeUnknown("the server does not answer COMMIT")

    def _worked(self, call: Call, until: float, work: Callable[[ServerSession, Call], _Result]) -> _Result:
        session = self._made()
        asking = Lock()

        def interrupt() -> None:
            # In a thread of its own: asking takes a connection, and the event loop waits for nobody.
            if asking.acquire(blocking=False):
                Thread(target=ask, daemon=True).start()

        def ask() -> None:
            with suppress(Exception):
                session.cancel()
            asking.release()

        try:
            session.open(max(0.1, until - time.monotonic()))
            call.kill, call.interrupt = session.sever, interrupt
            call.unless_stopped()
            return work(session, call)
        except _Stopped as error:
            raise ChangeFailed(call.stopped_for or WAREHOUSE_TIMEOUT.name, "nobody waits any more") from error
        except ChangeFailed as error:
            if call.stopped_for is not None and error.code.startswith("E_WAREHOUSE"):
                raise ChangeFailed(call.stopped_for, error.engine_text) from error
            if error.code == WAREHOUSE_CANCELLED.name and time.monotonic() >= until:
                raise ChangeFailed(WAREHOUSE_TIMEOUT.name, error.engine_text) from error
            raise
        finally:
            call.interrupt = call.kill = None
            session.close()
