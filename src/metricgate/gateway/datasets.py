"""The tables that a caller may name in SQL of its own: datasets and columns that policy lets it read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metricgate.catalog.labels import labels_of
from metricgate.catalog.model import SemanticModel
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.engine import Engine
from metricgate.vocabulary.relation import GovernedTable
from metricgate.vocabulary.resource import Action, Resource, ResourceKind
from metricgate.vocabulary.result import Column


def readable_models(context: CallContext) -> tuple[SemanticModel, ...]:
    """Return the models whose dataset the caller may read, by name."""
    models = context.governance.catalog.models.values()
    return tuple(model for model in models if context.allows(Action.READ, dataset_resource(model)))


def readable_homes(context: CallContext) -> dict[str, tuple[SemanticModel, ...]]:
    """Return the warehouses that hold models whose dataset the caller may read, in the order of the settings."""
    models = readable_models(context)
    homes = (
        (each.name, tuple(model for model in models if engine_of(context, model) is each)) for each in context.engines
    )
    return {name: found for name, found in homes if found}


def engine_of(context: CallContext, model: SemanticModel) -> Engine:
    """Return the warehouse that holds the model's source."""
    return context.engines.find(model.warehouse)


async def readable_tables(
    context: CallContext, engine: Engine, models: Sequence[SemanticModel]
) -> tuple[GovernedTable, ...]:
    """Return what the caller may name, with the columns that it may read; a dataset without any is none.

    Args:
        context: the call's.
        engine: a warehouse.
        models: of that warehouse; their datasets may be read.

    Raises:
        WarehouseError: the engine cannot be asked.
    """
    found = await engine.relations([model.source for model in models])
    there = ((model, found[model.source]) for model in models if model.source in found)
    return tuple(
        GovernedTable(dataset=model.name, source=relation.location, columns=columns, stored=relation.columns)
        for model, relation in there
        if (columns := _readable_columns(context, model, relation.columns))
    )


def dataset_resource(model: SemanticModel) -> Resource:
    """Return the dataset as policy calls it."""
    return Resource(ResourceKind.DATASET, model.name)


def column_resource(model: SemanticModel, column: str) -> Resource:
    """Return a column as policy calls it: below its dataset, in lower case, with its labels."""
    name = column.lower()
    return Resource(ResourceKind.COLUMN, f"{model.name}.{name}", labels_of(model, name))


def resources_of(
    models: Mapping[str, SemanticModel], columns: Mapping[str, Sequence[str]], functions: Sequence[str]
) -> tuple[Resource, ...]:
    """Return everything that SQL touches, as policy calls it: datasets, then columns, then functions."""
    return (
        *(dataset_resource(models[name]) for name in columns),
        *(column_resource(models[name], each) for name, found in columns.items() for each in found),
        *(Resource(ResourceKind.FUNCTION, name) for name in functions),
    )


def _readable_columns(context: CallContext, model: SemanticModel, columns: Sequence[Column]) -> tuple[Column, ...]:
    return tuple(each for each in columns if context.allows(Action.READ, column_resource(model, each.name)))
