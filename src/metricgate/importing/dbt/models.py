"""Semantic models of both specs -> ours, with the measures of the legacy one set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.importing.dbt.dimensions import dimension, entity
from metricgate.importing.dbt.measures import DbtMeasure, aggregation_keys
from metricgate.importing.dbt.relations import referenced_relation, relation
from metricgate.importing.dbt.words import OF_DBT, OF_DBT_COLUMN, config_of, words_of
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A semantic model of ours with what hangs on it.

    Attributes:
        measures: legacy measures, each with whether it makes a metric of its own (and that metric's label).
        metrics: the latest spec's metrics of the model, still to be converted.
    """

    document: dict[str, Json]
    measures: tuple[tuple[DbtMeasure, bool], ...] = ()
    metrics: tuple[SourcePart, ...] = ()
    part: SourcePart

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.document.get("name", ""))


@dataclass(slots=True)
class _Columns:
    entities: list[Json] = field(default_factory=list)
    dimensions: list[Json] = field(default_factory=list)


def legacy_model(part: SourcePart, schema: str | None) -> Model | None:
    """Return a ``semantic_model`` of the legacy spec or of a manifest; None where it is switched off."""
    name = part.required_text("name", "a semantic model")
    what = f"the semantic model {name!r}"
    keys, enabled = config_of(part, what)
    node = part.part("node_relation")
    if node is not None:
        source = relation(node, what)
        part.ignore("model")
    else:
        source = referenced_relation(part, "model", what, schema)
    defaults = part.part("defaults")
    time = None if defaults is None else defaults.text("agg_time_dimension")
    if defaults is not None:
        defaults.finish(f"the defaults of {what}")
    document = without_empty(
        name=name,
        source=source,
        **words_of(part, what),
        owner=keys.get("owner"),
        primary_entity=part.text("primary_entity"),
        agg_time_dimension=time,
        entities=[entity(each, what) for each in part.parts("entities")],
        dimensions=[dimension(each, what) for each in part.parts("dimensions")],
    )
    measures = tuple(_measure(each, name) for each in part.parts("measures"))
    if not enabled:
        part.reading.notes.note_dropped(what, part.place, "it is switched off (config.enabled: false)")
        return None
    part.finish(what)
    return Model(document=document, measures=measures, part=part)


def _measure(part: SourcePart, model: str) -> tuple[DbtMeasure, bool]:
    name = part.required_text("name", f"a measure of the semantic model {model!r}")
    what = f"the measure {name!r}"
    keys = aggregation_keys(part, name, what)
    words = words_of(part, what)
    extra, _enabled = config_of(part, what)
    makes_metric = part.flag("create_metric")
    label = part.text("create_metric_display_name")
    if label:
        words["label"] = label
    part.finish(what)
    return DbtMeasure(name=name, model=model, keys=keys, words={**words, **extra}, place=part.place), makes_metric


def latest_model(part: SourcePart, schema: str | None) -> Model | None:
    """Return a dbt model with a ``semantic_model`` of the latest spec.

    None where it has none (then nothing of it is semantic) or switches it off.
    """
    name = part.required_text("name", "a model")
    config = part.part("config") if part.has("semantic_model") else None
    part.ignore("time_spine", *OF_DBT)
    said_so = part.take("semantic_model")
    if isinstance(said_so, Mapping):
        block = part.part("semantic_model")
        name, said_so = _name_and_enabled(block, name) if block is not None else (name, False)
    what = f"the semantic model {name!r}"
    if said_so is not True:
        if said_so is not None:
            part.reading.notes.note_dropped(what, part.place, "it is switched off (semantic_model.enabled: false)")
        return None
    owner, enabled = _owner_and_enabled(config, what)
    if not enabled:
        part.reading.notes.note_dropped(what, part.place, "its dbt model is switched off (config.enabled: false)")
        part.ignore(*part.present_keys())
        return None
    columns = _Columns()
    for column in part.parts("columns"):
        _sort_column(column, what, columns)
    derived = part.part("derived_semantics")
    if derived is not None:
        columns.entities.extend(entity(each, what) for each in derived.parts("entities"))
        columns.dimensions.extend(dimension(each, what) for each in derived.parts("dimensions"))
        derived.finish(f"derived_semantics of {what}")
    source = part.text("name") or ""
    document = without_empty(
        name=name,
        source=source if schema is None else f"{schema}.{source}",
        **words_of(part, what),
        owner=owner,
        primary_entity=part.text("primary_entity"),
        agg_time_dimension=part.text("agg_time_dimension"),
        entities=columns.entities,
        dimensions=columns.dimensions,
    )
    metrics = tuple(part.parts("metrics"))
    part.finish(what)
    return Model(document=document, metrics=metrics, part=part)


def _owner_and_enabled(config: SourcePart | None, what: str) -> tuple[str | None, bool]:
    """Return the owner that a dbt model's ``config.meta`` names, and whether it is enabled; the rest is dbt's build."""
    if config is None:
        return None, True
    meta = config.part("meta")
    owner = None
    if meta is not None:
        owner = meta.text("owner") if isinstance(meta.peek("owner"), str) else None
        meta.finish(f"config.meta of {what}")
    return owner, config.take("enabled") is not False


def _name_and_enabled(block: SourcePart, name: str) -> tuple[str, bool]:
    own = block.text("name") or name
    enabled = block.take("enabled")
    keys, _enabled = config_of(block, f"the semantic model {own!r}")
    if keys:
        block.reading.notes.note_dropped(
            f"config of the semantic model {own!r}", block.place, "it has no counterpart here"
        )
    block.finish(f"the semantic model {own!r}")
    return own, enabled is not False


def _sort_column(part: SourcePart, what: str, columns: _Columns) -> None:
    """Sort one dbt column in: an entity, a dimension, or neither (then it is dbt's matter alone)."""
    name = part.required_text("name", f"a column of {what}")
    for key, kept, made in (("entity", columns.entities, entity), ("dimension", columns.dimensions, dimension)):
        value = part.take(key)
        if value is None:
            continue
        inherited = {key: part.take(key) for key in ("granularity", "description") if part.has(key)}
        inner = {"type": value} if isinstance(value, str) else dict(value) if isinstance(value, Mapping) else {}
        if key == "entity":
            inherited.pop("granularity", None)
        here = SourcePart({**inherited, **inner}, part.spot.below(key), part.reading)
        kept.append(made(here, what, name=name, column=name))
    part.ignore("granularity", *OF_DBT_COLUMN)
    part.finish(f"the column {name!r} of {what}")
