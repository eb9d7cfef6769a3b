"""Leases on SQLite, each name a row for good; ``require`` looks at a number inside the transaction of a write."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from metricgate.adapters.state.sqlite.sqlite_database import Database
from metricgate.state.leases import Lease, LeaseLost

LEASES = """
CREATE TABLE IF NOT EXISTS leases(
  name TEXT PRIMARY KEY, owner TEXT NOT NULL, number INTEGER NOT NULL, until REAL NOT NULL, held INTEGER NOT NULL
) STRICT
"""
"""One row for each name, for good: ``number`` must never begin again, so a lease that is given back is ``held`` 0."""
_CURRENT = "SELECT name, owner, number, until FROM leases WHERE name = ?"


class SqliteLeases:
    """Implements ``state.leases.Leases`` in a database that has the table ``LEASES``.

    Args:
        database: the file.
        now: seconds since 1970, by a clock that all gateways of the machine share.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def take(self, name: str, owner: str, *, seconds: float, dead: str | None = None) -> Lease | None:
        """Take a lease that nobody holds, or whose time is over."""
        with self._database.transaction() as connection:
            now = self._now()
            kept = _current(connection, name)
            held = bool(connection.execute("SELECT held FROM leases WHERE name = ? AND held", (name,)).fetchone())
            if kept is not None and held and kept.owner not in {owner, dead} and now < kept.until:
                return None
            # Milliseconds, so that numbers go on growing where the file was lost and begins anew.
            number = max(0 if kept is None else kept.number + 1, int(now * 1_000))
            lease = Lease(name=name, owner=owner, number=number, until=now + seconds)
            connection.execute(
                "INSERT INTO leases(name, owner, number, until, held) VALUES (?, ?, ?, ?, 1)"
                " ON CONFLICT(name) DO UPDATE SET owner = excluded.owner, number = excluded.number,"
                " until = excluded.until, held = 1",
                (name, owner, number, lease.until),
            )
        return lease

    def renew(self, lease: Lease, *, seconds: float) -> Lease:
        """Hold it longer, under the same number."""
        with self._database.transaction() as connection:
            require(connection, lease)
            until = self._now() + seconds
            connection.execute("UPDATE leases SET until = ? WHERE name = ?", (until, lease.name))
        return replace(lease, until=until)

    def release(self, lease: Lease) -> None:
        """Give it back."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE leases SET held = 0 WHERE name = ? AND number = ?", (lease.name, lease.number))

    def current(self, name: str) -> Lease | None:
        """Return the newest taking of a lease."""
        rows = self._database.rows(f"{_CURRENT} AND held", (name,))
        return _lease(rows[0]) if rows else None


def require(connection: sqlite3.Connection, lease: Lease) -> None:
    """Look, in the transaction of a write, whether the lease is still its owner's.

    Raises:
        LeaseLost: somebody took it since.
    """
    kept = _current(connection, lease.name)
    if kept is None or kept.number != lease.number:
        now = "nobody" if kept is None else f"the gateway {kept.owner}, under {kept.number}"
        raise LeaseLost(f"the lease {lease.name} of {lease.owner}, under {lease.number}, is lost: {now} has it")


def _current(connection: sqlite3.Connection, name: str) -> Lease | None:
    row = connection.execute(_CURRENT, (name,)).fetchone()
    return None if row is None else _lease(row)


def _lease(row: tuple[object, ...]) -> Lease:
    name, owner, number, until = row
    return Lease(name=str(name), owner=str(owner), number=cast("int", number), until=cast("float", until))
