"""Actions on SQLite. A change of one is kept only where nobody else changed it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import orjson

from metricgate.adapters.stores.action_documents import from_document, to_document
from metricgate.adapters.stores.sealing import Seal
from metricgate.adapters.stores.sqlite_database import Database
from metricgate.approvals.proposal import Action
from metricgate.gateway.office import ActionFilter
from metricgate.vocabulary.json import Json

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS actions(
      id TEXT PRIMARY KEY, state TEXT NOT NULL, agent TEXT NOT NULL, user TEXT NOT NULL, proposed TEXT NOT NULL,
      idempotency_key TEXT, words TEXT NOT NULL, targets TEXT NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE UNIQUE INDEX IF NOT EXISTS actions_by_key ON actions(agent, user, idempotency_key)
      WHERE idempotency_key IS NOT NULL
    """,
    "CREATE INDEX IF NOT EXISTS actions_by_state ON actions(state, id)",
    "CREATE TABLE IF NOT EXISTS changes(action TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS shown(digest TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT",
)
_MOST = 1_000


class SqliteActions:
    """Implements ``gateway.writing.ports.ActionStore``. Safe to use from several threads and processes."""

    def __init__(self, path: Path, seal: Seal) -> None:
        """Open or make the file; raises as ``Database`` does."""
        self._database = Database(path, _TABLES)
        self._seal = seal

    def add(self, action: Action) -> Action:
        """Keep a new action, or return the one that its proposer's idempotency key stands for already."""
        proposal = action.proposal
        with self._database.changing() as connection:
            if action.idempotency_key is not None:
                row = connection.execute(
                    "SELECT document FROM actions WHERE agent = ? AND user = ? AND idempotency_key = ?",
                    (proposal.agent, proposal.user or "", action.idempotency_key),
                ).fetchone()
                if row is not None:
                    return from_document(row[0])
            connection.execute(
                "INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(action.id, str(action.state), proposal.agent, proposal.user or ""),
                    *(proposal.proposed_at.isoformat(), action.idempotency_key, _words(action)),
                    *(" ".join(proposal.targets), action.version, to_document(action).decode()),
                ),
            )
        return action

    def get(self, action_id: str) -> Action | None:
        """Return the action as it stands."""
        rows = self._database.rows("SELECT document FROM actions WHERE id = ?", (action_id,))
        return from_document(str(rows[0][0])) if rows else None

    def by_key(self, agent: str, user: str | None, idempotency_key: str) -> Action | None:
        """Return the action that this proposer's key stands for."""
        rows = self._database.rows(
            "SELECT document FROM actions WHERE agent = ? AND user = ? AND idempotency_key = ?",
            (agent, user or "", idempotency_key),
        )
        return from_document(str(rows[0][0])) if rows else None

    def replace(self, action: Action) -> bool:
        """Keep ``action`` if the kept one's version is ``action.version - 1``; False where somebody was faster."""
        with self._database.changing() as connection:
            done = connection.execute(
                "UPDATE actions SET state = ?, version = ?, document = ? WHERE id = ? AND version = ?",
                (str(action.state), action.version, to_document(action).decode(), action.id, action.version - 1),
            )
            return done.rowcount == 1

    def list(self, wanted: ActionFilter) -> Sequence[Action]:
        """Return actions, newest first (ids sort by time)."""
        terms: list[str] = ["1 = 1"]
        values: list[object] = []
        if wanted.states:
            terms.append(f"state IN ({', '.join('?' for _ in wanted.states)})")
            values += [str(state) for state in wanted.states]
        for term, value in (
            ("agent = ?", wanted.agent),
            ("user = ?", wanted.user),
            ("proposed >= ?", None if wanted.since is None else wanted.since.isoformat()),
            ("proposed < ?", None if wanted.until is None else wanted.until.isoformat()),
            ("id < ?", wanted.before),
            ("instr(lower(words), ?) > 0", None if wanted.text is None else wanted.text.lower()),
            ("instr(' ' || targets || ' ', ' ' || ? || ' ') > 0", wanted.target),
        ):
            if value is not None:
                terms.append(term)
                values.append(value)
        values.append(max(1, min(wanted.limit, _MOST)))
        sql = f"SELECT document FROM actions WHERE {' AND '.join(terms)} ORDER BY id DESC LIMIT ?"  # noqa: S608 - terms are ours
        return [from_document(str(document)) for (document,) in self._database.rows(sql, values)]

    def keep_changes(self, action_id: str, changes: bytes) -> None:
        """Keep the change row by row, sealed."""
        with self._database.changing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO changes VALUES (?, ?)", (action_id, self._seal.seal(action_id, changes))
            )

    def changes(self, action_id: str) -> bytes | None:
        """Return what ``keep_changes`` kept.

        Raises:
            Unsealable: it was changed, or another key sealed it.
        """
        rows = self._database.rows("SELECT content FROM changes WHERE action = ?", (action_id,))
        return self._seal.open(action_id, cast("bytes", rows[0][0])) if rows else None

    def keep_shown(self, digest: str, shown: Mapping[str, Json]) -> None:
        """Keep what a person was shown, by its digest."""
        with self._database.changing() as connection:
            text = orjson.dumps(shown, default=dict).decode()
            connection.execute("INSERT OR IGNORE INTO shown VALUES (?, ?)", (digest, text))

    def shown(self, digest: str) -> Mapping[str, Json] | None:
        """Return what was shown."""
        rows = self._database.rows("SELECT content FROM shown WHERE digest = ?", (digest,))
        return cast("Mapping[str, Json]", orjson.loads(str(rows[0][0]))) if rows else None

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _words(action: Action) -> str:
    proposal = action.proposal
    parts = (action.id, proposal.statement, proposal.action or "", proposal.agent, proposal.user or "")
    return " ".join((*parts, *proposal.targets))
