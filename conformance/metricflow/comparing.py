"""Answers against expected rows: columns by name, rows as a multiset (or in order), floats within one in a million."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from conformance.metricflow.fixtures import moment

_TOLERANCE = 1e-6
_SHOWN = 8
_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "NUMERIC", "REAL")


def compare(
    columns: Sequence[str],
    types: Sequence[str],
    expected: Sequence[Sequence[object]],
    answered: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    in_order: bool,
) -> list[str]:
    """Return the differences as lines; none where the answer is right."""
    if sorted(columns) != sorted(answered):
        return [f"columns: expected {', '.join(sorted(columns))}; answered {', '.join(sorted(answered))}"]
    order = sorted(range(len(columns)), key=lambda at: (_is_number(types[at]), columns[at]))
    places = [list(answered).index(columns[at]) for at in order]
    kinds = [types[at] for at in order]
    wanted = [tuple(_value(row[at], kind) for at, kind in zip(order, kinds, strict=True)) for row in expected]
    got = [tuple(_value(row[at], kind) for at, kind in zip(places, kinds, strict=True)) for row in rows]
    if not in_order:
        wanted.sort(key=_key)
        got.sort(key=_key)
    lines = [] if len(wanted) == len(got) else [f"rows: expected {len(wanted)}, answered {len(got)}"]
    if len(wanted) == len(got) and all(_same(one, other) for one, other in zip(wanted, got, strict=True)):
        return []
    names = ", ".join(columns[at] for at in order)
    return [*lines, f"  ({names})", *_difference(wanted, got)]


def _difference(wanted: list[tuple], got: list[tuple]) -> list[str]:
    missing, extra, at, other = [], [], 0, 0
    while at < len(wanted) or other < len(got):
        if at < len(wanted) and other < len(got) and _same(wanted[at], got[other]):
            at, other = at + 1, other + 1
        elif other >= len(got) or (at < len(wanted) and _key(wanted[at]) <= _key(got[other])):
            missing.append(wanted[at])
            at += 1
        else:
            extra.append(got[other])
            other += 1
    shown = [f"  - {_row(row)}" for row in missing[:_SHOWN]] + [f"  + {_row(row)}" for row in extra[:_SHOWN]]
    left = max(0, len(missing) - _SHOWN) + max(0, len(extra) - _SHOWN)
    return [*shown, f"  ... {left} more"] if left else shown


def _row(row: tuple) -> str:
    return ", ".join(str(value) for value in row)


def _is_number(kind: str) -> bool:
    return any(word in kind.upper() for word in _NUMBERS)


def _value(value: object, kind: str) -> object:
    if value is None:
        return None
    if _is_number(kind) and isinstance(value, (str, int, float, Decimal)):
        return float(value)
    if "TIMESTAMP" in kind.upper() or kind.upper() == "DATE":
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day).isoformat()  # noqa: DTZ001 - the suite's times have no zone
        return moment(str(value)).isoformat()
    # MariaDB has no booleans but numbers.
    is_boolean = isinstance(value, int if kind.upper() == "BOOLEAN" else bool)
    return bool(value) if is_boolean else str(value)


def _key(row: tuple) -> tuple:
    return tuple((value is None, type(value).__name__, 0 if value is None else value) for value in row)


def _same(one: tuple, other: tuple) -> bool:
    return all(_equal(left, right) for left, right in zip(one, other, strict=True))


def _equal(left: object, right: object) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=_TOLERANCE, abs_tol=1e-12) or (math.isnan(left) and math.isnan(right))
    return left == right
