"""Ossie's metrics (one SQL expression each) -> simple, ratio and derived metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.catalog.expression_parser import ExpressionFault
from metricgate.catalog.sql_rewriter import Aggregated, aggregates_in
from metricgate.importing.computed import Computed, ComputedDraft
from metricgate.importing.name_translation import Naming, identifier
from metricgate.importing.ossie.datasets import Dataset
from metricgate.importing.ossie.extension import Extension, taken_extension
from metricgate.importing.ossie.words import ai_words, expression_of, native_of
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json

METRIC_KEYS = ("name", "expression", "description", "ai_context")
_GOVERNED = (
    "domain", "label", "owner", "unit", "status", "certification", "sensitivity", "deprecation", "time_granularity",
)  # fmt: skip


@dataclass(slots=True)
class OssieMetricReader:
    """The metrics of one semantic model of Ossie's."""

    datasets: Mapping[str, Dataset]
    names: Naming
    notes: Notes
    domain: str | None = None
    documents: list[dict[str, Json]] = field(default_factory=list)
    computed: Computed = field(init=False)

    def __post_init__(self) -> None:
        self.computed = Computed(self.names, self.notes)

    def read(self, part: SourcePart, home: Dataset | None = None) -> None:
        """Read one metric; ``home`` is the dataset that it is scoped to (newer drafts)."""
        written = part.required_text("name", "a metric")
        what = f"the metric {written!r}"
        extension = taken_extension(part, what, native_of(part, METRIC_KEYS))
        kept = None if extension is None else extension.definition
        if extension is not None and kept is not None and not extension.edited:
            part.ignore(*METRIC_KEYS, "datatype")
            part.finish(what)
            self._keep(written, kept)
            return
        self._make(part, written, what, extension, home)

    def _keep(self, written: str, document: dict[str, Json]) -> None:
        self.documents.append(document)
        self.names.taken.add(str(document.get("name")))
        domain = document.get("domain")
        self.computed.known[written] = f"{domain}.{document.get('name')}" if domain else str(document.get("name"))

    def _make(
        self, part: SourcePart, written: str, what: str, extension: Extension | None, home: Dataset | None
    ) -> None:
        kept = extension.definition if extension is not None else None
        edited = extension.edited if extension is not None else frozenset(METRIC_KEYS)
        words = without_empty(
            description=part.text("description"),
            **ai_words(part, what, keep=("synonyms", "instructions", "examples")),
        )
        part.ignore("datatype")
        if kept is not None and "expression" not in edited:
            part.ignore("expression")
            told = ", ".join(sorted(edited))
            self.notes.note_changed(what, part.place, f"{told} was edited since metricgate wrote it; the file is read")
            fixed = {key: value for key, value in kept.items() if key not in _covered(edited)}
            if "name" in edited:
                fixed["name"] = self.names.give(written, what, part.at("name"))
            part.finish(what)
            self._keep(written, {**fixed, **{key: words[key] for key in _covered(edited) if key in words}})
            return
        name = self.names.give(written, what, part.at("name"))
        text = expression_of(part, what)
        part.finish(what)
        if text is None:
            return
        if kept is not None:
            reason = "its expression was edited since metricgate wrote it: the expression is read, the rest is kept"
            self.notes.note_changed(what, part.at("expression"), reason)
        governed = {key: kept[key] for key in _GOVERNED if key in kept} if kept is not None else {}
        if self.domain is not None:
            governed.setdefault("domain", self.domain)
        found = aggregates_in(text, _Resolver(self.datasets, home))
        models = found if isinstance(found, ExpressionFault) else self._models(found, home)
        if isinstance(found, ExpressionFault) or isinstance(models, ExpressionFault):
            fault = found if isinstance(found, ExpressionFault) else models
            message = fault.message if isinstance(fault, ExpressionFault) else ""
            self.notes.note_dropped(what, part.at("expression"), message)
            return
        where = part.at("expression")
        draft = ComputedDraft(
            name=name, what=what, where=where, words={**governed, **words}, found=found, models=models
        )
        self.computed.drafts.append(draft)
        self.computed.known[written] = draft.full_name

    def _models(self, found: Aggregated, home: Dataset | None) -> tuple[str, ...] | ExpressionFault:
        """Return the model of every aggregate, or why one has none."""
        resolver = _Resolver(self.datasets, home)
        models: list[str | None] = []
        for aggregate in found.aggregates:
            owners = [resolver.owner(table, column) for table, column in aggregate.columns]
            names = sorted({owner.name for owner in owners if owner is not None})
            if len(names) > 1:
                return ExpressionFault(
                    f"one aggregate reads the datasets {' and '.join(names)}; here it reads one model"
                )
            models.append(names[0] if names else None)
        only = set(models) - {None}
        default = home.name if home is not None else None
        if default is None and len(only) == 1:
            default = next(iter(only))
        if default is None and len(self.datasets) == 1:
            default = next(iter(self.datasets.values())).name
        if default is None and None in models:
            return ExpressionFault("it does not say which dataset's rows it counts")
        return tuple(model or default or "" for model in models)

    def finish(self) -> list[dict[str, Json]]:
        """Return every metric."""
        return [*self.documents, *self.computed.documents()]


def _covered(edited: frozenset[str]) -> set[str]:
    keys = {"description": ("description",), "ai_context": ("synonyms", "ai_context"), "name": ("name",)}
    return {own for native, owns in keys.items() if native in edited for own in owns}


@dataclass(frozen=True, slots=True)
class _Resolver:
    """Finds what ``dataset.field`` stands for: the field's expression, or a column of that name."""

    datasets: Mapping[str, Dataset]
    home: Dataset | None

    def __call__(self, table: str | None, column: str) -> str | None:
        owner = self.owner(table, column)
        if owner is None:
            return None
        found = owner.fields.get(column)
        if found is not None:
            return found.expression
        return identifier(column)

    def owner(self, table: str | None, column: str) -> Dataset | None:
        if table is not None:
            return self.datasets.get(table) or next(
                (each for name, each in self.datasets.items() if name.lower() == table.lower()), None
            )
        if self.home is not None:
            return self.home
        having = [each for each in self.datasets.values() if column in each.fields]
        if len(having) == 1:
            return having[0]
        return next(iter(self.datasets.values())) if len(self.datasets) == 1 else None
