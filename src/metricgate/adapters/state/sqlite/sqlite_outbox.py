"""The outbox of notices on SQLite: what is told is durable before ``tell`` returns, and stays until it is delivered."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import orjson

from metricgate.adapters.state.sqlite.schema import Schema
from metricgate.adapters.state.sqlite.sqlite_database import open_store
from metricgate.state.outbox import DELIVERED, UNDELIVERED, WAITING, PendingDelivery
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.notice import Notice, NoticeKind, NoticeNotKept

_SCHEMA = Schema(
    (
        "CREATE TABLE IF NOT EXISTS notices(id TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL) STRICT",
        """
        CREATE TABLE IF NOT EXISTS deliveries(
          notice TEXT NOT NULL REFERENCES notices(id), sink TEXT NOT NULL, state TEXT NOT NULL,
          attempts INTEGER NOT NULL, first REAL, due REAL NOT NULL, failure TEXT NOT NULL, PRIMARY KEY(notice, sink)
        ) STRICT
        """,
        "CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries(sink, state, due)",
    )
)
_PENDING = "SELECT n.body, d.sink, d.state, d.attempts, d.first, d.due, d.failure FROM deliveries d JOIN notices n ON n.id=d.notice"  # noqa: E501


class SqliteOutbox:
    """Implements ``vocabulary.notice.Notifier``. Safe to use from several threads and processes.

    Args:
        path: the file; made if it is missing.
        routes: name of a sink -> the kinds that it wants.
        clock: for when things are due.

    Raises:
        NoticeNotKept: the file cannot be opened.
    """

    def __init__(self, path: Path, *, routes: Mapping[str, frozenset[NoticeKind]], clock: Clock) -> None:
        self._routes, self._clock, self._lock = routes, clock, threading.Lock()
        try:
            self._connection = open_store(path, _SCHEMA, wait=5.0)
        except (sqlite3.Error, OSError) as error:
            raise NoticeNotKept(f"the outbox {path.name} cannot be opened: {error}") from error

    def tell(self, notice: Notice) -> None:
        """Keep the notice for every sink that wants its kind."""
        self.tell_but(notice, sink=None)

    def tell_but(self, notice: Notice, *, sink: str | None) -> None:
        """Keep the notice for every sink that wants its kind but this one."""
        wanting = [name for name, kinds in self._routes.items() if notice.kind in kinds and name != sink]
        if not wanting:
            return
        now = self._clock.unix_nano() / 1e9
        body = orjson.dumps(asdict(notice)).decode()
        with self._changing() as connection:
            connection.execute("INSERT OR IGNORE INTO notices VALUES (?,?,?)", (notice.id, notice.kind, body))
            connection.executemany(
                "INSERT OR IGNORE INTO deliveries VALUES (?,?,?,0,NULL,?,'')",
                [(notice.id, name, WAITING, now) for name in wanting],
            )

    def due(self, sink: str, *, most: int = 20) -> Sequence[PendingDelivery]:
        """Return what is to be tried now, the oldest first."""
        now = self._clock.unix_nano() / 1e9
        with self._changing() as connection:
            rows = connection.execute(
                f"{_PENDING} WHERE d.sink=? AND d.state=? AND d.due<=? ORDER BY d.due, d.rowid LIMIT ?",
                (sink, WAITING, now, most),
            ).fetchall()
        return [_pending_of(row) for row in rows]

    def settle(self, pending: PendingDelivery, *, state: str, first: float, due: float, failure: str) -> None:
        """Note how an attempt ended."""
        with self._changing() as connection:
            connection.execute(
                "UPDATE deliveries SET state=?, attempts=attempts+1, first=?, due=?, failure=?"
                " WHERE notice=? AND sink=?",
                (state, first, due, failure, pending.notice.id, pending.sink),
            )

    def deliveries(
        self,
        *,
        states: Sequence[str] = UNDELIVERED,
        sink: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[PendingDelivery]:
        """Return deliveries in these states, the newest first; ``since`` is about the event, and inclusive."""
        with self._changing() as connection:
            rows = connection.execute(
                f"{_PENDING} WHERE d.state IN (SELECT value FROM json_each(?)) AND (? IS NULL OR d.sink=?)"  # noqa: S608
                " ORDER BY d.rowid DESC",
                (_json_list(states), sink, sink),
            )
            found = (each for each in map(_pending_of, rows) if since is None or _moment_of(each.notice) >= since)
            return list(islice(found, limit))

    def list_undelivered(self) -> Sequence[PendingDelivery]:
        """Return what waits or is parked, the oldest first."""
        return self.deliveries()[::-1]

    def retry(self, notice: str | None, *, sink: str | None = None) -> int:
        """Let what was not delivered, of one notice or of all, be tried anew and at once; return how many.

        What is meant for a sink that is gone from the settings stays as it is: nobody would try it.
        """
        now = self._clock.unix_nano() / 1e9
        routes = [name for name in self._routes if sink in {None, name}]
        with self._changing() as connection:
            return connection.execute(
                "UPDATE deliveries SET state=?, attempts=0, first=NULL, due=?"
                " WHERE state IN (SELECT value FROM json_each(?)) AND sink IN (SELECT value FROM json_each(?))"
                " AND (? IS NULL OR notice=?)",
                (WAITING, now, _json_list(UNDELIVERED), _json_list(routes), notice, notice),
            ).rowcount

    def prune(self, before: float) -> int:
        """Forget what was delivered before this moment, in seconds since 1970; return how many deliveries.

        What waits or is parked stays, however old it is, and so does its notice.
        """
        with self._changing() as connection:
            gone = connection.execute("DELETE FROM deliveries WHERE state=? AND due<?", (DELIVERED, before)).rowcount
            if gone:
                connection.execute("DELETE FROM notices WHERE id NOT IN (SELECT notice FROM deliveries)")
            return gone

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock, self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
        except sqlite3.Error as error:
            raise NoticeNotKept(f"the outbox cannot be read or written: {error}") from error


def _json_list(names: Sequence[str]) -> str:
    return orjson.dumps(list(names)).decode()


def _moment_of(notice: Notice) -> datetime:
    found = datetime.fromisoformat(notice.at)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _pending_of(row: tuple[object, ...]) -> PendingDelivery:
    body, sink, state, attempts, first, due, failure = row
    document = orjson.loads(str(body))
    return PendingDelivery(
        notice=Notice(**{**document, "kind": NoticeKind(document["kind"])}),
        sink=str(sink),
        state=str(state),
        attempts=int(str(attempts)),
        first=None if first is None else float(str(first)),
        due=float(str(due)),
        failure=str(failure),
    )
