"""What a preview holds, read back for people: how many rows, and some of them before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from metricgate.approvals.proposal import Action
from metricgate.gateway.office import RowSample
from metricgate.vocabulary.json import Json


def rows_of(action: Action) -> int:
    """Return how many rows an action changes, by its preview."""
    rows = action.preview.get("rows")
    total = rows.get("total") if isinstance(rows, dict) else 0
    return total if isinstance(total, int) else 0


def _tables(action: Action) -> list[Mapping[str, Json]]:
    tables = action.preview.get("tables")
    return [each for each in tables if isinstance(each, dict)] if isinstance(tables, list) else []


def columns_of(action: Action) -> dict[str, tuple[str, ...]]:
    """Return the columns of its samples, by table."""
    return {
        str(each["table"]): tuple(str(name) for name in cast("list[Json]", each["columns"])) for each in _tables(action)
    }


def samples_of(action: Action) -> list[RowSample]:
    """Return its samples: rows before and after."""
    found: list[RowSample] = []
    for table in _tables(action):
        for raw in cast("list[dict[str, list[str | None] | None]]", table["sample"]):
            before, after = raw["before"], raw["after"]
            found.append(
                RowSample(
                    table=str(table["table"]),
                    kind=str(raw["kind"]),
                    key=tuple(raw["key"] or ()),
                    before=None if before is None else tuple(before),
                    after=None if after is None else tuple(after),
                )
            )
    return found
