"""Taking a result out of DuckDB, batch by batch, until it ends or a cap is reached.

Two ways give the same values. Arrow batches are the rule; they cost about 0.2 ms to set up, because the driver binds
the statement a second time for them. A result of at most ``FEW_ROWS`` plain values is fetched as the driver's rows
instead, which is how a governed question with a small limit stays cheap. Either way a result is never fetched further
than its caps. Batches can be sent to another process before ``wired`` makes values of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from types import MappingProxyType

import duckdb
import pyarrow as pa

from metricgate.adapters.warehouses.caps import Caps
from metricgate.adapters.warehouses.duckdb_types import LOST_IN_ARROW, ROW_TYPES, logical_type
from metricgate.adapters.warehouses.wire import wire_column
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.result import Column, DataType

FEW_ROWS = 10_000
_ROWS_A_FETCH = 1_024
_ROWS_A_BATCH = 8_192
_FIXED_WIDTH = 8
_ENDS_OF_CALENDAR = frozenset({date.min, date.max, datetime.min, datetime.max})  # noqa: DTZ901 - as the driver has it
_MOMENTS = frozenset({DataType.DATE, DataType.TIMESTAMP, DataType.TIMESTAMP_TZ})


class NotPlain(Exception):
    """The rows hold a type or a value that only Arrow carries without loss; nothing was given out."""


class TypeNotCarried(Exception):
    """A column's type has no wire form. The message names column and type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A result inside its caps; see ``gateway.ports.Rows``."""

    columns: tuple[Column, ...]
    values: Sequence[Sequence[Json]]
    truncated: str | None
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """A result inside its caps, before its values have their wire form: one batch or more, or none for no rows."""

    columns: tuple[Column, ...]
    batches: Sequence[pa.RecordBatch]
    truncated: str | None
    bytes: int


def columns_of(names: Sequence[str], types: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns with logical types.

    Raises:
        TypeNotCarried: for the first column whose type has no wire form.
    """
    columns = []
    for name, type_name in zip(names, types, strict=True):
        kind = logical_type(type_name)
        if kind is None:
            raise TypeNotCarried(f"column {name!r} has type {type_name}, which has no wire form")
        columns.append(Column(name=name, type=kind))
    return tuple(columns)


def fetch_rows(
    cursor: duckdb.DuckDBPyConnection, statement: duckdb.Statement, parameters: Sequence[Scalar], caps: Caps
) -> Fetched:
    """Run the statement and fetch its result as rows.

    Raises:
        NotPlain: the result needs Arrow.
        duckdb.Error: the engine failed.
    """
    cursor.execute(statement, parameters)
    names = [column[0] for column in cursor.description]
    types = [str(column[1]) for column in cursor.description]
    if not all(name in ROW_TYPES or name.startswith("DECIMAL(") for name in types):
        raise NotPlain
    columns = columns_of(names, types)
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


def _sizes(batch: Sequence[Sequence[object]], columns: Sequence[Column]) -> list[int]:
    """Return each row's size about as Arrow would hold it: 8 bytes a value, and the texts themselves."""
    texts = [index for index, column in enumerate(columns) if column.type is DataType.STRING]
    fixed = _FIXED_WIDTH * len(columns)
    if not texts:
        return [fixed] * len(batch)
    return [fixed + sum(len(row[index] or "") for index in texts) for row in batch]  # type: ignore[misc, arg-type]


def _cut_by_bytes(
    columns: tuple[Column, ...], kept: list[tuple[object, ...]], size: int, sizes: list[int], caps: Caps
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
        # The driver's rows give 'infinity' as the calendar's last moment; Arrow tells the two apart.
        if column.type in _MOMENTS and not _ENDS_OF_CALENDAR.isdisjoint(values):
            raise NotPlain
        by_column.append(wire_column(column.type, values))
    return Fetched(columns=columns, values=list(zip(*by_column, strict=True)), truncated=truncated, bytes=size)


def fetch_arrow(
    cursor: duckdb.DuckDBPyConnection, statement: duckdb.Statement, parameters: Sequence[Scalar], caps: Caps
) -> Batches | Fetched:
    """Run the statement and fetch its result as Arrow batches; as rows where Arrow would lose values.

    Where rows would lose others, the columns that Arrow would lose are fetched as texts.

    Raises:
        duckdb.Error, pa.ArrowException, OSError: the engine failed; in the middle of a stream Arrow reports it.
    """
    relation = cursor.sql(statement, params=list(parameters) or None)
    types = [str(kind) for kind in relation.types]
    columns = columns_of(relation.columns, types)
    if not LOST_IN_ARROW.isdisjoint(types):
        try:
            return fetch_rows(cursor, statement, parameters, caps)
        except NotPlain:
            cursor.abort()  # lets go of the result that was begun
            places = (f"#{place}" for place in range(1, len(types) + 1))
            relation = cursor.sql(statement, params=list(parameters) or None).project(
                ", ".join(
                    f"CAST({place} AS VARCHAR)" if kind in LOST_IN_ARROW else place
                    for place, kind in zip(places, types, strict=True)
                )
            )
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
                whole, truncated = _fitting(whole, caps.bytes - size), "bytes"
            batches.append(whole)
            rows += whole.num_rows
            size += whole.nbytes
            if truncated:
                break
    finally:
        reader.close()
    return Batches(columns=columns, batches=batches, truncated=truncated, bytes=size)


def wired(result: Batches) -> Fetched:
    """Return the result with its values in their wire form."""
    values: list[Sequence[Json]] = []
    for batch in result.batches:
        by_column = [_wire(column, array) for column, array in zip(result.columns, batch.columns, strict=True)]
        values += zip(*by_column, strict=True)
    return Fetched(columns=result.columns, values=values, truncated=result.truncated, bytes=result.bytes)


def _fitting(batch: pa.RecordBatch, room: int) -> pa.RecordBatch:
    """Return the longest beginning of the batch that takes at most ``room`` bytes."""
    fits, too_many = 0, batch.num_rows
    while fits + 1 < too_many:
        middle = (fits + too_many) // 2
        if batch.slice(0, middle).nbytes <= room:
            fits = middle
        else:
            too_many = middle
    return batch.slice(0, fits)


def _wire(column: Column, array: pa.Array) -> Sequence[object]:
    if column.type in _MOMENTS:
        return _moments(column.type, array)
    if column.type is DataType.INTEGER and pa.types.is_decimal(array.type):
        return wire_column(column.type, [None if value is None else int(value) for value in array.to_pylist()])
    if column.type in _AS_TEXTS and pa.types.is_string(array.type):
        return wire_column(
            column.type, [None if text is None else _AS_TEXTS[column.type](text) for text in array.to_pylist()]
        )
    return wire_column(column.type, array.to_pylist(maps_as_pydicts="strict"))


def _clock(text: str) -> str:
    """Write a second's fraction with six digits, or not at all."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<6}" if fraction.strip("0") else whole


_AS_TEXTS: Mapping[DataType, Callable[[str], object]] = MappingProxyType({DataType.TIME: _clock, DataType.INTEGER: int})


def _moments(kind: DataType, array: pa.Array) -> Sequence[object]:
    nanoseconds = pa.types.is_timestamp(array.type) and array.type.unit == "ns"
    try:
        if not nanoseconds:
            return wire_column(kind, array.to_pylist())
    except (OverflowError, ValueError):
        pass  # some year is outside 1 to 9999: write each on its own
    width = pa.int32() if pa.types.is_date32(array.type) else pa.int64()
    last = 2 ** (width.bit_width - 1) - 1
    texts = array.cast(pa.string()).to_pylist()
    ends = {last: "Infinity", -last: "-Infinity"}
    return [
        ends.get(number, text.replace(" ", "T").replace("Z", "+00:00")) if number is not None else None
        for number, text in islice(zip(array.cast(width).to_pylist(), texts, strict=True), len(array))
    ]
