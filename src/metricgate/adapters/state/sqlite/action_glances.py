"""Glances at actions: each row is opened once as it stands, and its document is not kept."""

from __future__ import annotations

import threading
from collections import OrderedDict

from metricgate.adapters.state.sqlite.action_rows import ActionRows, Row
from metricgate.approvals.proposal import ProposedAction
from metricgate.state.actions import Glance

_MOST = 4_096


class Glances:
    """Safe to use from several threads. Of what was seen it remembers the hash of the whole row, seal included."""

    def __init__(self, rows: ActionRows) -> None:
        self._rows = rows
        self._seen: OrderedDict[object, tuple[int, Glance]] = OrderedDict()
        self._lock = threading.Lock()

    def find_seen(self, row: Row) -> Glance | Row:
        """Return the glance at a row that ``SELECT`` gave, or the row where it was not seen before as it stands."""
        with self._lock:
            seen = self._seen.get(row[0])
            if seen is None or seen[0] != hash(row):
                return row
            self._seen.move_to_end(row[0])
            return seen[1]

    def open(self, row: Row) -> Glance:
        """Open a row that was not seen before as it stands, and return the glance at it.

        Raises:
            Unsealable: it does not open, or was changed by hand since it was seen and does not open any more.
        """
        glance = _glance(self._rows.open(row))
        with self._lock:
            self._seen[row[0]] = (hash(row), glance)
            self._seen.move_to_end(row[0])
            if len(self._seen) > _MOST:
                self._seen.popitem(last=False)
        return glance


def _glance(action: ProposedAction) -> Glance:
    # Rows of which the number was erased were there.
    deleted = 0 if action.preview is None else action.preview.rows.delete
    return Glance(
        id=action.id,
        state=action.state,
        proposed_at=action.proposal.proposed_at,
        expires_at=action.proposal.expires_at,
        targets=action.proposal.targets,
        rows=action.rows,
        deletes=deleted != 0,
    )
