"""What takes an effect back: the columns that it set, row by row, if they still are as it left them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import ne

from metricgate.changing.change import Row, RowChangeKind, TableChange, Targets
from metricgate.changing.effect import Block, Cause, ChangeEffect, TableEffect
from metricgate.changing.images import Images, concatenate
from metricgate.changing.shape import Location, Reaction, TableShape


def taking_back(effect: ChangeEffect, shapes: Mapping[Location, TableShape]) -> tuple[TableChange, ...]:
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
    sorts = [(each, _carried_columns(each, effect, shapes)) for each in tables]
    updates = [change for each, own in sorts if own for change in _updates(each, shapes, own)]
    updates += [change for each, own in sorts if not own for change in _updates(each, shapes, own)]
    return (*deletes, *inserts, *updates)


def without(changes: Sequence[TableChange], rows: Iterable[tuple[Location, Row]]) -> tuple[TableChange, ...]:
    """Return the changes without the rows of these tables and keys: what can still be taken back."""
    left_out: dict[Location, set[Row]] = {}
    for table, key in rows:
        left_out.setdefault(table, set()).add(key)
    kept = (_without(change, left_out.get(change.table, set())) for change in changes)
    return tuple(change for change in kept if len(change.rows))


def _without(change: TableChange, keys: set[Row]) -> TableChange:
    stay = [number for number, key in enumerate(change.targets.keys) if key not in keys]
    return change if len(stay) == len(change.rows) else replace(change, rows=change.targets.at(stay))


def reaching_further(undo: ChangeEffect, effect: ChangeEffect) -> tuple[tuple[Location, Row], ...]:
    """Return rows that an undo would change behind foreign keys: others put them there since, so it must not run.

    Args:
        undo: as it was rehearsed. What it may change, its changes name, or foreign keys changed at first.
        effect: that is taken back.
    """
    own = {
        (each.table, key)
        for each in effect.of(Cause.CASCADE)
        for block in each.blocks
        for key in (Images((), len(block)) if block.after is None else block.after.pick_columns(each.key_places))
    }
    found = ((each.table, key) for each in undo.of(Cause.CASCADE) for block in each.blocks for key in block.keys)
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
    found = [block for block in effect.blocks if block.kind is RowChangeKind.INSERT]
    if found:
        yield TableChange(
            kind=RowChangeKind.DELETE,
            table=effect.table,
            key=effect.key,
            expecting=effect.columns,
            rows=Targets(
                _join_images([block.keys for block in found], len(effect.key)),
                expected=(after := _join_images([block.after for block in found], len(effect.columns))),
                whole=after,
            ),
        )


def _inserts(effect: TableEffect, shape: TableShape) -> Iterator[TableChange]:
    found = [block for block in effect.blocks if block.kind is RowChangeKind.DELETE]
    generated = {each.name for each in shape.columns if each.generated}
    places = [at for at, name in enumerate(effect.columns) if name not in generated]
    if found:
        before = _join_images([block.before for block in found], len(effect.columns))
        order = _parents_first(before, effect, shape)
        values = (before if order is None else before.at(order)).pick_columns(places)
        yield TableChange(
            kind=RowChangeKind.INSERT,
            table=effect.table,
            columns=tuple(effect.columns[at] for at in places),
            restoring=True,
            rows=Targets(Images((), len(values)), values),
        )


def _join_images(parts: Sequence[Images | None], width: int) -> Images:
    return concatenate([part for part in parts if part is not None], width)


def _parents_first(before: Images, effect: TableEffect, shape: TableShape) -> list[int] | None:
    """Return numbers of rows of a table that refers to itself so that each comes after the one it refers to.

    In circles they come in any order. None where the table does not refer to itself.
    """
    own = [key for key in shape.references if key.referenced == shape.location]
    if not own:
        return None
    names = effect.columns
    referring = [list(before.pick_columns([names.index(name) for name in key.columns])) for key in own]
    by_value = {
        (n, value): number
        for n, key in enumerate(own)
        for number, value in enumerate(before.pick_columns([names.index(name) for name in key.referenced_columns]))
    }
    ordered: dict[int, None] = {}
    for row in range(len(before)):
        path: list[int] = []
        seen: set[int] = set()
        todo = [row]
        while todo:
            each = todo.pop()
            if each in ordered or each in seen:
                continue
            seen.add(each)
            path.append(each)
            todo += [
                parent for n, refers in enumerate(referring) if (parent := by_value.get((n, refers[each]))) is not None
            ]
        ordered.update(dict.fromkeys(reversed(path)))
    return list(ordered)


def _carried_columns(effect: TableEffect, whole: ChangeEffect, shapes: Mapping[Location, TableShape]) -> frozenset[str]:
    """Return the columns of rows behind a cascade that follow what they refer to, when that is set back."""
    if effect.cause is not Cause.CASCADE:
        return frozenset()
    changed = {
        (each.table, name)
        for each in whole.tables
        if each.count(RowChangeKind.UPDATE)
        for name in each.changed_columns()
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
    groups: dict[tuple[int, ...], list[tuple[Block, list[int] | None]]] = {}
    whole = range(len(effect.columns))
    free = [at for at, name in enumerate(effect.columns) if name not in generated]
    for block in effect.blocks:
        if block.kind is RowChangeKind.UPDATE:
            for places, numbers in _differing_places(block, free):
                groups.setdefault(places, []).append((block, numbers))
    for places, parts in groups.items():
        if not places:
            continue
        columns = tuple(effect.columns[at] for at in places)
        yield TableChange(
            kind=RowChangeKind.UPDATE,
            table=effect.table,
            key=effect.key,
            columns=columns,
            expecting=columns,
            keeping=tuple(name for name in moving if name not in columns),
            restoring=True,
            rows=Targets(
                _join_images(
                    [_pick_images(block.after, effect.key_places, rows) for block, rows in parts], len(effect.key)
                ),
                _join_images([_pick_images(block.before, places, rows) for block, rows in parts], len(places)),
                _join_images([_pick_images(block.after, places, rows) for block, rows in parts], len(places)),
                whole=_join_images([_pick_images(block.after, whole, rows) for block, rows in parts], len(whole)),
            ),
        )


def _differing_places(block: Block, free: Sequence[int]) -> Iterator[tuple[tuple[int, ...], list[int] | None]]:
    """Yield the places, of those that are free, that differ in rows of an update, and in which rows; None for all."""
    before, after = block.before, block.after
    if before is None or after is None:
        return
    places = [at for at in free if before.columns[at] != after.columns[at]]
    flags = [list(map(ne, before.columns[at], after.columns[at])) for at in places]
    if all(map(all, flags)):
        yield tuple(places), None
        return
    groups: dict[tuple[bool, ...], list[int]] = {}
    for number, differs in enumerate(zip(*flags, strict=True)):
        groups.setdefault(differs, []).append(number)
    for differs, numbers in groups.items():
        yield tuple(at for at, one in zip(places, differs, strict=True) if one), numbers


def _pick_images(images: Images | None, places: Sequence[int], rows: list[int] | None) -> Images | None:
    if images is None:
        return None
    found = images.pick_columns(places)
    return found if rows is None else found.at(rows)
