"""Ranking of metrics by the words of a request: names first, then synonyms, then descriptions and examples.

Each word of the request counts by how rare it is among the metrics searched, by how well it is matched (a misspelt word
still finds its neighbours), and by where it was found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from metricgate.catalog.metrics import Metric

_WORD = re.compile(r"\w+")
_SIMILAR = 82.0
_NEIGHBOURS = 12
_IN_NAME, _IN_SYNONYM, _IN_LABEL, _IN_DOMAIN, _IN_TEXT = 1.0, 0.95, 0.9, 0.5, 0.45
_EXACT = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A metric that fits: ``score`` from 0 to 100, and the text that matched best."""

    metric: Metric
    score: float
    matched: str


@dataclass(frozen=True, slots=True)
class _Field:
    text: str
    words: frozenset[str]
    weight: float


def search(text: str, metrics: Iterable[Metric]) -> tuple[Hit, ...]:
    """Return the metrics that fit ``text``, best first; ties by name. Empty text: all, by name."""
    searched = sorted(metrics, key=_name)
    wanted = tuple(dict.fromkeys(_words(text)))
    if not wanted:
        return tuple(Hit(metric=metric, score=0.0, matched="") for metric in searched)
    fields = [_fields(metric) for metric in searched]
    known = Counter(word for each in fields for word in frozenset().union(*(field.words for field in each)))
    similar = {word: _similar(word, known) for word in wanted}
    rare = {word: math.log(1 + len(searched) / (1 + _spread(similar[word], known))) for word in wanted}
    best = sum(rare.values()) * _EXACT
    hits = [_score(metric, each, similar, rare, best, text) for metric, each in zip(searched, fields, strict=True)]
    return tuple(sorted((hit for hit in hits if hit.score > 0), key=lambda hit: (-hit.score, _name(hit.metric))))


def _name(metric: Metric) -> str:
    return metric.header.name


def _words(text: str) -> list[str]:
    return _WORD.findall(text.replace("_", " ").lower())


@lru_cache(maxsize=16_384)
def _fields(metric: Metric) -> tuple[_Field, ...]:
    header = metric.header
    texts = [(header.bare_name, _IN_NAME), *((synonym, _IN_SYNONYM) for synonym in header.synonyms)]
    texts += [(header.label or "", _IN_LABEL), (header.domain or "", _IN_DOMAIN), (header.description, _IN_TEXT)]
    texts += [(example, _IN_TEXT) for example in header.ai_examples]
    return tuple(_Field(text, frozenset(_words(text)), weight) for text, weight in texts if text)


def _similar(word: str, known: Mapping[str, int]) -> dict[str, float]:
    """Known words like ``word``, with how alike they are, from 0 to 1."""
    found = process.extract(word, list(known), scorer=fuzz.ratio, score_cutoff=_SIMILAR, limit=_NEIGHBOURS)
    return {match: score / 100 for match, score, _index in found}


def _spread(similar: Mapping[str, float], known: Mapping[str, int]) -> int:
    return max((known[match] for match in similar), default=0)


def _score(
    metric: Metric,
    fields: Sequence[_Field],
    similar: Mapping[str, Mapping[str, float]],
    rare: Mapping[str, float],
    best: float,
    asked: str,
) -> Hit:
    total = 0.0
    matched: dict[str, float] = {}
    for word, matches in similar.items():
        worth, where = max(
            ((matches[match] * field.weight, field.text) for field in fields for match in field.words & matches.keys()),
            default=(0.0, ""),
        )
        total += worth * rare[word]
        if where:
            matched[where] = matched.get(where, 0.0) + worth * rare[word]
    whole = asked.strip().lower()
    if whole in {metric.header.name, metric.header.bare_name, *(synonym.lower() for synonym in metric.header.synonyms)}:
        total *= _EXACT
    shown = max(matched, key=lambda text: matched[text]) if matched else ""
    return Hit(metric=metric, score=round(100 * total / best, 1), matched=shown)
