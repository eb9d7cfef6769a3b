"""Whether taking an effect back left every row as it was: the images of before held against those of after the undo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from metricgate.changing.change import Row, RowChangeKind
from metricgate.changing.effect import Cause, ChangeEffect, RowChange, TableEffect
from metricgate.changing.images import Images
from metricgate.changing.shape import Location

_MOST_TOLD = 100

_Rows = dict[Row, Row]
"""Rows of one table by their key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoCheck:
    """What came of an undo.

    Attributes:
        why: why rows are not as they were, by table and column; empty where they are.
        rows: of which rows: at most 100.
        anew: columns that the change did not set, and that the engine or a trigger set anew.
    """

    why: tuple[str, ...] = ()
    rows: tuple[tuple[Location, Row], ...] = ()
    anew: tuple[str, ...] = ()


def back_of(effect: ChangeEffect, undo: ChangeEffect | None, *, whole: bool = True, partly: bool = False) -> UndoCheck:
    """Return whether an effect was taken back.

    Args:
        effect: that was to be taken back.
        undo: what taking it back did; None where there was nothing to do.
        whole: whether nobody else changed anything in between, so that whole rows must be equal; otherwise only what
            the effect changed.
        partly: whether rows that the undo left out are none of its business.
    """
    found = _Undone(effect, undo)
    told = _Told(whole=whole)
    for each, row, at in found.doubtful():
        if partly and found.touched.isdisjoint({at, (each.table, _key_of(each, row.after or row.before or ()))}):
            continue
        told.add(each, row, found.rows_left(each.table).get(at[1]), wanted=at in found.wanted)
    return told.back()


def back_from(effect: ChangeEffect, doubtful: Iterable[tuple[TableEffect, RowChange, Row | None]]) -> UndoCheck:
    """Return whether an effect was taken back, where nobody else changed anything in between.

    Args:
        effect: that was to be taken back.
        doubtful: the rows that may not be as they were: of what they are part, what happened to them, as they are now.
    """
    found, told = _Undone(effect, None), _Told(whole=True)
    for each, row, now in doubtful:
        at = (each.table, _key_of(each, row.before if row.before is not None else row.after or ()))
        if row.before is None or now != row.before:
            told.add(each, row, now, wanted=row.before is None and at in found.wanted)
    return told.back()


class _Told:
    """What is said of rows that are not as they were."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._why: dict[str, None] = {}
        self._anew: dict[str, None] = {}
        self._rows: dict[tuple[Location, Row], None] = {}

    def add(self, effect: TableEffect, row: RowChange, now: Row | None, *, wanted: bool) -> None:
        """Take a row in that is otherwise; ``wanted`` where another row had its place before."""
        at = (effect.table, _key_of(effect, row.before if row.before is not None else row.after or ()))
        for name, required in _differing_columns(effect, row, now, wanted=wanted, whole=self._whole):
            place = ".".join((*effect.table, *([name] if name else [])))
            if required:
                self._why[f"{'' if name else 'a row of '}{place} would not be as it was"] = None
                self._rows[at] = None
            else:
                self._anew[place] = None

    def back(self) -> UndoCheck:
        """Return all of it."""
        return UndoCheck(why=tuple(self._why), rows=tuple(self._rows)[:_MOST_TOLD], anew=tuple(self._anew))


class _Undone:
    """Rows as an undo left them. What is equal column by column is not looked at row by row."""

    def __init__(self, effect: ChangeEffect, undo: ChangeEffect | None) -> None:
        self._effect = effect
        self._undo = () if undo is None else undo.tables
        self._left: dict[Location, _Rows] = {}

    def doubtful(self) -> Iterator[tuple[TableEffect, RowChange, tuple[Location, Row]]]:
        """Yield the rows that are not all as they were before, and where they were."""
        for each in self._effect.tables:
            if self._plainly_back(each):
                continue
            now, places = self.rows_left(each.table), each.key_places
            for block in each.blocks:
                before = block.before
                keys = (block.after or block.keys if before is None else before).pick_columns(places)
                for number, key in enumerate(keys):
                    left = now.get(key)
                    if left is None if before is None else left is not None and left == before[number]:
                        continue
                    yield each, block[number], (each.table, key)

    def rows_left(self, table: Location) -> _Rows:
        """Return the rows of a table that the effect or the undo touched, as they are after the undo."""
        found = self._left.get(table)
        if found is None:
            found = {}
            for key, row in _images(self._effect.tables, table, after=True):
                found[key] = row
            for key, _row in _images(self._undo, table, after=False):
                found.pop(key, None)
            found.update(_images(self._undo, table, after=True))
            self._left[table] = found
        return found

    @cached_property
    def wanted(self) -> frozenset[tuple[Location, Row]]:
        """Where rows were before."""
        return frozenset(_placed(self._effect.tables, after=False))

    @cached_property
    def touched(self) -> frozenset[tuple[Location, Row]]:
        """Where the undo did something."""
        return frozenset((*_placed(self._undo, after=False), *_placed(self._undo, after=True)))

    def _plainly_back(self, effect: TableEffect) -> bool:
        """Whether the undo did the reverse of all that happened to a table, row by row in the same order."""
        own = [each for each in self._effect.tables if each.table == effect.table]
        undone = [each for each in self._undo if each.table == effect.table]
        if len(own) != 1 or len(undone) != 1 or len(own[0].blocks) != 1 or len(undone[0].blocks) != 1:
            return False
        if (own[0].columns, own[0].key) != (undone[0].columns, undone[0].key):
            return False
        [block], [back] = own[0].blocks, undone[0].blocks
        if block.before is not None:
            return back.after == block.before
        places = effect.key_places
        gone = back.kind is RowChangeKind.DELETE and back.before is not None and block.after is not None
        return gone and _are_same(back.before, block.after, places)


def _are_same(one: Images | None, other: Images | None, places: Sequence[int]) -> bool:
    return one is not None and other is not None and one.pick_columns(places) == other.pick_columns(places)


def _differing_columns(
    effect: TableEffect, row: RowChange, found: Row | None, *, wanted: bool, whole: bool
) -> Iterator[tuple[str, bool]]:
    """Yield the columns that are not as they were, and whether they must be; an empty name for the whole row."""
    if row.before is None:
        # What was inserted is gone, unless another row had its key before.
        if found is not None and not wanted:
            yield "", True
        return
    if found is None:
        yield "", True
        return
    for name, old, left, now in zip(effect.columns, row.before, row.after or row.before, found, strict=True):
        if now == old or not (whole or row.kind is RowChangeKind.DELETE or old != left):
            continue
        free = row.kind is RowChangeKind.UPDATE and effect.cause is Cause.STATEMENT and name not in effect.assigned
        yield name, not free


def _placed(effects: Sequence[TableEffect], *, after: bool) -> Iterator[tuple[Location, Row]]:
    """Yield table and key of rows, as they are afterwards, or were before; without those that are not there then."""
    for table in dict.fromkeys(each.table for each in effects):
        for key, _row in _images(effects, table, after=after):
            yield table, key


def _images(effects: Sequence[TableEffect], table: Location, *, after: bool) -> Iterator[tuple[Row, Row]]:
    """Yield key and image of a table's rows, as they are afterwards, or were before."""
    for each in effects:
        for block in each.blocks if each.table == table else ():
            images = block.after if after else block.before
            if images is not None:
                yield from zip(images.pick_columns(each.key_places), images, strict=True)


def _key_of(effect: TableEffect, row: Row) -> Row:
    return tuple(row[at] for at in effect.key_places)
