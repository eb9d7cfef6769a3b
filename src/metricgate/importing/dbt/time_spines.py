"""dbt's time spines: ``time_spines``, the older ``time_spine_table_configurations``, and dbt models that are one."""

from __future__ import annotations

from collections.abc import Sequence

from metricgate.importing.dbt.dimensions import known_grain
from metricgate.importing.dbt.relations import location, relation
from metricgate.importing.dbt.words import OF_DBT, OF_DBT_COLUMN
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place

_SPINE, _SPINE_COLUMN = "metricflow_time_spine", "date_day"
_BOOKKEEPING = ("dsi_package_version", "metadata")


def configured_spines(part: SourcePart) -> list[dict[str, Json]]:
    """Return the spines of one ``project_configuration``; an older entry gives way to a newer one of its relation."""
    part.ignore(*_BOOKKEEPING)
    spines = [_new_spine(each) for each in part.parts("time_spines")]
    known = {_place_of(spine) for spine in spines if spine is not None}
    for each in part.parts("time_spine_table_configurations"):
        spine = _legacy_spine(each)
        if spine is not None and _place_of(spine) not in known:
            spines.append(spine)
    part.finish("the project's configuration")
    return [spine for spine in spines if spine is not None]


def _place_of(spine: dict[str, Json]) -> tuple[Json, Json]:
    return spine.get("source"), spine.get("granularity")


def model_spine(part: SourcePart, schema: str | None) -> dict[str, Json] | None:
    """Return the spine that a dbt model is (``time_spine:``), or None."""
    found = part.part("time_spine")
    if found is None:
        return None
    name = part.text("name") or ""
    column = found.required_text("standard_granularity_column", f"the time spine {name!r}")
    columns = part.parts("columns")
    grains = {each.text("name"): each.word("granularity") for each in columns}
    source = name if schema is None else f"{schema}.{name}"
    spine = _spine_document(name, source, column, grains.get(column) or "day", found)
    found.finish(f"the time spine {name!r}")
    if not part.has("semantic_model"):  # else the columns and the rest are the semantic model's
        for each in columns:
            each.ignore(*OF_DBT_COLUMN)
            each.finish(f"a column of the time spine {name!r}")
        part.ignore("description", *OF_DBT)
        part.finish(f"the time spine {name!r}")
    return spine


def file_spine(files: Sequence[str], schema: str | None, notes: Notes) -> list[dict[str, Json]]:
    """Return the spine that a model is by its name alone, as dbt knew time spines before they were declared.

    Source: MetricFlow time spines, dbt-core 1.8 and before: a model ``metricflow_time_spine`` with ``date_day`` by day.
    """
    named = next((each for each in files if each.rpartition("/")[2].lower() == f"{_SPINE}.sql"), None)
    if named is None:
        return []
    reason = f"dbt takes the model of this name for the time spine, a row per day in {_SPINE_COLUMN}"
    notes.note_added(f"the time spine {_SPINE!r}", Place(file=named), reason)
    source = _SPINE if schema is None else f"{schema}.{_SPINE}"
    return [without_empty(name=_SPINE, source=source, column=_SPINE_COLUMN, granularity="day")]


def _new_spine(part: SourcePart) -> dict[str, Json] | None:
    node, primary = part.part("node_relation"), part.part("primary_column")
    name = part.text("name")
    if node is None or primary is None:
        part.complain("node_relation", "a time spine needs a node_relation and a primary_column")
        return None
    source = relation(node, "a time spine")
    column = primary.required_text("name", f"the column of the time spine {source}")
    grain = primary.word("time_granularity") or "day"
    primary.finish(f"the column of the time spine {source}")
    spine = _spine_document(name or source.rpartition(".")[2], source, column, grain, part)
    part.ignore("metadata")
    part.finish(f"the time spine {source}")
    return spine


def _legacy_spine(part: SourcePart) -> dict[str, Json] | None:
    source = location(part, "location", "a time spine")
    column, grain = part.required_text("column_name", "a time spine"), part.word("grain") or "day"
    part.finish(f"the time spine {source}")
    return _spine_document(source.rpartition(".")[2], source, column, grain, part)


def _spine_document(name: str, source: str, column: str, grain: str, part: SourcePart) -> dict[str, Json] | None:
    custom = [_custom(each) for each in part.parts("custom_granularities")]
    if not known_grain(grain):
        reason = f"{grain} is no grain here; the finest is millisecond"
        part.reading.notes.note_dropped(f"the time spine {source}", part.place, reason)
        return None
    return without_empty(name=name, source=source, column=column, granularity=grain, custom_granularities=custom)


def _custom(part: SourcePart) -> dict[str, Json]:
    name = part.required_text("name", "a custom granularity")
    part.reading.calendars.add(name)
    column = part.text("column_name")
    part.finish(f"the custom granularity {name!r}")
    return without_empty(name=name, column=column if column != name else None)
