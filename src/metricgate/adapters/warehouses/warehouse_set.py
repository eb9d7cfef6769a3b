"""The warehouses of a project, opened: one that is away does not keep the others from answering."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

import structlog

from metricgate.adapters.warehouses.file_replacement import ReplaceableFileWarehouse
from metricgate.adapters.warehouses.reconnection import ReconnectingWarehouse
from metricgate.gateway.ports import Warehouse, WarehouseError, WarehouseUnfit
from metricgate.gateway.warehouse_source import WarehouseSource
from metricgate.vocabulary.clock import Clock


async def open_warehouses(
    sources: Mapping[str, WarehouseSource], stack: AsyncExitStack, clock: Clock
) -> dict[str, Warehouse]:
    """Open every warehouse, by name and in the order given; ``stack`` closes them.

    Raises:
        WarehouseError: none of them can be opened.
        WarehouseUnfit: one of them can never be what the settings say.
    """
    found: dict[str, Warehouse] = {}
    errors: dict[str, WarehouseError] = {}
    for name, each in sources.items():
        opened: Warehouse | None = None
        try:
            opened = each.open()
        except WarehouseUnfit:
            raise
        except WarehouseError as error:
            errors[name] = error
        opener, dialect, state = each.open, each.dialect, each.file_state
        warehouse: Warehouse
        if state is not None:
            warehouse = ReplaceableFileWarehouse(
                name, dialect, opener, state, clock, opened=opened, error=errors.get(name)
            )
        elif opened is not None:
            warehouse = opened
        else:
            warehouse = ReconnectingWarehouse(name, dialect, opener, errors[name], clock)
        stack.push_async_callback(warehouse.close)
        found[name] = warehouse
    if len(errors) == len(found):
        raise next(iter(errors.values()))
    for name, reason in errors.items():
        structlog.get_logger("metricgate.warehouses").error(
            "warehouse_away", warehouse=name, code=reason.code, reason=reason.engine_text
        )
    return found
