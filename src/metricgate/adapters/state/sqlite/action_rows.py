"""Actions as rows and back: what stands in clear, and the sealed document that covers it."""

from __future__ import annotations

from typing import cast

import orjson

from metricgate.adapters.state.sqlite.action_documents import from_document, to_document
from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.adapters.state.sqlite.sqlite_database import sortable
from metricgate.approvals.documents import MisshapenDocument
from metricgate.approvals.proposal import ProposedAction, State
from metricgate.state.sealed import Unsealable
from metricgate.vocabulary.actor import ActorKind

ACTIONS = """
CREATE TABLE IF NOT EXISTS actions(
  id TEXT PRIMARY KEY, state TEXT NOT NULL, agent TEXT NOT NULL, user_mark TEXT NOT NULL, proposed TEXT NOT NULL,
  key_mark TEXT UNIQUE, targets TEXT NOT NULL, version INTEGER NOT NULL, document BLOB NOT NULL
) STRICT
"""
CHANGES = "CREATE TABLE IF NOT EXISTS changes(action TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT"
COLUMNS = "id, state, agent, user_mark, proposed, key_mark, targets, version"
INSERT = f"INSERT INTO actions({COLUMNS}, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - columns are ours
SELECT = f"SELECT {COLUMNS}, document FROM actions WHERE"  # noqa: S608
UPDATE = "UPDATE actions SET state = ?, version = ?, document = ? WHERE id = ? AND version = ?"
SETTLED = frozenset(
    {State.EXECUTED, State.FAILED, State.DENIED, State.EXPIRED, State.CANCELLED, State.UNDONE},
)

Row = tuple[object, ...]
"""The columns in clear, in the order of ``COLUMNS``."""


class ActionRows:
    """Seals actions into rows and opens them; a row that was changed by hand does not open."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def row(self, action: ProposedAction) -> Row:
        """Return the columns in clear."""
        proposal, key = action.proposal, action.idempotency_key
        return (
            action.id,
            str(action.state),
            _agent_of(action),
            self.user_mark(proposal.user),
            sortable(proposal.proposed_at),
            None if key is None else self.key_mark(proposal.agent, proposal.user, key),
            " ".join(proposal.targets),
            action.version,
        )

    def whole(self, action: ProposedAction) -> Row:
        """Return the columns and the sealed document, for ``INSERT``."""
        row = self.row(action)
        return (*row, self._sealed(row, action))

    def update(self, action: ProposedAction, *, version: int) -> Row:
        """Return what ``UPDATE`` takes to put the action in the place of the kept one of this version."""
        row = self.row(action)
        return (row[1], action.version, self._sealed(row, action), action.id, version)

    def open(self, row: Row) -> ProposedAction:
        """Return the action of a row that ``SELECT`` gave.

        Raises:
            Unsealable: it does not open, or says what no release wrote.
        """
        *clear, document = row
        try:
            return from_document(self._seal.open(_sealed_name(tuple(clear)), cast("bytes", document)))
        except MisshapenDocument as error:
            raise Unsealable(f"action {row[0]}: {error}") from error

    def user_mark(self, user: str | None) -> str:
        """Return what stands for a user in clear."""
        return self._seal.mark("user", user or "")

    def key_mark(self, agent: str, user: str | None, key: str) -> str:
        """Return what stands for a proposer's idempotency key in clear."""
        return self._seal.mark("key", orjson.dumps([agent, user or "", key]).decode())

    def sealed_changes(self, action_id: str, changes: bytes) -> bytes:
        """Return what an action changes row by row, sealed."""
        return self._seal.seal(f"changes/{action_id}", changes)

    def _sealed(self, row: Row, action: ProposedAction) -> bytes:
        return self._seal.seal(_sealed_name(row), to_document(action))


def _agent_of(action: ProposedAction) -> str:
    """Return the agent by which lists find an action: none for what a person proposed.

    An undo that an earlier release kept stands under the agent whose action it takes back; its seal says so.
    """
    proposal = action.proposal
    return "" if proposal.actor is not None and proposal.actor.kind is not ActorKind.AGENT else proposal.agent


def _sealed_name(row: Row) -> str:
    return f"action/{orjson.dumps(row).decode()}"
