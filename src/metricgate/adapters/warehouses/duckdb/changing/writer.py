"""The gateway's side of changes to a DuckDB file: what it asks the worker that holds the file, and when it says go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from metricgate.adapters.warehouses.duckdb.changing import messages
from metricgate.adapters.warehouses.duckdb.workers.frames import LARGEST_QUESTION, Gone, Head, Malformed
from metricgate.adapters.warehouses.duckdb.workers.pool import WorkerPool
from metricgate.adapters.warehouses.engine_calls import Call, EngineCalls
from metricgate.changing.change import TableChange
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import Location, TableShape
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.kept_change import KeptChange, to_bytes
from metricgate.gateway.changes.ports import (
    ChangeFailed,
    ChangePlan,
    OutcomeUnknown,
    Rehearsal,
    ReleasedChange,
    View,
)
from metricgate.gateway.codes import WAREHOUSE_FAILED, WAREHOUSE_UNAVAILABLE
from metricgate.gateway.ports import WarehouseError
from metricgate.vocabulary.json import Json

_Result = TypeVar("_Result")
_METADATA_SECONDS = 30.0
CHANNELS = 3
"""Channels of the worker that changes need beside those of reads: for a change, for a rehearsal, to ask about them."""


class Writing:
    """The ``WritableWarehouse`` methods of one file. Changes are carried out one after another."""

    def __init__(self, jail: WorkerPool) -> None:
        self._jail = jail
        self._changes = EngineCalls(1, "duckdb-change")
        self._rehearsals = EngineCalls(1, "duckdb-rehearsal")
        self._questions = EngineCalls(1, "duckdb-changes")

    async def close(self) -> None:
        """Stop what runs and wait for it; a change that was told to go on ends."""
        await self._changes.close()
        await self._rehearsals.close()
        await self._questions.close()

    async def shapes(self, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Return the shapes, as ``WritableWarehouse`` says."""
        question: Head = {
            "kind": "shapes",
            "relations": [list(each) for each in relations],
            "seconds": _METADATA_SECONDS,
        }
        _head, body = await self._questions.do(_METADATA_SECONDS, lambda call: self._asked(call, question))
        return _read_reply(lambda: messages.shapes(body))

    async def find_committed(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return what was committed, as ``WritableWarehouse`` says."""
        question: Head = {"kind": "applied", "actions": list(action_ids), "seconds": _METADATA_SECONDS}
        head, _body = await self._questions.do(_METADATA_SECONDS, lambda call: self._asked(call, question))
        return frozenset(cast("list[str]", head["applied"]))

    async def close_off(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return what was committed, in the turn of changes: the file is one process's, and the one before is over."""
        question: Head = {"kind": "applied", "actions": list(action_ids), "seconds": _METADATA_SECONDS}
        head, _body = await self._changes.do(_METADATA_SECONDS, lambda call: self._asked(call, question))
        return frozenset(cast("list[str]", head["applied"]))

    async def forget_aside(self, action_ids: Sequence[str]) -> None:
        """Drop it, as ``WritableWarehouse`` says."""
        question: Head = {"kind": "forget", "actions": list(action_ids), "seconds": _METADATA_SECONDS}
        await self._changes.do(_METADATA_SECONDS, lambda call: self._asked(call, question))

    async def rehearse(self, wanted: KeptChange) -> Rehearsal:
        """Rehearse, as ``WritableWarehouse`` says."""

        def work(call: Call) -> Rehearsal:
            try:
                question: Head = {"kind": "rehearse", "seconds": wanted.seconds}
                head, body = self._jail.tell(call, question, _question_content(wanted), messages.LARGEST)
                _unless_failed(call, head, body)
                return messages.rehearsal(head, body)
            except (Gone, Malformed) as error:
                raise _connection_lost(call, error) from error

        return await self._carried_out(self._rehearsals, wanted.seconds, work)

    async def apply(self, released: ReleasedChange, prepare: Callable[[ChangeEffect], None]) -> ChangeEffect:
        """Apply, as ``WritableWarehouse`` says."""

        def work(call: Call) -> ChangeEffect:
            return _Going(self._jail, call, prepare).apply(released)

        return await self._carried_out(self._changes, released.seconds, work)

    @staticmethod
    async def _carried_out(calls: EngineCalls, seconds: float, work: Callable[[Call], _Result]) -> _Result:
        try:
            return await calls.do(seconds, work)
        except WarehouseError as error:
            raise ChangeFailed(error.code, error.engine_text) from error

    def _asked(self, call: Call, question: Mapping[str, Json]) -> tuple[Head, memoryview]:
        """Ask what only reads, and so may be asked again."""
        head, body = self._jail.ask(call, question, messages.LARGEST)
        if "failed" in head:
            raise WarehouseError(str(head["failed"]), str(head["text"]))
        return head, body


class _Going:
    """One change on its way to its commit."""

    def __init__(self, jail: WorkerPool, call: Call, prepare: Callable[[ChangeEffect], None]) -> None:
        self._jail = jail
        self._call = call
        self._prepare = prepare
        self._effect: ChangeEffect | None = None
        self._stopped_by: BaseException | None = None

    def apply(self, released: ReleasedChange) -> ChangeEffect:
        """Have it carried out.

        Raises:
            ChangeFailed, OutcomeUnknown: as ``WritableWarehouse`` says; or what ``prepare`` raised.
        """
        question: Head = {
            "kind": "apply",
            "action": released.action_id,
            "digest": released.expected_digest,
            "seconds": released.seconds,
        }
        content = KeptChange(
            plan=released.plan,
            changes=released.changes,
            views=released.views,
            most_rows=released.most_rows,
            seconds=released.seconds,
            structure=released.structure,
            definitions=released.definitions,
        )
        try:
            head, body = self._jail.tell(
                self._call, question, _question_content(content), messages.LARGEST, self._reply
            )
            _unless_failed(self._call, head, body)
        except (Gone, Malformed, WarehouseError) as error:
            if self._effect is not None:
                # It was told to commit. Whether it did stands in the file, which its replacement opens.
                raise OutcomeUnknown(str(error)) from error
            if self._stopped_by is None:
                raise _connection_lost(self._call, error) from error
        if self._stopped_by is not None:
            raise self._stopped_by
        if head != {**head, "committed": True} or self._effect is None:
            raise OutcomeUnknown("the worker process committed without being told to")
        return self._effect

    def _reply(self, body: memoryview) -> Head:
        """Make the journal durable and say go, or say that it must not be committed."""
        effect = messages.effect(body)
        try:
            self._call.unless_stopped()
            self._prepare(effect)
            self._call.unless_stopped()
        except BaseException as error:  # noqa: BLE001 - raised again once the worker has rolled back
            self._stopped_by = error
            return {"go": False}
        # From here on nobody stops it in the middle of its commit but by killing the process.
        self._call.interrupt = None
        self._effect = effect
        return {"go": True}


def sealed_of(
    plan: ChangePlan | None, changes: Sequence[TableChange], views: Sequence[View], most_rows: int, seconds: float
) -> KeptChange:
    """Return what the worker is told of a rehearsal."""
    return KeptChange(plan=plan, changes=tuple(changes), views=tuple(views), most_rows=most_rows, seconds=seconds)


def _question_content(wanted: KeptChange) -> bytes:
    content = to_bytes(wanted)
    if len(content) > LARGEST_QUESTION:
        raise ChangeFailed(codes.TOO_MANY_ROWS.name, f"{len(content)} bytes", detail=f"{len(content):,} bytes")
    return content


def _unless_failed(call: Call, head: Head, body: memoryview) -> None:
    if "failed" in head:
        error = messages.failure(head, body)
        stopped = call.stopped_for if error.code == WAREHOUSE_FAILED.name else None
        error.code = stopped or error.code
        raise error


def _connection_lost(call: Call, error: BaseException) -> ChangeFailed:
    """Nothing was committed: the worker commits nothing without being told to."""
    if isinstance(error, WarehouseError):
        return ChangeFailed(error.code, error.engine_text)
    code = WAREHOUSE_FAILED.name if isinstance(error, Malformed) else WAREHOUSE_UNAVAILABLE.name
    return ChangeFailed(call.stopped_for or code, f"the worker process is gone: {error}")


def _read_reply(work: Callable[[], _Result]) -> _Result:
    try:
        return work()
    except Malformed as error:
        raise WarehouseError(WAREHOUSE_FAILED.name, str(error)) from error
