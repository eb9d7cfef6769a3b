"""``import_ossie``: Ossie documents -> our documents and a loss report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metricgate.documents import in_order
from metricgate.importing import codes
from metricgate.importing.joins import derive_joins
from metricgate.importing.layout import files_of
from metricgate.importing.name_translation import Naming, plain_name
from metricgate.importing.ossie.datasets import Dataset, dataset_of, links_of
from metricgate.importing.ossie.extension import taken_extension
from metricgate.importing.ossie.metrics import OssieMetricReader
from metricgate.importing.ossie.words import ai_words
from metricgate.importing.report import Imported, Notes
from metricgate.importing.source_parts import ImportContext, SourcePart
from metricgate.importing.texts import documents_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place, Problems

VERSIONS = ("0.1.0", "0.1.1", "0.2.0", "0.2.0.dev0")


def import_ossie(texts: Iterable[tuple[str, str]]) -> Imported | Problems:
    """Return our documents for these ``(file name, YAML or JSON text)`` pairs, with everything that changed."""
    notes = Notes()
    reading = ImportContext(notes=notes)
    models = [model for name, text in sorted(texts) for model in _models(name, text, reading)]
    if not models and not notes.problems:
        notes.problem(codes.NOTHING_TO_IMPORT, "there is no semantic_model of Ossie in these files", Place())
    found = _Found(notes=notes, several=len(models) > 1)
    for model in models:
        found.take(model)
    if notes.problems:
        return Problems(in_order(notes.problems))
    files = files_of(found.models, found.metrics, found.saved_queries, found.time_spines)
    return Imported(files=files, changes=tuple(dict.fromkeys(notes.changes)))


def _models(name: str, text: str, reading: ImportContext) -> list[SourcePart]:
    """Return the semantic models of a file: a list under ``semantic_model``, one mapping, or the document itself."""
    found: list[SourcePart] = []
    for value, spot in documents_of(name, text, reading):
        if not isinstance(value, Mapping):
            if value is not None:
                reading.notes.note_dropped("the document", spot.place(), "it is not a mapping")
            continue
        document = SourcePart(value, spot, reading)
        version = document.text("version")
        if version is not None and version not in VERSIONS:
            reason = f"this version is not known; read as {VERSIONS[-1]}"
            reading.notes.note_changed(f"version {version[:20]!r}", document.at("version"), reason)
        document.ignore("dialects", "vendors")
        if document.has("semantic_model"):
            found.extend(_semantic_models(document))
            document.finish("the file", "it is no part of a semantic model")
        elif document.has("datasets") or document.has("custom_extensions"):
            found.append(document)
        else:
            document.finish("the file", "it is no part of a semantic model")
    return found


def _semantic_models(document: SourcePart) -> list[SourcePart]:
    if isinstance(document.peek("semantic_model"), Mapping):
        single = document.part("semantic_model")
        return [] if single is None else [single]
    return document.parts("semantic_model")


@dataclass(slots=True, kw_only=True)
class _Found:
    notes: Notes
    several: bool
    models: list[dict[str, Json]] = field(default_factory=list)
    metrics: list[dict[str, Json]] = field(default_factory=list)
    saved_queries: list[dict[str, Json]] = field(default_factory=list)
    time_spines: list[dict[str, Json]] = field(default_factory=list)
    names: Naming = field(init=False)
    metric_names: dict[str | None, Naming] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = Naming(notes=self.notes)

    def take(self, part: SourcePart) -> None:
        """Convert one semantic model of Ossie's."""
        name = part.required_text("name", "a semantic model")
        what = f"the semantic model {name!r}"
        extension = taken_extension(part, what, {})
        written = part.parts("relationships")
        datasets = self._datasets(part, written, what)
        links = links_of(written, datasets)
        joins = derive_joins({each.name: each.table() for each in datasets.values()}, links, self.notes)
        self.models.extend(each.model(joins[each.name]) for each in datasets.values())
        domain = plain_name(name) if self.several and extension is None else None
        if domain is not None and part.has("metrics"):
            self.notes.note_added(
                f"the domain {domain!r}", part.place, f"there are several models; it keeps {what} apart"
            )
        kept_names = self.metric_names.setdefault(domain, Naming(notes=self.notes))
        metrics = OssieMetricReader(datasets, kept_names, self.notes, domain)
        for each in part.parts("metrics"):
            metrics.read(each)
        for dataset in datasets.values():
            for each in dataset.part.parts("metrics"):
                metrics.read(each, dataset)
            dataset.part.finish(f"the dataset {dataset.written!r}")
        self.metrics.extend(metrics.finish())
        if extension is not None:
            part.ignore("description", "ai_context")
            self._kept(extension.data)
        ai_words(part, what, keep=())
        part.finish(what, "ours are described one by one")

    def _datasets(self, part: SourcePart, relationships: list[SourcePart], what: str) -> dict[str, Dataset]:
        datasets: dict[str, Dataset] = {}
        for each in part.parts("datasets"):
            own: dict[str, Json] = {
                str(link.peek("name")): link.raw() for link in relationships if link.peek("from") == each.peek("name")
            }
            found = dataset_of(each, self.names, own)
            if found is None:
                continue
            if found.written in datasets:
                message = f"{what} has two datasets {found.written!r}"
                self.notes.problem(codes.IMPORT_DUPLICATE, message, each.place)
            datasets[found.written] = found
        return datasets

    def _kept(self, data: Mapping[str, Json]) -> None:
        """Take the definitions that Ossie has no form for."""
        for key, target in (
            ("metrics", self.metrics),
            ("saved_queries", self.saved_queries),
            ("time_spines", self.time_spines),
        ):
            items = data.get(key)
            if isinstance(items, list):
                target.extend(dict(item) for item in items if isinstance(item, Mapping))
