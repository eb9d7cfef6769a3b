"""The journal of changes on SQLite: before and after images, sealed, apart from the warehouse that was changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from metricgate.adapters.state.sqlite.schema import Schema
from metricgate.adapters.state.sqlite.seal import SEALED_BY, Seal, check_key
from metricgate.adapters.state.sqlite.sqlite_database import Database, sortable
from metricgate.state.sealed import Unsealable

_TABLE = """
CREATE TABLE IF NOT EXISTS journal(
  action TEXT PRIMARY KEY, content BLOB NOT NULL, until TEXT NOT NULL, committed INTEGER NOT NULL DEFAULT 0
) STRICT
"""


class SqliteJournal:
    """Implements ``state.journal.Journal``. Images lie on the disk in sealed form only."""

    def __init__(self, path: Path, seal: Seal, check: Callable[[], None] = lambda: None) -> None:
        """Open or make the file; ``check`` and what is raised are as of ``Database`` and ``check_key``."""
        self._database = Database(path, Schema([_TABLE, SEALED_BY]), check)
        self._seal = seal
        check_key(self._database, seal)

    def prepare(self, action_id: str, content: bytes, *, until: datetime) -> None:
        """Keep the images, not yet known to be committed."""
        over = sortable(until)
        sealed = self._seal.seal(_sealed_name(action_id, over), content)
        with self._database.transaction() as connection:
            connection.execute(
                # What is committed stays as it is: only what was prepared in vain is written anew.
                "INSERT INTO journal(action, content, until) VALUES (?, ?, ?) "
                "ON CONFLICT(action) DO UPDATE SET content = excluded.content, until = excluded.until "
                "WHERE committed = 0",
                (action_id, sealed, over),
            )

    def commit(self, action_id: str) -> None:
        """Say that the transaction was committed."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE journal SET committed = 1 WHERE action = ?", (action_id,))

    def abandon(self, action_id: str) -> None:
        """Forget what was prepared, where nothing was committed."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM journal WHERE action = ? AND committed = 0", (action_id,))

    def content(self, action_id: str) -> bytes | None:
        """Return the images of a committed action.

        Raises:
            Unsealable: they were changed, or another key sealed them.
        """
        rows = self._database.rows(
            "SELECT content, until FROM journal WHERE action = ? AND committed = 1", (action_id,)
        )
        return (
            None if not rows else self._seal.open(_sealed_name(action_id, str(rows[0][1])), cast("bytes", rows[0][0]))
        )

    def all(self) -> Sequence[str]:
        """Return every action of which there are images."""
        return [str(action) for (action,) in self._database.rows("SELECT action FROM journal ORDER BY action")]

    def list_prepared(self) -> Sequence[str]:
        """Return the actions that were prepared and neither committed nor abandoned."""
        return [str(action) for (action,) in self._database.rows("SELECT action FROM journal WHERE committed = 0")]

    def due(self, now: datetime) -> Sequence[str]:
        """Return the committed actions whose time is over."""
        found = self._database.rows("SELECT action FROM journal WHERE committed = 1 AND until <= ?", (sortable(now),))
        return [str(action) for (action,) in found]

    def forget(self, action_id: str) -> None:
        """Remove the images of a committed action."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM journal WHERE committed = 1 AND action = ?", (action_id,))

    def find_damaged(self) -> Sequence[str]:
        """Return the committed actions whose images do not open."""
        found = self._database.rows("SELECT action FROM journal WHERE committed = 1 ORDER BY action")
        return [str(action) for (action,) in found if not self._opens(str(action))]

    def _opens(self, action_id: str) -> bool:
        try:
            self.content(action_id)
        except Unsealable:
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _sealed_name(action_id: str, until: str) -> str:
    return f"journal/{action_id}/{until}"
