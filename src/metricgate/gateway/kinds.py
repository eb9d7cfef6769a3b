"""What the engine says of the types on which a plan hangs: asked without reading a row, before the plan is final."""

from __future__ import annotations

from metricgate.compiling.type_probes import type_probes
from metricgate.gateway.engine import Engine
from metricgate.gateway.ports import WarehouseError
from metricgate.planning.clocks import Kinds
from metricgate.planning.plan import Plan


async def kinds_of(plan: Plan, engine: Engine) -> Kinds | WarehouseError:
    """Return the types that the plan asks for, or why the engine does not tell them."""
    probes = type_probes(plan, engine.dialect)
    if not probes:
        return Kinds()
    try:
        found = await engine.types([each.sql for each in probes])
    except WarehouseError as error:
        return error
    pairs = (pair for each, types in zip(probes, found, strict=True) for pair in zip(each.asked, types, strict=True))
    return Kinds(types=tuple(pairs))
