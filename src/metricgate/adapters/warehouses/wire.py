"""Python values as drivers give them -> wire values, a column at a time.

The wire form is ``vocabulary.result.DataType``'s: decimals, and integers beyond 2**53, are strings; dates and times are
ISO 8601; NaN and the infinities are the strings ``NaN``, ``Infinity`` and ``-Infinity``; bytes are base64; intervals
are ISO 8601 durations (``P1M2DT3S``).
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

import pyarrow as pa

from metricgate.vocabulary.json import Json
from metricgate.vocabulary.result import DataType

LARGEST_INTEGER = 2**53
DEEPEST_DOCUMENT = 200
"""Levels of lists and objects in one value: the writers and readers of JSON at the doors give up soon after."""

_TOO_DEEP = f"a document nested deeper than {DEEPEST_DOCUMENT} levels"
_SAFE_DIGITS = 15
_NANOSECONDS = 1_000_000_000

Column = Sequence[object]

Converter = Callable[[Column], Column]


class Uncarried(ValueError):
    """A value has no wire form. The text says what it is and quotes nothing of it."""


def wire_column(kind: DataType, values: Column) -> Column:
    """Return the column's wire values; the same object where nothing needs to change."""
    converter = _CONVERTERS.get(kind)
    return converter(values) if converter else values


def wire_value(value: object) -> Json:  # noqa: C901, PLR0911 - one flat match over the closed set of types
    """Return one value's wire form, whatever its type; nested values too.

    Raises:
        TypeError: a driver gave something that has no wire form.
    """
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else str(value)
        case float():
            return value if math.isfinite(value) else _float_word(value)
        case Decimal():
            return f"{value:f}"
        case date() | time():
            return value.isoformat()
        case pa.MonthDayNano():
            return duration(value.months, value.days, value.nanoseconds)
        case timedelta():
            return duration(0, value.days, value.seconds * _NANOSECONDS + value.microseconds * 1_000)
        case bytes():
            return base64.b64encode(value).decode()
        case UUID():
            return str(value)
        case Mapping():
            return {str(wire_value(key)): wire_value(inner) for key, inner in value.items()}
        case list() | tuple():
            return [wire_value(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} has no wire form")


def _float_word(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def duration(months: int, days: int, nanoseconds: int) -> str:
    """Return an ISO 8601 duration; parts may be negative on their own (``P1M-2D``), as ISO 8601-2 has it."""
    years, months = divmod(abs(months), 12) if months >= 0 else tuple(-part for part in divmod(-months, 12))
    parts = "".join(f"{part}{unit}" for part, unit in ((years, "Y"), (months, "M"), (days, "D")) if part)
    sign, nanoseconds = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    seconds, fraction = divmod(nanoseconds, _NANOSECONDS)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    digits = f"{seconds}.{fraction:09d}".rstrip("0") if fraction else str(seconds)
    clock = "".join(
        f"{sign}{part}{unit}"
        for part, unit, shown in ((hours, "H", hours), (minutes, "M", minutes), (digits, "S", seconds or fraction))
        if shown
    )
    return f"P{parts}T{clock}" if clock else f"P{parts or '0D'}"


def _integers(values: Column) -> Column:
    return [
        value if value is None or -LARGEST_INTEGER <= value <= LARGEST_INTEGER else str(value)  # type: ignore[operator]
        for value in values
    ]


def _decimals(values: Column) -> Column:
    return [None if value is None else f"{value:f}" for value in values]


def _floats(values: Column) -> Column:
    finite = math.isfinite
    return [
        value if value is None or finite(value) else _float_word(value)  # type: ignore[arg-type]
        for value in values
    ]


def _wire_moments(values: Column) -> Column:
    # A text is a moment that Python's calendar cannot hold; the driver has written it out.
    return [value if value is None or isinstance(value, str) else value.isoformat() for value in values]  # type: ignore[attr-defined]


def document(text: str) -> Json:
    """Return the wire form of a text of JSON, with every digit of its numbers.

    A number that a double would round is its text, as whole numbers beyond 2**53 are.

    Raises:
        Uncarried: no door could send it: it is nested too deeply, or holds half of a surrogate pair.
        ValueError: it is no JSON.
    """
    try:
        value = json.loads(text, parse_float=_exact_number)
        if text.count("[") + text.count("{") > DEEPEST_DOCUMENT and _depth(value) > DEEPEST_DOCUMENT:
            raise Uncarried(_TOO_DEEP)
    except RecursionError as error:
        raise Uncarried(_TOO_DEEP) from error
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise Uncarried("half a character") from error
    return wire_value(value)


def _depth(value: object) -> int:
    """Return how many lists and objects stand in each other, as far as more than may be sent."""
    levels, inside = 0, [value]
    while inside and levels <= DEEPEST_DOCUMENT:
        parts = [each.values() if isinstance(each, dict) else each for each in inside if isinstance(each, (dict, list))]
        levels += bool(parts)
        inside = [each for part in parts for each in part]
    return levels


def _exact_number(text: str) -> float | str:
    """Return the number where a double holds it, else its text."""
    number = float(text)
    if len(text) <= _SAFE_DIGITS and "e" not in text and "E" not in text:
        return number
    return number if math.isfinite(number) and Decimal(repr(number)) == Decimal(text) else text


def _documents(values: Column) -> Column:
    return [None if value is None else document(value) for value in values]  # type: ignore[arg-type]


def _wire_others(values: Column) -> Column:
    return [wire_value(value) for value in values]


_CONVERTERS: Mapping[DataType, Converter] = MappingProxyType(
    {
        DataType.INTEGER: _integers,
        DataType.DECIMAL: _decimals,
        DataType.FLOAT: _floats,
        DataType.DATE: _wire_moments,
        DataType.TIMESTAMP: _wire_moments,
        DataType.TIMESTAMP_TZ: _wire_moments,
        DataType.TIME: _wire_moments,
        DataType.JSON: _documents,
        DataType.INTERVAL: _wire_others,
        DataType.BINARY: _wire_others,
        DataType.LIST: _wire_others,
        DataType.STRUCT: _wire_others,
    }
)
