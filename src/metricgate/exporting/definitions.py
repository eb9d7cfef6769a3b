"""What is exported: every definition as it was written, beside the checked catalog that it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.documents import CatalogFile
from metricgate.documents import Read, read_all
from metricgate.importing.report import LossEntry, Notes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place, Problems

Document = dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The result of an export: documents of the other format by file name, and the loss report."""

    files: Mapping[str, Mapping[str, Json]]
    changes: tuple[LossEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDefinition:
    """One definition as it was written, with its place."""

    document: Document
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDefinitions:
    """Every definition by name (metrics by full name, free of the model they may be nested in), and the catalog."""

    catalog: Catalog
    models: dict[str, WrittenDefinition] = field(default_factory=dict)
    metrics: dict[str, WrittenDefinition] = field(default_factory=dict)
    saved_queries: dict[str, WrittenDefinition] = field(default_factory=dict)
    time_spines: dict[str, WrittenDefinition] = field(default_factory=dict)
    settings: list[WrittenDefinition] = field(default_factory=list)
    """What holds for all definitions: one at most."""


def read_definitions(texts: Sequence[tuple[str, str]]) -> WrittenDefinitions | Problems:
    """Return the definitions of these ``(file name, YAML text)`` pairs, or why they are no catalog."""
    catalog = load(texts)
    if isinstance(catalog, Problems):
        return catalog
    found = WrittenDefinitions(catalog=catalog)
    for name, text in sorted(texts):
        reads = read_all(name, text, CatalogFile)
        if isinstance(reads, Problems):
            return reads
        for read in reads:
            _take(read, found)
    return found


def tell_settings(definitions: WrittenDefinitions, notes: Notes, form: str) -> None:
    """Tell that the other form has no place for what holds for all definitions."""
    for each in definitions.settings:
        notes.note_dropped("the settings of all definitions", each.place, f"{form} has no form for them")


def _take(read: Read[CatalogFile], found: WrittenDefinitions) -> None:
    if read.value.settings is not None:
        found.settings.append(
            WrittenDefinition(document=_as_written(read.value.settings), place=read.place(("settings",)))
        )
    for at, model in enumerate(read.value.semantic_models):
        document = _as_written(model)
        document.pop("metrics", None)
        found.models[model.name] = WrittenDefinition(document=document, place=read.place(("semantic_models", at)))
        for inner, metric in enumerate(model.metrics):
            nested = {**_as_written(metric)}
            if metric.type == "simple":
                nested["semantic_model"] = model.name
            domain = metric.domain or model.domain
            place = read.place(("semantic_models", at, "metrics", inner))
            _add_metric(nested, domain, place, found)
    for at, metric in enumerate(read.value.metrics):
        _add_metric(_as_written(metric), metric.domain, read.place(("metrics", at)), found)
    for at, query in enumerate(read.value.saved_queries):
        place = read.place(("saved_queries", at))
        found.saved_queries[query.name] = WrittenDefinition(document=_as_written(query), place=place)
    for at, spine in enumerate(read.value.time_spines):
        place = read.place(("time_spines", at))
        found.time_spines[spine.name] = WrittenDefinition(document=_as_written(spine), place=place)


def _add_metric(document: Document, domain: str | None, place: Place, found: WrittenDefinitions) -> None:
    if domain is not None:
        document["domain"] = domain
    name = str(document["name"])
    found.metrics[f"{domain}.{name}" if domain else name] = WrittenDefinition(document=document, place=place)


def _as_written(document: BaseModel) -> Document:
    """Return what was written, and nothing that was not."""
    found: Document = document.model_dump(mode="json", exclude_unset=True)
    return found
