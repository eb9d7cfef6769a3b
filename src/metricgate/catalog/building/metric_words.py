"""The words that metrics answer to: bare names and synonyms, none of which may hide another metric."""

from __future__ import annotations

from collections.abc import Mapping

from metricgate.catalog import codes
from metricgate.catalog.building.metrics import MetricDraft
from metricgate.catalog.building.origin import Findings
from metricgate.catalog.metrics import Metric


def index_by_word(metrics: Mapping[str, Metric]) -> dict[str, tuple[str, ...]]:
    """Return lower-case bare names and synonyms -> the full names that answer to them, sorted."""
    found: dict[str, set[str]] = {}
    for name, metric in metrics.items():
        for word in (metric.header.bare_name, *metric.header.synonyms):
            found.setdefault(normalize_word(word), set()).add(name)
    return {word: tuple(sorted(names)) for word, names in sorted(found.items())}


def normalize_word(word: str) -> str:
    """Return the form in which words are compared: lower case, single spaces."""
    return " ".join(word.lower().split())


def check_synonyms(drafts: Mapping[str, MetricDraft], findings: Findings) -> None:
    """Note synonyms that repeat, or that are the name of a metric."""
    names: dict[str, list[str]] = {}
    for full, draft in drafts.items():
        names.setdefault(draft.document.name, []).append(full)
        if full != draft.document.name:
            names.setdefault(full, []).append(full)
    for full, draft in drafts.items():
        seen: set[str] = set()
        for index, synonym in enumerate(draft.document.synonyms):
            word = normalize_word(synonym)
            place = draft.origin.at("synonyms", index)
            others = [other for other in names.get(word, ()) if other != full]
            if others:
                message = f"the synonym {synonym!r} of {full} is the name of {' and '.join(sorted(others))}"
                findings.add(codes.SYNONYM_SHADOWS, message, place, "Remove it; the name already answers.")
            elif word in seen or full in names.get(word, ()):
                message = f"the synonym {synonym!r} of {full} stands there twice or is its own name"
                findings.add(codes.DUPLICATE_NAME, message, place, "Remove it.")
            seen.add(word)
