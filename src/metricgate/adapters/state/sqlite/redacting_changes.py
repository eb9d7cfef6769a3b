"""Erasing from what is kept of changes: actions, what approvers saw, images; all of it sealed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import orjson

from metricgate.adapters.state.sqlite.action_documents import from_document, to_document
from metricgate.adapters.state.sqlite.action_rows import INSERT, SELECT, ActionRows
from metricgate.adapters.state.sqlite.redaction import erased_for_good, rows_of
from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.approvals.proposal import ProposedAction, State
from metricgate.state.erasure import Copy, Sought
from metricgate.vocabulary.erased import ERASED
from metricgate.vocabulary.json import Json

_OPEN = frozenset({State.HELD, State.APPROVED, State.EXECUTING})
_PARTS = ("preview", "risk", "outcome", "decisions", "reviews", "user_groups")
_OF_PROPOSAL = ("user", "owner", "statement")
_KEPT_OF_DECISIONS = ("approves", "at", "shown_digest", "bound_to", "channel", "break_glass", "roles")


class ChangesCopies:
    """Implements ``Erasable`` for ``actions.db`` and ``journal.db``.

    An action that is settled stays, without what is erased. One that waits or runs blocks. Images go whole; what they
    are of can then not be taken back.
    """

    def __init__(self, actions: Path, journal: Path, seal: Seal) -> None:
        self._actions, self._journal, self._seal = actions, journal, seal
        self._rows = ActionRows(seal)

    def copies(self, sought: Sought) -> Sequence[Copy]:
        """Return the actions, the shown and the images."""
        found = [
            Copy(kind="action", where=action.id, blocks=_blocks(action))
            for action in map(self._rows.open, rows_of(self._actions, f"{SELECT} 1 ORDER BY id"))
            if sought.in_action(action.id, _action_content(action))
        ]
        found += [Copy(kind="shown", where=digest) for digest in self._shown(sought)]
        found += [
            Copy(kind="image", where=f"of {action}: it can then not be taken back") for action in self._images(sought)
        ]
        steps = rows_of(self._actions, "SELECT action FROM steps")
        why = "a crash left it half done: start the gateway once, which settles it"
        return [*found, *(Copy(kind="action", where=str(action), blocks=why) for (action,) in steps)]

    def erase(self, sought: Sought) -> None:
        """Erase them."""
        if self._actions.exists():
            erased_for_good(self._actions, lambda connection: self._erase_actions(connection, sought))
        images = self._images(sought)
        if images:
            erased_for_good(
                self._journal,
                lambda connection: connection.executemany(
                    "DELETE FROM journal WHERE action = ?", [(each,) for each in images]
                ),
            )

    def _erase_actions(self, connection: sqlite3.Connection, sought: Sought) -> None:
        for row in connection.execute(f"{SELECT} 1").fetchall():
            action = self._rows.open(row)
            if action.state not in _OPEN and sought.in_action(action.id, _action_content(action)):
                connection.execute("DELETE FROM actions WHERE id = ?", (action.id,))
                connection.execute(INSERT, self._rows.whole(_redacted(action, sought)))
        for digest in self._shown(sought):
            connection.execute("DELETE FROM shown WHERE digest = ?", (digest,))

    def _shown(self, sought: Sought) -> list[str]:
        found = []
        for digest, content in rows_of(self._actions, "SELECT digest, content FROM shown"):
            shown = orjson.loads(self._seal.open(f"shown/{digest}", cast("bytes", content)))
            proposal = shown.get("proposal")
            action = str(proposal.get("action_id")) if isinstance(proposal, dict) else ""
            if sought.in_action(action, shown):
                found.append(str(digest))
        return found

    def _images(self, sought: Sought) -> list[str]:
        found = []
        for action, content, until in rows_of(self._journal, "SELECT action, content, until FROM journal"):
            image = orjson.loads(self._seal.open(f"journal/{action}/{until}", cast("bytes", content)))
            if sought.in_action(str(action), image):
                found.append(str(action))
        return found


def _blocks(action: ProposedAction) -> str | None:
    if action.state not in _OPEN:
        return None
    return f"it is {action.state}: decide on it, withdraw it or wait until it is over"


def _action_content(action: ProposedAction) -> Json:
    document = orjson.loads(to_document(action))
    parts: dict[str, Json] = {name: document[name] for name in (*_PARTS, "idempotency_key")}
    return [parts, [document["proposal"][name] for name in _OF_PROPOSAL], str(action.actor)]


def _redacted(action: ProposedAction, sought: Sought) -> ProposedAction:
    """Return the action without it: of an action that is meant as a whole, without all that may hold data."""
    document = orjson.loads(to_document(action))
    proposal = document["proposal"]
    if action.id in sought.actions:
        document |= {"preview": {}, "risk": {}, "outcome": {}, "user_groups": []}
        for each in document["decisions"]:
            each |= {name: ERASED for name in each if name not in _KEPT_OF_DECISIONS}
        document["reviews"] = [[ERASED, at, ERASED] for _person, at, _reason in document["reviews"]]
        proposal |= {name: ERASED for name in _OF_PROPOSAL if proposal[name] is not None}
    else:
        document |= {name: sought.without(document[name]) for name in _PARTS}
        proposal |= {name: sought.without(proposal[name]) for name in _OF_PROPOSAL}
    if proposal.get("actor") is not None and sought.in_action(action.id, proposal["actor"]):
        proposal["actor"] = f"{action.actor.kind}:{ERASED}"
    redacted = from_document(orjson.dumps(document))
    # Under the name of nobody in particular keys could collide.
    key = (
        None if redacted.proposal.user == ERASED or sought.in_value(action.idempotency_key) else action.idempotency_key
    )
    return replace(redacted, idempotency_key=key, version=action.version + 1)
