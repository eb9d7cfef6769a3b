"""In which order rows are told, so that equal effects are equal; and what is said of rows that are not as expected."""

from __future__ import annotations

from collections.abc import Sequence

from metricgate.changing.change import ChangeKind, Row, TableChange
from metricgate.changing.effect import RowChange
from metricgate.gateway.writing import codes
from metricgate.gateway.writing.ports import ChangeFailed

MOST_TOLD = 100
_KINDS = (ChangeKind.INSERT, ChangeKind.UPDATE, ChangeKind.DELETE)


def by_values(pair: tuple[Row, Row]) -> tuple[tuple[tuple[bool, str], ...], ...]:
    """Return what a source's rows are sorted by."""
    return _comparable(pair[0]), _comparable(pair[1])


def _comparable(row: Row) -> tuple[tuple[bool, str], ...]:
    return tuple((value is not None, value or "") for value in row)


def by_kind(row: RowChange, places: Sequence[int]) -> tuple[int, tuple[tuple[bool, str], ...]]:
    """By kind, then by key; rows whose keys the engine makes, by the values that were given."""
    if row.kind is ChangeKind.INSERT and row.after is not None:
        return 0, _comparable(tuple(row.after[at] for at in places))
    return _KINDS.index(row.kind), _comparable(row.key)


def too_many(rows: int, most: int) -> ChangeFailed:
    """Return the failure of a change that touches more rows than it may."""
    return ChangeFailed(codes.TOO_MANY_ROWS.name, f"{rows} rows, at most {most}", detail=f"{rows:,} rows")


def differing(expected: Sequence[TableChange], found: Sequence[TableChange]) -> ChangeFailed:
    """Return the failure of a source that finds other rows than it did."""
    one = {(each.table, row.key): row.values for each in expected for row in each.rows}
    other = {(each.table, row.key): row.values for each in found for row in each.rows}
    rows = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return ChangeFailed(codes.ROWS_CHANGED.name, "other rows are found than before", rows=rows[:MOST_TOLD])
