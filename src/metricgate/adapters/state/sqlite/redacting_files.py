"""Erasing from the plain files of a state folder: notices, people's logins, keys, switches."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from metricgate.adapters.state.sqlite.redaction import erased_for_good, rows_of
from metricgate.state.erasure import Copy, Sought
from metricgate.vocabulary.json import Json

_START = "start the gateway once, which records it"


class NoticeCopies:
    """Implements ``Erasable`` for the outbox: whole notices go, also those that nobody was told yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def copies(self, sought: Sought) -> Sequence[Copy]:
        """Return the notices."""
        return [Copy(kind="notice", where=each) for each in self._found(sought)]

    def erase(self, sought: Sought) -> None:
        """Erase them."""
        found = [(each,) for each in self._found(sought)]
        if self._path.exists():
            erased_for_good(self._path, lambda connection: _delete_notices(connection, found))

    def _found(self, sought: Sought) -> list[str]:
        found = []
        for name, body in rows_of(self._path, "SELECT id, body FROM notices"):
            notice = orjson.loads(str(body))
            fields = notice.get("fields")
            action = fields.get("action", "") if isinstance(fields, dict) else ""
            if sought.in_action(str(action), notice):
                found.append(str(name))
        return found


def _delete_notices(connection: sqlite3.Connection, found: Sequence[tuple[str]]) -> None:
    connection.executemany("DELETE FROM deliveries WHERE notice = ?", found)
    connection.executemany("DELETE FROM notices WHERE id = ?", found)


class PeopleCopies:
    """Implements ``Erasable`` for people: sessions, devices and failed logins go; who may log in blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def copies(self, sought: Sought) -> Sequence[Copy]:
        """Return them."""
        found = [
            Copy(kind="person", where=str(name), blocks=f"they may log in: metricgate people remove {name}")
            for name, groups in rows_of(self._path, "SELECT name, groups FROM people")
            if sought.in_value([str(name), str(groups)])
        ]
        found += [
            Copy(kind="session", where=str(person))
            for table, column in _SESSIONS
            for (person,) in rows_of(self._path, f"SELECT {column} FROM {table}")  # noqa: S608 - names are ours
            if sought.in_value(str(person))
        ]
        return [*found, *_copies_in_notices(self._path, sought)]

    def erase(self, sought: Sought) -> None:
        """Erase them."""
        if self._path.exists():
            erased_for_good(self._path, lambda connection: _delete_sessions(connection, sought))


_SESSIONS = (("sessions", "person"), ("devices", "person"), ("attempts", "key"))


def _delete_sessions(connection: sqlite3.Connection, sought: Sought) -> None:
    for table, column in _SESSIONS:
        for row, person in connection.execute(f"SELECT rowid, {column} FROM {table}").fetchall():  # noqa: S608
            if sought.in_value(person):
                connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))  # noqa: S608


class KeyCopies:
    """Implements ``Erasable`` for API keys: keys that are over go; one in force blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def copies(self, sought: Sought) -> Sequence[Copy]:
        """Return the keys."""
        found = [
            Copy(kind="key", where=name, blocks=None if over else f"it is in force: metricgate keys revoke {name}")
            for name, over in self._found(sought)
        ]
        return [*found, *_copies_in_notices(self._path, sought)]

    def erase(self, sought: Sought) -> None:
        """Erase them."""
        found = [(name,) for name, over in self._found(sought) if over]
        if self._path.exists():
            erased_for_good(
                self._path, lambda connection: connection.executemany("DELETE FROM keys WHERE id = ?", found)
            )

    def _found(self, sought: Sought) -> list[tuple[str, bool]]:
        now = time.time()
        columns = "id, name, agent, may_act_for, attributes, revoked, expires"
        return [
            (str(name), revoked is not None or float(str(expires)) <= now)
            for name, *said, revoked, expires in rows_of(self._path, f"SELECT {columns} FROM keys")  # noqa: S608
            if sought.in_value([str(each) for each in said])
        ]


class SwitchCopies:
    """Implements ``Erasable`` for the switches: whatever stands there is in force, or awaits its record, and blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def copies(self, sought: Sought) -> Sequence[Copy]:
        """Return the switches."""
        document = orjson.loads(self._path.read_bytes()) if self._path.exists() else {}
        return [
            Copy(kind=kind, where=_name_of(each), blocks=why)
            for part, kind, why in (
                ("thrown", "switch", "it is in force: metricgate switch off takes it back"),
                ("notices", "pending", _START),
            )
            for each in document.get(part) or []
            if sought.in_value(each)
        ]

    def erase(self, sought: Sought) -> None:
        """Do nothing: what stands there blocks."""


def _name_of(switch: Json) -> str:
    return str(switch.get("kind") or switch.get("event")) if isinstance(switch, dict) else "switch"


def _copies_in_notices(path: Path, sought: Sought) -> list[Copy]:
    rows = rows_of(path, "SELECT event, fields FROM notices")
    return [
        Copy(kind="pending", where=f"{event} in {path.name}", blocks=_START)
        for event, fields in rows
        if sought.in_value(orjson.loads(str(fields)))
    ]
