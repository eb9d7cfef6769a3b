"""Models, policies, actions and the tables of every warehouse, checked against each other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from metricgate.actions.action_loader import Actions
from metricgate.catalog import warehouse_check
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.warehouse_placement import within
from metricgate.compiling.expressible import inexpressible
from metricgate.definitions.codes import UNREADABLE
from metricgate.definitions.loader import load_definitions
from metricgate.definitions.source import DefinitionSource
from metricgate.documents import in_order
from metricgate.gateway.actions import check_tables_of_actions
from metricgate.gateway.changes.ports import WritableWarehouse
from metricgate.gateway.ports import WarehouseError
from metricgate.gateway.warehouse_source import WarehouseSource
from metricgate.operations import codes
from metricgate.policy.catalog_check import check_columns
from metricgate.policy.policy import Policy
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.result import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What ``validate`` found.

    Attributes:
        problems: in the order of their places; empty where all is well.
        counts: what was checked, e.g. ``{"metrics": 27, "semantic models": 12, "tables": 12}``.
    """

    problems: Sequence[Problem]
    counts: Mapping[str, int]


def validate(source: DefinitionSource, warehouses: Mapping[str, WarehouseSource]) -> Validation:
    """Return what is wrong with a project's definitions, and how many were looked at. Opens each warehouse; blocks."""
    try:
        loaded = load_definitions(replace(source, all_expressible=False))  # told below, by columns' types too
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure)
        return Validation(problems=(problem,), counts={})
    if isinstance(loaded, Problems):
        return Validation(problems=tuple(loaded), counts={})
    catalog, policy, actions = loaded.catalog, loaded.policy, loaded.actions
    parts = {name: within(catalog, name) for name in warehouses}
    counts = {
        "semantic models": len(catalog.models),
        "metrics": len(catalog.metrics),
        "actions": len(actions),
        "rules": len(policy.rules) + len(policy.domains),
        "tables": sum(len(warehouse_check.relations(part)) for part in parts.values()),
    }
    problems = [
        problem
        for name, part in parts.items()
        for problem in _of_warehouse(name, warehouses[name], part, policy, actions)
    ]
    return Validation(problems=in_order(problems), counts=counts)


def _of_warehouse(
    name: str, warehouse: WarehouseSource, catalog: Catalog, policy: Policy, actions: Actions
) -> tuple[Problem, ...]:
    """What does not fit in one warehouse; that it is away is one problem."""
    try:
        described, writable = asyncio.run(_describe(warehouse, warehouse_check.relations(catalog)))
    except WarehouseError as error:
        message = f"The warehouse {name!r} cannot be asked: {error.engine_text}"
        return (Problem(code=codes.WAREHOUSE_CLOSED, message=message, hint=codes.WAREHOUSE_CLOSED.cure),)
    dialect = warehouse.dialect
    return (
        *inexpressible(catalog, dialect, described),
        *warehouse_check.check(catalog, described),
        *check_columns(policy, catalog, described),
        *check_tables_of_actions(actions, catalog, described, dialect=dialect, writable=writable),
    )


async def _describe(
    source: WarehouseSource, wanted: Sequence[tuple[str, ...]]
) -> tuple[Mapping[tuple[str, ...], tuple[Column, ...] | None], bool]:
    """Return the columns of each relation, and whether the warehouse is opened for changes."""
    warehouse = source.open()
    try:
        return await warehouse.describe(wanted), isinstance(warehouse, WritableWarehouse) and warehouse.writable
    finally:
        await warehouse.close()
