"""What is known of the engine behind the gateway, remembered for a while: its functions, its tables' columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metricgate.gateway.ports import Clock, Warehouse
from metricgate.vocabulary.result import Column

Relation = tuple[str, ...]

_REMEMBERED_SECONDS = 60.0
"""A column that is new in the warehouse is known after so long; one that is gone makes the engine refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A relation in the warehouse: its full name, and its columns."""

    location: Relation
    columns: tuple[Column, ...]


class Engine:
    """One warehouse with a memory of its catalogue. Used in one event loop; two calls may ask twice, which is harmless.

    The engine's functions are remembered for good: they change with its version only, which needs a restart.
    """

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self.warehouse = warehouse
        self._clock = clock
        self._functions: frozenset[str] | None = None
        self._found: dict[Relation, tuple[float, Found | None]] = {}

    async def functions(self) -> frozenset[str]:
        """Return the names of the functions that the engine brings.

        Raises:
            WarehouseError: it cannot be asked.
        """
        if self._functions is None:
            self._functions = await self.warehouse.functions()
        return self._functions

    async def relations(self, relations: Sequence[Relation]) -> dict[Relation, Found]:
        """Return those relations that exist, as they were at most a minute ago.

        Raises:
            WarehouseError: the engine cannot be asked.
        """
        now = self._clock.monotonic()
        missing = [each for each in dict.fromkeys(relations) if not self._fresh(each, now)]
        if missing:
            columns = await self.warehouse.describe(missing)
            locations = await self.warehouse.located(missing)
            self._found.update({each: (now, _found(each, locations, columns)) for each in missing})
        known = ((each, self._found[each][1]) for each in relations)
        return {relation: found for relation, found in known if found is not None}

    def _fresh(self, relation: Relation, now: float) -> bool:
        found = self._found.get(relation)
        return found is not None and now - found[0] < _REMEMBERED_SECONDS


def _found(
    relation: Relation, locations: Mapping[Relation, Relation], columns: Mapping[Relation, tuple[Column, ...] | None]
) -> Found | None:
    location, described = locations.get(relation), columns.get(relation)
    return None if location is None or described is None else Found(location=location, columns=described)
