"""Effects and changes as bytes and back, for the journal, for what waits, and for the wire between processes.

Rows go column by column, each column once: a number in the place of a column says that it is the one of that number
among the columns written before it. What earlier releases wrote row by row is read as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import orjson

from metricgate.changing.change import RowChangeKind, RowTarget, TableChange, Targets
from metricgate.changing.effect import Block, Cause, ChangeEffect, RowChange, RowChanges, TableEffect
from metricgate.changing.images import Column, Images, Row
from metricgate.changing.structure import effect_of
from metricgate.vocabulary.json import Json


def effect_to_bytes(effect: ChangeEffect) -> bytes:
    """Return the bytes that ``effect_from_bytes`` reads."""
    structure = effect.structure
    return orjson.dumps(
        {
            "tables": [_table_json(each) for each in effect.tables],
            "unknown": list(effect.unknown),
            "structure": None if structure is None else structure.as_json(),
        }
    )


def effect_from_bytes(data: bytes | memoryview) -> ChangeEffect:
    """Return the effect.

    Raises:
        ValueError, KeyError, TypeError: the bytes are not of one.
    """
    document = orjson.loads(data)
    structure = document.get("structure")  # journals of releases before this one have none
    return ChangeEffect(
        tables=tuple(_read_table(each) for each in document["tables"]),
        unknown=tuple(document["unknown"]),
        structure=None if structure is None else effect_of(structure),
    )


def change_to_json(change: TableChange) -> dict[str, Json]:
    """Return everything, as ``change_from_json`` reads it."""
    written = _Columns()
    targets = change.targets
    parts: list[Json] = [written.of(each) for each in (targets.keys, targets.values, targets.expected)]
    return {**change.head(), "count": len(targets), "targets": parts}


def change_from_json(raw: dict[str, Any]) -> TableChange:
    """Return the change that ``change_to_json`` wrote, or an earlier release, row by row.

    Raises:
        ValueError, KeyError, TypeError: it is not of one.
    """
    rows: Sequence[RowTarget]
    if "targets" in raw:
        read = _Read(raw["count"])
        rows = Targets(*(read.of(each) for each in raw["targets"]))
    else:
        rows = [
            RowTarget(key=tuple(key), values=tuple(values), expected=tuple(expected))
            for key, values, expected in raw["rows"]
        ]
    return TableChange(
        kind=RowChangeKind(raw["kind"]),
        table=tuple(raw["table"]),
        key=tuple(raw["key"]),
        columns=tuple(raw["columns"]),
        expecting=tuple(raw["expecting"]),
        keeping=tuple(raw["keeping"]),
        restoring=bool(raw.get("restoring")),
        rows=rows,
    )


class _Columns:
    """Columns on their way out. A column that was written already goes as its number."""

    def __init__(self) -> None:
        self._written: list[Column] = []
        self._numbers: dict[int, int] = {}

    def of(self, images: Images | None) -> Json:
        return None if images is None else [self._column(each) for each in images.columns]

    def _column(self, column: Column) -> Json:
        number = self._numbers.get(id(column))
        if number is None:
            number = next((at for at, each in enumerate(self._written) if each == column), None)
        if number is not None:
            return number
        self._numbers[id(column)] = len(self._written)
        self._written.append(column)
        return cast("Json", column)


class _Read:
    """Columns on their way in, of so many rows each."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._read: list[Column] = []

    def of(self, raw: list[Any]) -> Images:
        return Images([self._column(each) for each in raw], self._count)

    def _column(self, raw: int | Column) -> Column:
        if isinstance(raw, list):
            self._read.append(raw)
            return raw
        if not 0 <= raw < len(self._read):
            raise ValueError(f"no column {raw} was written before")
        return self._read[raw]


def _table_json(effect: TableEffect) -> list[Any]:
    blocks = []
    for each in effect.blocks:
        written = _Columns()
        blocks.append([len(each), *(written.of(images) for images in (each.before, each.after, each.keys))])
    return [effect.table, str(effect.cause), effect.columns, effect.key, effect.assigned, {"blocks": blocks}]


def _read_table(raw: list[Any]) -> TableEffect:
    table, cause, columns, key, assigned, rows = raw
    return TableEffect(
        table=tuple(table),
        cause=Cause(cause),
        columns=tuple(columns),
        key=tuple(key),
        assigned=tuple(assigned),
        rows=RowChanges([_read_block(each) for each in rows["blocks"]]) if isinstance(rows, dict) else _by_row(rows),
    )


def _read_block(raw: list[Any]) -> Block:
    count, before, after, keys = raw
    read = _Read(count)
    old, new = (None if each is None else read.of(each) for each in (before, after))
    return Block(read.of(keys), old, new)


def _by_row(rows: list[Any]) -> list[RowChange]:
    return [RowChange(key=tuple(own), before=_row_of(before), after=_row_of(after)) for own, before, after in rows]


def _row_of(values: list[str | None] | None) -> Row | None:
    return None if values is None else tuple(values)
