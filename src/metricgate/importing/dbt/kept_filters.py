"""Filters that dbt's text cannot hold as they were written here: ``config.meta.metricgate_filters``.

dbt has filters as SQL text only. Our exporter keeps the structured form beside the text, with a digest of both; a text
that still is what was exported comes back as it was written, and the definition keeps its version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metricgate.importing.report import Notes
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place

KEPT_FILTERS = "metricgate_filters"
_INPUTS = ("numerator", "denominator", "input_metric", "base_metric", "conversion_metric")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFilters:
    """The structured forms of a metric's filters by the digest of both forms."""

    by_digest: Mapping[str, Json]
    where: Place

    def restore(self, document: dict[str, Json], what: str, notes: Notes) -> dict[str, Json]:
        """Return the metric's document with each filter that was not edited since as it was written here."""
        if not self.by_digest or not document:
            return document
        used: set[str] = set()
        found = self._with(document, used)
        for key in _INPUTS:
            if key in found:
                found[key] = self._with_input(found[key], used)
        inputs = found.get("input_metrics")
        if isinstance(inputs, list):
            found["input_metrics"] = [self._with_input(each, used) for each in inputs]
        if set(self.by_digest) - used:
            reason = "a filter was edited since metricgate wrote it: the text that stands in the file is read"
            notes.note_changed(f"the filters of {what}", self.where, reason)
        return found

    def _with_input(self, document: Json, used: set[str]) -> Json:
        return self._with(document, used) if isinstance(document, Mapping) else document

    def _with(self, document: Mapping[str, Json], used: set[str]) -> dict[str, Json]:
        text = document.get("filter")
        for digest, filter_here in self.by_digest.items():
            if isinstance(text, str) and digest == digest_of([text, filter_here]):
                used.add(digest)
                return {**document, "filter": filter_here}
        return dict(document)


def kept_filter(text: str, condition: Json) -> Json:
    """Return the item that keeps ``condition`` beside dbt's ``text``."""
    return {"covers": digest_of([text, condition]), "filter": condition}


def kept_filters(part: SourcePart) -> KeptFilters:
    """Read what our exporter kept in ``config.meta`` of a metric; what has another form keeps nothing."""
    here: Json = part.peek("config")
    for key in ("meta", KEPT_FILTERS):
        here = here.get(key) if isinstance(here, Mapping) else None
    items = [each for each in here if isinstance(each, Mapping)] if isinstance(here, list) else []
    found = {str(each.get("covers")): each.get("filter") for each in items}
    return KeptFilters(by_digest=without_empty(**found), where=part.at("config"))
