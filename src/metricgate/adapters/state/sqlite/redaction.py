"""What is to be erased, and where it stands. Values are compared as they mean, not as they are written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from metricgate.state.erasure import Copy, Sought

_WAIT_SECONDS = 2.0


class Erasable(Protocol):
    """Something that keeps copies."""

    def copies(self, sought: Sought) -> Sequence[Copy]:
        """Return where it stands; changes nothing."""
        ...

    def erase(self, sought: Sought) -> None:
        """Erase every copy that nothing blocks, so that its bytes are in no page of the file any more."""
        ...


def erased_for_good(path: Path, erase: Callable[[sqlite3.Connection], object]) -> None:
    """Change a SQLite file in one transaction and leave nothing of what went in free pages or beside it.

    Raises:
        sqlite3.Error: it cannot be changed; nothing was.
    """
    with closing(sqlite3.connect(path, isolation_level=None, timeout=_WAIT_SECONDS)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            erase(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        # What earlier changes left in free pages goes too.
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def rows_of(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Return what a SELECT gives; none where there is no such file or table."""
    if not path.exists():
        return []
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)) as connection:
            return connection.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise
