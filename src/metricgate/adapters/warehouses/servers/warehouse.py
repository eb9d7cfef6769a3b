"""What the warehouses behind a network have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from metricgate.adapters.warehouses.servers.session import ReadSession
from metricgate.adapters.warehouses.servers.sessions import Bounds, Sessions
from metricgate.adapters.warehouses.servers.writer import ServerWriter
from metricgate.changing.change import TableChange
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import Location, TableShape
from metricgate.changing.structure import StructureChange
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed, ChangePlan, Rehearsal, ReleasedChange, View
from metricgate.gateway.ports import ReleasedStatement, Rows, WarehouseError
from metricgate.vocabulary.account_finding import WRONG, AccountFinding
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.opinion import Opinion
from metricgate.vocabulary.result import Column, ValueType


class ServerWarehouse:
    """What the warehouses behind a network have in common; an engine's own adds its name, dialect and parser."""

    name: str
    dialect: str

    def __init__(self, made: Callable[[], ReadSession], bounds: Bounds, writer: ServerWriter | None = None) -> None:
        """Connect once, with a session that ``made`` gives, so that a wrong address is told at once.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
        """
        self._sessions = Sessions(made, bounds, self.name)
        self._writer = writer

    @property
    def data_state(self) -> Json:
        """Nothing: a server does not say when its data changed."""
        return {}

    async def run(self, released: ReleasedStatement) -> Rows:
        """Run the statement; see ``Sessions.run``."""
        return await self._sessions.run(released)

    async def describe(
        self, relations: Sequence[tuple[str, ...]]
    ) -> Mapping[tuple[str, ...], tuple[Column, ...] | None]:
        """Return the columns of each relation that the account may read, or None. Letter case counts."""
        return await self._sessions.describe(relations)

    async def types(self, selects: Sequence[str]) -> Sequence[tuple[ValueType, ...]]:
        """Return the types of the columns of SELECTs of our own that read no row."""
        return await self._sessions.types(selects)

    async def locate(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return the full name of each relation that the account may read."""
        return await self._sessions.locate(relations)

    async def functions(self) -> frozenset[str]:
        """Return the names of the engine's own functions, in lower case."""
        return await self._sessions.functions()

    async def findings(self, relations: Sequence[tuple[str, ...]]) -> tuple[AccountFinding, ...]:
        """Return what the account can do that it should not."""
        found = await self._sessions.findings(relations)
        if self._writer is None:
            return found
        try:
            missing = await self._writer.missing_marks()
        except WarehouseError as error:
            missing = error.engine_text
        if not missing:
            return found
        cure = "let the writer's account make metricgate_applied in writer.marker_schema, or make it by hand"
        return (
            *found,
            AccountFinding(severity=WRONG, right=f"changes: {missing}", object="metricgate_applied", cure=cure),
        )

    async def opinion(self, _sql: str) -> Opinion | None:
        """Return None: there is no parser of the engine's own outside the server."""
        return None

    async def close(self) -> None:
        """Interrupt what runs and close every connection."""
        if self._writer is not None:
            await self._writer.close()
        await self._sessions.close()

    @property
    def writable(self) -> bool:
        """Whether the settings name an account for changes."""
        return self._writer is not None

    async def shapes(self, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Return the tables' shapes, as ``WritableWarehouse`` says.

        Raises:
            WarehouseError: as the port says; ``E_NOT_WRITABLE`` where the settings name no writer.
        """
        if self._writer is None:
            raise WarehouseError(codes.NOT_WRITABLE.name, "the settings name no writer")
        return await self._writer.shapes(relations)

    async def rehearse(self, plan: ChangePlan) -> Rehearsal:
        """Carry the plan out and roll it back, as ``WritableWarehouse`` says."""
        return await self._opened_for_changes().rehearse(plan)

    async def rehearse_changes(
        self, changes: Sequence[TableChange], *, most_rows: int, seconds: float, views: Sequence[View] = ()
    ) -> Rehearsal:
        """Carry the changes out and roll them back, as ``WritableWarehouse`` says."""
        writer = self._opened_for_changes()
        return await writer.rehearse_changes(changes, most_rows=most_rows, seconds=seconds, views=views)

    async def rehearse_structure(self, change: StructureChange, *, seconds: float) -> Rehearsal:
        """Look up what a change of a table itself would do, as ``WritableWarehouse`` says."""
        return await self._opened_for_changes().rehearse_structure(change, seconds=seconds)

    async def is_restructured(self, change: StructureChange, action_id: str) -> bool:
        """Return whether a table stands as an action leaves it, as ``WritableWarehouse`` says."""
        return self._writer is not None and await self._writer.restructured(change, action_id)

    async def forget_aside(self, action_ids: Sequence[str]) -> None:
        """Drop what these actions set aside, as ``WritableWarehouse`` says."""
        await self._opened_for_changes().forget_aside(action_ids)

    async def apply(self, released: ReleasedChange, prepare: Callable[[ChangeEffect], None]) -> ChangeEffect:
        """Carry it out and commit, or change nothing, as ``WritableWarehouse`` says."""
        return await self._opened_for_changes().apply(released, prepare)

    async def find_committed(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return which actions were committed, as ``WritableWarehouse`` says."""
        if self._writer is None:
            return frozenset()
        return await self._writer.find_committed(action_ids)

    async def close_off(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return which actions were committed, and let no other be, as ``WritableWarehouse`` says."""
        return await self._opened_for_changes().close_off(action_ids)

    def _opened_for_changes(self) -> ServerWriter:
        if self._writer is None:
            raise ChangeFailed(codes.NOT_WRITABLE.name, "the settings name no writer")
        return self._writer
