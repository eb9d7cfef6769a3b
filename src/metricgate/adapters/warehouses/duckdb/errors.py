"""DuckDB's errors -> codes, by the exception's class and the words that DuckDB itself begins its texts with."""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from metricgate.adapters.warehouses.duckdb.reading.result_forms import TypeNotCarried, ValueNotCarried
from metricgate.gateway import sql_codes
from metricgate.gateway.codes import WAREHOUSE_CHANGED, WAREHOUSE_FAILED, WAREHOUSE_MEMORY
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code

FAILURES = (
    *(duckdb.Error, TypeNotCarried, ValueNotCarried, pa.ArrowException),
    *(OSError, OverflowError, ValueError, MemoryError),
)
"""How work with a cursor may fail."""


_BROKEN = ("INTERNAL Error", "FATAL Error", "database has been invalidated")


def breaks(error: BaseException) -> bool:
    """Whether an error of the engine leaves its instance good for nothing: all that comes after would fail too.

    A statement alone can do that: DuckDB 2.0.0 ends an instance at a mistake of its own (``InternalException``).
    """
    if isinstance(error, (duckdb.FatalException, duckdb.InternalException)):
        return True
    # In the middle of a stream Arrow reports the engine's errors as its own.
    return not isinstance(error, duckdb.Error) and any(words in str(error) for words in _BROKEN)


class ColumnsChanged(ValueError):
    """A column has another type than when the question was planned."""


_BY_WORDS: Sequence[tuple[str, Code]] = (
    ("Invalid Input Error: Division by zero", sql_codes.DIVISION_BY_ZERO),
    ("Invalid Input Error: More than one row returned by a subquery", sql_codes.MANY_ROWS),
    ("Invalid Input Error: Could not parse string", sql_codes.BAD_TIME),
    ("Conversion Error: date field", sql_codes.BAD_TIME),
    ("Conversion Error: time field", sql_codes.BAD_TIME),
    ("Conversion Error: timestamp field", sql_codes.BAD_TIME),
    ("Conversion Error: interval field", sql_codes.BAD_TIME),
    ("Conversion Error: invalid date field", sql_codes.BAD_TIME),
    ("Conversion Error: invalid time", sql_codes.BAD_TIME),
    ("Conversion Error: Date out of range", sql_codes.BAD_TIME),
    ("Conversion Error: Timestamp", sql_codes.BAD_TIME),
    ("Conversion Error: Epoch", sql_codes.BAD_TIME),
    ("Conversion Error: extract specifier", sql_codes.BAD_ARGUMENT),
    ("Conversion Error: Unimplemented type for cast", sql_codes.MIXED_TYPES),
    ("Conversion Error: Type ", sql_codes.OUT_OF_RANGE),
    ("Binder Error: No function matches", sql_codes.NO_FUNCTION),
    ("Binder Error: Cannot mix values", sql_codes.MIXED_TYPES),
    ("Binder Error: Cannot compare", sql_codes.MIXED_TYPES),
    ("Binder Error: Referenced ", sql_codes.UNKNOWN_NAME),
    ('Binder Error: Table "', sql_codes.UNKNOWN_NAME),
    ('Binder Error: Values list "', sql_codes.UNKNOWN_NAME),
    ("Binder Error: Ambiguous reference", sql_codes.UNKNOWN_NAME),
    ("Binder Error: Could not find key", sql_codes.UNKNOWN_NAME),
    ("Binder Error: aggregate function", sql_codes.GROUPING),
    ("Binder Error: Window function", sql_codes.GROUPING),
    ('Binder Error: column "', sql_codes.GROUPING),
    ("Binder Error: GROUP BY", sql_codes.GROUPING),
    ("Binder Error: WHERE clause cannot contain", sql_codes.GROUPING),
    ("Catalog Error: Scalar Function", sql_codes.NO_FUNCTION),
    ("Catalog Error: Aggregate Function", sql_codes.NO_FUNCTION),
    ("Catalog Error: Table Function", sql_codes.NO_FUNCTION),
)
_BY_CLASS: Sequence[tuple[type[duckdb.Error], Code]] = (
    (duckdb.OutOfRangeException, sql_codes.OUT_OF_RANGE),
    (duckdb.ConversionException, sql_codes.BAD_CAST),
    (duckdb.InvalidInputException, sql_codes.BAD_ARGUMENT),
    (duckdb.BinderException, sql_codes.MIXED_TYPES),
    (duckdb.CatalogException, sql_codes.UNKNOWN_NAME),
    (duckdb.ParserException, sql_codes.SYNTAX),
    (duckdb.NotImplementedException, sql_codes.UNSUPPORTED),
)
_PLACE = re.compile(r"LINE (?P<line>\d+): (?P<cut>\.\.\.)?(?P<text>.*)\n(?P<blank> *)\^+\s*\Z")


def code_of(error: BaseException) -> str:
    """Return the name of the code of one of ``FAILURES``."""
    if isinstance(error, (TypeNotCarried, ValueNotCarried)):
        return sql_codes.TYPE_NOT_CARRIED.name
    if isinstance(error, ColumnsChanged):
        return WAREHOUSE_CHANGED.name
    text = str(error)
    # In the middle of a stream Arrow reports the engine's errors as its own.
    if isinstance(error, (duckdb.OutOfMemoryException, MemoryError)) or "Out of Memory" in text:
        return WAREHOUSE_MEMORY.name
    found = next((code for words, code in _BY_WORDS if text.startswith(words)), None)
    if found is None:
        found = next((code for kind, code in _BY_CLASS if isinstance(error, kind)), WAREHOUSE_FAILED)
    return found.name


def details_of(error: BaseException) -> dict[str, Json]:
    """Return what may be told of one of ``FAILURES``: names of columns and types."""
    match error:
        case TypeNotCarried():
            quoted = error.column.replace('"', '""')
            return {"column": error.column, "type": error.kind, "cast": f'CAST("{quoted}" AS VARCHAR)'}
        case ValueNotCarried():
            return {"column": error.column, "value": error.why}
    return {}


def position_of(error: BaseException, sql: str) -> int | None:
    """Return how many characters of the statement stand before the place that DuckDB marks, if it marks one.

    DuckDB shows one line of the statement, cut on both sides where that is long, and marks below it.
    """
    found = _PLACE.search(str(error))
    if found is None:
        return None
    lines = sql.split("\n")
    number = int(found["line"]) - 1
    if not 0 <= number < len(lines):
        return None
    shown = found["text"].removesuffix("...")
    begins = lines[number].find(shown)
    if begins < 0 or lines[number].find(shown, begins + 1) >= 0:
        return None
    head = len(f"LINE {found['line']}: {found['cut'] or ''}")
    place = begins + len(found["blank"]) - head
    return sum(len(line) + 1 for line in lines[:number]) + place if 0 <= place < len(lines[number]) else None
