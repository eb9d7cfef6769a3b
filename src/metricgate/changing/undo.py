"""What takes an effect back: the columns that it set, row by row, if they still are as it left them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from metricgate.changing.change import ChangeKind, Row, RowTarget, TableChange
from metricgate.changing.effect import Cause, Effect, RowChange, TableEffect
from metricgate.changing.shape import Location, TableShape


def taking_back(effect: Effect, shapes: Mapping[Location, TableShape]) -> tuple[TableChange, ...]:
    """Return the changes that take the effect back, in an order in which keys and foreign keys hold where they can.

    What was inserted is deleted first, children before parents; then what was deleted is inserted, parents before
    children; then what was updated is set back. Rows behind cascades are treated like all others.

    Args:
        effect: as it was committed.
        shapes: of its tables, as they are now.
    """
    ranks = _ranks(shapes)
    tables = sorted(effect.tables, key=lambda each: (ranks.get(each.table, 0), each.cause is Cause.CASCADE))
    deletes = [change for each in reversed(tables) for change in _deletes(each)]
    inserts = [change for each in tables for change in _inserts(each, shapes[each.table])]
    updates = [change for each in tables for change in _updates(each, shapes[each.table])]
    return (*deletes, *inserts, *updates)


def without(changes: Sequence[TableChange], rows: Iterable[tuple[Location, Row]]) -> tuple[TableChange, ...]:
    """Return the changes without the rows of these tables and keys: what can still be taken back."""
    left_out = set(rows)
    kept = (
        replace(change, rows=tuple(row for row in change.rows if (change.table, row.key) not in left_out))
        for change in changes
    )
    return tuple(change for change in kept if change.rows)


def reaching_further(effect: Effect) -> tuple[tuple[Location, Row], ...]:
    """Return rows that an undo would change behind foreign keys: others put them there since, so it must not run.

    Args:
        effect: of the undo, as it was rehearsed. What it may change, its changes name.
    """
    return tuple((each.table, row.key) for each in effect.of(Cause.CASCADE) for row in each.rows)


def _ranks(shapes: Mapping[Location, TableShape]) -> dict[Location, int]:
    """Parents before children; tables in a circle come in any order."""
    ranks: dict[Location, int] = {}

    def rank(table: Location, path: frozenset[Location]) -> int:
        if table in ranks:
            return ranks[table]
        shape = shapes.get(table)
        parents = [key.referenced for key in shape.references] if shape is not None else []
        own = 1 + max((rank(each, path | {table}) for each in parents if each not in path | {table}), default=-1)
        if not path:
            ranks[table] = own
        return own

    for table in shapes:
        rank(table, frozenset())
    return ranks


def _deletes(effect: TableEffect) -> Iterator[TableChange]:
    rows = [row for row in effect.rows if row.kind is ChangeKind.INSERT and row.after is not None]
    if rows:
        yield TableChange(
            kind=ChangeKind.DELETE,
            table=effect.table,
            key=effect.key,
            expecting=effect.columns,
            rows=tuple(RowTarget(key=row.key, expected=row.after or ()) for row in rows),
        )


def _inserts(effect: TableEffect, shape: TableShape) -> Iterator[TableChange]:
    rows = [row for row in effect.rows if row.kind is ChangeKind.DELETE]
    generated = {each.name for each in shape.columns if each.generated}
    places = [at for at, name in enumerate(effect.columns) if name not in generated]
    if rows:
        yield TableChange(
            kind=ChangeKind.INSERT,
            table=effect.table,
            columns=tuple(effect.columns[at] for at in places),
            rows=tuple(RowTarget(values=_picked(row.before, places)) for row in rows),
        )


def _updates(effect: TableEffect, shape: TableShape) -> Iterator[TableChange]:
    """Group rows by the columns that differ, so that nothing else of a row is touched or looked at.

    Columns that the engine sets anew are among them, or else are kept: taking back must not leave its own time.
    """
    generated = {each.name for each in shape.columns if each.generated}
    moving = [each.name for each in shape.columns if each.moving]
    groups: dict[tuple[int, ...], list[RowChange]] = {}
    for row in effect.rows:
        if row.kind is ChangeKind.UPDATE:
            places = tuple(
                at
                for at, (old, new) in enumerate(zip(row.before or (), row.after or (), strict=True))
                if old != new and effect.columns[at] not in generated
            )
            groups.setdefault(places, []).append(row)
    for places, rows in groups.items():
        if not places:
            continue
        columns = tuple(effect.columns[at] for at in places)
        keys = [effect.columns.index(name) for name in effect.key]
        yield TableChange(
            kind=ChangeKind.UPDATE,
            table=effect.table,
            key=effect.key,
            columns=columns,
            expecting=columns,
            keeping=tuple(name for name in moving if name not in columns),
            rows=tuple(
                RowTarget(
                    key=_picked(row.after, keys),
                    values=_picked(row.before, places),
                    expected=_picked(row.after, places),
                )
                for row in rows
            ),
        )


def _picked(row: Row | None, places: Sequence[int]) -> Row:
    return () if row is None else tuple(row[at] for at in places)
