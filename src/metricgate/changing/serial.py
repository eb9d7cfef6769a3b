"""Effects as bytes and back, for the journal and for the wire between processes."""

from __future__ import annotations

import json
from typing import Any

from metricgate.changing.change import Row
from metricgate.changing.effect import Cause, Effect, RowChange, TableEffect
from metricgate.changing.structure import effect_of


def effect_to_bytes(effect: Effect) -> bytes:
    """Return the bytes that ``effect_from_bytes`` reads."""
    structure = effect.structure
    document = {
        "tables": [_table(each) for each in effect.tables],
        "unknown": list(effect.unknown),
        "structure": None if structure is None else structure.as_json(),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def effect_from_bytes(data: bytes) -> Effect:
    """Return the effect."""
    document = json.loads(data)
    structure = document.get("structure")  # journals of releases before this one have none
    return Effect(
        tables=tuple(_read_table(each) for each in document["tables"]),
        unknown=tuple(document["unknown"]),
        structure=None if structure is None else effect_of(structure),
    )


def _table(effect: TableEffect) -> list[Any]:
    rows = [[row.key, row.before, row.after] for row in effect.rows]
    return [effect.table, str(effect.cause), effect.columns, effect.key, effect.assigned, rows]


def _read_table(raw: list[Any]) -> TableEffect:
    table, cause, columns, key, assigned, rows = raw
    return TableEffect(
        table=tuple(table),
        cause=Cause(cause),
        columns=tuple(columns),
        key=tuple(key),
        assigned=tuple(assigned),
        rows=tuple(RowChange(key=tuple(own), before=_row(before), after=_row(after)) for own, before, after in rows),
    )


def _row(values: list[str | None] | None) -> Row | None:
    return None if values is None else tuple(values)
