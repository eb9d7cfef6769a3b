"""What the accounts of a project's warehouses can do that they should not, and who can read its secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from metricgate.catalog import warehouse_check
from metricgate.catalog.warehouse_placement import within
from metricgate.definitions.codes import UNREADABLE
from metricgate.definitions.loader import load_definitions
from metricgate.definitions.source import DefinitionSource
from metricgate.gateway.ports import WarehouseError
from metricgate.gateway.warehouse_source import WarehouseSource
from metricgate.operations import codes
from metricgate.state.state import ProjectState
from metricgate.vocabulary.account_finding import AccountFinding
from metricgate.vocabulary.problem import Problem, Problems


def run_checks(
    source: DefinitionSource, warehouses: Mapping[str, WarehouseSource], state: ProjectState
) -> Sequence[tuple[str, AccountFinding]] | Problems:
    """Return every finding with the name of its warehouse, or ``state``; a warehouse that is away is a problem.

    Opens each warehouse, and blocks.
    """
    try:
        loaded = load_definitions(source)
    except (OSError, UnicodeDecodeError) as error:
        return Problems((Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure),))
    if isinstance(loaded, Problems):
        return loaded
    found: list[tuple[str, AccountFinding]] = [("state", each) for each in state.findings()]
    problems = []
    for name, warehouse in warehouses.items():
        relations = warehouse_check.relations(within(loaded.catalog, name))
        try:
            found += [(name, each) for each in asyncio.run(_findings(warehouse, relations))]
        except WarehouseError as error:
            message = f"The warehouse {name!r} cannot be asked: {error.engine_text}"
            problems.append(Problem(code=codes.WAREHOUSE_CLOSED, message=message, hint=codes.WAREHOUSE_CLOSED.cure))
    return Problems(tuple(problems)) if problems else found


async def _findings(source: WarehouseSource, relations: Sequence[tuple[str, ...]]) -> tuple[AccountFinding, ...]:
    warehouse = source.open()
    try:
        return await warehouse.findings(relations)
    finally:
        await warehouse.close()
