"""Which warehouse an agent's own SQL is for, and where a table is that is not in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from metricgate.catalog.model import SemanticModel
from metricgate.gateway import codes
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.datasets import readable_homes, readable_tables
from metricgate.gateway.engine import Engine
from metricgate.gateway.ports import WarehouseError
from metricgate.guarding.codes import UNKNOWN_TABLE
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Place, Problem, Problems
from metricgate.vocabulary.relation import GovernedTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A warehouse, its models that the caller may read, and what the caller may read elsewhere."""

    engine: Engine
    models: tuple[SemanticModel, ...]
    elsewhere: dict[str, tuple[SemanticModel, ...]]


def choose(context: CallContext, wanted: str | None) -> Chosen | Problems:
    """Return the warehouse of that name, or the only one that holds something for the caller.

    A warehouse in which the caller may read nothing looks like one that is not there.
    """
    homes = readable_homes(context)
    if wanted is None and len(homes) > 1:
        names = list(homes)
        message = f"The datasets that you may read are in several warehouses: {', '.join(names)}."
        hint = f"Give `warehouse`, one of {', '.join(names)}. A query reads from one of them."
        return Problems(
            (Problem(code=codes.WHICH_WAREHOUSE, message=message, hint=hint, details={"warehouses": list(names)}),)
        )
    if wanted is not None and wanted not in homes:
        hint = did_you_mean(wanted, homes) or f"The warehouses are: {', '.join(homes) or 'none'}."
        message = f"There is no warehouse {wanted!r} with a dataset that you may read."
        where = Place(path="warehouse")
        return Problems((Problem(code=codes.NO_SUCH_WAREHOUSE, message=message, where=where, hint=hint),))
    name = wanted or next(iter(homes), None)
    return Chosen(
        engine=context.engines.find(name),
        models=() if name is None else homes[name],
        elsewhere={home: models for home, models in homes.items() if home != name},
    )


async def pointed_elsewhere(context: CallContext, chosen: Chosen, problems: Problems) -> Problems:
    """Return the problems; those about a table that the caller may read in another warehouse say where it is."""
    unknown = [each for each in problems if each.code is UNKNOWN_TABLE]
    if not unknown or not chosen.elsewhere:
        return problems
    homes: dict[str, list[str]] = {}
    for home, models in chosen.elsewhere.items():
        for way in await _ways(context, home, models):
            homes.setdefault(way, []).append(home)
    return Problems(tuple(_pointed(each, homes) if each in unknown else each for each in problems))


async def _ways(context: CallContext, home: str, models: tuple[SemanticModel, ...]) -> set[str]:
    """Each way to write a table of that warehouse, in lower case; none where it cannot be asked now."""
    try:
        tables = await readable_tables(context, context.engines.find(home), models)
    except WarehouseError:
        return set()
    return {way.lower() for table in tables for way in _names_of(table)}


def _names_of(table: GovernedTable) -> list[str]:
    return [table.dataset, *(".".join(table.source[start:]) for start in range(len(table.source)))]


def _pointed(problem: Problem, homes: dict[str, list[str]]) -> Problem:
    written = str((problem.details or {}).get("table", ""))
    found = homes.get(written.lower())
    if not found:
        return problem
    shown = " and ".join(repr(home) for home in found)
    hint = f"{written!r} is in the warehouse {shown}: ask there, in a query of its own. {problem.hint or ''}".strip()
    return replace(problem, hint=hint, details={**(problem.details or {}), "warehouses": list(found)})
