"""What travels in the frames between the gateway and a DuckDB worker: parameters, columns and results, without loss.

Arrow batches travel as an IPC stream and keep their types; few plain rows travel as the wire values that they will be
anyway, and so do values that Arrow would lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import cast

import orjson
import pyarrow as pa

from metricgate.adapters.warehouses.duckdb_fetch import Batches, Fetched
from metricgate.adapters.warehouses.duckdb_frames import Head, Malformed
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.result import Column, DataType


def packed_scalars(values: Sequence[Scalar]) -> list[Json]:
    """Return parameters in a form that JSON holds without loss."""
    return [_packed(value) for value in values]


def _packed(value: Scalar) -> Json:
    match value:
        case Decimal():
            return {"decimal": str(value)}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case str():
            return str(value)
    return value


def scalars(values: Json) -> list[Scalar]:
    """Return the parameters that ``packed_scalars`` packed."""
    return [_scalar(value) for value in cast("list[Json]", values)]


def _scalar(value: Json) -> Scalar:
    match value:
        case {"decimal": str(text)}:
            return Decimal(text)
        case {"datetime": str(text)}:
            return datetime.fromisoformat(text)
        case {"date": str(text)}:
            return date.fromisoformat(text)
        case None | bool() | int() | float() | str():
            return value
    raise Malformed(f"no parameter: {value!r}")


def packed_columns(columns: Sequence[Column]) -> Json:
    """Return columns as ``[[name, type], ...]``."""
    return [[column.name, str(column.type)] for column in columns]


def columns(packed: Json) -> tuple[Column, ...]:
    """Return the columns that ``packed_columns`` packed."""
    pairs = cast("list[list[str]]", packed)
    return tuple(Column(name=name, type=DataType(kind)) for name, kind in pairs)


def packed_result(result: Batches | Fetched) -> tuple[Head, bytes | memoryview]:
    """Return a result as a head and a body: wire values as JSON, batches as an Arrow stream."""
    head: Head = {
        "columns": packed_columns(result.columns),
        "truncated": result.truncated,
        "bytes": result.bytes,
        "form": "rows" if isinstance(result, Fetched) else "arrow",
    }
    if isinstance(result, Fetched):
        return head, orjson.dumps(result.values)
    if not result.batches:
        return head, b""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, result.batches[0].schema) as writer:
        for batch in result.batches:
            writer.write_batch(batch)
    return head, memoryview(sink.getvalue())


def result(head: Head, body: memoryview) -> Batches | Fetched:
    """Return the result that ``packed_result`` packed.

    Raises:
        Malformed: it is no result, or its buffers do not hold what they say.
    """
    try:
        named = columns(head["columns"])
        truncated, size = cast("str | None", head["truncated"]), cast("int", head["bytes"])
        if head["form"] == "rows":
            return Fetched(columns=named, values=orjson.loads(body), truncated=truncated, bytes=size)
        batches = []
        if len(body):
            with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
                for batch in reader:
                    for _column, array in zip(named, batch.columns, strict=True):
                        _check(array)
                    batches.append(batch)
        return Batches(columns=named, batches=batches, truncated=truncated, bytes=size)
    except (KeyError, ValueError, TypeError, OverflowError, OSError, MemoryError, pa.ArrowException) as error:
        raise Malformed(f"no result: {error}") from error


def _check(array: pa.Array) -> None:
    """See that no offset leads outside the buffers: somebody may have taken the worker over.

    A HUGEINT of 39 digits is a decimal of 38 to DuckDB, which Arrow's check would refuse: decimals are seen as bytes.
    """
    array.view(_without_decimals(array.type)).validate(full=True)


def _without_decimals(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal128(kind):
        return pa.binary(16)
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_without_decimals(kind.value_type)))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(_without_decimals(kind.value_type)), kind.list_size)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_decimals(field.type)) for field in kind])
    if pa.types.is_map(kind):
        key = kind.key_field.with_type(_without_decimals(kind.key_type))
        return pa.map_(key, kind.item_field.with_type(_without_decimals(kind.item_type)))
    return kind
