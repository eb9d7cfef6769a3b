"""Words: what definitions are called and how they are described."""

from __future__ import annotations

from collections.abc import Iterator

from metricgate.catalog.catalog import Catalog
from metricgate.reviewing import codes
from metricgate.reviewing.lint.lint_problem import lint_problem
from metricgate.vocabulary.problem import Problem


def without_description(catalog: Catalog) -> Iterator[Problem]:
    """Metrics and models without description or owner, saved queries without description."""
    headers = [metric.header for metric in catalog.metrics.values()]
    models, saved = catalog.models.values(), catalog.saved_queries.values()
    described = [
        *((each.name, each.description, each.place) for each in headers),
        *((f"the model {each.name}", each.description, each.place) for each in models),
        *((f"the saved query {each.name}", each.description, each.place) for each in saved),
    ]
    owned = [
        *((each.name, each.owner, each.place) for each in headers),
        *((f"the model {each.name}", each.owner, each.place) for each in models),
    ]
    for name, description, place in described:
        if not description.strip():
            yield lint_problem(codes.NO_DESCRIPTION, f"{name} has no description", place)
    for name, owner, place in owned:
        if not (owner or "").strip():
            yield lint_problem(codes.NO_OWNER, f"{name} has no owner", place)


def shared_synonyms(catalog: Catalog) -> Iterator[Problem]:
    """Synonyms that another metric has too, or that read like another metric's name."""
    answering: dict[str, dict[str, None]] = {}
    for metric in catalog.metrics.values():
        for word in (metric.header.bare_name, *metric.header.synonyms):
            answering.setdefault(_spoken_form(word), {})[metric.header.name] = None
    for metric in catalog.metrics.values():
        header = metric.header
        for synonym in header.synonyms:
            others = [each for each in answering[_spoken_form(synonym)] if each != header.name]
            if others:
                message = f"the synonym {synonym!r} of {header.name} also means {' and '.join(others)}"
                yield lint_problem(codes.SHARED_SYNONYM, message, header.place)


def _spoken_form(word: str) -> str:
    return " ".join(word.lower().replace("_", " ").split())
