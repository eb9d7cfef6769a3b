"""``import_dbt``: the files of a dbt project -> our documents and a loss report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metricgate.documents import in_order
from metricgate.importing import codes
from metricgate.importing.dbt.default_grains import write_default_grains
from metricgate.importing.dbt.inputs import LegacyMeasures, MeasureInput, simple_document
from metricgate.importing.dbt.measures import DbtMeasure
from metricgate.importing.dbt.metrics import DbtMetricDraft, convert, draft_of, measure_of
from metricgate.importing.dbt.models import Model, latest_model, legacy_model
from metricgate.importing.dbt.project_sources import Sources, read_sources
from metricgate.importing.dbt.saved_queries import saved_query
from metricgate.importing.dbt.time_spines import configured_spines, file_spine, model_spine
from metricgate.importing.layout import Document, files_of
from metricgate.importing.report import Imported, Notes
from metricgate.importing.source_parts import ImportContext, SourcePart
from metricgate.vocabulary.problem import Place, Problems

_NO_VALUES: Mapping[str, str] = {}


def import_dbt(
    texts: Iterable[tuple[str, str]],
    *,
    values: Mapping[str, str] = _NO_VALUES,
    schema: str | None = None,
    sql_files: Iterable[str] = (),
) -> Imported | Problems:
    """Return our documents for these ``(file name, text)`` pairs, with everything that changed on the way.

    Args:
        texts: YAML files of either spec, or ``semantic_manifest.json`` (told by the ending ``.json``).
        values: of placeholders such as ``$source_schema``.
        schema: where the relations of ``ref('orders')`` and of annotated dbt models stand; None for the default one.
        sql_files: names of the project's SQL models, not read: one that dbt knows by its name is the time spine.
    """
    notes = Notes()
    reading = ImportContext(notes=notes, values=values)
    sources = read_sources(texts, reading)
    if sources.empty and not notes.problems:
        message = "there is no semantic model and no metric of dbt in these files"
        notes.problem(codes.NOTHING_TO_IMPORT, message, Place())
    found = _Conversion(sources, schema, notes, tuple(sql_files)).run()
    reading.tell_unfilled()
    if notes.problems:
        return Problems(in_order(notes.problems))
    files = files_of(found.models, found.metrics, found.saved_queries, found.time_spines)
    return Imported(files=files, changes=tuple(dict.fromkeys(notes.changes)))


@dataclass(slots=True)
class _Found:
    models: list[Document] = field(default_factory=list)
    metrics: list[Document] = field(default_factory=list)
    saved_queries: list[Document] = field(default_factory=list)
    time_spines: list[Document] = field(default_factory=list)


@dataclass(slots=True)
class _Conversion:
    sources: Sources
    schema: str | None
    notes: Notes
    sql_files: tuple[str, ...] = ()

    def run(self) -> _Found:
        found = _Found()
        spines = [spine for each in self.sources.models if (spine := model_spine(each, self.schema)) is not None]
        spines += [spine for each in self.sources.configurations for spine in configured_spines(each)]
        if not spines:
            spines += file_spine((*self.sql_files, *self._plain_names()), self.schema, self.notes)
        models = self._models()
        drafts = self._drafts(models)
        found.models = [model.document for model in models]
        found.metrics = self._metrics(models, drafts)
        write_default_grains(found.models, found.metrics)
        found.saved_queries = [query for each in self.sources.saved_queries if (query := saved_query(each)) is not None]
        found.time_spines = self._named_apart(spines)
        return found

    def _plain_names(self) -> list[str]:
        return [f"{each.peek('name')}.sql" for each in self.sources.models]

    def _models(self) -> list[Model]:
        legacy = [legacy_model(each, self.schema) for each in self.sources.semantic_models]
        latest = [latest_model(each, self.schema) for each in self.sources.models]
        models = [model for model in (*legacy, *latest) if model is not None]
        self._tell_plain(self.sources.models)
        self._once("semantic model", ((model.name, model.part.place) for model in models))
        return models

    def _tell_plain(self, parts: list[SourcePart]) -> None:
        """Tell how many dbt models of a file are not read: they say nothing of the semantic layer."""
        plain = [each for each in parts if not each.has("semantic_model") and not each.has("time_spine")]
        for file, count in Counter(each.spot.file for each in plain).items():
            reason = "without the key semantic_model they are no part of the semantic layer"
            self.notes.note_dropped(f"{count} dbt model{'s' if count > 1 else ''}", Place(file=file), reason)

    def _drafts(self, models: list[Model]) -> list[DbtMetricDraft]:
        nested = [draft_of(part, model.name) for model in models for part in model.metrics]
        free = [draft_of(part) for part in self.sources.metrics]
        drafts = [draft for draft in (*nested, *free) if draft is not None]
        self._once("metric", ((draft.name, draft.part.place) for draft in drafts))
        return drafts

    def _metrics(self, models: list[Model], drafts: list[DbtMetricDraft]) -> list[Document]:
        written = [measure for model in models for measure, _makes_metric in model.measures]
        self._once("measure", ((measure.name, measure.place) for measure in written))
        names = {draft.name for draft in drafts}
        own = [
            measure
            for model in models
            for measure, makes_metric in model.measures
            if makes_metric and measure.name not in names
        ]
        measures = LegacyMeasures(
            by_name={measure.name: measure for measure in written},
            taken=names | {measure.name for measure in own},
            notes=self.notes,
        )
        made = [
            simple_document(each.name, each, MeasureInput(name=each.name, place=each.place), each.words, [])
            for each in own
        ]
        self._remember(drafts, own, measures)
        converted = [document for draft in drafts if (document := convert(draft, measures))]
        self._unused(written, drafts, own, measures)
        return [*made, *measures.added, *converted]

    @staticmethod
    def _remember(drafts: list[DbtMetricDraft], own: list[DbtMeasure], measures: LegacyMeasures) -> None:
        """Note which simple metric stands for a measure as it is: one without filters; its own name first."""
        for measure in own:
            measures.metrics[measure.name, False, None] = measure.name
        for draft in drafts:
            used = measure_of(draft)
            if used is None or used.filters or draft.filters or "time_granularity" in draft.words:
                continue
            if draft.name == used.name or used.key not in measures.metrics:
                measures.metrics[used.key] = draft.name

    def _unused(
        self, written: list[DbtMeasure], drafts: list[DbtMetricDraft], own: list[DbtMeasure], measures: LegacyMeasures
    ) -> None:
        """Tell the measures that no metric shows: nobody could have asked for them."""
        shown = {each.name for each in own} | {key[0] for key in measures.metrics}
        shown |= {used.name for draft in drafts if (used := measure_of(draft)) is not None}
        for measure in written:
            if measure.name not in shown:
                reason = "no metric is built on it, and it makes none of its own (create_metric)"
                self.notes.note_dropped(f"the measure {measure.name!r}", measure.place, reason)

    def _once(self, kind: str, named: Iterable[tuple[str, Place]]) -> None:
        first: dict[str, Place] = {}
        for name, place in named:
            if name in first:
                message = f"there are two of the {kind} {name!r}; the first is at {first[name]}"
                self.notes.problem(codes.IMPORT_DUPLICATE, message, place)
            first.setdefault(name, place)

    @staticmethod
    def _named_apart(spines: list[Document]) -> list[Document]:
        """Give spines of one name numbers, as their relations may stand in several schemas."""
        seen: dict[str, int] = {}
        for spine in spines:
            name = str(spine.get("name", ""))
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                spine["name"] = f"{name}_{seen[name]}"
        return spines
