"""DuckDB's type names and what they are to the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from metricgate.vocabulary.result import DataType

_BY_NAME: Mapping[str, DataType] = MappingProxyType(
    {
        **dict.fromkeys(
            ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
            DataType.INTEGER,
        ),
        "UHUGEINT": DataType.INTEGER,
        **dict.fromkeys(("FLOAT", "DOUBLE"), DataType.FLOAT),
        **dict.fromkeys(("VARCHAR", "UUID", '"NULL"'), DataType.STRING),
        **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), DataType.TIMESTAMP),
        **dict.fromkeys(("TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS WITH TIME ZONE"), DataType.TIMESTAMP_TZ),
        "TIME": DataType.TIME,
        "BOOLEAN": DataType.BOOLEAN,
        "DATE": DataType.DATE,
        "INTERVAL": DataType.INTERVAL,
        "BLOB": DataType.BINARY,
        "JSON": DataType.JSON,
    }
)

_BY_BEGINNING = (
    ("DECIMAL(", DataType.DECIMAL),
    ("ENUM(", DataType.STRING),
    ("STRUCT(", DataType.STRUCT),
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


ROW_TYPES = frozenset(
    {
        *(
            "TINYINT",
            "SMALLINT",
            "INTEGER",
            "BIGINT",
            "HUGEINT",
            "UTINYINT",
            "USMALLINT",
            "UINTEGER",
            "UBIGINT",
            "UHUGEINT",
        ),
        *("FLOAT", "DOUBLE", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "TIME", '"NULL"'),
    }
)
"""Types (and every ``DECIMAL``) whose values the driver's rows hold without loss."""

LOST_IN_ARROW = frozenset({"UHUGEINT", "TIME"})
"""Types that the driver's Arrow export cannot hold: numbers over 38 digits wrap, 24:00:00 becomes 00:00:00."""
