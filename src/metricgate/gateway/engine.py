"""What is known of the engine behind the gateway, remembered for a while: its functions, its tables' columns."""

from __future__ import annotations

from collections.abc import Sequence

from metricgate.gateway.ports import Clock, Warehouse
from metricgate.vocabulary.result import Column

Relation = tuple[str, ...]

_REMEMBERED_SECONDS = 60.0
"""A column that is new in the warehouse is known after so long; one that is gone makes the engine refuse."""


class Engine:
    """One warehouse with a memory of its catalogue. Used in one event loop; two calls may ask twice, which is harmless.

    The engine's functions are remembered for good: they change with its version only, which needs a restart.
    """

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self.warehouse = warehouse
        self._clock = clock
        self._functions: frozenset[str] | None = None
        self._columns: dict[Relation, tuple[float, tuple[Column, ...] | None]] = {}

    async def functions(self) -> frozenset[str]:
        """Return the names of the functions that the engine brings.

        Raises:
            WarehouseError: it cannot be asked.
        """
        if self._functions is None:
            self._functions = await self.warehouse.functions()
        return self._functions

    async def columns(self, relations: Sequence[Relation]) -> dict[Relation, tuple[Column, ...]]:
        """Return the columns of those relations that exist, as they were at most a minute ago.

        Raises:
            WarehouseError: the engine cannot be asked.
        """
        now = self._clock.monotonic()
        missing = [each for each in dict.fromkeys(relations) if not self._fresh(each, now)]
        if missing:
            found = await self.warehouse.describe(missing)
            self._columns.update({each: (now, found.get(each)) for each in missing})
        known = ((each, self._columns[each][1]) for each in relations)
        return {relation: columns for relation, columns in known if columns is not None}

    def _fresh(self, relation: Relation, now: float) -> bool:
        found = self._columns.get(relation)
        return found is not None and now - found[0] < _REMEMBERED_SECONDS
