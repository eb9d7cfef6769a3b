"""MariaDB's types: what they are to the rest of the program, and the texts of the protocol as wire values."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pymysql.constants import FIELD_TYPE, FLAG

from metricgate.adapters.warehouses.wire import LARGEST_INTEGER, Uncarried, document
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.result import DataType

_BINARY_CHARSET = 63
_FRACTION_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultField:
    """A column of a result as the protocol describes it; ``length`` in bytes or digits, ``flags`` its own bits."""

    name: str
    code: int
    length: int
    scale: int
    charset: int
    flags: int = 0


_INTEGERS = frozenset(
    {
        *(FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR),
    }
)
_TEXTS = frozenset(
    {
        *(FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.TINY_BLOB, FIELD_TYPE.BLOB),
        *(FIELD_TYPE.MEDIUM_BLOB, FIELD_TYPE.LONG_BLOB),
    }
)
_PLAIN: Mapping[int, DataType] = MappingProxyType(
    {
        FIELD_TYPE.FLOAT: DataType.FLOAT,
        FIELD_TYPE.DOUBLE: DataType.FLOAT,
        FIELD_TYPE.DATE: DataType.DATE,
        FIELD_TYPE.NEWDATE: DataType.DATE,
        FIELD_TYPE.DATETIME: DataType.TIMESTAMP,
        FIELD_TYPE.TIMESTAMP: DataType.TIMESTAMP_TZ,
        FIELD_TYPE.TIME: DataType.TIME,
        FIELD_TYPE.ENUM: DataType.STRING,
        FIELD_TYPE.SET: DataType.STRING,
        FIELD_TYPE.NULL: DataType.STRING,
        FIELD_TYPE.JSON: DataType.JSON,
        FIELD_TYPE.GEOMETRY: DataType.BINARY,
    }
)


def logical_type(field: ResultField, expected: DataType | None) -> DataType | None:
    """Return the logical type of a result's column; None for one without a wire form.

    ``TINYINT(1)`` is a boolean, as is a number where the definition expects a boolean: MariaDB has no other; but see
    ``wire_column``. A DECIMAL without fraction digits is an integer, as MariaDB's sums of integers are.
    """
    if field.code == FIELD_TYPE.BIT:
        return DataType.BOOLEAN if expected is DataType.BOOLEAN else DataType.INTEGER
    if field.code in _INTEGERS:
        one_digit = field.code == FIELD_TYPE.TINY and field.length == 1
        return DataType.BOOLEAN if one_digit or expected is DataType.BOOLEAN else DataType.INTEGER
    if field.code in (FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL):
        return DataType.INTEGER if field.scale == 0 else DataType.DECIMAL
    if field.code in _TEXTS:
        return DataType.BINARY if field.charset == _BINARY_CHARSET else DataType.STRING
    return _PLAIN.get(field.code)


def declared_type(name: str, column_type: str) -> DataType:
    """Return the logical type of a table's column by ``information_schema``'s ``data_type`` and ``column_type``."""
    if column_type.startswith("tinyint(1)"):
        return DataType.BOOLEAN
    if name == "decimal":
        return DataType.INTEGER if column_type.partition(")")[0].endswith(",0") else DataType.DECIMAL
    return _DECLARED.get(name, DataType.JSON)


_DECLARED: Mapping[str, DataType] = MappingProxyType(
    {
        **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"), DataType.INTEGER),
        **dict.fromkeys(("float", "double"), DataType.FLOAT),
        **dict.fromkeys(("char", "varchar", "enum", "set", "uuid", "inet4", "inet6"), DataType.STRING),
        **dict.fromkeys(("tinytext", "text", "mediumtext", "longtext"), DataType.STRING),
        **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), DataType.BINARY),
        **dict.fromkeys(("geometry", "point", "linestring", "polygon", "vector"), DataType.BINARY),
        **dict.fromkeys(("multipoint", "multilinestring", "multipolygon", "geometrycollection"), DataType.BINARY),
        "date": DataType.DATE,
        "datetime": DataType.TIMESTAMP,
        "timestamp": DataType.TIMESTAMP_TZ,
        "time": DataType.TIME,
        "json": DataType.JSON,
    }
)


def wire_column(field: ResultField, kind: DataType, values: Sequence[object]) -> tuple[DataType, Sequence[Json]]:
    """Return a column's type and wire values; ``values`` are the protocol's texts (bytes where binary), or None.

    A column for booleans may hold any small number: where it does, it is a column of integers.

    Raises:
        wire.Uncarried: a value has no wire form.
    """
    if field.code == FIELD_TYPE.BIT:
        values = _numbers_of_bits(field, [None if value is None else _bytes(value) for value in values])
    if kind is DataType.BOOLEAN and not {None if value is None else _decode_text(value) for value in values} <= _TRUTHS:
        kind = DataType.INTEGER
    read = _READERS[kind]
    return kind, [None if value is None else read(value) for value in values]


def _numbers_of_bits(field: ResultField, values: Sequence[bytes | None]) -> Sequence[str | None]:
    """Return the numbers that the bits are, as texts.

    A column's bits come as they are. Of an expression (which has the flag BINARY) MariaDB sends them as they are or as
    the digits of the number (``MIN`` of 321 is ``b"321"``), and does not say which.
    """
    known = [value for value in values if value is not None]
    size = (field.length + 7) // 8
    plain = all(len(value) == size and int.from_bytes(value) >> field.length == 0 for value in known)
    digits = bool(field.flags & FLAG.BINARY) and all(value.isdigit() for value in known)
    if known and plain and digits:
        raise Uncarried("bits that the server may have sent in two ways; add 0 to them")
    if digits:
        return [None if value is None else str(int(value)) for value in values]
    return [None if value is None else str(int.from_bytes(value)) for value in values]


_TRUTHS = frozenset({None, "0", "1"})


def timestamp(text: str) -> str:
    """Return an ISO 8601 moment; a second's fraction has six digits, or is left out where it is nothing.

    >>> timestamp("2013-03-10 05:06:07.250"), timestamp("2013-03-10 05:06:07.000000")
    ('2013-03-10T05:06:07.250000', '2013-03-10T05:06:07')
    """
    return _wire_clock(text.replace(" ", "T"))


def _wire_clock(text: str) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(_FRACTION_DIGITS, '0')}" if fraction.strip("0") else whole


def _decode_text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _wire_integer(value: object) -> Json:
    number = int(_decode_text(value))
    return number if -LARGEST_INTEGER <= number <= LARGEST_INTEGER else str(number)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _wire_binary(value: object) -> Json:
    return base64.b64encode(_bytes(value)).decode()


_READERS: Mapping[DataType, Callable[[object], Json]] = MappingProxyType(
    {
        DataType.STRING: _decode_text,
        DataType.INTEGER: _wire_integer,
        DataType.BOOLEAN: lambda value: _decode_text(value) != "0",
        DataType.DECIMAL: _decode_text,
        DataType.FLOAT: lambda value: float(_decode_text(value)),
        DataType.DATE: _decode_text,
        DataType.TIMESTAMP: lambda value: timestamp(_decode_text(value)),
        DataType.TIMESTAMP_TZ: lambda value: timestamp(_decode_text(value)) + "+00:00",
        DataType.TIME: lambda value: _wire_clock(_decode_text(value)),
        DataType.BINARY: _wire_binary,
        DataType.JSON: lambda value: document(_decode_text(value)),
    }
)
