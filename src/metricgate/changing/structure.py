"""A change of a table itself: dropped, or a column added, dropped or renamed. What goes is set aside, not destroyed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

from metricgate.changing.shape import ColumnShape, Location
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.structure import StructureKind

ASIDE = "metricgate_aside_"
"""What the names of tables begin with in which the gateway keeps what was dropped; they end with the action's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureChange:
    """What is to be done.

    Attributes:
        column: that is added, dropped, renamed or restored, with its type in the engine's words; where it is dropped or
            renamed, only its name is known beforehand.
        new_name: of a column that is renamed.
        key: columns by which the values of a restored column find their rows.
        aside: the table that is brought back, or that holds a restored column's values.
        only_empty: drop the column only while no row holds a value in it.
        rebuild: statements of the engine's own by which what had to go with the table is made again.
    """

    kind: StructureKind
    table: Location
    column: ColumnShape | None = None
    new_name: str = ""
    key: tuple[str, ...] = ()
    aside: str = ""
    only_empty: bool = False
    rebuild: tuple[str, ...] = ()

    @property
    def column_name(self) -> str:
        """The column's name; empty where the whole table is meant."""
        return "" if self.column is None else self.column.name

    def as_json(self) -> dict[str, Json]:
        """Return everything, as ``change_of`` reads it."""
        return {
            "kind": str(self.kind),
            "table": list(self.table),
            "column": None if self.column is None else _column_json(self.column),
            "new_name": self.new_name,
            "key": list(self.key),
            "aside": self.aside,
            "only_empty": self.only_empty,
            "rebuild": list(self.rebuild),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureEffect:
    """What the change does, as far as it was looked up before.

    Attributes:
        change: with the column as the engine has it.
        rows: of the table.
        values: rows that hold a value in the column that goes.
        columns: of the table, before.
        key: of the table; empty where it has none.
        belongings: indexes of the table, by their names.
        rebuild: see ``StructureChange.rebuild``.
        losses: what an undo does not bring back.
        notes: what else people should know.
    """

    change: StructureChange
    rows: int
    values: int = 0
    columns: tuple[ColumnShape, ...]
    key: tuple[str, ...] = ()
    belongings: tuple[str, ...] = ()
    rebuild: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def digest(self) -> str:
        """The digest of what was shown: the table as it is, and how many rows and values go."""
        return digest_of({**self.as_json(), "notes": None})

    def as_json(self) -> dict[str, Json]:
        """Return everything, as ``effect_of`` reads it."""
        return {
            "change": self.change.as_json(),
            "rows": self.rows,
            "values": self.values,
            "columns": [_column_json(each) for each in self.columns],
            "key": list(self.key),
            "belongings": list(self.belongings),
            "rebuild": list(self.rebuild),
            "losses": list(self.losses),
            "notes": list(self.notes),
        }


def aside_of(action_id: str) -> str:
    """Return the name of the table in which an action sets aside what it drops; engines fold it alike."""
    return f"{ASIDE}{action_id.lower()}"


def taking_back_structure(effect: StructureEffect, action_id: str) -> StructureChange:
    """Return the change that undoes what an action did."""
    change, column, aside = effect.change, effect.change.column, aside_of(action_id)
    plain = StructureChange(kind=StructureKind.DROP_COLUMN, table=change.table, column=column)
    match change.kind:
        case StructureKind.DROP_TABLE:
            back = replace(plain, kind=StructureKind.RESTORE_TABLE, column=None, aside=aside, rebuild=effect.rebuild)
        case StructureKind.RESTORE_TABLE:
            back = replace(plain, kind=StructureKind.DROP_TABLE, column=None)
        case StructureKind.RENAME_COLUMN if column is not None:
            back = replace(change, column=replace(column, name=change.new_name), new_name=column.name)
        case StructureKind.ADD_COLUMN:
            back = replace(plain, only_empty=True)
        case StructureKind.DROP_COLUMN if change.only_empty:
            back = replace(plain, kind=StructureKind.ADD_COLUMN)
        case StructureKind.DROP_COLUMN:
            back = replace(plain, kind=StructureKind.RESTORE_COLUMN, key=effect.key, aside=aside)
        case _:
            back = plain
    return back


def change_of(raw: dict[str, Json]) -> StructureChange:
    """Return the change that ``StructureChange.as_json`` wrote."""
    column = cast("dict[str, Json] | None", raw["column"])
    return StructureChange(
        kind=StructureKind(cast("str", raw["kind"])),
        table=_text_tuple(raw["table"]),
        column=None if column is None else _column_of(column),
        new_name=cast("str", raw["new_name"]),
        key=_text_tuple(raw["key"]),
        aside=cast("str", raw["aside"]),
        only_empty=bool(raw["only_empty"]),
        rebuild=_text_tuple(raw["rebuild"]),
    )


def effect_of(raw: dict[str, Json]) -> StructureEffect:
    """Return the effect that ``StructureEffect.as_json`` wrote."""
    return StructureEffect(
        change=change_of(cast("dict[str, Json]", raw["change"])),
        rows=cast("int", raw["rows"]),
        values=cast("int", raw["values"]),
        columns=tuple(_column_of(each) for each in cast("list[dict[str, Json]]", raw["columns"])),
        key=_text_tuple(raw["key"]),
        belongings=_text_tuple(raw["belongings"]),
        rebuild=_text_tuple(raw["rebuild"]),
        losses=_text_tuple(raw["losses"]),
        notes=_text_tuple(raw["notes"]),
    )


def _text_tuple(raw: Json) -> tuple[str, ...]:
    return tuple(cast("list[str]", raw))


def _column_json(column: ColumnShape) -> dict[str, Json]:
    return {
        "name": column.name,
        "type": column.type,
        "nullable": column.nullable,
        "generated": column.generated,
        "identity": column.identity,
        "default": column.default,
    }


def _column_of(raw: dict[str, Json]) -> ColumnShape:
    return ColumnShape(
        name=cast("str", raw["name"]),
        type=cast("str", raw["type"]),
        nullable=bool(raw["nullable"]),
        generated=bool(raw["generated"]),
        identity=bool(raw["identity"]),
        default=cast("str | None", raw["default"]),
    )
