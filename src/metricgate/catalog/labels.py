"""What the catalog says of the sensitivity of things, and resources as policy calls them, with these labels.

A label is governance, not meaning: no number depends on it, so it does not count for a definition's version. It counts
for the catalog's version. A dimension that is just a column and that column share their labels; what is computed from a
labelled column has its own labels only, because policy judges the columns that it reads as well. A dataset's label is
not its columns'.
"""

from __future__ import annotations

from collections.abc import Iterable

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Metric
from metricgate.catalog.model import Dimension, Entity, SemanticModel
from metricgate.vocabulary.resource import Resource, ResourceKind


def labels_of(model: SemanticModel, column: str) -> tuple[str, ...]:
    """Return the labels of a column of the model's source, sorted: its own and those of dimensions that are just it.

    Args:
        model: the semantic model.
        column: in any case.
    """
    wanted = column.lower()
    own = (label for each in model.columns if each.name.lower() == wanted for label in each.sensitivity)
    shared = (
        each.sensitivity
        for each in model.dimensions
        if each.sensitivity is not None and _only_column(each.expression) == wanted
    )
    return tuple(sorted({*own, *shared}))


def metric_resource(metric: Metric) -> Resource:
    """Return the metric as policy calls it."""
    label = metric.header.sensitivity
    return Resource(ResourceKind.METRIC, metric.header.name, () if label is None else (label,))


def member_resource(model: SemanticModel, name: str) -> Resource:
    """Return a dimension or an entity of the model as policy calls it; one that does not exist has no labels."""
    member = model.dimension(name) or model.entity(name)
    return Resource(ResourceKind.DIMENSION, f"{model.name}.{name}", () if member is None else _of_member(model, member))


def dataset_resource(model: SemanticModel) -> Resource:
    """Return the dataset as policy calls it."""
    return Resource(ResourceKind.DATASET, model.name, model.sensitivity)


def column_resource(model: SemanticModel, column: str) -> Resource:
    """Return a column as policy calls it: below its dataset, in lower case."""
    return Resource(ResourceKind.COLUMN, f"{model.name}.{column.lower()}", labels_of(model, column))


def with_labels(resource: Resource, catalog: Catalog) -> Resource:
    """Return the resource with the labels that the catalog gives it; what the catalog lacks stays as it is."""
    model_name, _dot, name = resource.name.partition(".")
    model = catalog.models.get(model_name)
    match resource.kind:
        case ResourceKind.METRIC if resource.name in catalog.metrics:
            return metric_resource(catalog.metrics[resource.name])
        case ResourceKind.DATASET if model is not None:
            return dataset_resource(model) if not name else resource
        case ResourceKind.DIMENSION if model is not None:
            return member_resource(model, name)
        case ResourceKind.COLUMN if model is not None:
            return Resource(ResourceKind.COLUMN, resource.name, labels_of(model, name))
        case _:
            return resource


def labels_in(catalog: Catalog) -> tuple[str, ...]:
    """Return every label that anything in the catalog carries, sorted."""
    return tuple(sorted(set(_all_labels(catalog))))


def _all_labels(catalog: Catalog) -> Iterable[str]:
    for metric in catalog.metrics.values():
        yield from metric_resource(metric).labels
    for model in catalog.models.values():
        yield from model.sensitivity
        for column in model.columns:
            yield from column.sensitivity
        for dimension in model.dimensions:
            yield from () if dimension.sensitivity is None else (dimension.sensitivity,)


def _of_member(model: SemanticModel, member: Dimension | Entity) -> tuple[str, ...]:
    expressions = (member.expression,) if isinstance(member, Dimension) else member.expressions
    columns = (column for each in expressions if (column := _only_column(each)) is not None)
    found = {label for column in columns for label in labels_of(model, column)}
    if isinstance(member, Dimension) and member.sensitivity is not None:
        found.add(member.sensitivity)
    return tuple(sorted(found))


def _only_column(expression: Expression) -> str | None:
    """Return the column that the expression is, quoted or not, in lower case; None where it computes something."""
    if len(expression.columns) != 1 or expression.text.strip('"') != expression.columns[0]:
        return None
    return expression.columns[0].lower()
