"""The warehouses of a project, opened: one that is away does not keep the others from answering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import structlog

from metricgate.bootstrap.settings import Settings
from metricgate.gateway.ports import Clock, Released, Rows, Warehouse, WarehouseError, WarehouseUnfit
from metricgate.vocabulary.finding import Finding
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.opinion import Opinion
from metricgate.vocabulary.result import Column

_AGAIN_SECONDS = 5.0
"""So long the reason of the last attempt is told, before the next one."""

Relation = tuple[str, ...]


class AwayWarehouse:
    """A warehouse that could not be opened when the gateway started: opened by the first use that finds it there.

    Implements ``gateway.ports.Warehouse``; until it is open, every use raises why.
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

    @property
    def data_state(self) -> Json:
        """The warehouse's own, once it is open."""
        return None if self._inner is None else self._inner.data_state

    async def run(self, released: Released) -> Rows:
        """As the port says."""
        return await (await self._opened()).run(released)

    async def describe(self, relations: Sequence[Relation]) -> Mapping[Relation, tuple[Column, ...] | None]:
        """As the port says."""
        return await (await self._opened()).describe(relations)

    async def located(self, relations: Sequence[Relation]) -> Mapping[Relation, Relation]:
        """As the port says."""
        return await (await self._opened()).located(relations)

    async def functions(self) -> frozenset[str]:
        """As the port says."""
        return await (await self._opened()).functions()

    async def findings(self, relations: Sequence[Relation]) -> tuple[Finding, ...]:
        """As the port says."""
        return await (await self._opened()).findings(relations)

    async def opinion(self, sql: str) -> Opinion | None:
        """As the port says."""
        return await (await self._opened()).opinion(sql)

    async def close(self) -> None:
        """Close it where it was opened."""
        async with self._opening:
            if self._inner is not None:
                await self._inner.close()

    async def _opened(self) -> Warehouse:
        if self._inner is not None:
            return self._inner
        async with self._opening:
            if self._inner is None:
                if self._clock.monotonic() - self._tried < _AGAIN_SECONDS:
                    raise WarehouseError(self._error.code, self._error.engine_text)
                try:
                    self._inner = await asyncio.to_thread(self._open)
                except WarehouseError as error:
                    self._error = error
                    raise
                finally:
                    self._tried = self._clock.monotonic()
                structlog.get_logger("metricgate.warehouses").info("warehouse_opened", warehouse=self.name)
            return self._inner


async def open_warehouses(
    folder: Path, settings: Settings, stack: AsyncExitStack, clock: Clock
) -> dict[str, Warehouse]:
    """Open every warehouse, by name, the default one first; ``stack`` closes them.

    Raises:
        WarehouseError: none of them can be opened.
        WarehouseUnfit: one of them can never be what the settings say.
    """
    found: dict[str, Warehouse] = {}
    errors: dict[str, WarehouseError] = {}
    for name, each in settings.warehouses.items():
        warehouse: Warehouse
        try:
            warehouse = each.open(folder)
        except WarehouseUnfit:
            raise
        except WarehouseError as error:
            errors[name] = error
            warehouse = AwayWarehouse(name, each.plugin.dialect, partial(each.open, folder), error, clock)
        stack.push_async_callback(warehouse.close)
        found[name] = warehouse
    if len(errors) == len(found):
        raise next(iter(errors.values()))
    for name, reason in errors.items():
        structlog.get_logger("metricgate.warehouses").error(
            "warehouse_away", warehouse=name, code=reason.code, reason=reason.engine_text
        )
    return found
