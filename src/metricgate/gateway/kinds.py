"""What the engine says of the types on which a plan hangs: asked without reading a row, before the plan is final."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from metricgate.compiling.column_kinds import Types
from metricgate.compiling.statement import Statement
from metricgate.compiling.type_probes import type_probes
from metricgate.gateway.engine import Engine
from metricgate.gateway.ports import WarehouseError
from metricgate.planning.clocks import Kinds, TypeAsked
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
        wanted = [asked for asked, _type in plan.types]
        if set(wanted) <= {asked for asked, _type in kinds.types}:
            break
        found = await _ask_types(wanted, plan, engine)
        if isinstance(found, WarehouseError):
            return found
        if not found:
            break
        kinds = Kinds(types=found)
        again = planned(kinds)
        if isinstance(again, Problems):
            break
        plan = again
    return kinds


async def compiled_by_kinds(
    compiled: Callable[[Types], Statement | Problems], plan: Plan, engine: Engine, known: Types = ()
) -> tuple[Types, Statement | Problems]:
    """Return the statement of a plan, with the types of columns on which its words depend, and those types.

    An engine that does not tell them is asked in words that fit any type: what it cannot do then, it says itself.

    Args:
        compiled: the statement under what is known.
        plan: what is asked.
        engine: the warehouse that holds all that it reads.
        known: what the engine has said before.
    """
    statement = compiled(known)
    for _round in range(_MOST_ROUNDS):
        if isinstance(statement, Problems) or not statement.wanted:
            break
        found = await _ask_types(statement.wanted, plan, engine)
        if isinstance(found, WarehouseError):
            break
        told = dict(found)
        known = (*known, *((each, told.get(each)) for each in statement.wanted))
        statement = compiled(known)
    return known, statement


async def _ask_types(asked: Iterable[TypeAsked], plan: Plan, engine: Engine) -> Types | WarehouseError:
    probes = type_probes(asked, plan.models, engine.dialect)
    try:
        found = await engine.types([each.sql for each in probes])
    except WarehouseError as error:
        return error
    return tuple(
        pair for each, types in zip(probes, found, strict=True) for pair in zip(each.asked, types, strict=True)
    )
