"""Steps of actions on SQLite: the new state and the note of its entry are kept in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import orjson

from metricgate.adapters.state.sqlite.action_documents import from_document, to_document
from metricgate.adapters.state.sqlite.action_rows import INSERT, SELECT, SETTLED, UPDATE, ActionRows
from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.adapters.state.sqlite.sqlite_database import Database
from metricgate.approvals import lifecycle
from metricgate.approvals.proposal import ProposedAction, State
from metricgate.state.actions import ActionStep

STEPS = """
CREATE TABLE IF NOT EXISTS steps(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, action TEXT NOT NULL UNIQUE, event TEXT NOT NULL,
  after INTEGER NOT NULL, version INTEGER NOT NULL, before BLOB, owner TEXT NOT NULL DEFAULT ''
) STRICT
"""
"""Open steps: ``before`` is the action as it was, sealed; NULL where there was none."""
WORK = "CREATE TABLE IF NOT EXISTS work(action TEXT PRIMARY KEY, owner TEXT NOT NULL) STRICT"
"""Which gateway works on the actions that were decided and are not settled."""
LOOKED = "CREATE TABLE IF NOT EXISTS looked(id INTEGER PRIMARY KEY CHECK(id = 0), through INTEGER NOT NULL) STRICT"
"""One row: the entry up to which the record's proposals were held against the actions."""

_UNDER_WAY = frozenset({State.APPROVED, State.EXECUTING})


def with_owners(connection: sqlite3.Connection) -> None:
    """Steps say whose they are; those of an earlier release are nobody's."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(steps)")}
    if columns and "owner" not in columns:
        connection.execute("ALTER TABLE steps ADD COLUMN owner TEXT NOT NULL DEFAULT ''")


class SqliteSteps:
    """Implements ``state.actions.Steps`` in the file of the actions."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._rows = ActionRows(seal)

    def begin(self, step: ActionStep, action: ProposedAction, *, changes: bytes | None = None) -> ProposedAction | None:
        """Keep an action's new state and that its entry is on its way."""
        with self._database.transaction() as connection:
            if connection.execute("SELECT 1 FROM steps WHERE action = ?", (action.id,)).fetchone() is not None:
                return None
            kept = self._kept(connection, "id = ?", action.id)
            if (0 if kept is None else kept.version) != action.version - 1:
                return None
            if kept is None:
                other = self._of_key(connection, action)
                if other is not None:
                    return other
                connection.execute(INSERT, self._rows.whole(action))
            else:
                connection.execute(UPDATE, self._rows.update(action, version=kept.version))
            if changes is not None:
                sealed = self._rows.sealed_changes(action.id, changes)
                connection.execute("INSERT OR REPLACE INTO changes VALUES (?, ?)", (action.id, sealed))
            before = None if kept is None else self._seal.seal(_sealed_name(step), to_document(kept))
            connection.execute(
                "INSERT INTO steps(id, action, event, after, version, before, owner) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (step.id, action.id, step.event, step.after, action.version, before, step.owner),
            )
            _note_owner(connection, action, step.owner)
        return action

    def end(self, step: ActionStep, index: int) -> ProposedAction:
        """Say that the record has the step's entry under this number.

        Raises:
            LookupError: there is no such action: a programming error.
        """
        with self._database.transaction() as connection:
            kept = self._kept(connection, "id = ?", step.action_id)
            if kept is None:
                raise LookupError(f"there is no action {step.action_id} of the step {step.id}")
            recorded = lifecycle.add_record(kept, index)
            connection.execute(UPDATE, self._rows.update(recorded, version=kept.version))
            connection.execute("DELETE FROM steps WHERE id = ?", (step.id,))
            if recorded.state in SETTLED:
                connection.execute("DELETE FROM changes WHERE action = ?", (step.action_id,))
        return recorded

    def take_back(self, step: ActionStep) -> ProposedAction | None:
        """Let the action be as it was before the step."""
        with self._database.transaction() as connection:
            found = connection.execute("SELECT before FROM steps WHERE id = ?", (step.id,)).fetchone()
            connection.execute("DELETE FROM steps WHERE id = ?", (step.id,))
            kept = self._kept(connection, "id = ?", step.action_id)
            if found is None or kept is None:
                return kept
            if found[0] is None:
                connection.execute("DELETE FROM actions WHERE id = ?", (step.action_id,))
                connection.execute("DELETE FROM work WHERE action = ?", (step.action_id,))
                connection.execute("DELETE FROM changes WHERE action = ?", (step.action_id,))
                return None
            before = from_document(self._seal.open(_sealed_name(step), found[0]))
            # Versions never go back: whoever still holds the state that did not count must not win with it.
            again = replace(before, version=kept.version + 1)
            connection.execute(UPDATE, self._rows.update(again, version=kept.version))
            _note_owner(connection, again, step.owner)
        return again

    def owners(self) -> Mapping[str, str]:
        """Return action id -> instance id of the gateway that works on it."""
        return {str(action): str(owner) for action, owner in self._database.rows("SELECT action, owner FROM work")}

    def open_steps(self) -> Sequence[ActionStep]:
        """Return the steps that are neither ended nor taken back."""
        rows = self._database.rows("SELECT id, action, event, after, owner FROM steps ORDER BY number")
        return [
            ActionStep(
                id=str(step), action_id=str(action), event=str(event), after=cast("int", after), owner=str(owner)
            )
            for step, action, event, after, owner in rows
        ]

    def ownerless(self) -> Sequence[str]:
        """Return ids under which changes are kept though there is no such action."""
        rows = self._database.rows("SELECT action FROM changes WHERE action NOT IN (SELECT id FROM actions)")
        return [str(action) for (action,) in rows]

    def forget_changes(self, action_id: str) -> None:
        """Remove what is kept under such an id."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM changes WHERE action = ?", (action_id,))

    def looked_through(self) -> int:
        """Return the number of the entry up to which proposals were held against the actions."""
        rows = self._database.rows("SELECT through FROM looked")
        return cast("int", rows[0][0]) if rows else -1

    def look_from(self, index: int) -> None:
        """Say that they were, up to this number."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO looked VALUES (0, ?)", (index,))

    def _kept(self, connection: sqlite3.Connection, where: str, value: object) -> ProposedAction | None:
        row = connection.execute(f"{SELECT} {where}", (value,)).fetchone()
        return None if row is None else self._rows.open(row)

    def _of_key(self, connection: sqlite3.Connection, action: ProposedAction) -> ProposedAction | None:
        mark = self._rows.row(action)[5]
        return None if mark is None else self._kept(connection, "key_mark = ?", mark)


def _note_owner(connection: sqlite3.Connection, action: ProposedAction, owner: str) -> None:
    if action.state in _UNDER_WAY:
        connection.execute("INSERT OR REPLACE INTO work VALUES (?, ?)", (action.id, owner))
    else:
        connection.execute("DELETE FROM work WHERE action = ?", (action.id,))


def _sealed_name(step: ActionStep) -> str:
    return f"step/{orjson.dumps([step.id, step.action_id, step.event, step.after]).decode()}"
