"""One transaction of a change, the same on every engine.

Sources are evaluated to rows of values; the rows are read as they are; foreign keys that react are followed; the
change is carried out by key; the rows are read again. The difference is the effect. A rehearsal rolls back; the real
run compares everything with what was rehearsed, writes its marker, makes the journal durable, and commits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from metricgate.adapters.warehouses.writing.ordering import MOST_TOLD, by_kind, by_values, differing, too_many
from metricgate.adapters.warehouses.writing.reach import Reach, follow
from metricgate.adapters.warehouses.writing.session import WriteDialect, WriteSession
from metricgate.changing.change import ChangeKind, Row, RowTarget, TableChange, digest_of_changes
from metricgate.changing.definitions import Definitions, differences, said
from metricgate.changing.effect import Cause, Effect, RowChange, TableEffect
from metricgate.changing.proving import Back, back_of
from metricgate.changing.shape import ColumnShape, Location, Reaction, TableShape
from metricgate.changing.undo import taking_back
from metricgate.gateway.codes import WAREHOUSE_CODES, WAREHOUSE_FAILED
from metricgate.gateway.writing import codes
from metricgate.gateway.writing.ports import ChangeFailed, ChangePlan, Rehearsal, View

_CHUNK = 2_000
_NOT_OF_THE_CHANGE = frozenset({*WAREHOUSE_CODES, codes.CONFLICT.name}) - {WAREHOUSE_FAILED.name}
"""Codes of failures that say nothing about whether a change can be taken back."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A session and its dialect."""

    session: WriteSession
    dialect: WriteDialect
    beside: Callable[[], AbstractContextManager[WriteSession]] | None = None
    """Opens a session that reads the catalogue as it is now, where the transaction sees an old state of it."""


class Released(Protocol):
    """What ``apply`` looks at of a ``ReleasedChange``: a worker process is told no more than that."""

    @property
    def action_id(self) -> str: ...  # noqa: D102 - as in ReleasedChange, and so are the others

    @property
    def plan(self) -> ChangePlan | None: ...  # noqa: D102

    @property
    def changes(self) -> tuple[TableChange, ...]: ...  # noqa: D102

    @property
    def expected_digest(self) -> str: ...  # noqa: D102

    @property
    def most_rows(self) -> int: ...  # noqa: D102

    @property
    def seconds(self) -> float: ...  # noqa: D102

    @property
    def views(self) -> tuple[View, ...]: ...  # noqa: D102

    @property
    def definitions(self) -> Definitions | None: ...  # noqa: D102


def rehearse(engine: Engine, plan: ChangePlan) -> Rehearsal:
    """Carry the plan out and roll it back.

    Raises:
        ChangeFailed: it cannot be carried out.
    """
    begin = time.perf_counter()
    engine.session.begin(plan.seconds)
    try:
        shapes = _shapes(engine, [step.table for step in plan.steps])
        changes = _evaluated(engine, plan, shapes)
        return _rehearsed(engine, changes, shapes, plan.views, plan.most_rows, plan.reads, begin)
    finally:
        engine.session.rollback()


def rehearse_changes(
    engine: Engine, changes: Sequence[TableChange], *, most_rows: int, seconds: float, views: Sequence[View] = ()
) -> Rehearsal:
    """Do the same for changes that are spelt out.

    Raises:
        ChangeFailed: as above; ``E_ROWS_CHANGED`` where rows are not as expected.
    """
    begin = time.perf_counter()
    engine.session.begin(seconds)
    try:
        shapes = _shapes(engine, [change.table for change in changes])
        return _rehearsed(engine, changes, shapes, views, most_rows, (), begin)
    finally:
        engine.session.rollback()


def _rehearsed(
    engine: Engine,
    changes: Sequence[TableChange],
    shapes: dict[Location, TableShape],
    views: Sequence[View],
    most_rows: int,
    reads: Sequence[Location],
    begin: float,
) -> Rehearsal:
    """Carry it out, and then take it back, in the transaction that is rolled back: what fails now would fail later."""
    definitions = engine.dialect.definitions(engine.session, acting(changes, shapes), reads)
    effect = _carried_out(engine, changes, shapes, views, most_rows, lock=False)
    back = _taken_back(engine, effect, shapes)
    return Rehearsal(
        changes=tuple(changes),
        effect=effect,
        seconds=time.perf_counter() - begin,
        definitions=definitions,
        not_back=back.why,
        anew=back.anew,
    )


def _taken_back(engine: Engine, effect: Effect, shapes: dict[Location, TableShape]) -> Back:
    changes = taking_back(effect, shapes)
    try:
        undo = _carried_out(engine, changes, shapes, (), 2 * max(1, effect.rows), lock=False) if changes else None
    except ChangeFailed as error:
        if error.code in _NOT_OF_THE_CHANGE:
            raise
        return Back(why=(f"taking it back fails: {error.detail or error.code}",))
    return back_of(effect, undo)


def apply(engine: Engine, released: Released, prepare: Callable[[Effect], None]) -> Effect:
    """Carry it out and commit, or change nothing.

    Raises:
        ChangeFailed: nothing was changed.
        OutcomeUnknown: it may have been committed.
    """
    session = engine.session
    session.begin(released.seconds)
    try:
        effect = _as_rehearsed(engine, released)
        session.change(*engine.dialect.mark(released.action_id))
        prepare(effect)
    except BaseException:
        session.rollback()
        raise
    session.commit()
    return effect


def _as_rehearsed(engine: Engine, released: Released) -> Effect:
    """Carry it out, if everything is still as it was rehearsed."""
    shapes = _shapes(engine, [change.table for change in released.changes])
    _lock(engine, released.changes, shapes)
    _unless_shown(engine, engine.session, released, shapes)
    if released.plan is not None:
        again = _evaluated(engine, released.plan, shapes)
        if digest_of_changes(again) != digest_of_changes(released.changes):
            raise differing(released.changes, again)
    effect = _carried_out(engine, released.changes, shapes, released.views, released.most_rows, lock=True)
    # By now everything that took part is locked against being defined anew, so that what is read now did act.
    with nullcontext(engine.session) if engine.beside is None else engine.beside() as session:
        _unless_shown(engine, session, released, shapes)
    if effect.digest != released.expected_digest:
        raise ChangeFailed(codes.ROWS_CHANGED.name, "the effect is not the one that was rehearsed")
    return effect


def acting(changes: Sequence[TableChange], shapes: Mapping[Location, TableShape]) -> tuple[Location, ...]:
    """Return the tables whose rows may change: those that are named, and those behind foreign keys that react."""
    found = dict.fromkeys(change.table for change in changes)
    while True:
        more = [
            key.table
            for table in found
            for key in (shapes[table].referenced_by if table in shapes else ())
            if {key.on_delete, key.on_update} != {Reaction.REFUSE} and key.table not in found
        ]
        if not more:
            return tuple(found)
        found.update(dict.fromkeys(more))


def _unless_shown(
    engine: Engine, session: WriteSession, released: Released, shapes: Mapping[Location, TableShape]
) -> None:
    if released.definitions is None:  # kept by a release that bound none
        return
    reads = () if released.plan is None else released.plan.reads
    found = engine.dialect.definitions(session, acting(released.changes, shapes), reads)
    told = differences(released.definitions, found)
    if told:
        raise ChangeFailed(codes.DEFINITIONS_CHANGED.name, said(told), detail=said(told))


def _shapes(engine: Engine, tables: Sequence[Location]) -> dict[Location, TableShape]:
    shapes = dict(engine.dialect.shapes(engine.session, list(dict.fromkeys(tables))))
    for table in tables:
        shape = shapes.get(table)
        if shape is None or not shape.plain or not shape.transactional:
            raise ChangeFailed(codes.NOT_CHANGEABLE.name, f"{'.'.join(table)} cannot be changed")
        if not shape.key:
            raise ChangeFailed(codes.NO_KEY.name, f"{'.'.join(table)} has no key")
    return shapes


def _evaluated(engine: Engine, plan: ChangePlan, shapes: dict[Location, TableShape]) -> tuple[TableChange, ...]:
    """Return the plan with its rows spelt out, sorted, so that equal plans are equal."""
    found: list[TableChange] = []
    total = 0
    seen: set[tuple[Location, Row]] = set()
    for step in plan.steps:
        shape = shapes[step.table]
        targets = [_column(shape, name) for name in (*step.key, *step.columns)]
        stores = step.kind is not ChangeKind.DELETE
        rows = engine.session.read(*engine.dialect.evaluate(step.source, targets), stores=stores)
        total += len(rows)
        if total > plan.most_rows:
            raise too_many(total, plan.most_rows)
        at = len(step.key)
        pairs = sorted(
            {(row[:at], row[at:]): None for row in rows} if at else [((), row) for row in rows], key=by_values
        )
        for key, _values in pairs if at else ():
            if (step.table, key) in seen:
                raise ChangeFailed(
                    codes.DUPLICATE_TARGET.name, "a row is found several times", rows=[(step.table, key)]
                )
            seen.add((step.table, key))
        found.append(
            TableChange(
                kind=step.kind,
                table=step.table,
                key=step.key,
                columns=step.columns,
                rows=tuple(RowTarget(key=key, values=values) for key, values in pairs),
            )
        )
    return tuple(found)


def _lock(engine: Engine, changes: Sequence[TableChange], shapes: dict[Location, TableShape]) -> None:
    """Take the locks before anything else is looked at, so that what is looked at afterwards stays."""
    for change in changes:
        if change.kind is not ChangeKind.INSERT:
            _images(engine, shapes[change.table], change.key, [row.key for row in change.rows], lock=True)


def _carried_out(
    engine: Engine,
    changes: Sequence[TableChange],
    shapes: dict[Location, TableShape],
    views: Sequence[View],
    most_rows: int,
    *,
    lock: bool,
) -> Effect:
    total = sum(len(change.rows) for change in changes)
    if total > most_rows:
        raise too_many(total, most_rows)
    before = [_before(engine, change, shapes[change.table], lock=lock) for change in changes]
    own = frozenset((change.table, row.key) for change in changes for row in change.rows)
    reach = Reach(shapes=shapes, most_rows=most_rows - total, own=own)
    for change, rows in zip(changes, before, strict=True):
        follow(reach, engine.session, engine.dialect, change, rows)
    if total + reach.rows > most_rows:
        raise too_many(total + reach.rows, most_rows)
    inserted = [_carry_out(engine, change, shapes[change.table]) for change in changes]
    for sql in engine.dialect.settle():
        engine.session.do(sql)
    tables = [
        _effect(engine, change, shapes[change.table], rows, keys)
        for change, rows, keys in zip(changes, before, inserted, strict=True)
    ]
    tables += [_cascade(engine, shapes[table], rows, reach.moved) for table, rows in reach.found.items() if rows]
    for view in views:
        _check_view(engine, view, shapes[view.table], tables)
    triggers = [
        f"trigger {name} on {'.'.join(table)}"
        for table in dict.fromkeys([*(each.table for each in changes), *reach.found])
        for name in shapes[table].triggers
    ]
    return Effect(tables=tuple(tables), unknown=tuple(dict.fromkeys((*triggers, *reach.unknown))))


def _before(engine: Engine, change: TableChange, shape: TableShape, *, lock: bool) -> list[Row | None]:
    """Return each row as it is, held against what is expected of it."""
    if change.kind is ChangeKind.INSERT:
        return [None] * len(change.rows)
    found = _images(engine, shape, change.key, [row.key for row in change.rows], lock=lock)
    places = [shape.names.index(name) for name in change.expecting]
    wrong = [
        (change.table, row.key)
        for row, image in zip(change.rows, found, strict=True)
        if image is None or (places and tuple(image[at] for at in places) != row.expected)
    ]
    if wrong:
        raise ChangeFailed(codes.ROWS_CHANGED.name, "rows are not as expected", rows=wrong[:MOST_TOLD])
    return found


def _carry_out(engine: Engine, change: TableChange, shape: TableShape) -> list[Row]:
    """Do it; returns the keys of inserted rows."""
    columns = [_column(shape, name) for name in change.columns]
    keys: list[Row] = []
    for start in range(0, len(change.rows), _CHUNK):
        rows = change.rows[start : start + _CHUNK]
        if change.kind is ChangeKind.INSERT:
            given = engine.session.read(
                *engine.dialect.insert(shape, columns, [row.values for row in rows], restoring=change.restoring)
            )
            keys += given
            count = len(given)
        elif change.kind is ChangeKind.UPDATE:
            pairs = [(row.key, row.values) for row in rows]
            kept = [_column(shape, name) for name in change.keeping]
            count = engine.session.change(
                *engine.dialect.update(shape, columns, pairs, kept, restoring=change.restoring)
            )
        else:
            count = engine.session.change(*engine.dialect.delete(shape, [row.key for row in rows]))
        if count != len(rows):
            text = f"{change.kind} of {len(rows)} rows found {count}"
            raise ChangeFailed(codes.ROWS_CHANGED.name, text, rows=[(change.table, row.key) for row in rows[:10]])
    return keys


def _effect(
    engine: Engine, change: TableChange, shape: TableShape, before: Sequence[Row | None], inserted: Sequence[Row]
) -> TableEffect:
    rows: list[RowChange]
    if change.kind is ChangeKind.DELETE:
        rows = [RowChange(key=row.key, before=old) for row, old in zip(change.rows, before, strict=True)]
    elif change.kind is ChangeKind.INSERT:
        after = _images(engine, shape, shape.key, inserted, lock=False)
        rows = [RowChange(key=key, after=new) for key, new in zip(inserted, after, strict=True)]
    else:
        keys = [_new_key(change, row) for row in change.rows]
        after = _images(engine, shape, shape.key, keys, lock=False)
        rows = [
            RowChange(key=row.key, before=old, after=new)
            for row, old, new in zip(change.rows, before, after, strict=True)
        ]
    if any(row.after is None for row in rows) and change.kind is not ChangeKind.DELETE:
        raise ChangeFailed(codes.NOT_CHANGEABLE.name, "a row that was written is not there: a trigger took it away")
    places = [shape.names.index(name) for name in change.columns]
    return TableEffect(
        table=change.table,
        cause=Cause.STATEMENT,
        columns=shape.names,
        key=shape.key,
        assigned=change.columns,
        rows=tuple(sorted(rows, key=lambda row: by_kind(row, places))),
    )


def _cascade(
    engine: Engine, shape: TableShape, before: dict[Row, Row], moved: Mapping[tuple[Location, Row], Row]
) -> TableEffect:
    keys = list(before)
    now = [moved.get((shape.location, key), key) for key in keys]
    after = _images(engine, shape, shape.key, now, lock=False)
    rows = [
        RowChange(key=key, before=before[key], after=new)
        for key, new in zip(keys, after, strict=True)
        if new != before[key]
    ]
    return TableEffect(
        table=shape.location,
        cause=Cause.CASCADE,
        columns=shape.names,
        key=shape.key,
        assigned=(),
        rows=tuple(sorted(rows, key=lambda row: by_kind(row, []))),
    )


def _new_key(change: TableChange, row: RowTarget) -> Row:
    given = dict(zip(change.columns, row.values, strict=True))
    return tuple(given.get(name, old) for name, old in zip(change.key, row.key, strict=True))


def _images(
    engine: Engine, shape: TableShape, by: Sequence[str], rows: Sequence[Row], *, lock: bool
) -> list[Row | None]:
    """Return whole rows in the order of these keys; None where there is none."""
    columns = [_column(shape, name) for name in by]
    found: list[Row | None] = [None] * len(rows)
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        for number, *image in engine.session.read(*engine.dialect.images(shape, columns, part, lock=lock)):
            found[start + int(number or 0)] = tuple(image)
    return found


def _check_view(engine: Engine, view: View, shape: TableShape, tables: Sequence[TableEffect]) -> None:
    """Refuse where a row that was written is not among those that the proposer may see."""
    places = [shape.names.index(name) for name in view.key]
    written = {
        tuple(row.after[at] for at in places)
        for each in tables
        if each.table == view.table and each.cause is Cause.STATEMENT
        for row in each.rows
        if row.after is not None
    }
    if not written:
        return
    columns = [_column(shape, name) for name in view.key]
    hidden = written - set(engine.session.read(*engine.dialect.plain(view.source, columns)))
    if hidden:
        rows = [(view.table, key) for key in sorted(hidden, key=str)[:MOST_TOLD]]
        raise ChangeFailed(codes.ROW_OUT_OF_VIEW.name, "a row leaves its proposer's view", rows=rows)


def _column(shape: TableShape, name: str) -> ColumnShape:
    return next(each for each in shape.columns if each.name == name)
