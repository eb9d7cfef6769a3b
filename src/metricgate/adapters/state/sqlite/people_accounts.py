"""Since when people have their accounts, for whoever only asks that; every question reads the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from metricgate.state.people import PeopleUnavailable

_WAIT_SECONDS = 2.0


def account_since(path: Path, name: str) -> float | None:
    """Return since when there is an account of this name, in seconds since 1970-01-01T00:00Z; None where there is none.

    Raises:
        PeopleUnavailable: the file of people cannot be read.
    """
    if not path.exists():
        return None
    try:
        # Who only reads could not remove the files beside it at closing.
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)) as connection:
            row = connection.execute("SELECT created FROM people WHERE name=?", (name,)).fetchone()
    except sqlite3.Error as error:
        raise PeopleUnavailable(f"the people in {path} cannot be read: {error}") from error
    return None if row is None else float(row[0])
