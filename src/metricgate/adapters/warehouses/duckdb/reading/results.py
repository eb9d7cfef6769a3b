"""Taking a result out of DuckDB, batch by batch, until it ends or a cap is reached.

Two ways give the same values. Arrow batches are the rule; they cost about 0.2 ms to set up, because the driver binds
the statement a second time for them. A result of at most ``FEW_ROWS`` plain values is fetched as the driver's rows
instead, which is how a governed question with a small limit stays cheap. Either way a result is never fetched further
than its caps, and nothing nested reaches Arrow: see ``forms``. Batches can be sent to another process before
``wired`` makes values of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import pyarrow as pa

from metricgate.adapters.warehouses.duckdb.reading.result_forms import DuckDBTypeShape, ValueNotCarried, form_of
from metricgate.adapters.warehouses.duckdb.reading.types import in_rows, logical_type
from metricgate.adapters.warehouses.duckdb.reading.values import far_day, far_moment, read_column
from metricgate.adapters.warehouses.result_caps import ResultCaps
from metricgate.adapters.warehouses.wire import Uncarried, wire_column
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.result import Column, DataType

FEW_ROWS = 10_000
_ROWS_A_FETCH = 1_024
_ROWS_A_BATCH = 8_192
_FIXED_WIDTH = 8
_ENDS_OF_CALENDAR = frozenset({date.min, date.max, datetime.min, datetime.max})  # noqa: DTZ901 - as the driver has it
_MOMENTS = frozenset({DataType.DATE, DataType.TIMESTAMP, DataType.TIMESTAMP_TZ})


class NeedsArrow(Exception):
    """The rows hold a type or a value that only Arrow carries without loss; nothing was given out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A result inside its caps; see ``gateway.ports.Rows``."""

    columns: tuple[Column, ...]
    values: Sequence[Sequence[Json]]
    truncated: str | None
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """A result inside its caps, before its values have their wire form: one batch or more, or none for no rows.

    ``shapes`` has, for each column, the shape behind its texts; None where the values are there as they are.
    """

    columns: tuple[Column, ...]
    shapes: tuple[DuckDBTypeShape | None, ...]
    batches: Sequence[pa.RecordBatch]
    truncated: str | None
    bytes: int


def fetch_rows(
    cursor: duckdb.DuckDBPyConnection, statement: duckdb.Statement, parameters: Sequence[Scalar], caps: ResultCaps
) -> Fetched:
    """Run the statement and fetch its result as rows.

    Raises:
        NeedsArrow: the result needs Arrow.
        duckdb.Error: the engine failed.
    """
    cursor.execute(statement, parameters)
    columns = tuple(_plain_column(name, str(kind)) for name, kind, *_ in cursor.description)
    kept: list[tuple[object, ...]] = []
    size = 0
    while batch := cursor.fetchmany(_ROWS_A_FETCH):
        sizes = _sizes(batch, columns)
        size += sum(sizes)
        kept += batch
        if size > caps.bytes:
            return _cut_by_bytes(columns, kept, size, sizes, caps)
        if caps.rows is not None and len(kept) > caps.rows:
            return _finished(columns, kept[: caps.rows], "rows", size - sum(sizes[caps.rows - len(kept) :]))
        if len(batch) < _ROWS_A_FETCH:
            break
    return _finished(columns, kept, None, size)


def _plain_column(name: str, kind: str) -> Column:
    logical = logical_type(kind) if in_rows(kind) else None
    if logical is None:
        raise NeedsArrow
    return Column(name=name, type=logical)


def _sizes(batch: Sequence[Sequence[object]], columns: Sequence[Column]) -> list[int]:
    """Return each row's size about as Arrow would hold it: 8 bytes a value, and the texts themselves."""
    texts = [index for index, column in enumerate(columns) if column.type is DataType.STRING]
    fixed = _FIXED_WIDTH * len(columns)
    if not texts:
        return [fixed] * len(batch)
    return [fixed + sum(len(row[index] or "") for index in texts) for row in batch]  # type: ignore[misc, arg-type]


def _cut_by_bytes(
    columns: tuple[Column, ...], kept: list[tuple[object, ...]], size: int, sizes: list[int], caps: ResultCaps
) -> Fetched:
    while size > caps.bytes:
        size -= sizes.pop()
        kept.pop()
    if caps.rows is not None and len(kept) > caps.rows:
        dropped = len(kept) - caps.rows
        return _finished(columns, kept[: caps.rows], "rows", size - sum(sizes[-dropped:]))
    return _finished(columns, kept, "bytes", size)


def _finished(
    columns: tuple[Column, ...], rows: Sequence[Sequence[object]], truncated: str | None, size: int
) -> Fetched:
    if not rows:
        return Fetched(columns=columns, values=(), truncated=truncated, bytes=size)
    by_column = []
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        # The driver's rows give 'infinity' as the calendar's last moment, and texts of what lies outside of it.
        if column.type in _MOMENTS and not (_ENDS_OF_CALENDAR.isdisjoint(values) and str not in set(map(type, values))):
            raise NeedsArrow
        by_column.append(wire_column(column.type, values))
    return Fetched(columns=columns, values=list(zip(*by_column, strict=True)), truncated=truncated, bytes=size)


def fetch_arrow(
    cursor: duckdb.DuckDBPyConnection, statement: duckdb.Statement, parameters: Sequence[Scalar], caps: ResultCaps
) -> Batches:
    """Run the statement and fetch its result as Arrow batches, what is not flat and plain as texts.

    Raises:
        TypeNotCarried: a column has a type without a wire form; nothing has run.
        duckdb.Error, pa.ArrowException, OSError: the engine failed; in the middle of a stream Arrow reports it.
    """
    relation = cursor.sql(statement, params=list(parameters) or None)
    names = relation.columns
    forms = [form_of(name, kind) for name, kind in zip(names, relation.types, strict=True)]
    if any(form.sql for form in forms):
        places = ((form.sql or "{}", f"#{place}") for place, form in enumerate(forms, start=1))
        relation = relation.project(", ".join(sql.replace("{}", place) for sql, place in places))
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    truncated = None
    reader = relation.to_arrow_reader(_ROWS_A_BATCH)
    try:
        for batch in reader:
            whole = batch
            if caps.rows is not None and rows + whole.num_rows > caps.rows:
                whole, truncated = whole.slice(0, caps.rows - rows), "rows"
            if size + whole.nbytes > caps.bytes:
                whole, truncated = _beginning_that_fits(whole, caps.bytes - size), "bytes"
            batches.append(whole)
            rows += whole.num_rows
            size += whole.nbytes
            if truncated:
                break
    finally:
        reader.close()
    return Batches(
        columns=tuple(Column(name=name, type=form.type) for name, form in zip(names, forms, strict=True)),
        shapes=tuple(form.shape for form in forms),
        batches=batches,
        truncated=truncated,
        bytes=size,
    )


def to_wire(result: Batches) -> Fetched:
    """Return the result with its values in their wire form.

    Raises:
        ValueNotCarried: a value has no wire form.
    """
    values: list[Sequence[Json]] = []
    for batch in result.batches:
        parts = zip(result.columns, result.shapes, batch.columns, strict=True)
        values += zip(*(_wire(column, shape, array) for column, shape, array in parts), strict=True)
    return Fetched(columns=result.columns, values=values, truncated=result.truncated, bytes=result.bytes)


def _beginning_that_fits(batch: pa.RecordBatch, room: int) -> pa.RecordBatch:
    """Return the longest beginning of the batch that takes at most ``room`` bytes."""
    fits, too_many = 0, batch.num_rows
    while fits + 1 < too_many:
        middle = (fits + too_many) // 2
        if batch.slice(0, middle).nbytes <= room:
            fits = middle
        else:
            too_many = middle
    return batch.slice(0, fits)


def _wire(column: Column, shape: DuckDBTypeShape | None, array: pa.Array) -> Sequence[object]:
    try:
        if shape is not None:
            return read_column(shape, array.to_pylist())
        if column.type in _MOMENTS:
            return _wire_moments(column.type, array)
        if column.type is DataType.INTEGER and pa.types.is_decimal(array.type):
            return wire_column(column.type, [None if value is None else int(value) for value in array.to_pylist()])
        return wire_column(column.type, array.to_pylist())
    except Uncarried as error:
        raise ValueNotCarried(column.name, str(error)) from error
    except (ValueError, TypeError, AttributeError) as error:  # a taken-over worker, or a form that DuckDB changed
        raise ValueNotCarried(column.name, "a value that cannot be read") from error


def _wire_moments(kind: DataType, array: pa.Array) -> Sequence[object]:
    if not (pa.types.is_timestamp(array.type) and array.type.unit == "ns"):
        with suppress(OverflowError, ValueError):  # else some year is outside 1 to 9999: write each on its own
            return wire_column(kind, array.to_pylist())
    if pa.types.is_date32(array.type):
        return [None if days is None else far_day(days) for days in array.cast(pa.int32()).to_pylist()]
    digits = _DIGITS[array.type.unit]
    zone = "" if array.type.tz is None else "+00:00"
    return [None if ticks is None else far_moment(ticks, digits, zone) for ticks in array.cast(pa.int64()).to_pylist()]


_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
