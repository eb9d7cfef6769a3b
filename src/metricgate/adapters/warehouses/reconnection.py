"""A warehouse that was away when the gateway started, and takes part as soon as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from metricgate.changing.change import TableChange
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import Location, TableShape
from metricgate.changing.structure import StructureChange
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import (
    ChangeFailed,
    ChangePlan,
    Rehearsal,
    ReleasedChange,
    View,
    WritableWarehouse,
)
from metricgate.gateway.codes import WAREHOUSE_UNAVAILABLE
from metricgate.gateway.ports import ReleasedStatement, Rows, Warehouse, WarehouseError
from metricgate.vocabulary.account_finding import AccountFinding
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.opinion import Opinion
from metricgate.vocabulary.result import Column, ValueType

_AGAIN_SECONDS = 5.0
"""So long the reason of the last attempt is told, before the next one."""

Relation = tuple[str, ...]


class ReconnectingWarehouse:
    """A warehouse that could not be opened when the gateway started: opened by the first use that finds it there.

    Implements ``gateway.ports.Warehouse`` and ``gateway.changes.ports.WritableWarehouse``; until it is open, every use
    raises why.
    """

    def __init__(
        self, name: str, dialect: str, opener: Callable[[], Warehouse], error: WarehouseError, clock: Clock
    ) -> None:
        """Take what opens it (blocking), and why it did not open."""
        self.name = name
        self.dialect = dialect
        self._open = opener
        self._error = error
        self._clock = clock
        self._tried = clock.monotonic()
        self._inner: Warehouse | None = None
        self._opening = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"open-{name}")

    @property
    def data_state(self) -> Json:
        """The warehouse's own, once it is open."""
        return None if self._inner is None else self._inner.data_state

    async def run(self, released: ReleasedStatement) -> Rows:
        """As the port says."""
        return await (await self._opened()).run(released)

    async def describe(self, relations: Sequence[Relation]) -> Mapping[Relation, tuple[Column, ...] | None]:
        """As the port says."""
        return await (await self._opened()).describe(relations)

    async def types(self, selects: Sequence[str]) -> Sequence[tuple[ValueType, ...]]:
        """As the port says."""
        return await (await self._opened()).types(selects)

    async def locate(self, relations: Sequence[Relation]) -> Mapping[Relation, Relation]:
        """As the port says."""
        return await (await self._opened()).locate(relations)

    async def functions(self) -> frozenset[str]:
        """As the port says."""
        return await (await self._opened()).functions()

    async def findings(self, relations: Sequence[Relation]) -> tuple[AccountFinding, ...]:
        """As the port says."""
        return await (await self._opened()).findings(relations)

    async def opinion(self, sql: str) -> Opinion | None:
        """As the port says."""
        return await (await self._opened()).opinion(sql)

    @property
    def writable(self) -> bool:
        """The warehouse's own, once it is open. Nobody knows before; then each use tells."""
        return self._inner is None or (isinstance(self._inner, WritableWarehouse) and self._inner.writable)

    async def shapes(self, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """As the port says."""
        return await (await self._asked()).shapes(relations)

    async def rehearse(self, plan: ChangePlan) -> Rehearsal:
        """As the port says."""
        return await (await self._changed()).rehearse(plan)

    async def rehearse_changes(
        self, changes: Sequence[TableChange], *, most_rows: int, seconds: float, views: Sequence[View] = ()
    ) -> Rehearsal:
        """As the port says."""
        inner = await self._changed()
        return await inner.rehearse_changes(changes, most_rows=most_rows, seconds=seconds, views=views)

    async def rehearse_structure(self, change: StructureChange, *, seconds: float) -> Rehearsal:
        """As the port says."""
        return await (await self._changed()).rehearse_structure(change, seconds=seconds)

    async def apply(self, released: ReleasedChange, prepare: Callable[[ChangeEffect], None]) -> ChangeEffect:
        """As the port says."""
        return await (await self._changed()).apply(released, prepare)

    async def find_committed(self, action_ids: Sequence[str]) -> frozenset[str]:
        """As the port says."""
        return await (await self._asked()).find_committed(action_ids)

    async def close_off(self, action_ids: Sequence[str]) -> frozenset[str]:
        """As the port says."""
        return await (await self._changed()).close_off(action_ids)

    async def is_restructured(self, change: StructureChange, action_id: str) -> bool:
        """As the port says."""
        return await (await self._asked()).is_restructured(change, action_id)

    async def forget_aside(self, action_ids: Sequence[str]) -> None:
        """As the port says."""
        await (await self._changed()).forget_aside(action_ids)

    async def close(self) -> None:
        """Close it where it was opened."""
        async with self._opening:
            if self._inner is not None:
                await self._inner.close()
        self._thread.shutdown(wait=False)

    async def _open_in_thread(self) -> Warehouse:
        """Open it, always in the same thread: DuckDB takes 4 MB at each opening, which that thread's arena keeps."""
        try:
            opening = asyncio.get_running_loop().run_in_executor(self._thread, self._open)
        except RuntimeError as error:
            raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, "the warehouse is closed") from error
        return await opening

    async def _opened(self) -> Warehouse:
        if self._inner is not None:
            return self._inner
        async with self._opening:
            if self._inner is None:
                if self._clock.monotonic() - self._tried < _AGAIN_SECONDS:
                    raise WarehouseError(self._error.code, self._error.engine_text)
                try:
                    self._inner = await self._open_in_thread()
                except WarehouseError as error:
                    self._error = error
                    raise
                finally:
                    self._tried = self._clock.monotonic()
                structlog.get_logger("metricgate.warehouses").info("warehouse_opened", warehouse=self.name)
            return self._inner

    async def _asked(self) -> WritableWarehouse:
        inner = await self._opened()
        if not isinstance(inner, WritableWarehouse):
            raise WarehouseError(codes.NOT_WRITABLE.name, f"{self.name} cannot be changed")
        return inner

    async def _changed(self) -> WritableWarehouse:
        """Return it as ``_asked`` does; that it is still away is a change that failed, and nothing is unknown."""
        try:
            return await self._asked()
        except WarehouseError as error:
            raise ChangeFailed(error.code, error.engine_text) from error
