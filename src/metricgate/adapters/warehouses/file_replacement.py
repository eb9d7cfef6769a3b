"""A warehouse in a file that others may put another file in the place of: noticed at the next use, reopened whole.

``mv new.duckdb warehouse.duckdb`` leaves whoever has the old file open with the old one, deleted though it is; and as
long as this process has it open, the engine hands out that instance again for the same path. So the old one is closed
first, after a moment for what runs; then the file that is there is opened. No answer is made from two files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

import structlog

from metricgate.adapters.warehouses.reconnection import ReconnectingWarehouse
from metricgate.gateway.codes import WAREHOUSE_UNAVAILABLE
from metricgate.gateway.ports import ReleasedStatement, Rows, Warehouse, WarehouseError
from metricgate.gateway.warehouse_source import FileState
from metricgate.vocabulary.clock import Clock

_DRAIN_SECONDS = 0.5
_AGAIN_SECONDS = 0.5
_STEP_SECONDS = 0.02
_REPLACED = "the warehouse's file was replaced while the question ran; ask again"


class ReplaceableFileWarehouse(ReconnectingWarehouse):
    """Implements the same ports as ``ReconnectingWarehouse``, over whatever file is there."""

    def __init__(
        self,
        name: str,
        dialect: str,
        opener: Callable[[], Warehouse],
        state: FileState,
        clock: Clock,
        *,
        opened: Warehouse | None,
        error: WarehouseError | None = None,
    ) -> None:
        """Take what opens the file (blocking) and tells its state, and what is open already, or why nothing is."""
        super().__init__(name, dialect, opener, error or WarehouseError(WAREHOUSE_UNAVAILABLE.name, ""), clock)
        self._state = state
        self._inner = opened
        self._opened_state = state() if opened is not None else None
        self._runs = 0

    async def run(self, released: ReleasedStatement) -> Rows:
        """As the port says. What runs when the file is replaced ends on the old one, or fails and says why.

        Raises:
            WarehouseError: as the port says; ``E_WAREHOUSE_UNAVAILABLE`` where the file was replaced meanwhile.
        """
        inner = await self._opened()
        state = self._opened_state
        self._runs += 1
        try:
            rows = await inner.run(released)
        except WarehouseError as error:
            if self._inner is inner:
                raise
            raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, _REPLACED) from error
        finally:
            self._runs -= 1
        if _written_over(state, self._state()):
            # The same file with other bytes in it: what was read may be of both.
            raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, _REPLACED)
        return rows

    async def _opened(self) -> Warehouse:
        if self._inner is not None and self._state() == self._opened_state:
            return self._inner
        async with self._opening:
            if self._inner is not None:
                if self._state() == self._opened_state:
                    return self._inner
                await self._close_old()
            elif self._clock.monotonic() - self._tried < _AGAIN_SECONDS:
                raise WarehouseError(self._error.code, self._error.engine_text)
            return await self._open_new()

    async def _close_old(self) -> None:
        old, self._inner = self._inner, None
        structlog.get_logger("metricgate.warehouses").warning("warehouse_file_replaced", warehouse=self.name)
        waited = 0.0
        while self._runs and waited < _DRAIN_SECONDS:
            await asyncio.sleep(_STEP_SECONDS)
            waited += _STEP_SECONDS
        if old is not None:
            await old.close()

    async def _open_new(self) -> Warehouse:
        self._tried = self._clock.monotonic()
        before = self._state()
        try:
            inner = await self._open_in_thread()
        except WarehouseError as error:
            self._error = error
            raise
        if self._state() != before:
            await inner.close()
            self._error = WarehouseError(WAREHOUSE_UNAVAILABLE.name, "the warehouse's file is being written")
            raise WarehouseError(self._error.code, self._error.engine_text)
        self._inner, self._opened_state = inner, before
        structlog.get_logger("metricgate.warehouses").info("warehouse_opened", warehouse=self.name)
        return inner


def _written_over(before: Hashable | None, after: Hashable | None) -> bool:
    """Whether it is the same file with another content; states are tuples that begin with device and inode."""
    if not isinstance(before, tuple) or not isinstance(after, tuple):
        return False
    return before[:2] == after[:2] and before != after
