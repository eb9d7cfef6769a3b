"""PostgreSQL's texts of documents, lists and structures -> wire values, by the shapes of their types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from metricgate.adapters.warehouses.postgres.reading.types import FLAT_READERS, TYPES
from metricgate.adapters.warehouses.wire import document
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.result import DataType


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresTypeShape:
    """A type taken apart.

    Attributes:
        kind: the name of a flat type, or ``list``, ``struct`` (a composite), ``record`` (a row without a type).
        names: of a structure's parts.
        parts: of a list its items' one shape; of a structure one for each name.
        delimiter: what parts the items of a list; ``box`` alone has its own.
    """

    kind: str
    names: tuple[str, ...] = ()
    parts: tuple[PostgresTypeShape, ...] = ()
    delimiter: str = ","

    @property
    def logical(self) -> DataType:
        """The logical type of a column of it."""
        if self.kind == "list":
            return DataType.LIST
        return DataType.STRUCT if self.kind == "struct" else TYPES.get(self.kind, DataType.STRING)


Reader = Callable[[str], Json]

_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^{}"]+)|([{}])', re.DOTALL)
_FIELD = re.compile(r'(?:"((?:[^"\\]|""|\\.)*)"|([^,]*))(?:,|\Z)', re.DOTALL)
_ESCAPED = re.compile(r'""|\\(.)', re.DOTALL)
_BOUNDS = re.compile(r"(?:\[-?\d+:-?\d+\])+=")


def reader_of(shape: PostgresTypeShape) -> Reader | None:
    """Return what makes wire values of the driver's; None where they are wire values already.

    The reader raises ``wire.Uncarried`` where a value has no wire form, and ``ValueError`` where a text is not what the
    server writes of such a type.
    """
    return _reader_of(shape) if shape.kind in ("list", "struct", "json", "jsonb") else None


@lru_cache(maxsize=256)
def _reader_of(shape: PostgresTypeShape) -> Reader:
    match shape.kind:
        case "list":
            return _list_reader(_reader_of(shape.parts[0]), shape.delimiter)
        case "struct":
            return _struct_reader(shape.names, [_reader_of(part) for part in shape.parts])
    return _INSIDE.get(shape.kind) or FLAT_READERS.get(shape.kind, str)


_INSIDE: Mapping[str, Reader] = MappingProxyType(
    {
        **dict.fromkeys(("json", "jsonb"), document),
        **dict.fromkeys(("int2", "int4"), int),
        "bool": lambda text: text == "t",
    }
)
"""What the driver itself reads of a flat type, or nobody does."""


def _list_reader(read: Reader, delimiter: str) -> Reader:
    def read_list(text: str) -> Json:
        if '"' not in text and text.startswith("{") and text.find("{", 1) < 0:  # plain, and of one dimension
            items = text[1:-1].split(delimiter) if len(text) > len("{}") else []
            return [None if each == "NULL" else read(each) for each in items]
        levels: list[list[Json]] = [[]]
        bounds = _BOUNDS.match(text)
        for quoted, plain, brace in _ITEM.findall(text, bounds.end() if bounds else 0):
            if brace == "{":
                levels.append([])
            elif brace:
                inner = levels.pop()
                levels[-1].append(inner)
            elif plain:
                texts = (each for each in plain.split(delimiter) if each)
                levels[-1] += [None if each == "NULL" else read(each) for each in texts]
            else:
                levels[-1].append(read(_ESCAPED.sub(r"\1", quoted)))
        [[whole]] = levels
        return whole

    return read_list


def _struct_reader(names: Sequence[str], readers: Sequence[Reader]) -> Reader:
    def read_struct(text: str) -> Json:
        if not names:
            return {}
        fields = zip(names, readers, _row_fields(text), strict=True)
        return {name: None if value is None else read(value) for name, read, value in fields}

    return read_struct


def _row_fields(text: str) -> Iterator[str | None]:
    """Yield the fields of a row: of ``(1,,"a, b")`` there are three, and the second is NULL."""
    inside = text[1:-1]
    place = 0
    while place <= len(inside):
        found = _FIELD.match(inside, place)
        if found is None:
            raise ValueError("no row where the type has one")
        quoted, plain = found.groups()
        yield (plain or None) if quoted is None else _ESCAPED.sub(_unescaped, quoted)
        if not found[0].endswith(",") or found.end() == place:
            return
        place = found.end()


def _unescaped(found: re.Match[str]) -> str:
    return found[1] or '"'
