"""Actions on SQLite. A change of one is kept only where nobody else changed it meanwhile.

An action repeats data (samples of rows, statements with values) and names people, so its document is sealed. In clear
are what lists are made from: id, state, agent, time and targets; users and idempotency keys stand there as keyed marks.
The seal covers these columns too: a row that was changed by hand is refused. Words are searched in opened documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import orjson

from metricgate.adapters.state.sqlite.action_glances import Glances
from metricgate.adapters.state.sqlite.action_rows import ACTIONS, CHANGES, INSERT, SELECT, SETTLED, UPDATE, ActionRows
from metricgate.adapters.state.sqlite.action_steps import LOOKED, STEPS, WORK, SqliteSteps, with_owners
from metricgate.adapters.state.sqlite.schema import Schema
from metricgate.adapters.state.sqlite.seal import SEALED_BY, Seal, check_key
from metricgate.adapters.state.sqlite.sqlite_database import Database, sortable
from metricgate.approvals import lifecycle
from metricgate.approvals.proposal import ProposedAction
from metricgate.state.actions import ActionFilter, Glance
from metricgate.state.sealed import Unsealable
from metricgate.vocabulary.json import Json

_SCHEMA = Schema(
    (
        ACTIONS,
        "CREATE INDEX IF NOT EXISTS actions_by_state ON actions(state, id)",
        "CREATE INDEX IF NOT EXISTS actions_by_agent ON actions(agent, id)",
        CHANGES,
        "CREATE TABLE IF NOT EXISTS shown(digest TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT",
        STEPS,
        WORK,
        LOOKED,
        SEALED_BY,
    ),
    [with_owners],
)
_MOST = 1_000
_PAGE = 200
_SEARCHED = 20_000
"""So many actions are opened at most to find something in them, the newest first."""


class SqliteActions:
    """Implements ``state.actions.ActionStore``. Safe to use from several threads and processes.

    Whatever was changed by hand, or sealed with another key, raises ``Unsealable`` where it is read.
    """

    def __init__(self, path: Path, seal: Seal, check: Callable[[], None] = lambda: None) -> None:
        """Open or make the file; ``check`` and what is raised are as of ``Database`` and ``check_key``."""
        self._database = Database(path, _SCHEMA, check)
        self._seal = seal
        self._rows = ActionRows(seal)
        self._glances = Glances(self._rows)
        check_key(self._database, seal)

    @property
    def steps(self) -> SqliteSteps:
        """The way in which actions change together with the record."""
        return SqliteSteps(self._database, self._seal)

    def add(self, action: ProposedAction) -> ProposedAction:
        """Keep a new action, or return the one that its proposer's idempotency key stands for already."""
        mark = self._rows.row(action)[5]
        with self._database.transaction() as connection:
            if mark is not None:
                found = connection.execute(f"{SELECT} key_mark = ?", (mark,)).fetchone()
                if found is not None:
                    return self._rows.open(found)
            connection.execute(INSERT, self._rows.whole(action))
        return action

    def get(self, action_id: str) -> ProposedAction | None:
        """Return the action as it stands."""
        return next(self._found("id = ?", [action_id], 1), None)

    def by_key(self, agent: str, user: str | None, idempotency_key: str) -> ProposedAction | None:
        """Return the action that this proposer's key stands for."""
        return next(self._found("key_mark = ?", [self._rows.key_mark(agent, user, idempotency_key)], 1), None)

    def replace(self, action: ProposedAction) -> bool:
        """Keep ``action`` if the kept one's version is ``action.version - 1``; False where somebody was faster.

        What it changes row by row is forgotten once it is settled.
        """
        with self._database.transaction() as connection:
            done = connection.execute(UPDATE, self._rows.update(action, version=action.version - 1))
            if done.rowcount == 1 and action.state in SETTLED:
                connection.execute("DELETE FROM changes WHERE action = ?", (action.id,))
            return done.rowcount == 1

    def list(self, wanted: ActionFilter) -> Sequence[ProposedAction]:
        """Return actions, newest first (ids sort by time)."""
        where, values, most = self._wanted(wanted)
        if wanted.text is None and not wanted.to_review:
            return list(self._page(where, values, wanted.before, most))
        return self._searched(where, values, wanted, most)

    def glances(self, wanted: ActionFilter) -> Sequence[Glance]:
        """Return a glance at each; only what was not seen before as it stands is opened."""
        where, values, most = self._wanted(wanted)
        sql = f"{SELECT} {where} ORDER BY id DESC LIMIT ?"
        # Each proposal asks. All rows at once, with their documents, would take megabytes of each thread's memory.
        found = self._database.each(sql, [*values, most], self._glances.find_seen)
        return [each if isinstance(each, Glance) else self._glances.open(each) for each in found]

    def _wanted(self, wanted: ActionFilter) -> tuple[str, Sequence[object], int]:
        """Return condition and values for what the columns in clear tell, and how many are wanted at most."""
        terms: list[str] = ["1 = 1"]
        values: list[object] = []
        if wanted.states:
            terms.append(f"state IN ({', '.join('?' for _ in wanted.states)})")
            values += [str(state) for state in wanted.states]
        for term, value in (
            ("agent = ?", wanted.agent),
            ("user_mark = ?", None if wanted.user is None else self._rows.user_mark(wanted.user)),
            ("proposed >= ?", None if wanted.since is None else sortable(wanted.since)),
            ("proposed < ?", None if wanted.until is None else sortable(wanted.until)),
            ("instr(' ' || targets || ' ', ' ' || ? || ' ') > 0", wanted.target),
        ):
            if value is not None:
                terms.append(term)
                values.append(value)
        return " AND ".join(terms), values, max(1, min(wanted.limit, _MOST))

    def keep_changes(self, action_id: str, changes: bytes) -> None:
        """Keep the change row by row, sealed."""
        sealed = self._rows.sealed_changes(action_id, changes)
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO changes VALUES (?, ?)", (action_id, sealed))

    def changes(self, action_id: str) -> bytes | None:
        """Return what ``keep_changes`` kept."""
        rows = self._database.rows("SELECT content FROM changes WHERE action = ?", (action_id,))
        return self._seal.open(f"changes/{action_id}", cast("bytes", rows[0][0])) if rows else None

    def keep_shown(self, digest: str, shown: Mapping[str, Json]) -> None:
        """Keep what a person was shown, by its digest."""
        sealed = self._seal.seal(f"shown/{digest}", orjson.dumps(shown, default=dict))
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO shown VALUES (?, ?)", (digest, sealed))

    def find_shown(self, digest: str) -> Mapping[str, Json] | None:
        """Return what was shown."""
        rows = self._database.rows("SELECT content FROM shown WHERE digest = ?", (digest,))
        if not rows:
            return None
        content = self._seal.open(f"shown/{digest}", cast("bytes", rows[0][0]))
        return cast("Mapping[str, Json]", orjson.loads(content))

    def find_damaged(self) -> Sequence[str]:
        """Return the actions that do not open."""
        found = self._database.rows("SELECT id FROM actions ORDER BY id")
        return [str(action) for (action,) in found if not self._opens(str(action))]

    def _opens(self, action_id: str) -> bool:
        try:
            self.get(action_id)
            self.changes(action_id)
        except Unsealable:
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _searched(
        self, where: str, values: Sequence[object], wanted: ActionFilter, most: int
    ) -> Sequence[ProposedAction]:
        found: list[ProposedAction] = []
        before = wanted.before
        for _turn in range(_SEARCHED // _PAGE):
            page = list(self._page(where, values, before, _PAGE))
            found += [action for action in page if _matches_filter(action, wanted)]
            if len(page) < _PAGE or len(found) >= most:
                break
            before = page[-1].id
        return found[:most]

    def _page(self, where: str, values: Sequence[object], before: str | None, most: int) -> Iterator[ProposedAction]:
        if before is None:
            return self._found(where, values, most)
        return self._found(f"{where} AND id < ?", [*values, before], most)

    def _found(self, where: str, values: Sequence[object], most: int) -> Iterator[ProposedAction]:
        sql = f"{SELECT} {where} ORDER BY id DESC LIMIT ?"
        yield from map(self._rows.open, self._database.rows(sql, [*values, most]))


def _matches_filter(action: ProposedAction, wanted: ActionFilter) -> bool:
    """Whether an opened action is what is wanted, as far as its columns do not tell."""
    if wanted.to_review and lifecycle.count_missing_reviews(action) == 0:
        return False
    return (wanted.text or "").casefold() in _searched_text(action)


def _searched_text(action: ProposedAction) -> str:
    proposal = action.proposal
    parts = (action.id, proposal.statement, proposal.action or "", proposal.agent, proposal.user or "")
    return " ".join((*parts, *proposal.targets)).casefold()
