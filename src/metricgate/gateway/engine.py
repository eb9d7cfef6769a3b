"""What is known of the engines behind the gateway, remembered for a while: their functions, their tables' columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from metricgate.gateway.ports import Warehouse
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.result import Column, ValueType

Relation = tuple[str, ...]

_REMEMBERED_SECONDS = 60.0
"""A column that is new in the warehouse is known after so long; one that is gone makes the engine refuse."""
_MOST_TYPES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationFound:
    """A relation in the warehouse: its full name, and its columns."""

    location: Relation
    columns: tuple[Column, ...]


class Engine:
    """One warehouse with a memory of its catalogue. Used in one event loop; two calls may ask twice, which is harmless.

    The engine's functions are remembered for good: they change with its version only, which needs a restart.
    """

    def __init__(self, name: str, warehouse: Warehouse, clock: Clock) -> None:
        """Take a warehouse and its name in the settings."""
        self.name = name
        self.warehouse = warehouse
        self._clock = clock
        self._functions: frozenset[str] | None = None
        self._found: dict[Relation, tuple[float, RelationFound | None]] = {}
        self._types: dict[str, tuple[ValueType, ...]] = {}

    @property
    def dialect(self) -> str:
        """How the warehouse wants to be spoken to."""
        return self.warehouse.dialect

    async def functions(self) -> frozenset[str]:
        """Return the names of the functions that the engine brings.

        Raises:
            WarehouseError: it cannot be asked.
        """
        if self._functions is None:
            self._functions = await self.warehouse.functions()
        return self._functions

    async def relations(self, relations: Sequence[Relation]) -> dict[Relation, RelationFound]:
        """Return those relations that exist, as they were at most a minute ago.

        Raises:
            WarehouseError: the engine cannot be asked.
        """
        now = self._clock.monotonic()
        known = {each: self._found[each][1] for each in relations if self._fresh(each, now)}
        missing = [each for each in dict.fromkeys(relations) if each not in known]
        if missing:
            columns = await self.warehouse.describe(missing)
            locations = await self.warehouse.locate(missing)
            asked = {each: _relation_found(each, locations, columns) for each in missing}
            # What is old goes, or the relations of every definition that there ever was would stay.
            fresh = {each: found for each, found in self._found.items() if self._fresh(each, now)}
            self._found = fresh | {each: (now, found) for each, found in asked.items()}
            known |= asked
        return {each: found for each in relations if (found := known[each]) is not None}

    async def types(self, selects: Sequence[str]) -> list[tuple[ValueType, ...]]:
        """Return the types of the columns of SELECTs of our own that read no row, as they were when first asked.

        Whoever builds on them has their statement check them (``Statement.checks``), and forgets them where they are
        no longer true.

        Raises:
            WarehouseError: the engine cannot be asked, or cannot read one of them.
        """
        missing = [each for each in dict.fromkeys(selects) if each not in self._types]
        if missing:
            if len(self._types) > _MOST_TYPES:
                self._types.clear()
            found = await self.warehouse.types(missing)
            self._types.update(zip(missing, found, strict=True))
        return [self._types[each] for each in selects]

    def forget_types(self) -> None:
        """Have the types asked anew."""
        self._types.clear()

    def _fresh(self, relation: Relation, now: float) -> bool:
        found = self._found.get(relation)
        return found is not None and now - found[0] < _REMEMBERED_SECONDS


class Engines:
    """The warehouses of a gateway by their names in the settings; the first is the default."""

    def __init__(self, warehouses: Mapping[str, Warehouse], clock: Clock) -> None:
        """Take at least one warehouse, the default one first."""
        self._by_name = {name: Engine(name, warehouse, clock) for name, warehouse in warehouses.items()}
        self.default = next(iter(self._by_name.values()))

    def __iter__(self) -> Iterator[Engine]:
        return iter(self._by_name.values())

    def find(self, name: str | None) -> Engine:
        """Return the engine of that name; None is the default one.

        Raises:
            KeyError: there is none. The catalog in force is checked against the settings, so that none of its names is
                unknown.
        """
        return self.default if name is None else self._by_name[name]


def _relation_found(
    relation: Relation, locations: Mapping[Relation, Relation], columns: Mapping[Relation, tuple[Column, ...] | None]
) -> RelationFound | None:
    location, described = locations.get(relation), columns.get(relation)
    return None if location is None or described is None else RelationFound(location=location, columns=described)
