"""Ranking of metrics and saved queries by the words of a request: names first, then synonyms, then descriptions.

Each word of the request counts by how rare it is among what is searched, by how well it is matched (a misspelt word
still finds its neighbours), and by where it was found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from rapidfuzz import fuzz, process

from metricgate.catalog.metrics import Metric
from metricgate.catalog.saved import SavedQuery

T = TypeVar("T", bound=Metric | SavedQuery)

_WORD = re.compile(r"\w+")
_SIMILAR = 82.0
_NEIGHBOURS = 12
_IN_NAME, _IN_SYNONYM, _IN_LABEL, _IN_DOMAIN, _IN_TEXT = 1.0, 0.95, 0.9, 0.5, 0.45
_EXACT = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit(Generic[T]):
    """What fits: ``score`` from 0 to 100, and the text that matched best."""

    found: T
    score: float
    matched: str


@dataclass(frozen=True, slots=True)
class _Field:
    text: str
    words: frozenset[str]
    weight: float


def search(text: str, among: Iterable[T]) -> tuple[Hit[T], ...]:
    """Return what fits ``text``, best first; ties by name. Empty text: all, by name."""
    searched = sorted(among, key=_item_name)
    wanted = tuple(dict.fromkeys(_query_words(text)))
    if not wanted:
        return tuple(Hit(found=each, score=0.0, matched="") for each in searched)
    fields = [_searched_fields(each) for each in searched]
    known = Counter(word for each in fields for word in frozenset().union(*(field.words for field in each)))
    similar = {word: _similar(word, known) for word in wanted}
    rare = {word: math.log(1 + len(searched) / (1 + _widest_match(similar[word], known))) for word in wanted}
    best = sum(rare.values()) * _EXACT
    hits = [_score(item, each, similar, rare, best, text) for item, each in zip(searched, fields, strict=True)]
    return tuple(sorted((hit for hit in hits if hit.score > 0), key=lambda hit: (-hit.score, _item_name(hit.found))))


def _item_name(item: Metric | SavedQuery) -> str:
    return item.name if isinstance(item, SavedQuery) else item.header.name


def _item_names(item: Metric | SavedQuery) -> frozenset[str]:
    """What a request may consist of to mean just this one."""
    if isinstance(item, SavedQuery):
        return frozenset({item.name})
    header = item.header
    return frozenset({header.name, header.bare_name, *(synonym.lower() for synonym in header.synonyms)})


def _query_words(text: str) -> list[str]:
    return _WORD.findall(text.replace("_", " ").lower())


@lru_cache(maxsize=16_384)
def _searched_fields(item: Metric | SavedQuery) -> tuple[_Field, ...]:
    if isinstance(item, SavedQuery):
        texts = [(item.name, _IN_NAME), (item.label or "", _IN_LABEL), (item.description, _IN_TEXT)]
        texts += [(name, _IN_TEXT) for name in (*item.metrics, *item.group_by)]
    else:
        header = item.header
        texts = [(header.bare_name, _IN_NAME), *((synonym, _IN_SYNONYM) for synonym in header.synonyms)]
        texts += [(header.label or "", _IN_LABEL), (header.domain or "", _IN_DOMAIN), (header.description, _IN_TEXT)]
        texts += [(example, _IN_TEXT) for example in header.ai_examples]
    return tuple(_Field(text, frozenset(_query_words(text)), weight) for text, weight in texts if text)


def _similar(word: str, known: Mapping[str, int]) -> dict[str, float]:
    """Known words like ``word``, with how alike they are, from 0 to 1."""
    found = process.extract(word, list(known), scorer=fuzz.ratio, score_cutoff=_SIMILAR, limit=_NEIGHBOURS)
    return {match: score / 100 for match, score, _index in found}


def _widest_match(similar: Mapping[str, float], known: Mapping[str, int]) -> int:
    return max((known[match] for match in similar), default=0)


def _score(
    item: T,
    fields: Sequence[_Field],
    similar: Mapping[str, Mapping[str, float]],
    rare: Mapping[str, float],
    best: float,
    asked: str,
) -> Hit[T]:
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
    if asked.strip().lower() in _item_names(item):
        total *= _EXACT
    shown = max(matched, key=lambda text: matched[text]) if matched else ""
    return Hit(found=item, score=round(100 * total / best, 1), matched=shown)
