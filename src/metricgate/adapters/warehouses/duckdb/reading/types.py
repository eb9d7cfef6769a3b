"""DuckDB's type names and what they are to the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from metricgate.vocabulary.result import DataType

INTEGERS = frozenset(
    {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    }
)
FLOATS = frozenset({"FLOAT", "DOUBLE"})

_BY_NAME: Mapping[str, DataType] = MappingProxyType(
    {
        **dict.fromkeys((*INTEGERS, "BIGNUM"), DataType.INTEGER),
        **dict.fromkeys(FLOATS, DataType.FLOAT),
        **dict.fromkeys(("VARCHAR", "UUID", "BIT", "TYPE", '"NULL"'), DataType.STRING),
        **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), DataType.TIMESTAMP),
        **dict.fromkeys(
            ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS WITH TIME ZONE", "TIMESTAMPTZ_NS"), DataType.TIMESTAMP_TZ
        ),
        **dict.fromkeys(("TIME", "TIME_NS", "TIME WITH TIME ZONE"), DataType.TIME),
        "BOOLEAN": DataType.BOOLEAN,
        "DATE": DataType.DATE,
        "INTERVAL": DataType.INTERVAL,
        "BLOB": DataType.BINARY,
        **dict.fromkeys(("JSON", "VARIANT"), DataType.JSON),
        "GEOMETRY": DataType.STRING,
    }
)

_BY_BEGINNING = (
    ("DECIMAL(", DataType.DECIMAL),
    ("ENUM(", DataType.STRING),
    ("GEOMETRY(", DataType.STRING),
    ("TUPLE(", DataType.LIST),
    ("STRUCT(", DataType.STRUCT),
    ("UNION(", DataType.STRUCT),
    ("MAP(", DataType.STRUCT),
)


def logical_type(name: str) -> DataType | None:
    """Return the logical type of a DuckDB type name such as ``DECIMAL(15,2)``; None for one that we do not carry."""
    if name.endswith("]"):
        return DataType.LIST
    found = _BY_NAME.get(name)
    if found is not None:
        return found
    return next((kind for beginning, kind in _BY_BEGINNING if name.startswith(beginning)), None)


def in_rows(name: str) -> bool:
    """Return whether the driver's rows hold every value of the type without loss."""
    return name in _IN_ROWS or name.startswith("DECIMAL(")


_IN_ROWS = INTEGERS | FLOATS | {"VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "TIME", '"NULL"'}
