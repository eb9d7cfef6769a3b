"""What a gateway's readiness is told by: each check returns why something does not answer, or None."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from metricgate.gateway.ports import Warehouse, WarehouseError
from metricgate.state.record import RecordStore

Check = Callable[[], Awaitable[str | None]]


def ledger_check(ledger: RecordStore) -> Check:
    """Return the check that the last write of the record succeeded."""

    async def check() -> str | None:
        return None if ledger.writable else "the last write failed"

    return check


def warehouse_check(warehouse: Warehouse) -> Check:
    """Return the check that a warehouse answers; why not is an error code."""

    async def check() -> str | None:
        try:
            await warehouse.describe(())
        except WarehouseError as error:
            return error.code
        return None

    return check
