"""How a column leaves DuckDB: as it is, as its text, or as JSON that DuckDB itself writes.

Only flat columns of types that Arrow holds without loss leave as they are. Everything nested leaves as one text of JSON
and never reaches Arrow: its library has ended the whole process over nested values of DuckDB 2.0, which no handler
survives. The texts are taken apart by ``values``, which knows each column's ``DuckDBTypeShape``.
"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb.sqltypes import DuckDBPyType

from metricgate.adapters.warehouses.duckdb.reading.types import FLOATS, INTEGERS, logical_type
from metricgate.adapters.warehouses.wire import DEEPEST_DOCUMENT
from metricgate.vocabulary.result import DataType


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckDBTypeShape:
    """A type taken apart.

    Attributes:
        kind: the name of a flat type, or ``list`` (of any length), ``tuple``, ``struct``, ``union`` or ``map``.
        names: of the parts of a ``struct`` or ``union``.
        parts: the parts; a map's are its key and its value.
    """

    kind: str
    names: tuple[str, ...] = ()
    parts: tuple[DuckDBTypeShape, ...] = ()


_AS_TEXT = frozenset({"UHUGEINT", "BIGNUM", "BIT", "TYPE", "TIME", "TIME_NS", "TIME WITH TIME ZONE"})
"""Flat types that Arrow would lose, or does not know: numbers over 38 digits wrap, 24:00:00 becomes 00:00:00."""
_AS_JSON = frozenset({"VARIANT"})
_IN_JSON = INTEGERS | FLOATS | {"BOOLEAN", "VARIANT"}
"""Leaves whose form in DuckDB's JSON loses nothing; all others are made texts first."""
_JSON_WRITER = "system.main.to_json"
"""With its schema: a macro of the database could have taken the name."""


class TypeNotCarried(Exception):
    """A column's type has no wire form."""

    def __init__(self, column: str, kind: str) -> None:
        super().__init__(f"column {column!r} has type {kind}, which has no wire form")
        self.column = column
        self.kind = kind


class ValueNotCarried(Exception):
    """A value of a column has no wire form. ``why`` quotes nothing of it."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(f"column {column!r} holds {why}")
        self.column = column
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultForm:
    """How one column leaves.

    Attributes:
        type: its logical type.
        sql: what to select where ``{}`` stands for the column; None where it leaves as it is.
        shape: of the type behind the text; None where it leaves as it is.
    """

    type: DataType
    sql: str | None = None
    shape: DuckDBTypeShape | None = None


def form_of(column: str, kind: DuckDBPyType) -> ResultForm:
    """Return how a column of a type leaves.

    Raises:
        TypeNotCarried: it cannot.
    """
    name = str(kind)
    logical = logical_type(name)
    try:
        shape = _shape_of_type(kind)
    except _NoShapeError as error:
        raise TypeNotCarried(column, name) from error
    if logical is None:
        raise TypeNotCarried(column, name)
    if shape.parts:
        return ResultForm(type=logical, sql=f"{_JSON_WRITER}(CAST({{}} AS {_readable_sql(shape)}))", shape=shape)
    if name in _AS_JSON:
        return ResultForm(type=logical, sql=f"{_JSON_WRITER}({{}})", shape=shape)
    if name in _AS_TEXT or name.startswith("GEOMETRY"):
        return ResultForm(type=logical, sql="CAST({} AS VARCHAR)", shape=shape)
    return ResultForm(type=logical)


class _NoShapeError(Exception):
    """A part of the type is not carried."""


_NESTED = frozenset({"list", "array", "tuple", "struct", "union", "map"})


def _shape_of_type(kind: DuckDBPyType, room: int = DEEPEST_DOCUMENT) -> DuckDBTypeShape:
    nested = str(kind.id)
    if not room:
        raise _NoShapeError
    if nested not in _NESTED:
        if logical_type(str(kind)) is None:
            raise _NoShapeError
        return DuckDBTypeShape(kind=str(kind))
    # Beside types stand an array's length, and the type of a union's tag, which comes first and has no name.
    children = [(name, part) for name, part in kind.children if isinstance(part, DuckDBPyType)]
    if nested == "union":
        children = children[1:]
    parts = tuple(_shape_of_type(part, room - 1) for _name, part in children)
    if nested == "map" and _mixed(parts[0]):
        raise _NoShapeError
    names = tuple(name for name, _part in children) if nested in ("struct", "union") else ()
    return DuckDBTypeShape(kind="list" if nested == "array" else nested, names=names, parts=parts)


def _mixed(key: DuckDBTypeShape) -> bool:
    """Return whether two different keys may have one text."""
    return key.kind in ("union", "VARIANT") or any(map(_mixed, key.parts))


def _readable_sql(shape: DuckDBTypeShape) -> str:
    """Return the SQL of the type that has texts in the places of all that DuckDB's JSON would lose."""
    parts = [_readable_sql(part) for part in shape.parts]
    match shape.kind:
        case "list":
            return f"{parts[0]}[]"
        case "map":
            return f"MAP(VARCHAR, {parts[1]})"
        case "tuple":
            return f"TUPLE({', '.join(parts)})"
        case "struct" | "union":
            named = (f"{_quote_name(name)} {part}" for name, part in zip(shape.names, parts, strict=True))
            return f"{shape.kind.upper()}({', '.join(named)})"
    return shape.kind if shape.kind in _IN_JSON else "VARCHAR"


def _quote_name(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
