"""Columns of a result: names and logical types, the same at every door and on every engine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DataType(StrEnum):
    """Logical types. On the wire: decimals and integers beyond 2**53 are strings, dates and times ISO 8601."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIMESTAMP_TZ = "timestamp_tz"
    TIME = "time"
    INTERVAL = "interval"
    BINARY = "binary"
    JSON = "json"
    LIST = "list"
    STRUCT = "struct"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """What an engine says of the values that an expression gives.

    Attributes:
        type: logical; None for one that has none.
        unpadded: of texts that the engine fills up with spaces before it compares them: the collation that is the same
            but does not.
    """

    type: DataType | None
    unpadded: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a result."""

    name: str
    type: DataType
