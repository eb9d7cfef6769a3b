"""The table that a change is for: found among those that its caller may read or change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metricgate.catalog.model import SemanticModel
from metricgate.changing.shape import TableShape
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import WritableWarehouse
from metricgate.gateway.datasets import dataset_resource, engine_of
from metricgate.gateway.engine import Engine, RelationFound
from metricgate.guarding.dialects import tells_case_apart
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action

_VERBS = (Action.INSERT, Action.UPDATE, Action.DELETE, Action.TRUNCATE, Action.DROP, Action.ALTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTarget:
    """The table that a change is for, where it is and how it is made."""

    engine: Engine
    warehouse: WritableWarehouse
    model: SemanticModel
    found: RelationFound
    shape: TableShape


async def find_target(context: CallContext, parts: Sequence[str], warehouse: str | None) -> ChangeTarget | Problems:
    """Return the table that a caller names, among those that it may read or change.

    Args:
        context: the call's.
        parts: of the table's name, as its engine reads them.
        warehouse: where it is; None where the name tells.

    Raises:
        WarehouseError: a warehouse cannot be asked.
    """
    models = [model for model in context.governance.catalog.models.values() if _may_touch(context, model)]
    fitting: list[tuple[Engine, SemanticModel, RelationFound]] = []
    for engine in context.engines:
        if warehouse not in {None, engine.name}:
            continue
        own = [model for model in models if engine_of(context, model) is engine]
        found = await engine.relations([model.source for model in own]) if own else {}
        fitting += [
            (engine, model, found[model.source])
            for model in own
            if model.source in found and _names_table(parts, model.name, found[model.source].location, engine.dialect)
        ]
    name = ".".join(parts)
    if len(fitting) != 1:
        return _no_target(name, [model.name for model in models], [model.name for _e, model, _f in fitting])
    return await find_shape(*fitting[0])


async def find_shape(engine: Engine, model: SemanticModel, found: RelationFound) -> ChangeTarget | Problems:
    """Return the target with its shape, if its rows can be changed at all.

    Raises:
        WarehouseError: the warehouse cannot be asked.
    """
    writable = engine.warehouse
    if not isinstance(writable, WritableWarehouse) or not writable.writable:
        message = f"The warehouse {engine.name!r}, which holds {model.name!r}, is not opened for changes."
        return Problems((Problem(code=codes.NOT_WRITABLE, message=message, hint=codes.NOT_WRITABLE.cure),))
    shape = (await writable.shapes([found.location])).get(found.location)
    if shape is None or not shape.plain or not shape.transactional:
        why = "is no ordinary table" if shape is None or not shape.plain else "cannot be rolled back by its engine"
        message = f"The table of {model.name!r} {why}, so that nothing in it is changed."
        return Problems((Problem(code=codes.NOT_CHANGEABLE, message=message, hint=codes.NOT_CHANGEABLE.cure),))
    return ChangeTarget(engine=engine, warehouse=writable, model=model, found=found, shape=shape)


def _may_touch(context: CallContext, model: SemanticModel) -> bool:
    dataset = dataset_resource(model)
    return any(context.allows(verb, dataset) for verb in (Action.READ, *_VERBS))


def _names_table(parts: Sequence[str], dataset: str, location: tuple[str, ...], dialect: str) -> bool:
    exact = tells_case_apart(dialect)
    written = tuple(parts) if exact else tuple(part.lower() for part in parts)
    source = location if exact else tuple(part.lower() for part in location)
    return written == source[-len(written) :] or tuple(part.lower() for part in parts) == (dataset.lower(),)


def _no_target(name: str, known: Sequence[str], fitting: Sequence[str]) -> Problems:
    if fitting:
        message = f"{name!r} fits {' and '.join(sorted(fitting))}."
        hint = "Give `warehouse`, or write the dataset's name."
    else:
        message = f"{name!r} is no dataset that you may change."
        near = did_you_mean(name, known)
        hint = f"{near + ' ' if near else ''}The datasets that you may name are {', '.join(sorted(known)) or 'none'}."
    return Problems((Problem(code=codes.UNKNOWN_TARGET, message=message, hint=hint),))
