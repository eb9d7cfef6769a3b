"""What the engine says of the types on which a plan hangs: asked without reading a row, before the plan is final."""

from __future__ import annotations

from collections.abc import Callable

from metricgate.compiling.type_probes import type_probes
from metricgate.gateway.engine import Engine
from metricgate.gateway.ports import WarehouseError
from metricgate.planning.clocks import Kinds
from metricgate.planning.plan import Plan
from metricgate.vocabulary.problem import Problems

_MOST_ROUNDS = 4
"""What a type tells may make others matter; each round but the last asks for more."""


async def kinds_of(planned: Callable[[Kinds], Plan | Problems], plan: Plan, engine: Engine) -> Kinds | WarehouseError:
    """Return the types that a question hangs on, or why the engine does not tell them.

    Args:
        planned: the question under what is known.
        plan: the question under nothing known.
        engine: the warehouse that holds all that it reads.
    """
    kinds = Kinds()
    for _round in range(_MOST_ROUNDS):
        probes = type_probes(plan, engine.dialect)
        if {asked for asked, _type in plan.types} <= {asked for asked, _type in kinds.types} or not probes:
            break
        try:
            found = await engine.types([each.sql for each in probes])
        except WarehouseError as error:
            return error
        pairs = [
            pair for each, types in zip(probes, found, strict=True) for pair in zip(each.asked, types, strict=True)
        ]
        kinds = Kinds(types=tuple(pairs))
        again = planned(kinds)
        if isinstance(again, Problems):
            break
        plan = again
    return kinds
