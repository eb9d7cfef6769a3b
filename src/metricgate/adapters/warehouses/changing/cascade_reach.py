"""Rows that change because a foreign key reacts: found before the change, table by table, however far it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from metricgate.adapters.warehouses.changing.rows import RowAccess
from metricgate.changing.change import Row, RowChangeKind, TableChange
from metricgate.changing.images import Images
from metricgate.changing.shape import ForeignKey, Location, Reaction, TableShape
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed

_DEEPEST = 32


@dataclass(slots=True)
class CascadeReach:
    """What was found so far: rows as they are, by table and key; and why more may happen.

    Attributes:
        moved: keys that become others, by table and key.
        own: rows that the change itself names; they are not found again, also where a row refers to itself.
    """

    shapes: dict[Location, TableShape]
    most_rows: int
    own: frozenset[tuple[Location, Row]] = frozenset()
    found: dict[Location, dict[Row, Row]] = field(default_factory=dict)
    moved: dict[tuple[Location, Row], Row] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows were found."""
        return sum(len(rows) for rows in self.found.values())


def follow(reach: CascadeReach, tables: RowAccess, change: TableChange, before: Images | None) -> None:
    """Find what reacts to a change of these rows."""
    shape = reach.shapes[change.table]
    if before is None:
        return
    if change.kind is RowChangeKind.DELETE:
        _deleted(reach, tables, shape, before, 0)
    elif any(_reacts(key, frozenset(change.columns)) for key in shape.referenced_by):
        pairs = [
            (row, _replace_values(shape, row, change.columns, values))
            for row, values in zip(before, change.targets.values, strict=True)
        ]
        _updated(reach, tables, shape, pairs, frozenset(change.columns), 0)


def _reacts(key: ForeignKey, columns: frozenset[str]) -> bool:
    return key.on_update is not Reaction.REFUSE and not columns.isdisjoint(key.referenced_columns)


def _deleted(reach: CascadeReach, tables: RowAccess, shape: TableShape, rows: Sequence[Row], depth: int) -> None:
    for key in shape.referenced_by:
        if key.on_delete is not Reaction.REFUSE:
            values = _referenced(shape, key, [(row, row) for row in rows])
            fresh = _reacting(reach, tables, shape, key, values, key.on_delete, depth)
            if fresh and key.on_delete is Reaction.CASCADE:
                _deleted(reach, tables, reach.shapes[key.table], [row for row, _new in fresh], depth + 1)


def _updated(
    reach: CascadeReach,
    tables: RowAccess,
    shape: TableShape,
    pairs: Sequence[tuple[Row, Row]],
    columns: frozenset[str],
    depth: int,
) -> None:
    """Find what reacts where rows become others; where that moves the key of a row, what refers to it in turn."""
    for key in shape.referenced_by:
        if not _reacts(key, columns):
            continue
        values = {old: new for old, new in _referenced(shape, key, pairs).items() if old != new}
        fresh = _reacting(reach, tables, shape, key, values, key.on_update, depth)
        child = reach.shapes.get(key.table)
        if not fresh or child is None or key.on_update is not Reaction.CASCADE:
            continue
        moved = [(row, _replace_values(child, row, key.columns, new)) for row, new in fresh]
        for row, new in moved:
            if _key_of(child, row) != _key_of(child, new):
                reach.moved[key.table, _key_of(child, row)] = _key_of(child, new)
        _updated(reach, tables, child, moved, frozenset(key.columns), depth + 1)


def _referenced(shape: TableShape, key: ForeignKey, pairs: Sequence[tuple[Row, Row]]) -> dict[Row, Row]:
    """Return the values that a foreign key refers to, as they were and as they become."""
    places = [shape.names.index(column) for column in key.referenced_columns]
    found = {tuple(old[at] for at in places): tuple(new[at] for at in places) for old, new in pairs}
    return {old: new for old, new in found.items() if None not in old}


def _reacting(
    reach: CascadeReach,
    tables: RowAccess,
    parent: TableShape,
    key: ForeignKey,
    values: dict[Row, Row],
    reaction: Reaction,
    depth: int,
) -> list[tuple[Row, Row]]:
    """Note the rows of a child that refer to these values; returns those found now, each with the values to come."""
    child = reach.shapes.get(key.table)
    name = ".".join(key.table)
    if not values:
        return []
    if child is None or not child.key:
        reach.unknown.append(f"rows of {name} behind the foreign key {key.name}, which has no key of its own")
        return []
    if depth >= _DEEPEST:
        reach.unknown.append(f"foreign keys go on for more than {_DEEPEST} tables at {name}")
        return []
    if reaction is not Reaction.CASCADE and set(key.columns) & set(child.key):
        reach.unknown.append(f"keys of {name} change behind the foreign key {key.name}")
    given = list(values)
    known = reach.found.setdefault(key.table, {})
    fresh: list[tuple[Row, Row]] = []
    for number, whole in tables.children(child, key, Images.of(given, len(key.columns)), parent):
        own = _key_of(child, whole)
        if own not in known and (key.table, own) not in reach.own:
            known[own] = whole
            fresh.append((whole, values[given[number]]))
            if reach.rows > reach.most_rows:
                raise ChangeFailed(codes.TOO_MANY_ROWS.name, "more rows behind cascades", detail="with cascades")
    return fresh


def _replace_values(shape: TableShape, row: Row, columns: Sequence[str], values: Row) -> Row:
    given = dict(zip(columns, values, strict=True))
    return tuple(given.get(name, old) for name, old in zip(shape.names, row, strict=True))


def _key_of(shape: TableShape, row: Row) -> Row:
    return tuple(row[shape.names.index(name)] for name in shape.key)
