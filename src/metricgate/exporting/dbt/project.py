"""``export_dbt``: our definitions -> YAML of dbt's latest spec, and a loss report."""

from __future__ import annotations

from collections.abc import Sequence

from metricgate.catalog.saved import SavedQuery
from metricgate.exporting.conditions import Unsaid
from metricgate.exporting.dbt.filters import Filters
from metricgate.exporting.dbt.metrics import DbtMetricWriter
from metricgate.exporting.dbt.models import model_document, spine_document
from metricgate.exporting.definitions import (
    Document,
    Exported,
    WrittenDefinition,
    WrittenDefinitions,
    read_definitions,
    tell_settings,
)
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import without_empty
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems


def export_dbt(texts: Sequence[tuple[str, str]]) -> Exported | Problems:
    """Return files of dbt's latest spec for these ``(file name, YAML text)`` pairs of ours.

    Domains, owners and the like stand in ``config.meta``. A metric keeps its bare name where no other has it, else its
    domain comes before it (``finance_revenue``).
    """
    definitions = read_definitions(texts)
    if isinstance(definitions, Problems):
        return definitions
    notes = Notes()
    tell_settings(definitions, notes, "dbt")
    names = _dbt_names(definitions, notes)
    metrics = DbtMetricWriter(definitions, names, notes).documents()
    files: dict[str, Document] = {}
    for name, model in definitions.catalog.models.items():
        own = [metrics.pop(full) for full in list(metrics) if _model_of(full, definitions) == name]
        document = model_document(model, definitions.models[name], own, notes)
        files[f"models/{name}.yml"] = {"models": [document]}
    spines: list[Json] = [
        spine_document(spine, definitions.time_spines[name], notes)
        for name, spine in definitions.catalog.time_spines.items()
    ]
    if spines:
        files["models/time_spines.yml"] = {"models": spines}
    if metrics:
        files["models/metrics.yml"] = {"metrics": list[Json](metrics.values())}
    queries = [
        found
        for name, query in definitions.catalog.saved_queries.items()
        if (found := _saved_query_document(query, definitions.saved_queries[name], definitions, names, notes))
        is not None
    ]
    if queries:
        files["models/saved_queries.yml"] = {"saved_queries": list[Json](queries)}
    return Exported(files=files, changes=tuple(notes.changes))


def _model_of(full: str, definitions: WrittenDefinitions) -> Json:
    document = definitions.metrics[full].document
    return document.get("semantic_model") if document.get("type") == "simple" else None


def _dbt_names(definitions: WrittenDefinitions, notes: Notes) -> dict[str, str]:
    bare = [full.rpartition(".")[2] for full in definitions.metrics]
    found: dict[str, str] = {}
    taken = set(bare)
    for full, definition in definitions.metrics.items():
        name = full.rpartition(".")[2]
        if bare.count(name) > 1 and "." in full:
            wanted = full.replace(".", "_")
            number = 1
            name = wanted
            while name in taken:
                number += 1
                name = f"{wanted}_{number}"
        taken.add(name)
        found[full] = name
        if name != full:
            reason = f"dbt has no domains: it is called {name!r}, and its domain stands in config.meta"
            notes.note_changed(f"the name of the metric {full!r}", definition.place, reason)
    return found


def _saved_query_document(
    query: SavedQuery,
    definition: WrittenDefinition,
    definitions: WrittenDefinitions,
    names: dict[str, str],
    notes: Notes,
) -> Document | None:
    filters = Filters(catalog=definitions.catalog, names=names)
    models = {str(_model_of(full, definitions)) for full in query.metrics}
    model = definitions.catalog.models.get(next(iter(models))) if len(models) == 1 else None
    try:
        params = without_empty(
            metrics=[names[full] for full in query.metrics],
            group_by=[each if "(" in each else filters.call(each, model) for each in query.group_by],
            where=filters.text(query.where, model) if query.where is not None else None,
            order_by=[_order_name(each, names) for each in query.order_by],
            limit=query.limit,
        )
    except Unsaid as why:
        notes.note_dropped(f"the saved query {query.name!r}", definition.place, str(why))
        return None
    return without_empty(name=query.name, description=query.description, label=query.label, query_params=params)


def _order_name(column: str, names: dict[str, str]) -> str:
    bare = column.removeprefix("-")
    found = names.get(bare, bare)
    return f"-{found}" if column.startswith("-") else found
