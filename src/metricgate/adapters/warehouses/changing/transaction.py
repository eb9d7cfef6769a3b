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

from metricgate.adapters.warehouses.changing.effects import carried_out, taken_back
from metricgate.adapters.warehouses.changing.refusals import other_rows_found
from metricgate.adapters.warehouses.changing.reversibility import surely_back
from metricgate.adapters.warehouses.changing.rows import ImagesFound, RowAccess
from metricgate.adapters.warehouses.changing.session import WriteDialect, WriteSession
from metricgate.changing.change import RowChangeKind, TableChange
from metricgate.changing.definitions import Definitions, differences, differences_in_words
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import Location, Reaction, TableShape
from metricgate.changing.undo import taking_back
from metricgate.changing.undo_check import UndoCheck
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed, ChangePlan, Rehearsal, View
from metricgate.gateway.codes import WAREHOUSE_CODES, WAREHOUSE_FAILED
from metricgate.vocabulary.collector import collector_paused

_NOT_OF_THE_CHANGE = frozenset({*WAREHOUSE_CODES, codes.CONFLICT.name}) - {WAREHOUSE_FAILED.name}
"""Codes of failures that say nothing about whether a change can be taken back."""
_MANY = 10_000
"""From so many rows on, Python's collector costs more than it can find."""


@dataclass(frozen=True, slots=True)
class WriteEngine:
    """A session and its dialect."""

    session: WriteSession
    dialect: WriteDialect
    beside: Callable[[], AbstractContextManager[WriteSession]] | None = None
    """Opens a session that reads the catalogue as it is now, where the transaction sees an old state of it."""

    @property
    def tables(self) -> RowAccess:
        """What reads and writes rows."""
        return RowAccess(self.session, self.dialect)


class ChangeRelease(Protocol):
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


def rehearse(engine: WriteEngine, plan: ChangePlan) -> Rehearsal:
    """Carry the plan out and roll it back.

    Raises:
        ChangeFailed: it cannot be carried out.
    """
    begin = time.perf_counter()
    engine.session.begin(plan.seconds)
    try:
        shapes = _shapes(engine, [step.table for step in plan.steps])
        changes = engine.tables.evaluate_plan(plan, shapes)
        return _rehearse_changes(engine, changes, shapes, plan.views, plan.most_rows, plan.reads, begin)
    finally:
        engine.session.rollback()


def rehearse_changes(
    engine: WriteEngine, changes: Sequence[TableChange], *, most_rows: int, seconds: float, views: Sequence[View] = ()
) -> Rehearsal:
    """Do the same for changes that are spelt out.

    Raises:
        ChangeFailed: as above; ``E_ROWS_CHANGED`` where rows are not as expected.
    """
    begin = time.perf_counter()
    engine.session.begin(seconds)
    try:
        shapes = _shapes(engine, [change.table for change in changes])
        return _rehearse_changes(engine, changes, shapes, views, most_rows, (), begin)
    finally:
        engine.session.rollback()


def _rehearse_changes(
    engine: WriteEngine,
    changes: Sequence[TableChange],
    shapes: dict[Location, TableShape],
    views: Sequence[View],
    most_rows: int,
    reads: Sequence[Location],
    begin: float,
) -> Rehearsal:
    """Carry it out, and then take it back, in the transaction that is rolled back: what fails now would fail later.

    Where an update of many rows can be refused for nothing but its values, they are tried instead of the update.
    """
    definitions = engine.dialect.definitions(engine.session, tables_changed(changes, shapes), reads)
    with collector_paused(when=_many(changes)):
        effect = carried_out(engine.tables, changes, shapes, views, most_rows)
        back = _taken_back(engine, effect, shapes, definitions)
    return Rehearsal(
        changes=tuple(changes),
        effect=effect,
        seconds=time.perf_counter() - begin,
        definitions=definitions,
        not_back=back.why,
        anew=back.anew,
    )


def _taken_back(
    engine: WriteEngine, effect: ChangeEffect, shapes: dict[Location, TableShape], definitions: Definitions
) -> UndoCheck:
    try:
        changes = taking_back(effect, shapes)
        if surely_back(engine.tables, effect, changes, shapes, definitions):
            return UndoCheck()
        return taken_back(engine.tables, effect, changes, shapes)
    except ChangeFailed as error:
        if error.code in _NOT_OF_THE_CHANGE:
            raise
        return UndoCheck(why=(f"taking it back fails: {error.detail or error.code}",))


def apply(engine: WriteEngine, released: ChangeRelease, prepare: Callable[[ChangeEffect], None]) -> ChangeEffect:
    """Carry it out and commit, or change nothing.

    Raises:
        ChangeFailed: nothing was changed.
        OutcomeUnknown: it may have been committed.
    """
    session = engine.session
    session.begin(released.seconds)
    try:
        with collector_paused(when=_many(released.changes)):
            effect = _as_rehearsed(engine, released)
            session.change(*engine.dialect.mark(released.action_id))
            prepare(effect)
    except BaseException:
        session.rollback()
        raise
    session.commit()
    return effect


def _as_rehearsed(engine: WriteEngine, released: ChangeRelease) -> ChangeEffect:
    """Carry it out, if everything is still as it was rehearsed."""
    shapes = _shapes(engine, [change.table for change in released.changes])
    locked = _lock_rows(engine, released.changes, shapes)
    _unless_shown(engine, engine.session, released, shapes)
    if released.plan is not None:
        again = engine.tables.evaluate_plan(released.plan, shapes)
        if again != tuple(released.changes):
            raise other_rows_found(released.changes, again)
    effect = carried_out(engine.tables, released.changes, shapes, released.views, released.most_rows, locked)
    # By now everything that took part is locked against being defined anew, so that what is read now did act.
    with nullcontext(engine.session) if engine.beside is None else engine.beside() as session:
        _unless_shown(engine, session, released, shapes)
    if effect.digest != released.expected_digest:
        raise ChangeFailed(codes.ROWS_CHANGED.name, "the effect is not the one that was rehearsed")
    return effect


def _many(changes: Sequence[TableChange]) -> bool:
    return sum(len(change.rows) for change in changes) >= _MANY


def tables_changed(changes: Sequence[TableChange], shapes: Mapping[Location, TableShape]) -> tuple[Location, ...]:
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
    engine: WriteEngine, session: WriteSession, released: ChangeRelease, shapes: Mapping[Location, TableShape]
) -> None:
    if released.definitions is None:  # kept by a release that bound none
        return
    reads = () if released.plan is None else released.plan.reads
    found = engine.dialect.definitions(session, tables_changed(released.changes, shapes), reads)
    told = differences(released.definitions, found)
    if told:
        raise ChangeFailed(
            codes.DEFINITIONS_CHANGED.name, differences_in_words(told), detail=differences_in_words(told)
        )


def _shapes(engine: WriteEngine, tables: Sequence[Location]) -> dict[Location, TableShape]:
    shapes = dict(engine.dialect.shapes(engine.session, list(dict.fromkeys(tables))))
    for table in tables:
        shape = shapes.get(table)
        if shape is None or not shape.plain or not shape.transactional:
            raise ChangeFailed(codes.NOT_CHANGEABLE.name, f"{'.'.join(table)} cannot be changed")
        if not shape.key:
            raise ChangeFailed(codes.NO_KEY.name, f"{'.'.join(table)} has no key")
    return shapes


def _lock_rows(
    engine: WriteEngine, changes: Sequence[TableChange], shapes: Mapping[Location, TableShape]
) -> list[ImagesFound | None]:
    """Take the locks before anything else is looked at, so that what is looked at afterwards stays; return the rows."""
    return [
        None
        if change.kind is RowChangeKind.INSERT
        else engine.tables.images(shapes[change.table], change.key, change.targets.keys, lock=True)
        for change in changes
    ]
