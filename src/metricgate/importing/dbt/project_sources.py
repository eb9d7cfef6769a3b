"""Files of a dbt project -> their semantic parts, sorted by kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metricgate.importing.source_parts import ImportContext, SourcePart
from metricgate.importing.texts import documents_of
from metricgate.vocabulary.problem import Place

_ABOUT_THE_FILE = ("version", "metadata")
_SETTINGS = frozenset(
    f"{name}.{ending}"
    for name in ("dbt_project", "packages", "package-lock", "dependencies", "profiles", "selectors")
    for ending in ("yml", "yaml")
)
"""Files of a dbt project that hold settings, under keys that elsewhere hold definitions (``models:``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The semantic parts of a project: legacy semantic models, annotated dbt models, and what both specs share."""

    semantic_models: list[SourcePart] = field(default_factory=list)
    models: list[SourcePart] = field(default_factory=list)
    metrics: list[SourcePart] = field(default_factory=list)
    saved_queries: list[SourcePart] = field(default_factory=list)
    configurations: list[SourcePart] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is neither a model nor a metric."""
        return not (self.semantic_models or self.models or self.metrics)

    def of(self, key: str) -> list[SourcePart] | None:
        """Return where the definitions under a top-level key belong, in the singular or the plural form."""
        return {
            "semantic_model": self.semantic_models,
            "semantic_models": self.semantic_models,
            "models": self.models,
            "metric": self.metrics,
            "metrics": self.metrics,
            "saved_query": self.saved_queries,
            "saved_queries": self.saved_queries,
            "project_configuration": self.configurations,
        }.get(key)


def read_sources(texts: Iterable[tuple[str, str]], reading: ImportContext) -> Sources:
    """Sort every definition of every document; problems of form go to the notes."""
    sources = Sources()
    for name, text in sorted(texts):
        if name.rpartition("/")[2] in _SETTINGS:
            reading.notes.note_dropped("the file", Place(file=name), "it holds settings of dbt, no definitions")
            continue
        for value, spot in documents_of(name, text, reading):
            if isinstance(value, Mapping):
                _sort(SourcePart(value, spot, reading), sources)
            elif value is not None:
                reading.notes.note_dropped("the document", spot.place(), "it is not a mapping of definitions")
    return sources


def _sort(document: SourcePart, sources: Sources) -> None:
    document.ignore(*_ABOUT_THE_FILE)
    for key in document.present_keys():
        kept = sources.of(key)
        if kept is None:
            continue
        if isinstance(document.take(key), Mapping):
            part = document.part(key)
            kept.extend([] if part is None else [part])
        else:
            kept.extend(document.parts(key))
    document.finish("the file", "it is no part of the semantic layer")
