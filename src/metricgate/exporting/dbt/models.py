"""Semantic models and time spines -> annotated dbt models of the latest spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.catalog.model import Dimension, DimensionType, Entity, SemanticModel
from metricgate.catalog.saved import TimeSpine
from metricgate.exporting.definitions import Document, WrittenDefinition
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import without_empty
from metricgate.vocabulary.json import Json

WORDS = ("owner", "domain", "label", "unit", "status", "sensitivity", "synonyms", "certification", "deprecation",
         "ai_context", "time_zone", "time_kind")  # fmt: skip
"""Keys of ours that dbt has none for; they stand in ``config.meta``."""


@dataclass(slots=True)
class _Columns:
    found: dict[str, Document] = field(default_factory=dict)

    def annotate(self, column: str, role: str, document: Document) -> bool:
        """Annotate the column; False where it already has that role."""
        held = self.found.setdefault(column, {"name": column})
        if role in held or (role == "dimension" and "granularity" in held):
            return False
        grain = document.pop("granularity", None)
        held[role] = document
        if grain is not None:
            held["granularity"] = grain
        return True


def model_document(
    model: SemanticModel, definition: WrittenDefinition, metrics: list[Document], notes: Notes
) -> Document:
    """Return the dbt model; ``metrics`` are its simple metrics in dbt's form."""
    what = f"the semantic model {model.name!r}"
    columns = _Columns()
    derived: dict[str, list[Json]] = {"entities": [], "dimensions": []}
    written = {str(each.get("name")): each for each in _list_of(definition.document, "dimensions")}
    primary = model.primary_entity
    for entity in model.entities:
        document = _entity_document(entity, what, definition, notes)
        if document is not None and not (entity.expressions[0].is_column and _put(columns, "entity", document)):
            derived["entities"].append(document)
    for dimension in model.dimensions:
        document = _dimension_document(dimension, written.get(dimension.name, {}), what, definition, notes)
        if not (dimension.expression.is_column and _put(columns, "dimension", document)):
            derived["dimensions"].append(document)
    for each in model.relationships:
        reason = "dbt joins by entities of one name only"
        notes.note_dropped(f"the relationship {each.name!r} of {what}", definition.place, reason)
    if len(model.source) > 1:
        reason = f"dbt takes the schema of {'.'.join(model.source)} from its own configuration"
        notes.note_changed(f"the source of {what}", definition.place, reason)
    _note_warehouse(model.warehouse, what, definition, notes)
    declared = {each.name for each in model.entities if each.type == "primary" and len(each.expressions) == 1}
    return without_empty(
        name=model.source[-1],
        description=model.description,
        config=meta_of(definition.document),
        semantic_model={"enabled": True, "name": model.name},
        agg_time_dimension=model.agg_time_dimension,
        primary_entity=primary if primary is not None and primary not in declared else None,
        columns=list[Json](columns.found.values()),
        derived_semantics=without_empty(entities=derived["entities"], dimensions=derived["dimensions"]),
        metrics=list[Json](metrics),
    )


def _note_warehouse(name: str | None, what: str, definition: WrittenDefinition, notes: Notes) -> None:
    if name is not None:
        notes.note_dropped(
            f"the warehouse {name!r} of {what}", definition.place, "dbt has one connection, of its profile"
        )


def _put(columns: _Columns, role: str, document: Document) -> bool:
    column = str(document["expr"])
    inner = {key: value for key, value in document.items() if key != "expr"}
    return columns.annotate(column, role, inner)


def _entity_document(entity: Entity, what: str, definition: WrittenDefinition, notes: Notes) -> Document | None:
    if len(entity.expressions) > 1:
        reason = "dbt has no composite keys; build one column of them in the dbt model"
        notes.note_dropped(f"the entity {entity.name!r} of {what}", definition.place, reason)
        return None
    return without_empty(
        name=entity.name, type=str(entity.type), expr=entity.expressions[0].text, description=entity.description
    )


def _dimension_document(
    dimension: Dimension, written: Mapping[str, Json], what: str, definition: WrittenDefinition, notes: Notes
) -> Document:
    if dimension.time_zone is not None:
        reason = "dbt has no time zones; it stands in config.meta only"
        notes.note_changed(f"the time zone of {dimension.name!r} of {what}", definition.place, reason)
    if dimension.time_kind is not None:
        reason = "dbt has no kinds of time; it stands in config.meta only"
        notes.note_changed(f"the time kind of {dimension.name!r} of {what}", definition.place, reason)
    found = without_empty(
        name=dimension.name,
        type=str(dimension.type),
        expr=dimension.expression.text,
        label=dimension.label,
        description=dimension.description,
        config=meta_of({key: value for key, value in written.items() if key != "label"}),
        validity_params={f"is_{dimension.validity}": True} if dimension.validity is not None else None,
        granularity=str(dimension.granularity) if dimension.type is DimensionType.TIME else None,
    )
    return {**found, "is_partition": True} if dimension.is_partition else found


def meta_of(document: Mapping[str, Json]) -> Document:
    """Return ``config`` with our keys in its ``meta``; empty where there are none."""
    meta = without_empty(**{key: document.get(key) for key in WORDS})
    return {"meta": meta} if meta else {}


def spine_document(spine: TimeSpine, definition: WrittenDefinition, notes: Notes) -> Document:
    """Return the dbt model that is the time spine."""
    if len(spine.source) > 1 or spine.name != spine.source[-1]:
        reason = f"dbt calls it by its table, {spine.source[-1]}, and takes the schema from its own configuration"
        notes.note_changed(f"the time spine {spine.name!r}", definition.place, reason)
    _note_warehouse(spine.warehouse, f"the time spine {spine.name!r}", definition, notes)
    custom: list[Json] = [{"name": each.name, "column_name": each.column} for each in spine.calendars]
    return {
        "name": spine.source[-1],
        "time_spine": without_empty(standard_granularity_column=spine.column, custom_granularities=custom),
        "columns": [{"name": spine.column, "granularity": str(spine.granularity)}],
    }


def _list_of(document: Mapping[str, Json], key: str) -> list[Mapping[str, Json]]:
    found = document.get(key)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
