"""What changes do to rows, found out by doing it: rows before and after, and those behind foreign keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from operator import ne

from metricgate.adapters.warehouses.changing.cascade_reach import CascadeReach, follow
from metricgate.adapters.warehouses.changing.refusals import MOST_TOLD, too_many
from metricgate.adapters.warehouses.changing.rows import ImagesFound, RowAccess, column_of
from metricgate.changing.change import Row, RowChangeKind, TableChange
from metricgate.changing.effect import Block, Cause, ChangeEffect, RowChange, RowChanges, TableEffect
from metricgate.changing.images import Images
from metricgate.changing.shape import Location, Reaction, TableShape
from metricgate.changing.undo_check import UndoCheck, back_from
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed, View


def carried_out(
    tables: RowAccess,
    changes: Sequence[TableChange],
    shapes: dict[Location, TableShape],
    views: Sequence[View],
    most_rows: int,
    known: Sequence[ImagesFound | None] = (),
) -> ChangeEffect:
    """Carry changes out in the open transaction and return what they did.

    Args:
        tables: what reads and writes rows.
        changes: in their order.
        shapes: of their tables, and of those that foreign keys reach from them.
        views: among which rows must be that were written.
        most_rows: with more rows, those behind foreign keys included, nothing is done.
        known: the rows of each change as they are, where they were read in this transaction.

    Raises:
        ChangeFailed: it cannot be carried out, or rows are not as a change expects.
    """
    before, reach, inserted = _carry_out(tables, changes, shapes, most_rows, known)
    found = [
        _effect(tables, change, shapes[change.table], rows, keys)
        for change, rows, keys in zip(changes, before, inserted, strict=True)
    ]
    found += [_cascade(tables, shapes[table], rows, reach.moved) for table, rows in reach.found.items() if rows]
    for view in views:
        _check_view(tables, view, shapes[view.table], found)
    triggers = [
        f"trigger {name} on {'.'.join(table)}"
        for table in dict.fromkeys([*(each.table for each in changes), *reach.found])
        for name in shapes[table].triggers
    ]
    return ChangeEffect(tables=tuple(found), unknown=tuple(dict.fromkeys((*triggers, *reach.unknown))))


def taken_back(
    tables: RowAccess, effect: ChangeEffect, changes: Sequence[TableChange], shapes: dict[Location, TableShape]
) -> UndoCheck:
    """Take an effect back in the transaction that had it; return whether every row is as it was before.

    The engine compares the rows with their images of before; only those that differ are read.

    Raises:
        ChangeFailed: it cannot be taken back.
    """
    # Nobody came in between: rows are as they were read after the change.
    known = [None if change.targets.whole is None else ImagesFound(change.targets.whole) for change in changes]
    _carry_out(tables, changes, shapes, 2 * max(1, effect.rows), known)
    return back_from(effect, _otherwise(tables, effect, shapes))


def _otherwise(
    tables: RowAccess, effect: ChangeEffect, shapes: Mapping[Location, TableShape]
) -> Iterator[tuple[TableEffect, RowChange, Row | None]]:
    """Yield the rows of an effect that may not be as they were before, each as it is now."""
    for each in effect.tables:
        shape = shapes[each.table]
        for block in each.blocks:
            if block.before is not None:
                numbers = tables.find_differing(shape, block.before)
                keys = block.before.pick_columns(each.key_places).at(numbers)
            elif block.after is not None:
                numbers, keys = list(range(len(block))), block.after.pick_columns(each.key_places)
            found = tables.images(shape, shape.key, keys, lock=False)
            missing = set(found.missing)
            for at, number in enumerate(numbers):
                if block.before is not None or at not in missing:
                    yield each, block[number], None if at in missing else found.images[at]


def _carry_out(
    tables: RowAccess,
    changes: Sequence[TableChange],
    shapes: dict[Location, TableShape],
    most_rows: int,
    known: Sequence[ImagesFound | None],
) -> tuple[list[Images | None], CascadeReach, list[Images]]:
    """Carry changes out; return the rows before, those behind foreign keys, and the keys of inserted rows."""
    total = sum(len(change.rows) for change in changes)
    if total > most_rows:
        raise too_many(total, most_rows)
    read = known or [None] * len(changes)
    before = [
        _images_before(tables, change, shapes[change.table], rows) for change, rows in zip(changes, read, strict=True)
    ]
    reach = CascadeReach(shapes=shapes, most_rows=most_rows - total, own=_rows_named(changes, shapes))
    for change, rows in zip(changes, before, strict=True):
        follow(reach, tables, change, rows)
    if total + reach.rows > most_rows:
        raise too_many(total + reach.rows, most_rows)
    inserted = [tables.write(change, shapes[change.table]) for change in changes]
    for sql in tables.dialect.settle():
        tables.session.do(sql)
    return before, reach, inserted


def _rows_named(
    changes: Sequence[TableChange], shapes: Mapping[Location, TableShape]
) -> frozenset[tuple[Location, Row]]:
    """Return the rows that changes name, where foreign keys may lead to them once more."""
    reacts = any(
        {key.on_delete, key.on_update} != {Reaction.REFUSE}
        for change in changes
        for key in shapes[change.table].referenced_by
    )
    return (
        frozenset((change.table, key) for change in changes for key in change.targets.keys) if reacts else frozenset()
    )


def _images_before(
    tables: RowAccess, change: TableChange, shape: TableShape, found: ImagesFound | None
) -> Images | None:
    """Return each row as it is, held against what is expected of it; None for rows to insert."""
    if change.kind is RowChangeKind.INSERT:
        return None
    targets = change.targets
    if found is None:
        whole = targets.whole
        places = [shape.names.index(name) for name in change.key]
        if (
            whole is not None
            and len(whole.columns) == len(shape.columns)
            and whole.pick_columns(places) == targets.keys
        ):
            found = tables.foretold(shape, whole)
        else:
            found = tables.images(shape, change.key, targets.keys, lock=False)
    images = found.images
    wrong = dict.fromkeys(found.missing)
    for name, expected in zip(change.expecting, targets.expected.columns, strict=True):
        column = images.columns[shape.names.index(name)]
        if column != expected:
            wrong |= dict.fromkeys(compress(range(len(column)), map(ne, column, expected)))
    if wrong:
        rows = [(change.table, targets.keys[number]) for number in sorted(wrong)[:MOST_TOLD]]
        raise ChangeFailed(codes.ROWS_CHANGED.name, "rows are not as expected", rows=rows)
    return images


def _effect(
    tables: RowAccess, change: TableChange, shape: TableShape, before: Images | None, inserted: Images
) -> TableEffect:
    if change.kind is RowChangeKind.DELETE:
        keys, after = change.targets.keys, None
    else:
        keys = inserted if before is None else change.targets.keys
        found = (
            tables.images(shape, shape.key, inserted, lock=False)
            if before is None
            else tables.foretold(shape, _images_after_update(change, shape, before))
        )
        if found.missing:
            raise ChangeFailed(codes.NOT_CHANGEABLE.name, "a row that was written is not there: a trigger took it away")
        after = found.images
    key = [shape.names.index(name) for name in shape.key]
    if before is not None:
        before = before.share_columns(keys, key)
    if after is not None:
        after = after.share_columns(change.targets.values, [shape.names.index(name) for name in change.columns])
    # Rows whose keys the engine makes are sorted by the values that were given.
    given = [shape.names.index(name) for name in change.columns]
    order = (after.pick_columns(given) if before is None and after is not None else keys).order()
    if order is not None:
        keys = keys.at(order)
        before, after = (None if each is None else each.at(order) for each in (before, after))
    return TableEffect(
        table=change.table,
        cause=Cause.STATEMENT,
        columns=shape.names,
        key=shape.key,
        assigned=change.columns,
        rows=RowChanges([block_of(keys, before, after, key)]),
    )


def block_of(keys: Images, before: Images | None, after: Images | None, places: Sequence[int]) -> Block:
    """Return a block in which equal columns are one; the key stands in these places of the images."""
    if before is not None and after is not None:
        after = after.share_columns(before, range(len(before.columns)))
    whole = after if before is None else before
    return Block(
        keys if whole is None else keys.share_columns(whole.pick_columns(places), range(len(places))), before, after
    )


def _cascade(
    tables: RowAccess, shape: TableShape, before: Mapping[Row, Row], moved: Mapping[tuple[Location, Row], Row]
) -> TableEffect:
    keys = list(before)
    now = [moved.get((shape.location, key), key) for key in keys]
    found = tables.images(shape, shape.key, Images.of(now, len(shape.key)), lock=False)
    gone = set(found.missing)
    kept = [
        number
        for number, (key, new) in enumerate(zip(keys, found.images, strict=True))
        if number not in gone and new != before[key]
    ]
    own = Images.of(keys, len(shape.key))
    old = Images.of(list(before.values()), len(shape.columns))
    places = [shape.names.index(name) for name in shape.key]
    blocks = []
    for numbers, after in ((kept, found.images.at(kept)), (list(found.missing), None)):
        part = own.at(numbers)
        order = part.order()
        rows = numbers if order is None else [numbers[at] for at in order]
        new = after if order is None or after is None else after.at(order)
        blocks.append(block_of(own.at(rows), old.at(rows), new, places))
    return TableEffect(
        table=shape.location,
        cause=Cause.CASCADE,
        columns=shape.names,
        key=shape.key,
        assigned=(),
        rows=RowChanges(blocks),
    )


def _images_after_update(change: TableChange, shape: TableShape, before: Images) -> Images:
    """Return the rows as they are after an update, if nothing but the update acts."""
    targets = change.targets
    given = {
        **dict(zip(change.key, targets.keys.columns, strict=True)),
        **dict(zip(change.columns, targets.values.columns, strict=True)),
    }
    return Images([given.get(name, old) for name, old in zip(shape.names, before.columns, strict=True)], len(targets))


def _check_view(tables: RowAccess, view: View, shape: TableShape, effects: Sequence[TableEffect]) -> None:
    """Refuse where a row that was written is not among those that the proposer may see."""
    places = [shape.names.index(name) for name in view.key]
    written = {
        key
        for each in effects
        if each.table == view.table and each.cause is Cause.STATEMENT
        for block in each.blocks
        if block.after is not None
        for key in block.after.pick_columns(places)
    }
    if not written:
        return
    columns = [column_of(shape, name) for name in view.key]
    seen = tables.session.columns(*tables.dialect.plain(view.source, columns), width=len(columns))
    hidden = written.difference(seen)
    if hidden:
        rows = [(view.table, key) for key in sorted(hidden, key=str)[:MOST_TOLD]]
        raise ChangeFailed(codes.ROW_OUT_OF_VIEW.name, "a row leaves its proposer's view", rows=rows)
