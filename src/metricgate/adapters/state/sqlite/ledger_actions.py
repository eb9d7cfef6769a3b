"""What the record says of actions: which steps it has, and what was proposed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from metricgate.adapters.state.sqlite.ledger_file import connect_reading
from metricgate.ledger.events import names
from metricgate.state.actions import ActionStep
from metricgate.state.record import LedgerUnavailable

_FIND = "SELECT idx, leaf FROM entries WHERE idx > ? AND instr(leaf, ?) > 0 ORDER BY idx"


class RecordedActions:
    """Implements ``state.actions.RecordedSteps``, beside the writer of the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def indexes_of(self, steps: Sequence[ActionStep]) -> Mapping[str, int]:
        """Return step id -> number of its entry, for the steps whose entry the record has.

        Raises:
            LedgerUnavailable: the file cannot be read.
        """
        found: dict[str, int] = {}
        for step in steps:
            for index, leaf in self._rows(step.after, step.id):
                if orjson.loads(leaf)["fields"].get(names.ACTION_STEP) == step.id:
                    found[step.id] = index
        return found

    def proposals(self, after: int) -> Mapping[str, int]:
        """Return action id -> number of the entry by which it was proposed, of the entries after a number.

        Raises:
            LedgerUnavailable: the file cannot be read.
        """
        found: dict[str, int] = {}
        for index, leaf in self._rows(after, f'"event_name":"{names.ACTION_PROPOSED}"'):
            record = orjson.loads(leaf)
            action = record["fields"].get(names.ACTION_ID)
            if record["event_name"] == names.ACTION_PROPOSED and isinstance(action, str):
                found[action] = index
        return found

    def _rows(self, after: int, text: str) -> list[tuple[int, bytes]]:
        try:
            connection = connect_reading(self._path)
            try:
                return connection.execute(_FIND, (after, text.encode())).fetchall()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise LedgerUnavailable(f"the ledger {self._path} cannot be read: {error}") from error
