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

from metricgate.adapters.warehouses.duckdb.reading.result_forms import DuckDBTypeShape
from metricgate.adapters.warehouses.duckdb.reading.results import Batches, Fetched
from metricgate.adapters.warehouses.duckdb.workers.frames import Head, Malformed
from metricgate.compiling.statement import TypeCheck
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.result import Column, DataType, ValueType

_WRONG = (
    *(KeyError, ValueError, TypeError, OverflowError, OSError, MemoryError, RecursionError),
    pa.ArrowException,
)


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
    return [_unpack_scalar(value) for value in cast("list[Json]", values)]


def _unpack_scalar(value: Json) -> Scalar:
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


def packed_types(types: Sequence[ValueType]) -> Json:
    """Return types by their names."""
    return [None if each.type is None else str(each.type) for each in types]


def types(packed: Json) -> tuple[ValueType, ...]:
    """Return the types that ``packed_types`` packed."""
    named = cast("list[Json]", packed)
    return tuple(ValueType(type=None if each is None else DataType(str(each))) for each in named)


def packed_check(check: TypeCheck) -> Json:
    """Return a check as ``[select, types]``."""
    return [check.sql, packed_types(check.types)]


def type_check(packed: Json) -> TypeCheck:
    """Return the check that ``packed_check`` packed."""
    select, expected = cast("list[Json]", packed)
    return TypeCheck(sql=str(select), types=types(expected))


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
    head["shapes"] = [_packed_shape(shape) for shape in result.shapes]
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
        shapes = tuple(None if each is None else _unpack_shape(each) for each in cast("list[Json]", head["shapes"]))
        batches = []
        if len(body):
            with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
                for batch in reader:
                    for _column, shape, array in zip(named, shapes, batch.columns, strict=True):
                        _check_column(array, shape)
                    batches.append(batch)
        return Batches(columns=named, shapes=shapes, batches=batches, truncated=truncated, bytes=size)
    except _WRONG as error:
        raise Malformed(f"no result: {error}") from error


def _check_column(array: pa.Array, shape: DuckDBTypeShape | None) -> None:
    """See that a column is flat and that no offset leads outside its buffers: somebody may have taken the worker over.

    A HUGEINT of 39 digits is a decimal of 38 to DuckDB, which Arrow's check would refuse: decimals are seen as bytes.
    """
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if not (pa.types.is_string(kind) if shape is not None else _is_flat(kind)):
        raise Malformed(f"a column of type {array.type}")
    (array.view(pa.binary(16)) if pa.types.is_decimal128(kind) else array).validate(full=True)


def _is_flat(kind: pa.DataType) -> bool:
    return kind == pa.month_day_nano_interval() or any(is_one(kind) for is_one in _FLAT)


_FLAT = (
    *(pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal128, pa.types.is_boolean, pa.types.is_null),
    *(pa.types.is_string, pa.types.is_binary, pa.types.is_date32, pa.types.is_timestamp),
)
"""What DuckDB's flat types are to Arrow, as far as columns leave as they are."""


def _packed_shape(shape: DuckDBTypeShape | None) -> Json:
    return None if shape is None else [shape.kind, list(shape.names), [_packed_shape(part) for part in shape.parts]]


def _unpack_shape(packed: Json) -> DuckDBTypeShape:
    match packed:
        case [str(kind), [*names], [*parts]]:
            return DuckDBTypeShape(kind=kind, names=tuple(map(str, names)), parts=tuple(map(_unpack_shape, parts)))
    raise Malformed("no type's shape")
