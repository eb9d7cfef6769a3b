"""Expressions in the words of warehouses that other tools' formats name beside the standard."""

from __future__ import annotations

from sqlglot.errors import SqlglotError, UnsupportedError

from metricgate.dialects.expressions import write_expression


def vendor_text(text: str, dialect: str) -> str | None:
    """Return an expression (perhaps over aggregates) in a warehouse's SQL, or None where it cannot say it.

    >>> vendor_text("DATE_TRUNC('month', opened)", "bigquery")
    'DATE_TRUNC(CAST(opened AS DATE), MONTH)'
    """
    try:
        return write_expression(text, dialect).copy().sql(dialect, comments=False)
    except (UnsupportedError, SqlglotError, RecursionError):
        return None
