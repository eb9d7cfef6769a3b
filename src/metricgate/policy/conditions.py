"""Conditions of row filters: the structured filter form, in which a value may be ``{attribute: NAME}``.

An attribute stands in the predicate as an ``Attribute`` until a decision binds it: the caller's value takes its
place as a value. No text is ever spliced, so a value that looks like SQL or like ``{attribute: ...}`` stays a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from metricgate.catalog.filters import parse_filter
from metricgate.policy import codes
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.names import is_name
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import And, Comparison, Not, Operator, Or, Predicate, Scalar, Template
from metricgate.vocabulary.principal import AttributeValue
from metricgate.vocabulary.problem import Problems

_LISTS = frozenset({Operator.IN, Operator.NOT_IN})
_TEXT = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH})
_LIST_WORDS = frozenset({"in", "not_in", "not in"})
_LONGEST = 10_000
_MOST = 10_000


class Attribute(str):
    """The name of an attribute whose value is to take this place."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """An attribute that cannot be bound, and why (a clause that follows its name)."""

    attribute: str
    why: str


Lookup = Callable[[str], AttributeValue | Missing]


def read_condition(raw: Json, path: Path, page: ProblemCollector) -> Predicate | None:
    """Return the condition with ``Attribute`` in the place of each attribute, or None; mistakes go to the page."""
    before = len(page.problems)
    marked = _mark_attributes(raw, path, page)
    if len(page.problems) > before:
        return None
    parsed = parse_filter(marked, locate=lambda steps: page.place((*path, *steps)), metrics=False)
    if isinstance(parsed, Problems):
        page.problems.extend(parsed)
        return None
    return parsed


def bind_condition(condition: Predicate, lookup: Lookup) -> Predicate | Missing:
    """Return the condition with every attribute's value in its place, or the first that cannot be bound."""
    match condition:
        case Comparison():
            return _bound_comparison(condition, lookup)
        case And() | Or():
            parts: list[Predicate] = []
            for inner in condition.parts:
                part = bind_condition(inner, lookup)
                if isinstance(part, Missing):
                    return part
                parts.append(part)
            return type(condition)(tuple(parts))
        case Not():
            part = bind_condition(condition.part, lookup)
            return part if isinstance(part, Missing) else Not(part)
        case Template():
            return condition


def _mark_attributes(raw: Json, path: Path, page: ProblemCollector) -> Json:
    """Put an ``Attribute`` in the place of each ``{attribute: NAME}`` that stands as a value; copy all else."""
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return [_mark_attributes(each, (*path, index), page) for index, each in enumerate(raw)]
    if not isinstance(raw, Mapping):
        return raw
    marked: dict[str, Json] = {}
    for key, inner in raw.items():
        here = (*path, key)
        if key != "value":
            marked[key] = _mark_attributes(inner, here, page)
        elif isinstance(inner, Mapping):
            one = _attribute_name(inner, here, page)
            marked[key] = [one] if str(raw.get("op")).strip().lower() in _LIST_WORDS else one
        elif isinstance(inner, Sequence) and not isinstance(inner, str):
            marked[key] = [
                _attribute_name(each, (*here, index), page) if isinstance(each, Mapping) else each
                for index, each in enumerate(inner)
            ]
        else:
            marked[key] = inner
    return marked


def _attribute_name(item: Mapping[str, Json], path: Path, page: ProblemCollector) -> str:
    name = item.get("attribute")
    if set(item) == {"attribute"} and isinstance(name, str) and is_name(name):
        return Attribute(name)
    keys = ", ".join(str(key)[:40] for key in item) or "none"
    page.report(codes.BAD_ATTRIBUTE, path, f"A value has the keys {keys}; only `attribute: NAME` may stand here.")
    return ""


def _bound_comparison(comparison: Comparison, lookup: Lookup) -> Comparison | Missing:
    values: list[Scalar] = []
    for value in comparison.values:
        if not isinstance(value, Attribute):
            values.append(value)
            continue
        found = lookup(str(value))
        why = found if isinstance(found, Missing) else _unfit(comparison.op, found)
        if isinstance(why, Missing):
            return why
        if why is not None:
            return Missing(str(value), why)
        if isinstance(found, tuple):
            values.extend(found)
        elif not isinstance(found, Missing):
            values.append(found)
    return Comparison(member=comparison.member, op=comparison.op, values=tuple(values))


def _unfit(operator: Operator, value: AttributeValue) -> str | None:
    """Return why the value cannot stand in the comparison, or None. An empty list would let `not_in` show all rows."""
    if isinstance(value, tuple):
        if not value:
            return "is an empty list"
        if operator not in _LISTS:
            return f"is a list, but `{operator}` compares with one value"
        if len(value) > _MOST:
            return f"is a list of more than {_MOST:,} values"
    each = (_unfit_scalar(operator, one) for one in (value if isinstance(value, tuple) else (value,)))
    return next((why for why in each if why is not None), None)


def _unfit_scalar(operator: Operator, value: str | float) -> str | None:
    if isinstance(value, str):
        odd = not value or len(value) > _LONGEST or "\x00" in value or _has_surrogate(value)
        return "is an empty text, one that is too long, or one with characters that no data holds" if odd else None
    if operator in _TEXT:
        return f"is not a text, as `{operator}` needs"
    return None if math.isfinite(value) else "is not a finite number"


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
