"""Rows kept column by column say what rows kept one by one said: digests, bytes, what takes back, what came back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metricgate.changing.change import RowChangeKind, RowTarget, TableChange, digest_of_changes
from metricgate.changing.effect import Cause, ChangeEffect, RowChange, TableEffect
from metricgate.changing.images import Images
from metricgate.changing.serial import change_from_json, change_to_json, effect_from_bytes, effect_to_bytes
from metricgate.changing.shape import ColumnShape, TableShape
from metricgate.changing.undo import taking_back, without
from metricgate.changing.undo_check import UndoCheck, back_of
from metricgate.vocabulary.digest import digest_of

T = ("w", "main", "t")
NAMES = ("a", "b", "c", "d")
_text = st.none() | st.sampled_from(("", "x", "y", "NULL", 'q"\\', "\x00\x1f\x7f", "ä\u2028😀", "1.50"))
_key = st.tuples(st.sampled_from("123456"), st.sampled_from("xy"))


def rows_of(kind: RowChangeKind) -> st.SearchStrategy[RowChange]:
    """Rows of a table with the key (a, b); an update may move the key."""

    def row(parts: tuple) -> RowChange:
        key, other, (c, d, e, f), moves = parts
        before, after = (*key, c, d), (*(other if moves else key), e, f)
        if kind is RowChangeKind.INSERT:
            return RowChange(key=after[:2], after=after)
        return RowChange(key=key, before=before, after=after if kind is RowChangeKind.UPDATE else None)

    return st.tuples(_key, _key, st.tuples(_text, _text, _text, _text), st.booleans()).map(row)


_effects = st.lists(st.sampled_from(RowChangeKind).flatmap(rows_of), max_size=12, unique_by=lambda row: row.key)


def effect_of(*rows: RowChange, cause: Cause = Cause.STATEMENT) -> ChangeEffect:
    table = TableEffect(table=T, cause=cause, columns=NAMES, key=("a", "b"), assigned=("b", "d"), rows=rows)
    return ChangeEffect(tables=(table,))


@given(_effects, st.sampled_from(Cause))
def test_digest_and_bytes_of_an_effect(rows, cause):
    """The digest is that of the rows one after another, as releases made it that kept them so."""
    effect = effect_of(*rows, cause=cause)
    assert list(effect.tables[0].rows) == rows
    places = [0, 1, 2, 3] if cause is Cause.CASCADE else [1, 3]
    foretold = [
        [
            str(row.kind),
            None if row.kind is RowChangeKind.INSERT else list(row.key),
            None if row.before is None else list(row.before),
            None if row.after is None else [row.after[at] for at in places],
        ]
        for row in rows
    ]
    assert effect.digest == digest_of([[list(T), str(cause), list(NAMES), ["b", "d"], foretold]])
    assert effect_from_bytes(effect_to_bytes(effect)) == effect
    by_row = [[row.key, row.before, row.after] for row in rows]
    earlier = {"tables": [[T, str(cause), NAMES, ["a", "b"], ["b", "d"], by_row]], "unknown": []}
    assert effect_from_bytes(json.dumps(earlier).encode()) == effect


@given(st.lists(st.tuples(_key, _text, _text), max_size=9), st.booleans())
def test_digest_and_bytes_of_a_change(rows, restoring):
    targets = tuple(RowTarget(key=key, values=(value,), expected=(old,)) for key, value, old in rows)
    change = TableChange(
        kind=RowChangeKind.UPDATE,
        table=T,
        key=("a", "b"),
        columns=("c",),
        expecting=("c",),
        restoring=restoring,
        rows=targets,
    )
    assert tuple(change.rows) == targets
    document = {**change.head(), "rows": [[list(key), [value], [old]] for key, value, old in rows]}
    assert digest_of_changes([change]) == digest_of([document])
    assert digest_of_changes([]) == digest_of([])
    assert change_from_json(json.loads(json.dumps(change_to_json(change)))) == change
    assert change_from_json(json.loads(json.dumps(document))) == change
    left = without([change, change], [(T, key) for key, _value, _old in rows[:2]])
    assert [row for each in left for row in each.rows] == [
        row for _turn in range(2) for row in targets if row.key not in {key for key, _value, _old in rows[:2]}
    ]


def test_a_change_whose_values_are_not_its_columns_is_none():
    with pytest.raises(ValueError, match="for other columns"):
        TableChange(kind=RowChangeKind.UPDATE, table=T, key=("a",), columns=("c",), rows=(RowTarget(key=("1",)),))
    with pytest.raises(ValueError, match="2 values"):
        Images.of([("1", "2"), ("1",)], 2)
    with pytest.raises(ValueError, match="for 2 rows"):
        Images([["1"], ["1", "2"]], 2)
    raw = change_to_json(TableChange(kind=RowChangeKind.DELETE, table=T, key=("a",), rows=(RowTarget(key=("1",)),)))
    with pytest.raises(ValueError, match="no column 7"):
        change_from_json({**raw, "targets": [[7], [], []]})


@given(st.lists(st.tuples(_text, _text), max_size=9), st.integers(1, 4), st.integers(1, 6))
def test_rows_in_parts_and_in_order(rows, most, characters):
    images = Images.of(rows, 2)
    parts = list(images.parts(most, characters))
    assert [row for part in parts for row in part] == rows
    assert all(len(part) == 1 or (len(part) <= most and part.characters <= characters) for part in parts)
    order = images.order()
    found = list(images) if order is None else list(images.at(order))
    assert found == sorted(rows, key=lambda row: [(value is not None, value or "") for value in row])


SHAPE = TableShape(
    location=T, columns=tuple(ColumnShape(name=name, type="VARCHAR", generated=name == "c") for name in NAMES)
)


@given(_effects)
def test_what_takes_an_effect_back(rows):
    """Each row is named once, with what must stand in it and what stood in it; computed columns are left out."""
    left = [row.after[:2] for row in rows if row.after is not None]
    assume(len(left) == len(set(left)))  # no two rows of a table have one key
    changes = taking_back(effect_of(*rows), {T: SHAPE})
    found = {}
    for change in changes:
        for row in change.rows:
            found[change.kind, row.key or tuple(row.values[:2])] = (change.columns, row.values, row.expected)
    wanted = {}
    for row in rows:
        if row.before is None:
            wanted[RowChangeKind.DELETE, row.key] = ((), (), row.after)
        elif row.after is None:
            wanted[RowChangeKind.INSERT, row.before[:2]] = (("a", "b", "d"), (*row.before[:2], row.before[3]), ())
        elif places := [at for at in (0, 1, 3) if row.before[at] != row.after[at]]:
            values, expected = (tuple(side[at] for at in places) for side in (row.before, row.after))
            wanted[RowChangeKind.UPDATE, row.after[:2]] = (tuple(NAMES[at] for at in places), values, expected)
    assert found == wanted
    assert len([row for change in changes for row in change.rows]) >= len(wanted)


@given(_effects, _effects, st.booleans(), st.booleans(), st.booleans())
def test_what_came_back(rows, undo_rows, reverse, whole, partly):
    """Held against a reading row by row; ``reverse`` where the undo is what it should be."""
    effect = effect_of(*rows)
    if reverse:
        undo_rows = [RowChange(key=(row.after or row.key)[:2], before=row.after, after=row.before) for row in rows]
    undo = effect_of(*undo_rows)
    found = back_of(effect, undo, whole=whole, partly=partly)
    assert found == _row_by_row(effect, undo, whole=whole, partly=partly)


def _row_by_row(effect: ChangeEffect, undo: ChangeEffect, *, whole: bool, partly: bool) -> UndoCheck:
    left = {row.after[:2]: row.after for row in effect.tables[0].rows if row.after is not None}
    before = {row.before[:2] for row in effect.tables[0].rows if row.before is not None}
    touched = set()
    for row in undo.tables[0].rows:
        if row.before is not None:
            left.pop(row.before[:2], None)
            touched.add(row.before[:2])
    for row in undo.tables[0].rows:
        if row.after is not None:
            left[row.after[:2]] = row.after
            touched.add(row.after[:2])
    why, anew, rows = {}, {}, {}
    for row in effect.tables[0].rows:
        at, now = (row.before or row.after)[:2], (row.after or row.before)[:2]
        if (row.before is not None and left.get(at) == row.before) or (partly and touched.isdisjoint({at, now})):
            continue
        for name, required in _apart(row, left.get(at), wanted=at in before, whole=whole):
            if required:
                why[f"{'' if name else 'a row of '}w.main.t{name} would not be as it was"] = rows[T, at] = None
            else:
                anew[f"w.main.t{name}"] = None
    return UndoCheck(why=tuple(why), rows=tuple(rows), anew=tuple(anew))


def _apart(row: RowChange, found: tuple | None, *, wanted: bool, whole: bool) -> Iterator[tuple[str, bool]]:
    if row.before is None or found is None:
        if row.before is not None or (found is not None and not wanted):
            yield "", True
        return
    for name, old, left, now in zip(NAMES, row.before, row.after or row.before, found, strict=True):
        if now != old and (whole or row.after is None or old != left):
            yield f".{name}", row.after is None or name in {"b", "d"}
