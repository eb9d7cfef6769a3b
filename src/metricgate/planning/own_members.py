"""Members of a model itself, as a scan of it reads them."""

from __future__ import annotations

from metricgate.catalog.model import Dimension, SemanticModel
from metricgate.planning.scan_parts import Reference


def own_reference(root: SemanticModel, dimension: Dimension) -> Reference:
    """Return a dimension of the root, as stored."""
    return Reference(
        table=root.name,
        model=root.name,
        name=dimension.name,
        expression=dimension.expression,
        granularity=dimension.granularity,
    )


def own_members(root: SemanticModel, name: str) -> tuple[Reference, ...]:
    """Return a dimension of the root, or every key column of an entity; the catalog has checked that there is one."""
    entity = root.entity(name)
    if entity is not None:
        return tuple(
            Reference(table=root.name, model=root.name, name=name, expression=each) for each in entity.expressions
        )
    dimension = root.dimension(name)
    return () if dimension is None else (own_reference(root, dimension),)
