"""Metrics by the names people use; what to ask back where a name fits several."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.metrics import InputMetric, Metric
from metricgate.planning import codes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import did_you_mean, nearest
from metricgate.vocabulary.predicate import And, Comparison, Not, Or, Predicate, Template
from metricgate.vocabulary.problem import Place, Problem

_SHOWN = 80


def resolve_metric(
    name: str, catalog: Catalog, domain: str | None, path: str, sees: Callable[[str], bool]
) -> Metric | Problem:
    """Return the one metric that ``name`` means, with ``domain`` deciding between several.

    ``sees`` says of a full name whether it is there at all for whoever asks.
    """
    found = tuple(filter(sees, catalog.find_metrics(name)))
    if not found:
        return unknown_metric(name, list(filter(sees, catalog.metrics)), catalog, path)
    if len(found) > 1 and domain is not None:
        own = tuple(each for each in found if catalog.metrics[each].header.domain == domain)
        found = own if len(own) == 1 else found
    if len(found) > 1:
        return ambiguous_metric(name, found, catalog, path)
    return catalog.metrics[found[0]]


def unknown_metric(name: str, known: Sequence[str], catalog: Catalog, path: str) -> Problem:
    """Say that no metric answers to ``name``; only names of ``known`` metrics (full names) are offered."""
    allowed = set(known)
    words = [word for word, full in catalog.called.items() if allowed.intersection(full)]
    close = nearest(name, [*known, *words])
    full = dict.fromkeys(
        each for word in close for each in ((word,) if word in allowed else catalog.called.get(word, ()))
    )
    near: list[Json] = [each for each in full if each in allowed]
    return Problem(
        code=codes.UNKNOWN_METRIC,
        message=f"There is no metric {name[:_SHOWN]!r}.",
        where=Place(path=path),
        hint=did_you_mean(name, [*known, *words]) or "Search the catalog for the words you have in mind.",
        details={"nearest": near},
    )


def ambiguous_metric(
    name: str, candidates: Sequence[str], catalog: Catalog, path: str, sees: Callable[[str], bool] = bool
) -> Problem:
    """Ask back which of the ``candidates`` (full names) is meant, and say how their definitions differ.

    ``sees`` says of a full name whether it may be named; other input metrics show by their alias alone.
    """
    metrics = [catalog.metrics[each] for each in candidates]
    facts = [_definition_facts(metric, catalog, sees) for metric in metrics]
    differing = [key for key in _fact_names(facts) if len({each.get(key) for each in facts}) > 1]
    shown: list[Json] = [
        {
            "name": metric.header.name,
            "domain": metric.header.domain,
            "owner": metric.header.owner,
            "description": metric.header.description,
            "certified": metric.header.certified,
            "difference": {key: fact.get(key) for key in differing},
        }
        for metric, fact in zip(metrics, facts, strict=True)
    ]
    choices = " or ".join(f"{metric.header.name} ({_summary_of(metric)})" for metric in metrics)
    question = f"Which {name[:_SHOWN]!r} do you mean: {choices}?"
    return Problem(
        code=codes.AMBIGUOUS_METRIC,
        message=f"{name[:_SHOWN]!r} fits {len(metrics)} metrics: {', '.join(candidates)}.",
        where=Place(path=path),
        hint=f"Ask the user, then use the full name: {' or '.join(candidates)}.",
        details={"question": question, "candidates": shown},
    )


def _summary_of(metric: Metric) -> str:
    text = metric.header.description.strip().split("\n", 1)[0].rstrip(".")
    return text or f"owned by {metric.header.owner or 'nobody'}"


def _fact_names(facts: Sequence[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(key for each in facts for key in each))


def _definition_facts(metric: Metric, catalog: Catalog, sees: Callable[[str], bool]) -> dict[str, str]:
    """What the definition says, one line a fact; only what differs is shown."""
    facts = metric.summary(lambda each: _input_words(each, sees), catalog.models)
    facts["filter"] = "none" if metric.filter is None else words_of(metric.filter)
    return facts


def _input_words(each: InputMetric, sees: Callable[[str], bool]) -> str:
    name = each.name if sees(each.name) else "a metric that is not shown to you"
    return name if each.filter is None else f"{name} where {words_of(each.filter)}"


def words_of(predicate: Predicate) -> str:
    """Return the predicate as a line to read; not SQL to run."""
    match predicate:
        case Comparison():
            values = ", ".join(str(value) for value in predicate.values)
            return f"{predicate.member} {predicate.op} {values}".rstrip()
        case And():
            return "(" + " and ".join(words_of(part) for part in predicate.parts) + ")"
        case Or():
            return "(" + " or ".join(words_of(part) for part in predicate.parts) + ")"
        case Not():
            return f"not {words_of(predicate.part)}"
        case Template():
            text = predicate.text
            for mark, items in (("m", predicate.members), ("v", predicate.values)):
                for number in reversed(range(len(items))):
                    text = text.replace(f"${mark}{number}", str(items[number]))
            return text
