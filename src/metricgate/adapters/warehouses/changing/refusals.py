"""What is said of rows that are too many, or not as expected."""

from __future__ import annotations

from collections.abc import Sequence

from metricgate.changing.change import TableChange
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed

MOST_TOLD = 100


def too_many(rows: int, most: int) -> ChangeFailed:
    """Return the failure of a change that touches more rows than it may."""
    return ChangeFailed(codes.TOO_MANY_ROWS.name, f"{rows} rows, at most {most}", detail=f"{rows:,} rows")


def other_rows_found(expected: Sequence[TableChange], found: Sequence[TableChange]) -> ChangeFailed:
    """Return the failure of a source that finds other rows than it did."""
    one = {(each.table, row.key): row.values for each in expected for row in each.rows}
    other = {(each.table, row.key): row.values for each in found for row in each.rows}
    rows = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return ChangeFailed(codes.ROWS_CHANGED.name, "other rows are found than before", rows=rows[:MOST_TOLD])
