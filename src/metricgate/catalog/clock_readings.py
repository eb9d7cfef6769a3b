"""Which columns of an expression are read by a calendar or a clock: a day, an hour, a text of a time.

``DATE_TRUNC('day', at)`` and ``EXTRACT(hour FROM at)`` say something of a moment only in some zone; ``at``,
``COALESCE(at, other)`` and elapsed time do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp

_PARTS = (
    *(exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day, exp.DayOfWeek, exp.DayOfYear, exp.LastDay, exp.Date),
    *(exp.Hour, exp.Minute, exp.Second, exp.DateTrunc, exp.TimestampTrunc),
)
_ELAPSED = frozenset({"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR"})
_CAST_TO = frozenset({exp.DType.DATE, exp.DType.TIME, exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.CHAR})
_KEPT = (exp.Paren, exp.Coalesce, exp.Greatest, exp.Least, exp.Nullif, exp.Case, exp.If)


def clock_readings(tree: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns of a tree that stand where a calendar or a clock is read."""
    for column in tree.find_all(exp.Column):
        if _is_read(column):
            yield column


@lru_cache(maxsize=8_192)
def columns_by_clock(text: str) -> tuple[str, ...]:
    """Return the columns of an expression of which a calendar or a clock is read, each once, from its root down.

    >>> columns_by_clock("CASE WHEN EXTRACT(HOUR FROM at) < 12 THEN DATE_DIFF(seen, at, DAY) END")
    ('seen', 'at')
    >>> columns_by_clock("COALESCE(at, seen)"), columns_by_clock("DATE_DIFF(seen, at, HOUR)")
    ((), ())
    """
    tree = exp.Paren(this=sqlglot.parse_one(text))
    return tuple(dict.fromkeys(column.name for column in clock_readings(tree)))


@lru_cache(maxsize=8_192)
def gives_time_of(text: str, name: str) -> bool:
    """Whether an expression only passes a time of that name on, or reads its calendar: nothing is counted from it.

    >>> gives_time_of("COALESCE(last_seen, last_order)", "last_seen"), gives_time_of("last_seen - first", "last_seen")
    (True, False)
    """
    tree = exp.Paren(this=sqlglot.parse_one(text))
    return all(
        _is_read(column) or all(isinstance(each, _KEPT) for each in _around(column))
        for column in tree.find_all(exp.Column)
        if column.name == name
    )


@lru_cache(maxsize=8_192)
def passes_times_on(text: str) -> bool:
    """Whether a column of an expression may come out as it is, neither read by a clock nor only compared.

    >>> passes_times_on("CASE WHEN seen > at THEN at END"), passes_times_on("DATE_TRUNC('hour', at)")
    (True, False)
    """
    tree = exp.Paren(this=sqlglot.parse_one(text))
    return any(
        not _is_read(column) and not any(isinstance(each, exp.Predicate) for each in _around(column))
        for column in tree.find_all(exp.Column)
    )


def _is_read(column: exp.Column) -> bool:
    around = list(_around(column))
    return any(map(_reads_clock, around)) and not any(isinstance(each, exp.AtTimeZone) for each in around)


def _around(column: exp.Column) -> Iterator[exp.Expr]:
    each = column.parent
    while each is not None:
        yield each
        each = each.parent


def _reads_clock(node: exp.Expr) -> bool:
    match node:
        case exp.Cast():
            return node.to.this in _CAST_TO
        case exp.Extract():
            return bool(node.this.name.upper() != "EPOCH")
        case exp.DateDiff():
            unit = node.args.get("unit")
            return unit is None or unit.name.upper() not in _ELAPSED
        case _:
            return isinstance(node, _PARTS)
