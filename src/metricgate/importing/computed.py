"""Metrics that other tools write as SQL over aggregates -> simple metrics, and ratio or derived metrics over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.catalog.sql_rewriter import Aggregate, Aggregated, placeholder, substitute_columns
from metricgate.importing.name_translation import Naming
from metricgate.importing.report import Notes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place

_INHERITED: tuple[str, ...] = ("domain", "owner", "sensitivity")
Shape = tuple[str, str, str, float | None, bool, tuple[str, ...]]
"""What tells simple metrics apart: model, function, text, percentile, discrete, filters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedDraft:
    """A metric that has to be made from its expression.

    Attributes:
        words: keys that the document gets as they are (``domain``, ``description``, ...).
        models: of each aggregate.
        filters: of the one aggregate that the whole is; all must hold.
    """

    name: str
    what: str
    where: Place
    words: Mapping[str, Json]
    found: Aggregated
    models: tuple[str, ...]
    filters: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The metric's name with its domain."""
        return f"{self.words['domain']}.{self.name}" if "domain" in self.words else self.name

    @property
    def is_simple(self) -> bool:
        """Whether the whole is one aggregate."""
        return self.found.text == placeholder(1) and bool(self.found.aggregates)

    def shape(self, at: int) -> Shape:
        """Return what tells the aggregate apart."""
        each = self.found.aggregates[at]
        return (self.models[at], each.function, _aggregate_text(each), each.percentile, each.discrete, self.filters)

    def simple(self, at: int, name: str, words: Mapping[str, Json]) -> dict[str, Json]:
        """Return the simple metric that shows the aggregate as it is."""
        aggregate = self.found.aggregates[at]
        percentile: dict[str, Json] = {}
        if aggregate.percentile is not None:
            kind = "discrete" if aggregate.discrete else "continuous"
            percentile = {"percentile": aggregate.percentile, "percentile_type": kind}
        return {
            "name": name,
            "type": "simple",
            "semantic_model": self.models[at],
            "agg": aggregate.function,
            "expr": _aggregate_text(aggregate),
            **percentile,
            **({"filter": _filter_json(self.filters)} if self.filters else {}),
            **words,
        }


@dataclass(slots=True)
class Computed:
    """Turns drafts into documents once all of them are known.

    Attributes:
        known: names as expressions write them -> full names of metrics here.
    """

    names: Naming
    notes: Notes
    drafts: list[ComputedDraft] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    simple: dict[Shape, str] = field(default_factory=dict)

    def documents(self) -> list[dict[str, Json]]:
        """Return every metric; an aggregate that no metric shows as it is becomes a metric of its own (told)."""
        for draft in self.drafts:
            if draft.is_simple:
                self.simple.setdefault(draft.shape(0), draft.full_name)
        return [document for draft in self.drafts for document in self._documents(draft)]

    def _documents(self, draft: ComputedDraft) -> list[dict[str, Json]]:
        found = draft.found
        if draft.is_simple:
            return [draft.simple(0, draft.name, draft.words)]
        unknown = [name for name in found.free if name not in self.known]
        if unknown or not (found.free or found.aggregates):
            reason = f"there is no metric {unknown[0]!r}" if unknown else "it aggregates nothing"
            self.notes.note_dropped(draft.what, draft.where, reason)
            return []
        inputs: dict[str, str] = {name: self.known[name] for name in found.free}
        documents: list[dict[str, Json]] = []
        for at in range(len(found.aggregates)):
            shape = draft.shape(at)
            if shape not in self.simple:
                documents.append(self._added(draft, at))
            inputs[placeholder(at + 1)] = self.simple[shape]
        return [*documents, self._over(draft, inputs)]

    def _added(self, draft: ComputedDraft, at: int) -> dict[str, Json]:
        name = self.names.free(f"{draft.name}_{draft.found.aggregates[at].function}")
        self.names.taken.add(name)
        words = {key: draft.words[key] for key in _INHERITED if key in draft.words}
        self.simple[draft.shape(at)] = f"{words['domain']}.{name}" if "domain" in words else name
        reason = f"{draft.what} is computed from it, and no metric shows it as it is"
        self.notes.note_added(f"the metric {name!r}", draft.where, reason)
        return draft.simple(at, name, words)

    def _over(self, draft: ComputedDraft, inputs: Mapping[str, str]) -> dict[str, Json]:
        found = draft.found
        if found.ratio is not None:
            if found.bare_division:
                reason = "a ratio divides as floating-point numbers, and is NULL where the denominator is zero"
                self.notes.note_changed(draft.what, draft.where, reason)
            over, under = (inputs[name] for name in found.ratio)
            return {"name": draft.name, "type": "ratio", "numerator": over, "denominator": under, **draft.words}
        if "/" in found.text:
            reason = "a division here is one of floating-point numbers, whatever the inputs are"
            self.notes.note_changed(draft.what, draft.where, reason)
        aliases = _input_aliases(inputs)
        text = substitute_columns(found.text, lambda _table, column: aliases.get(column))
        document: dict[str, Json] = {
            "name": draft.name,
            "type": "derived",
            "expr": text if isinstance(text, str) else found.text,
            "input_metrics": [
                metric if aliases[name] == metric else {"name": metric, "alias": aliases[name]}
                for name, metric in inputs.items()
            ],
        }
        return {**document, **draft.words}


def _input_aliases(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return a readable alias for each input: the metric's bare name, unless two would have the same one."""
    bare = {name: metric.rpartition(".")[2] for name, metric in inputs.items()}
    several = len(set(bare.values())) < len(bare)
    return {name: f"input_{at}" if several else bare[name] for at, name in enumerate(inputs, start=1)}


def _filter_json(filters: tuple[str, ...]) -> Json:
    return filters[0] if len(filters) == 1 else list[Json](filters)


def _aggregate_text(aggregate: Aggregate) -> str:
    return "1" if aggregate.text is None else aggregate.text
