"""Whether the gate's answer is the engine's: names, types, and rows as multisets."""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from conformance.differential.gate import Reply
from conformance.differential.places import Result, document, moment

_MOMENTS = frozenset({"date", "timestamp", "timestamp_tz", "time"})


def difference(raw: Result, reply: Reply) -> str | None:
    """Return in words what is not the same, or None."""
    if raw.names != reply.names:
        return f"names {raw.names} became {reply.names}"
    if any(
        one != other and not _whole(raw, at, other)
        for at, (one, other) in enumerate(zip(raw.types, reply.types, strict=True))
    ):
        return f"types {raw.types} became {reply.types}"
    wanted = Counter(_coarse(tuple(map(plain, row, raw.types)), raw) for row in raw.rows)
    found = Counter(_coarse(tuple(map(wire, row, reply.types)), raw) for row in reply.rows)
    if wanted != found:
        lost, new = list((wanted - found).elements())[:3], list((found - wanted).elements())[:3]
        return f"rows: {len(raw.rows)} became {len(reply.rows)}; lost {lost}, new {new}"
    return None


def differs_in_letters_only(raw: Result, reply: Reply) -> bool:
    """Say whether the rows are the same but for case and trailing spaces of texts, which a collation may not see."""
    wanted = Counter(
        tuple(plain(value, kind).rstrip().casefold() for value, kind in zip(row, raw.types, strict=True))
        for row in raw.rows
    )
    found = Counter(
        tuple(wire(value, kind).rstrip().casefold() for value, kind in zip(row, reply.types, strict=True))
        for row in reply.rows
    )
    return raw.names == reply.names and raw.types == reply.types and wanted == found


def differs_in_last_digits(sql: str, raw: Result, reply: Reply) -> bool:
    """Say whether the rows are the same but for the last digits of floats: a sum of such depends on the rows' order."""
    if _SUMMED.search(sql) is None or raw.names != reply.names or raw.types != reply.types:
        return False
    wanted = Counter(tuple(map(_rounded, map(plain, row, raw.types), raw.types)) for row in raw.rows)
    found = Counter(tuple(map(_rounded, map(wire, row, raw.types), raw.types)) for row in reply.rows)
    return wanted == found


def _rounded(value: str, kind: str) -> str:
    return f"{float(value):.13g}" if kind == "float" and value != "NULL" else value


_SUMMED = re.compile(r"\b(?:AVG|SUM|STDDEV\w*|VAR\w*|quantile_cont|median)\s*\(", re.IGNORECASE)


def cuts_divisions(sql: str, raw: Result, reply: Reply) -> bool:
    """Say whether the rows are the same but for digits that MariaDB itself loses of a whole division.

    ``CAST(-7 DIV 2 AS CHAR)`` is ``-3``; where it goes through a temporary table (in a UNION, for some joins), the same
    text gives ``-``, for the width of -7 is taken to be that of 7: findings/mariadb-whole-division-as-text.sh. Whether
    there is such a table depends on the plan.
    """
    if _DIVIDED.search(sql) is None or raw.names != reply.names or raw.types != reply.types:
        return False
    wanted = Counter(
        tuple(_CUT.sub("-", plain(*each)) for each in zip(row, raw.types, strict=True)) for row in raw.rows
    )
    found = Counter(
        tuple(_CUT.sub("-", wire(*each)) for each in zip(row, raw.types, strict=True)) for row in reply.rows
    )
    return wanted == found


_DIVIDED = re.compile(r"-\s*\d+ DIV\b", re.IGNORECASE)
_CUT = re.compile(r"-\d*")


def _coarse(row: tuple[str, ...], raw: Result) -> tuple[str, ...]:
    return tuple(
        f"{float(value):.6g}" if at in raw.coarse and value != "NULL" else value for at, value in enumerate(row)
    )


def _whole(raw: Result, at: int, answered: str) -> bool:
    """A numeric of PostgreSQL that has no scale is an integer where all its values are."""
    values = [row[at] for row in raw.rows if row[at] is not None]
    return (raw.types[at], answered) == ("decimal", "integer") and all(
        isinstance(value, Decimal) and value == value.to_integral_value() for value in values
    )


def same(first: Result, second: Result) -> bool:
    """Say whether two raw results are the same."""
    rows = [Counter(tuple(map(plain, row, each.types)) for row in each.rows) for each in (first, second)]
    return first.names == second.names and first.types == second.types and rows[0] == rows[1]


def plain(value: object, kind: str) -> str:
    """Return a driver's value in the form in which values are compared."""
    if value is None:
        return "NULL"
    if kind == "json":
        return _document(document(value) if isinstance(value, str) else value)
    if kind in _MOMENTS and isinstance(value, str):
        return moment(value)
    if kind == "boolean" and isinstance(value, int):
        return str(bool(value))
    return _leaf(value)


def wire(value: object, kind: str) -> str:
    """Return a value of an answer in the form in which values are compared."""
    if value is None:
        return "NULL"
    if kind == "json":
        return _document(value)
    if kind in {"integer", "decimal"} and isinstance(value, str):
        return _leaf(Decimal(value))
    if kind == "float" and isinstance(value, str):
        return _leaf(float(value))
    if kind in _MOMENTS:
        return moment(str(value))
    return _leaf(value)


def _leaf(value: object) -> str:  # noqa: C901, PLR0911 - one flat match over the types of drivers
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value)
        case int():
            return str(value)
        case float():
            return repr(value) if math.isfinite(value) else str(value).lower().replace("inf", "infinity")
        case Decimal():
            return f"{value:f}"
        case datetime() | date() | time():
            return moment(value.isoformat())
        case bytes():
            return base64.b64encode(value).decode()
        case list() | tuple():
            return "[" + ", ".join(map(_leaf, value)) + "]"
        case UUID() | timedelta():
            return str(value)
        case Mapping():
            return _document(value)
    return str(value)


def _document(value: object) -> str:
    """Numbers by value, whether they came as numbers or, to keep their digits, as texts."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{key}: {_document(inner)}" for key, inner in sorted(value.items())) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_document, value)) + "]"
        case bool() | None:
            # An answer has one null for SQL's and for JSON's.
            return "NULL" if value is None else str(value)
        case int() | float() | Decimal():
            return _number(Decimal(repr(value) if isinstance(value, float) else value))
        case str():
            return _number_in(value)
    return str(value)


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}" if value.is_finite() else str(value)


def _number_in(text: str) -> str:
    try:
        return _number(Decimal(text))
    except InvalidOperation:
        return repr(text)


def rows_in_words(rows: Sequence[Sequence[object]]) -> str:
    """Return the first rows for the eye."""
    shown = "; ".join(str(tuple(row)) for row in rows[:4])
    return f"{shown}{' ...' if len(rows) > 4 else ''}" or "none"
