"""A metric's ``filter``: the structured form, the template form, or a list of either, all of which must hold."""

from __future__ import annotations

from collections.abc import Sequence

from metricgate.catalog import codes
from metricgate.catalog.filters import Locate, parse_filter
from metricgate.catalog.templates import parse_template
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import And, Predicate
from metricgate.vocabulary.problem import Problem, Problems


def parse_condition(raw: Json, locate: Locate) -> Predicate | Problems:
    """Return the condition; ``locate`` finds the place of a path inside ``raw``."""
    if isinstance(raw, str):
        return parse_template(raw, locate(()))
    if not isinstance(raw, Sequence):
        return parse_filter(raw, locate=locate)
    if not raw:
        return Problems((Problem(code=codes.BAD_FILTER, message="the list of filters is empty", where=locate(())),))
    parts: list[Predicate] = []
    problems: list[Problem] = []
    for index, each in enumerate(raw):
        found = _item(each, index, locate)
        if isinstance(found, Problems):
            problems.extend(found)
        else:
            parts.append(found)
    if problems:
        return Problems(tuple(problems))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _item(raw: Json, index: int, locate: Locate) -> Predicate | Problems:
    if isinstance(raw, str):
        return parse_template(raw, locate((index,)))
    return parse_filter(raw, locate=lambda steps: locate((index, *steps)))
