"""Values for the parameters of an agent's SQL: JSON as it came -> values that drivers bind.

A JSON value means what the literal of the same look means in SQL: ``0.1`` is a decimal, ``1e3`` is none, a text that
looks like a date is a text, which the engine takes for a date where it compares it with one. What must have a type of
its own says so: ``{"type": "date", "value": "2026-01-31"}``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from pydantic import JsonValue

from metricgate.gateway import codes
from metricgate.guarding import Given
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.problem import Place, Problem, Problems

_MOST_DIGITS = 38
"""What the narrowest of the engines' exact numbers holds."""


class _Unfit(Exception):
    """A value that cannot be bound; the message says why, the hint what to send."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def values_of(raw: dict[str, JsonValue] | list[JsonValue] | None) -> Given | Problems | None:
    """Return the values in the form in which they came, by name or in order; or every mistake in them.

    Args:
        raw: the argument ``parameters``; None, an empty list and an empty object are no values at all.
    """
    if not raw:
        return None
    problems: list[Problem] = []
    if isinstance(raw, dict):
        named = {name: _bind_value(value, f"parameters.{name}", problems) for name, value in raw.items()}
        return Problems(tuple(problems)) if problems else named
    listed = [_bind_value(value, f"parameters[{place}]", problems) for place, value in enumerate(raw)]
    return Problems(tuple(problems)) if problems else listed


def _bind_value(value: JsonValue, path: str, problems: list[Problem]) -> Scalar:
    try:
        return _to_scalar(value)
    except _Unfit as error:
        where = Place(path=path)
        problems.append(Problem(code=codes.INVALID_ARGUMENT, message=error.message, where=where, hint=error.hint))
        return None


def _to_scalar(value: JsonValue) -> Scalar:
    if isinstance(value, dict):
        return _typed_scalar(value)
    if isinstance(value, list):
        raise _Unfit("A list is no value of a parameter.", "Write one parameter for each: IN (:a, :b, :c).")
    return _fraction_scalar(value) if isinstance(value, float) else value


def _fraction_scalar(value: float) -> Scalar:
    """``0.1`` is a decimal, as in SQL; what is written with an exponent is none."""
    if not math.isfinite(value):
        raise _Unfit("Infinity and NaN are no values of JSON.", "Send a finite number.")
    written = repr(value)
    return value if "e" in written else Decimal(written)


def _typed_scalar(value: Mapping[str, JsonValue]) -> Scalar:
    hint = 'Send a plain value, or {"type": "date", "value": "2026-01-31"}.'
    if value.keys() != {"type", "value"}:
        raise _Unfit("An object as a parameter's value has the keys type and value, and no others.", hint)
    kind, inner = value["type"], value["value"]
    if not isinstance(kind, str) or kind not in _TYPES:
        near = did_you_mean(kind, _TYPES) if isinstance(kind, str) else None
        raise _Unfit(f"{kind!r} is no type of a parameter.", near or f"The types are {', '.join(_TYPES)}.")
    if inner is None:
        return None
    try:
        return _TYPES[kind](inner)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise _Unfit(f"The value is no {kind}.", _FORMS[kind]) from error


def _require_text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _to_integer(value: JsonValue) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", _require_text(value)):
        raise ValueError
    return int(_require_text(value))


def _decimal(value: JsonValue) -> Decimal:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else _require_text(value)
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) or sum(map(str.isdigit, text)) > _MOST_DIGITS:
        raise ValueError
    return Decimal(text)


def _to_double(value: JsonValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    found = float(value)
    if not math.isfinite(found):
        raise ValueError
    return found


def _boolean(value: JsonValue) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _timestamp(value: JsonValue) -> datetime:
    found = datetime.fromisoformat(_require_text(value))
    if found.tzinfo is not None:
        raise _Unfit("A timestamp as a parameter has no zone.", "Send it as a text, and cast it in the SQL.")
    return found


_TYPES: Mapping[str, Callable[[JsonValue], Scalar]] = {
    "text": _require_text,
    "integer": _to_integer,
    "decimal": _decimal,
    "double": _to_double,
    "boolean": _boolean,
    "date": lambda value: date.fromisoformat(_require_text(value)),
    "timestamp": _timestamp,
}
_FORMS: Mapping[str, str] = {
    "text": "Send a text in quotes.",
    "integer": "Send a whole number; one of more than 18 digits as a decimal.",
    "decimal": f'Send at most {_MOST_DIGITS} digits: "12.50".',
    "double": "Send a finite number.",
    "boolean": "Send true or false.",
    "date": "Send an ISO date: 2026-01-31.",
    "timestamp": "Send an ISO date and time: 2026-01-31T13:30:00.",
}
