"""What takes an effect back: the columns that it set, row by row, if they still are as it left them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from metricgate.changing.change import ChangeKind, Row, RowTarget, TableChange
from metricgate.changing.effect import Cause, Effect, RowChange, TableEffect
from metricgate.changing.shape import Location, Reaction, TableShape


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
    # What a foreign key sets back by itself is left to it; what else such rows lost is set before their keys move.
    sorts = [(each, _carried(each, effect, shapes)) for each in tables]
    updates = [change for each, own in sorts if own for change in _updates(each, shapes, own)]
    updates += [change for each, own in sorts if not own for change in _updates(each, shapes, own)]
    return (*deletes, *inserts, *updates)


def without(changes: Sequence[TableChange], rows: Iterable[tuple[Location, Row]]) -> tuple[TableChange, ...]:
    """Return the changes without the rows of these tables and keys: what can still be taken back."""
    left_out = set(rows)
    kept = (
        replace(change, rows=tuple(row for row in change.rows if (change.table, row.key) not in left_out))
        for change in changes
    )
    return tuple(change for change in kept if change.rows)


def reaching_further(undo: Effect, effect: Effect) -> tuple[tuple[Location, Row], ...]:
    """Return rows that an undo would change behind foreign keys: others put them there since, so it must not run.

    Args:
        undo: as it was rehearsed. What it may change, its changes name, or foreign keys changed at first.
        effect: that is taken back.
    """
    own = {
        (each.table, _picked(row.after, [each.columns.index(name) for name in each.key]))
        for each in effect.of(Cause.CASCADE)
        for row in each.rows
    }
    found = ((each.table, row.key) for each in undo.of(Cause.CASCADE) for row in each.rows)
    return tuple(each for each in found if each not in own)


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
            restoring=True,
            rows=tuple(RowTarget(values=_picked(row.before, places)) for row in _parents_first(rows, effect, shape)),
        )


def _parents_first(rows: Sequence[RowChange], effect: TableEffect, shape: TableShape) -> list[RowChange]:
    """Return rows of a table that refers to itself so that each comes after the one it refers to, but in circles."""
    own = [key for key in shape.references if key.referenced == shape.location]
    if not own:
        return list(rows)
    places = [
        (
            [effect.columns.index(name) for name in key.referenced_columns],
            [effect.columns.index(name) for name in key.columns],
        )
        for key in own
    ]
    by_value = {(n, _picked(row.before, to)): row for row in rows for n, (to, _from) in enumerate(places)}
    ordered: dict[Row, RowChange] = {}
    for row in rows:
        path: list[RowChange] = []
        seen: set[Row] = set()
        todo = [row]
        while todo:
            each = todo.pop()
            if each.key in ordered or each.key in seen:
                continue
            seen.add(each.key)
            path.append(each)
            todo += [
                parent
                for n, (_to, refers) in enumerate(places)
                if (parent := by_value.get((n, _picked(each.before, refers)))) is not None
            ]
        ordered.update((each.key, each) for each in reversed(path))
    return list(ordered.values())


def _carried(effect: TableEffect, whole: Effect, shapes: Mapping[Location, TableShape]) -> frozenset[str]:
    """Return the columns of rows behind a cascade that follow what they refer to, when that is set back."""
    if effect.cause is not Cause.CASCADE:
        return frozenset()
    changed = {
        (each.table, name) for each in whole.tables if each.count(ChangeKind.UPDATE) for name in each.changed_columns()
    }
    return frozenset(
        name
        for key in shapes[effect.table].references
        if key.on_update is Reaction.CASCADE
        for name, referenced in zip(key.columns, key.referenced_columns, strict=True)
        if (key.referenced, referenced) in changed
    )


def _updates(
    effect: TableEffect, shapes: Mapping[Location, TableShape], carried: frozenset[str]
) -> Iterator[TableChange]:
    """Group rows by the columns that differ, so that nothing else of a row is touched or looked at.

    Columns that the engine sets anew are among them, or else are kept: taking back must not leave its own time.
    """
    shape = shapes[effect.table]
    generated = {each.name for each in shape.columns if each.generated} | carried
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
            restoring=True,
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
