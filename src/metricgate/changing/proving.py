"""Whether taking an effect back left every row as it was: the images of before held against those of after the undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from metricgate.changing.change import ChangeKind, Row
from metricgate.changing.effect import Cause, Effect, RowChange, TableEffect
from metricgate.changing.shape import Location

_MOST_TOLD = 100

_State = dict[tuple[Location, Row], Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What came of an undo.

    Attributes:
        why: why rows are not as they were, by table and column; empty where they are.
        rows: of which rows: at most 100.
        anew: columns that the change did not set, and that the engine or a trigger set anew.
    """

    why: tuple[str, ...] = ()
    rows: tuple[tuple[Location, Row], ...] = ()
    anew: tuple[str, ...] = ()


def back_of(effect: Effect, undo: Effect | None, *, whole: bool = True, partly: bool = False) -> Back:
    """Return whether an effect was taken back.

    Args:
        effect: that was to be taken back.
        undo: what taking it back did; None where there was nothing to do.
        whole: whether nobody else changed anything in between, so that whole rows must be equal; otherwise only what
            the effect changed.
        partly: whether rows that the undo left out are none of its business.
    """
    state, touched = _left(effect, undo)
    wanted = {at for at, _row in _placed(effect, after=False)}
    told: dict[str, None] = {}
    anew: dict[str, None] = {}
    rows: dict[tuple[Location, Row], None] = {}
    for each in effect.tables:
        key = _key_of(each)
        for row in each.rows:
            at = (each.table, key(row.before if row.before is not None else row.after or ()))
            found = state.get(at)
            if row.before is not None and found == row.before:
                continue
            if partly and touched.isdisjoint({at, (each.table, key(row.after or row.before or ()))}):
                continue
            for name, required in _differing(each, row, found, wanted=at in wanted, whole=whole):
                place = ".".join((*each.table, *([name] if name else [])))
                if required:
                    told[f"{'' if name else 'a row of '}{place} would not be as it was"] = None
                    rows[at] = None
                else:
                    anew[place] = None
    return Back(why=tuple(told), rows=tuple(rows)[:_MOST_TOLD], anew=tuple(anew))


def _left(effect: Effect, undo: Effect | None) -> tuple[_State, set[tuple[Location, Row]]]:
    """Return the rows as the undo left them, and where it did something."""
    state: _State = {at: row.after for at, row in _placed(effect, after=True) if row.after is not None}
    touched: set[tuple[Location, Row]] = set()
    if undo is not None:
        for at, _row in _placed(undo, after=False):
            touched.add(at)
            state.pop(at, None)
        for at, row in _placed(undo, after=True):
            touched.add(at)
            if row.after is not None:
                state[at] = row.after
    return state, touched


def _differing(
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
        if now == old or not (whole or row.kind is ChangeKind.DELETE or old != left):
            continue
        free = row.kind is ChangeKind.UPDATE and effect.cause is Cause.STATEMENT and name not in effect.assigned
        yield name, not free


def _placed(effect: Effect, *, after: bool) -> Iterator[tuple[tuple[Location, Row], RowChange]]:
    """Yield rows by table and key, as they are afterwards, or were before; without those that are not there then."""
    for each in effect.tables:
        key = _key_of(each)
        for row in each.rows:
            image = row.after if after else row.before
            if image is not None:
                yield (each.table, key(image)), row


def _key_of(effect: TableEffect) -> Callable[[Row], Row]:
    places = [effect.columns.index(name) for name in effect.key]

    def key(row: Row) -> Row:
        return tuple(row[at] for at in places)

    return key
