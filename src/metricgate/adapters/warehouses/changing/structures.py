"""One change of a table itself, the same on every engine.

What it would do is looked up, not tried. What goes is renamed or copied aside in the same step, so that it can come
back; the real run looks again, compares, and carries out. Where DDL commits by itself, the journal is durable before,
and whether the change was made is seen from the table afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from metricgate.adapters.warehouses.changing.session import WriteSession
from metricgate.adapters.warehouses.changing.structure_dialect import Index, Surroundings
from metricgate.adapters.warehouses.changing.transaction import ChangeRelease, WriteEngine
from metricgate.changing.definitions import Definitions, differences, differences_in_words
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import ColumnShape, Location, TableShape
from metricgate.changing.structure import ASIDE, StructureChange, StructureEffect, aside_of
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed, OutcomeUnknown, Rehearsal
from metricgate.gateway.codes import WAREHOUSE_CANCELLED, WAREHOUSE_TIMEOUT, WAREHOUSE_UNAVAILABLE
from metricgate.vocabulary.structure import StructureKind

_ENDS_A_COLUMN = frozenset({StructureKind.DROP_COLUMN, StructureKind.RENAME_COLUMN})
_UNANSWERED = frozenset({WAREHOUSE_UNAVAILABLE.name, WAREHOUSE_TIMEOUT.name, WAREHOUSE_CANCELLED.name})
"""The server did not say how a statement ended."""
_ASIDE_NOTE = "The table is renamed and set aside; its data is dropped for good when the undo ends."


def rehearse_structure(engine: WriteEngine, change: StructureChange, seconds: float) -> Rehearsal:
    """Look up what a change would do.

    Raises:
        ChangeFailed: it cannot be carried out, or something depends on what would go.
    """
    begin = time.perf_counter()
    engine.session.begin(seconds)
    try:
        effect, _shape, _indexes = _foretell_effect(engine, change)
        definitions = _acting(engine, engine.session, change)
    finally:
        engine.session.rollback()
    return Rehearsal(
        changes=(),
        effect=ChangeEffect(tables=(), structure=effect),
        seconds=time.perf_counter() - begin,
        definitions=definitions,
    )


def restructure(
    engine: WriteEngine, change: StructureChange, released: ChangeRelease, prepare: Callable[[ChangeEffect], None]
) -> ChangeEffect:
    """Carry it out and commit, or change nothing.

    Raises:
        ChangeFailed: nothing was changed.
        OutcomeUnknown: it may have been.
    """
    session, dialect = engine.session, engine.dialect.structures
    # What comes back lies where another action put it.
    aside = (*change.table[:-1], change.aside or aside_of(released.action_id))
    locking = dialect.lock(aside if change.kind is StructureKind.RESTORE_TABLE else change.table)
    session.begin(released.seconds)
    try:
        if locking is not None:
            session.do(locking)
        found, shape, indexes = _foretell_effect(engine, change)
        effect = _as_shown(found, released.expected_digest)
        _unless_shown(engine, session, change, released)
        statements = dialect.statements(found.change, shape, aside, indexes)
        if not dialect.commits_by_itself:
            for sql in statements:
                session.do(sql)
            if engine.beside is not None:
                # Others see the table as it was still, and what they defined anew while the statements ran.
                with engine.beside() as now:
                    _unless_shown(engine, now, change, released)
            session.change(*engine.dialect.mark(released.action_id))
        prepare(effect)
    except BaseException:
        session.rollback()
        raise
    if dialect.commits_by_itself:
        if session.read(*engine.dialect.closed_off(released.action_id)):
            session.rollback()
            raise ChangeFailed(codes.INTERRUPTED.name, "another gateway settled the action as not carried out")
        _committing(engine, found.change, aside, statements)
        try:
            session.change(*engine.dialect.mark(released.action_id))
        except ChangeFailed as error:
            # It is done, and only the marker is missing.
            raise OutcomeUnknown(error.engine_text) from error
    session.commit()
    return effect


def is_restructured(engine: WriteEngine, change: StructureChange, action_id: str) -> bool:
    """Return whether a table stands as the action leaves it; on engines that roll DDL back its marker tells instead.

    The session reads what is committed.
    """
    if not engine.dialect.structures.commits_by_itself:
        return False
    aside = (*change.table[:-1], aside_of(action_id))
    shapes = engine.dialect.shapes(engine.session, [change.table, aside])
    shape = shapes.get(change.table)
    match change.kind:
        case StructureKind.DROP_TABLE:
            return aside in shapes
        case StructureKind.RESTORE_TABLE:
            return shape is not None
        case StructureKind.ADD_COLUMN | StructureKind.RESTORE_COLUMN:
            return shape is not None and _column_named(shape, change.column_name) is not None
        case _:
            return shape is not None and _column_named(shape, change.column_name) is None


def forget_aside(engine: WriteEngine, action_ids: Sequence[str]) -> None:
    """Drop what these actions set aside.

    Raises:
        ChangeFailed: some of it is still there.
    """
    dialect = engine.dialect.structures
    names = [aside_of(each) for each in action_ids]
    for schema, name in engine.session.read(*dialect.select_tables_named(names)):
        engine.session.do(dialect.drop((str(schema), str(name))))


def _committing(engine: WriteEngine, change: StructureChange, aside: Location, statements: Sequence[str]) -> None:
    """Run DDL that cannot be rolled back. Only one of its statements, the last DDL, makes the change visible."""
    try:
        for sql in statements:
            engine.session.do(sql)
    except ChangeFailed as error:
        if error.code in _UNANSWERED:
            # Whether the statement was carried out is seen from the table; until then nothing of it is cleaned away.
            raise OutcomeUnknown(error.engine_text) from error
        with suppress(ChangeFailed):
            for sql in engine.dialect.structures.clean_up(change, aside):
                engine.session.do(sql)
        raise


def _as_shown(found: StructureEffect, digest: str) -> ChangeEffect:
    effect = ChangeEffect(tables=(), structure=found)
    if effect.digest != digest:
        raise ChangeFailed(codes.ROWS_CHANGED.name, "the table is not as it was shown", detail="the table changed")
    return effect


def _acting(engine: WriteEngine, session: WriteSession, change: StructureChange) -> Definitions:
    """Return what acts when the table is changed: on its rows, behind its foreign keys, and on DDL itself."""
    table = (*change.table[:-1], change.aside) if change.kind is StructureKind.RESTORE_TABLE else change.table
    on_rows = engine.dialect.definitions(session, (table,), ())
    return tuple(sorted({*on_rows, *engine.dialect.structures.read_ddl_triggers(session)}))


def _unless_shown(engine: WriteEngine, session: WriteSession, change: StructureChange, released: ChangeRelease) -> None:
    if not released.definitions:  # kept by a release that bound none: every table has some
        return
    told = differences(released.definitions, _acting(engine, session, change))
    if told:
        raise ChangeFailed(
            codes.DEFINITIONS_CHANGED.name, differences_in_words(told), detail=differences_in_words(told)
        )


def _foretell_effect(
    engine: WriteEngine, change: StructureChange
) -> tuple[StructureEffect, TableShape | None, tuple[Index, ...]]:
    if change.kind is StructureKind.RESTORE_TABLE:
        return _brought_back(engine, change), None, ()
    shape = engine.dialect.shapes(engine.session, [change.table]).get(change.table)
    if shape is None or not shape.plain or not shape.transactional or change.table[-1].lower().startswith(ASIDE):
        raise ChangeFailed(codes.NOT_CHANGEABLE.name, f"{'.'.join(change.table)} cannot be changed")
    dialect = engine.dialect.structures
    surroundings = dialect.surroundings(engine.session, shape)
    _unless_depended_on(change, shape, surroundings)
    losses: tuple[str, ...] = ()
    if change.kind in _ENDS_A_COLUMN:
        column, losses = dialect.definition(engine.session, shape, _own_column(shape, change.column_name))
        change = replace(change, column=column)
    if change.kind in {StructureKind.ADD_COLUMN, StructureKind.RESTORE_COLUMN, StructureKind.RENAME_COLUMN}:
        _unless_taken(shape, change.new_name or change.column_name)
    values = _count_values(engine, change, shape)
    effect = StructureEffect(
        change=change,
        rows=_read_count(engine, dialect.count(change.table, None)),
        values=values,
        columns=shape.columns,
        key=shape.key,
        belongings=tuple(each.name for each in surroundings.indexes),
        rebuild=tuple(each.text for each in surroundings.indexes if each.text),
        losses=losses if change.kind is StructureKind.DROP_COLUMN else (),
        notes=_notes_on(change, shape),
    )
    return effect, shape, surroundings.indexes


def _brought_back(engine: WriteEngine, change: StructureChange) -> StructureEffect:
    aside = (*change.table[:-1], change.aside)
    shapes = engine.dialect.shapes(engine.session, [change.table, aside])
    if change.table in shapes:
        raise ChangeFailed(codes.ROWS_CHANGED.name, "the name is taken", detail="a table of its name was made since")
    shape = shapes.get(aside)
    if shape is None:
        raise ChangeFailed(codes.NOT_CHANGEABLE.name, f"{aside[-1]} is gone", detail="what was set aside is gone")
    rows = _read_count(engine, engine.dialect.structures.count(aside, None))
    return StructureEffect(change=change, rows=rows, columns=shape.columns, key=shape.key)


def _count_values(engine: WriteEngine, change: StructureChange, shape: TableShape) -> int:
    """Return how many values go, or come back; refuses where an undo would reach what others did since."""
    dialect = engine.dialect.structures
    if change.kind is StructureKind.RESTORE_COLUMN:
        kept = (*change.table[:-1], change.aside)
        if kept not in engine.dialect.shapes(engine.session, [kept]):
            raise ChangeFailed(codes.NOT_CHANGEABLE.name, f"{kept[-1]} is gone", detail="what was set aside is gone")
        if change.column is not None and not change.column.nullable:
            without = _read_count(engine, dialect.without_values(change))
            if without:
                text = f"{without} rows were added since, and the column takes no NULL"
                raise ChangeFailed(codes.ROWS_CHANGED.name, text, detail=text)
        return _read_count(engine, dialect.count(kept, None))
    if change.kind is not StructureKind.DROP_COLUMN:
        return 0
    values = _read_count(engine, dialect.count(change.table, change.column_name))
    if change.only_empty and values:
        text = f"{values} rows hold a value in it since"
        raise ChangeFailed(codes.ROWS_CHANGED.name, text, detail=text)
    if not change.only_empty and not shape.key:
        raise ChangeFailed(codes.NO_KEY.name, "values could not be put back: the table has no key")
    return values


def _unless_depended_on(change: StructureChange, shape: TableShape, surroundings: Surroundings) -> None:
    if change.kind in {StructureKind.ADD_COLUMN, StructureKind.RESTORE_COLUMN}:
        return
    found = list(surroundings.dependents)
    column = change.column_name
    found += [
        f"foreign key {key.name} of {'.'.join(key.table)}"
        for key in shape.referenced_by
        if key.table != shape.location and (not column or column in key.referenced_columns)
    ]
    if change.kind is StructureKind.DROP_COLUMN:
        if len(shape.columns) == 1:
            found.append("it is the only column")
        if column in shape.key or any(column in each for each in shape.unique):
            found.append("a key of the table")
        found += [f"foreign key {each.name}" for each in shape.references if column in each.columns]
        found += [f"column {each.name}, which is computed" for each in shape.columns if each.generated]
    if column:
        renamed = change.kind is StructureKind.RENAME_COLUMN
        found += [
            f"index {each.name}"
            for each in surroundings.indexes
            if (column in each.columns and not (renamed and not each.text)) or (not each.columns and each.text)
        ]
    if found:
        raise ChangeFailed(codes.DEPENDED_ON.name, "; ".join(found), detail=", ".join(dict.fromkeys(found))[:500])


def _notes_on(change: StructureChange, shape: TableShape) -> tuple[str, ...]:
    notes = []
    if change.kind is StructureKind.DROP_TABLE:
        notes.append(_ASIDE_NOTE)
        notes += [f"Until then its foreign key {each.name} still binds." for each in shape.references]
    if change.kind is StructureKind.DROP_COLUMN and not change.only_empty:
        notes.append("Its values are kept aside until the undo ends; an undo brings it back as the last column.")
    notes += [f"The trigger {each} stays with the table." for each in shape.triggers]
    return tuple(notes)


def _own_column(shape: TableShape, name: str) -> ColumnShape:
    found = _column_named(shape, name)
    if found is None:
        raise ChangeFailed(codes.ROWS_CHANGED.name, f"there is no column {name}", detail=f"the column {name} is gone")
    return found


def _column_named(shape: TableShape, name: str) -> ColumnShape | None:
    return next((each for each in shape.columns if each.name == name), None)


def _unless_taken(shape: TableShape, name: str) -> None:
    if any(each.name.lower() == name.lower() for each in shape.columns):
        text = f"the column {name} is there already"
        raise ChangeFailed(codes.ROWS_CHANGED.name, text, detail=text)


def _read_count(engine: WriteEngine, text: tuple[str, Sequence[object]]) -> int:
    [(count,)] = engine.session.read(*text)
    return int(count or 0)
