"""The worker's side of changes to a DuckDB file: it carries one out, and commits when the gateway says so."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

import duckdb

from metricgate.adapters.warehouses.changing import structures, transaction
from metricgate.adapters.warehouses.duckdb.changing.dialect import DuckDBDialect
from metricgate.adapters.warehouses.duckdb.changing.messages import (
    LARGEST,
    packed_failure,
    packed_rehearsal,
    packed_shapes,
)
from metricgate.adapters.warehouses.duckdb.changing.session import Broken, DuckDBSession
from metricgate.adapters.warehouses.duckdb.changing.shapes import MARKS, lossy
from metricgate.adapters.warehouses.duckdb.changing.write_queue import GaveWay, WriteQueue
from metricgate.adapters.warehouses.duckdb.engine import DuckDBEngine as Instance
from metricgate.adapters.warehouses.duckdb.workers.frames import Head, receive, send
from metricgate.changing.change import TableChange
from metricgate.changing.definitions import Definitions
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.serial import effect_to_bytes
from metricgate.changing.shape import Location, TableShape
from metricgate.gateway.changes import codes, kept_change
from metricgate.gateway.changes.ports import ChangeFailed, ChangePlan, OutcomeUnknown, View

_IN_TURN = frozenset({"rehearse", "apply"})

_HAS_MARKS = """
SELECT 'yes' FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = 'main' AND table_name = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Released:
    """What the gateway released, as the core takes it."""

    action_id: str
    plan: ChangePlan | None
    changes: tuple[TableChange, ...]
    expected_digest: str
    most_rows: int
    seconds: float
    views: tuple[View, ...]
    definitions: Definitions | None


class _Stopped(Exception):
    """The gateway says that nothing is to be committed."""


class Carrying:
    """Answers what the gateway asks about changes. One change runs at a time, and rehearsals wait longest."""

    def __init__(self, engine: Instance) -> None:
        self._engine = engine
        self._turns = WriteQueue()

    @staticmethod
    def begins(question: Head) -> bool:
        """Whether ``answer`` itself says that work has begun: not before its turn has come.

        A worker that is killed for a rehearsal that does not end takes no approved change along which only waits.
        """
        return question["kind"] in _IN_TURN

    def stop(self, question: int) -> None:
        """Have a question that waits for its turn wait no longer."""
        self._turns.stop(question)

    def over(self, question: int) -> None:
        """Forget a question that is answered."""
        self._turns.over(question)

    def answer(
        self, channel: socket.socket, cursor: duckdb.DuckDBPyConnection, question: Head, body: memoryview
    ) -> tuple[Head, bytes]:
        """Answer one question, with a fresh cursor.

        Raises:
            Gone: the gateway hung up; nothing was changed.
        """
        try:
            if question["kind"] == "shapes":
                return self._shapes(cursor, question)
            if question["kind"] == "applied":
                return self._applied(cursor, question)
            if question["kind"] == "forget":
                return self._forget(cursor, question)
            return self._in_turn(channel, cursor, question, kept_change.from_bytes(body))
        except ChangeFailed as error:
            return packed_failure(error)
        except (Broken, OutcomeUnknown) as error:
            # Whoever opens the file next replays its log and knows. This instance may not be right any more.
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
            os._exit(1)

    def _in_turn(
        self, channel: socket.socket, cursor: duckdb.DuckDBPyConnection, question: Head, wanted: kept_change.KeptChange
    ) -> tuple[Head, bytes]:
        number, begun = cast("int", question["question"]), False
        try:
            if question["kind"] == "apply":
                with self._turns.take_approved(number):
                    send(channel, {"begun": True})
                    begun = True
                    return self._apply(channel, cursor, question, wanted)
            while True:
                with suppress(GaveWay), self._turns.take_rehearsal(number, cursor):
                    if not begun:
                        send(channel, {"begun": True})
                        begun = True
                    return self._rehearse(cursor, wanted)
        except ChangeFailed:
            if not begun:
                send(channel, {"begun": True})  # an answer follows
            raise

    def _shapes(self, cursor: duckdb.DuckDBPyConnection, question: Head) -> tuple[Head, bytes]:
        session = DuckDBSession(self._engine, cursor)
        relations = [tuple(each) for each in cast("list[list[str]]", question["relations"])]
        return {}, packed_shapes(DuckDBDialect(session.check).shapes(session, relations))

    def _applied(self, cursor: duckdb.DuckDBPyConnection, question: Head) -> tuple[Head, bytes]:
        session = DuckDBSession(self._engine, cursor)
        asked = cast("list[str]", question["actions"])
        found = session.read(*DuckDBDialect(session.check).marks(asked)) if session.read(_HAS_MARKS, (MARKS,)) else []
        return {"applied": [str(action) for (action,) in found]}, b""

    def _forget(self, cursor: duckdb.DuckDBPyConnection, question: Head) -> tuple[Head, bytes]:
        session = DuckDBSession(self._engine, cursor)
        session.begin(0)
        try:
            engine = transaction.WriteEngine(session, DuckDBDialect(session.check))
            structures.forget_aside(engine, cast("list[str]", question["actions"]))
        except BaseException:
            session.rollback()
            raise
        session.commit()
        return {}, b""

    def _rehearse(self, cursor: duckdb.DuckDBPyConnection, wanted: kept_change.KeptChange) -> tuple[Head, bytes]:
        engine = self._opened(cursor)
        if wanted.structure is not None:
            return packed_rehearsal(structures.rehearse_structure(engine, wanted.structure, wanted.seconds))
        if wanted.plan is not None:
            found = transaction.rehearse(engine, wanted.plan)
        else:
            found = transaction.rehearse_changes(
                engine, wanted.changes, most_rows=wanted.most_rows, seconds=wanted.seconds, views=wanted.views
            )
        head, body = packed_rehearsal(replace(found, effect=_complete_effect(engine, found.effect)))
        return head, _check_size(body)

    def _apply(
        self, channel: socket.socket, cursor: duckdb.DuckDBPyConnection, question: Head, wanted: kept_change.KeptChange
    ) -> tuple[Head, bytes]:
        engine = self._opened(cursor, marking=True)
        released = _Released(
            action_id=str(question["action"]),
            plan=wanted.plan,
            changes=wanted.changes,
            expected_digest=str(question["digest"]),
            most_rows=wanted.most_rows,
            seconds=wanted.seconds,
            views=wanted.views,
            definitions=wanted.definitions,
        )

        def prepare(effect: ChangeEffect) -> None:
            send(channel, {"prepare": True}, _check_size(effect_to_bytes(_complete_effect(engine, effect))))
            head, _body = receive(channel)
            if head != {"go": True}:
                raise _Stopped

        try:
            if wanted.structure is not None:
                structures.restructure(engine, wanted.structure, released, prepare)
            else:
                transaction.apply(engine, released, prepare)
        except _Stopped:
            return {"stopped": True}, b""
        return {"committed": True}, b""

    def _opened(self, cursor: duckdb.DuckDBPyConnection, *, marking: bool = False) -> transaction.WriteEngine:
        checking = DuckDBSession(self._engine, cursor)
        dialect = DuckDBDialect(checking.check)
        session = DuckDBSession(self._engine, cursor, dialect.make_marks() if marking else ())
        return transaction.WriteEngine(session, dialect)


def _complete_effect(engine: transaction.WriteEngine, effect: ChangeEffect) -> ChangeEffect:
    """Return the effect with what its texts do not hold."""
    tables: Sequence[Location] = [each.table for each in effect.tables]
    shapes: Mapping[Location, TableShape] = engine.dialect.shapes(engine.session, tables)
    return lossy(effect, shapes)


def _check_size(body: bytes) -> bytes:
    if len(body) > LARGEST:
        raise ChangeFailed(codes.TOO_MANY_ROWS.name, f"{len(body)} bytes", detail="too large to be shown")
    return body
