"""People, their sessions and their failed logins on SQLite. Of passwords, sessions and devices only digests are kept.

The secret of an authenticator app must be known, since its codes are computed from it: it is kept sealed, under a
key in a file beside. Every look-up reads the file: who is removed by another process is out from the next request on.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import orjson

from metricgate.adapters.state.sqlite.schema import OfANewerRelease
from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.adapters.state.sqlite.sqlite_database import connect
from metricgate.ledger.events import names
from metricgate.state.people import (
    PeopleUnavailable,
    PersonNotice,
    PersonRecord,
    SessionRecord,
)
from metricgate.state.sealed import Unsealable
from metricgate.vocabulary.json import Json

_TABLES = """
CREATE TABLE IF NOT EXISTS people(
  name TEXT PRIMARY KEY, password TEXT NOT NULL, one_time_until REAL, totp TEXT NOT NULL, last_step INTEGER NOT NULL,
  groups TEXT NOT NULL, created REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_spelling ON people(lower(name));
CREATE TABLE IF NOT EXISTS sessions(
  digest BLOB PRIMARY KEY, person TEXT NOT NULL, method TEXT NOT NULL, channel TEXT NOT NULL, groups TEXT NOT NULL,
  csrf TEXT NOT NULL, created REAL NOT NULL, seen REAL NOT NULL, expires REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS devices(digest BLOB PRIMARY KEY, person TEXT NOT NULL, seen REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS attempts(
  key TEXT PRIMARY KEY, failures INTEGER NOT NULL, last REAL NOT NULL, told REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS notices(id INTEGER PRIMARY KEY, event TEXT NOT NULL, fields TEXT NOT NULL) STRICT;
"""
_SEALED, _CLEAN = 1, 2
"""``user_version`` of a file whose secrets are sealed, and of one in which nothing is left of unsealed ones besides."""
_COLUMNS = "name, password, one_time_until, totp, last_step, groups, created"
_SESSION = "person, method, channel, groups, csrf, created, seen, expires"
_MOST_ATTEMPTS = 100_000

Value = str | float | bytes | None
_Run = Callable[[str, Sequence[Value]], int]


def digest(secret: str) -> bytes:
    """Return what is kept of a random secret."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


class SqlitePeople:
    """The people of one project. Safe to use from several threads and processes.

    The key that seals the authenticators' secrets is beside ``path``, with the suffix ``.key``.

    Args:
        path: made where it is missing, readable by its owner only.
        may_make_key: False leaves a key that is gone for the operator to restore; a new one opens nothing of the old.

    Raises:
        PeopleUnavailable: the file cannot be opened, or the key.
    """

    def __init__(self, path: Path, *, may_make_key: bool = True) -> None:
        self._lock = threading.Lock()
        try:
            self._connection = connect(path, wait=2.0)
            if self._version() > _CLEAN:
                raise OfANewerRelease(f"{path} was written by a later release: run that, or a later one")
            self._connection.executescript(_TABLES)
            self._seal = self._opened_seal(path.with_suffix(".key"), may_make=may_make_key)
            self._seal_old()
        except (sqlite3.Error, OSError, ValueError) as error:
            raise PeopleUnavailable(f"the people in {path} cannot be opened: {error}") from error

    def add(self, record: PersonRecord) -> bool:
        """Add somebody; False where the name is taken, in whatever case."""
        groups = orjson.dumps(record.groups).decode()
        secret = self._sealed(record.name, record.totp)
        values = (record.name, record.password, record.one_time_until, secret, record.last_step, groups, record.created)
        with self._change() as run:
            added = run(f"INSERT OR IGNORE INTO people({_COLUMNS}) VALUES (?,?,?,?,?,?,?)", values)  # noqa: S608
            if added:
                _note_event(
                    run, names.PERSON_ADDED, {names.PERSON_ID: record.name, names.PERSON_GROUPS: list(record.groups)}
                )
        return bool(added)

    def reset(self, record: PersonRecord) -> bool:
        """Give somebody a new password and authenticator, and end their sessions; False where there is no such name."""
        secret = self._sealed(record.name, record.totp)
        with self._change() as run:
            found = run(
                "UPDATE people SET password=?, one_time_until=?, totp=?, last_step=? WHERE name=?",
                (record.password, record.one_time_until, secret, record.last_step, record.name),
            )
            if found:
                _forget_person(run, record.name)
                _note_event(run, names.PERSON_RESET, {names.PERSON_ID: record.name})
        return bool(found)

    def remove(self, name: str) -> bool:
        """Remove somebody and end their sessions; False where there is no such name."""
        with self._change() as run:
            found = run("DELETE FROM people WHERE name=?", (name,))
            if found:
                _forget_person(run, name)
                _note_event(run, names.PERSON_REMOVED, {names.PERSON_ID: name})
        return bool(found)

    def find(self, name: str) -> PersonRecord | None:
        """Return a person, or None.

        Raises:
            PeopleUnavailable: the secret was sealed with another key, or altered; ``reset`` gives a new one.
        """
        rows = self._run(f"SELECT {_COLUMNS} FROM people WHERE name=?", (name,))  # noqa: S608 - a constant
        if not rows:
            return None
        record = _record_of(rows[0])
        try:
            secret = self._seal.open(_sealed_as(name), b64decode(record.totp, validate=True)).decode()
        except (Unsealable, ValueError) as error:
            raise PeopleUnavailable(f"the authenticator's secret of {name} cannot be opened: {error}") from error
        return replace(record, totp=secret)

    def knows(self, name: str) -> bool:
        """Whether there is somebody of this name."""
        return bool(self._run("SELECT 1 FROM people WHERE name=?", (name,)))

    def list(self) -> tuple[PersonRecord, ...]:
        """Return everybody, by name; nobody's secret is opened."""
        rows = self._run(f"SELECT {_COLUMNS} FROM people ORDER BY name", ())  # noqa: S608 - a constant
        return tuple(replace(_record_of(row), totp="") for row in rows)

    def use_code(self, name: str, step: int, *, new_password: str | None) -> bool:
        """Mark a time step as used, and set a new password along with it; False where it was used before."""
        with self._change() as run:
            taken = run("UPDATE people SET last_step=? WHERE name=? AND last_step<?", (step, name, step))
            if taken and new_password is not None:
                run("UPDATE people SET password=?, one_time_until=NULL WHERE name=?", (new_password, name))
        return bool(taken)

    def rehash(self, name: str, old: str, new: str) -> None:
        """Put a stronger hash of the same password in place of ``old``."""
        self._run("UPDATE people SET password=? WHERE name=? AND password=?", (new, name, old))

    def open_session(self, token: str, session: SessionRecord, *, device: str | None, address: str) -> None:
        """Keep a new session, and the device that it was opened on; the login is noted."""
        values = (digest(token), *_session_values(session))
        fields = {names.PERSON_ID: session.person, names.PERSON_METHOD: session.method, names.CLIENT_ADDRESS: address}
        with self._change() as run:
            run(f"INSERT INTO sessions(digest, {_SESSION}) VALUES (?,?,?,?,?,?,?,?,?)", values)  # noqa: S608
            run("DELETE FROM sessions WHERE expires<?", (session.created,))
            if device is not None:
                run(
                    "INSERT INTO devices(digest, person, seen) VALUES (?,?,?)",
                    (digest(device), session.person, session.created),
                )
            _note_event(run, names.PERSON_LOGGED_IN, {**fields, names.PERSON_CHANNEL: session.channel})

    def session(self, token: str) -> SessionRecord | None:
        """Return the session of a token, an expired one too; None where there is none."""
        rows = self._run(f"SELECT {_SESSION} FROM sessions WHERE digest=?", (digest(token),))  # noqa: S608
        return _session_of(rows[0]) if rows else None

    def touch(self, token: str, now: float) -> None:
        """Note that a session was used."""
        self._run("UPDATE sessions SET seen=? WHERE digest=?", (now, digest(token)))

    def close_session(self, token: str) -> None:
        """End a session."""
        self._run("DELETE FROM sessions WHERE digest=?", (digest(token),))

    def knows_device(self, token: str, person: str) -> bool:
        """Whether this person logged in on the device before."""
        return bool(self._run("SELECT 1 FROM devices WHERE digest=? AND person=?", (digest(token), person)))

    def attempts(self, key: str) -> tuple[int, float]:
        """Return how many logins failed in a row under a key, and when the last did."""
        rows = self._run("SELECT failures, last FROM attempts WHERE key=?", (key,))
        return (int(str(rows[0][0])), float(str(rows[0][1]))) if rows else (0, 0.0)

    def count_failure(
        self, keys: Sequence[str], now: float, *, forget_before: float, fields: Mapping[str, Json]
    ) -> None:
        """Count a failed login under each key; note it, at most once a minute for the first of them."""
        with self._change() as run:
            run("DELETE FROM attempts WHERE last<?", (forget_before,))
            if self._connection.execute("SELECT count(*) FROM attempts").fetchone()[0] > _MOST_ATTEMPTS:
                run("DELETE FROM attempts WHERE key IN (SELECT key FROM attempts ORDER BY last LIMIT 1000)", ())
            for key in keys:
                upsert = "ON CONFLICT(key) DO UPDATE SET failures=failures+1, last=excluded.last"
                run(f"INSERT INTO attempts(key, failures, last, told) VALUES (?,1,?,0) {upsert}", (key, now))  # noqa: S608
            if run("UPDATE attempts SET told=? WHERE key=? AND told<?", (now, keys[0], now - 60.0)):
                _note_event(run, names.LOGIN_REFUSED, fields)

    def clear(self, keys: Sequence[str]) -> None:
        """Forget failures."""
        with self._change() as run:
            for key in keys:
                run("DELETE FROM attempts WHERE key=?", (key,))

    def notices(self) -> tuple[PersonNotice, ...]:
        """Return what awaits its record, oldest first."""
        rows = self._run("SELECT id, event, fields FROM notices ORDER BY id", ())
        return tuple(
            PersonNotice(id=int(str(number)), event=str(event), fields=orjson.loads(str(fields)))
            for number, event, fields in rows
        )

    def settle(self, notice: PersonNotice) -> None:
        """Forget a notice: the ledger has it."""
        self._run("DELETE FROM notices WHERE id=?", (notice.id,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def find_damaged(self) -> Sequence[str]:
        """Return whose secret does not open, by name."""
        found: list[str] = []
        for each in self.list():
            try:
                self.find(each.name)
            except PeopleUnavailable:
                found.append(each.name)
        return found

    def _opened_seal(self, key: Path, *, may_make: bool) -> Seal:
        sealed = self._version() >= _SEALED and self.list()
        if sealed and not may_make and not key.exists():
            cure = "restore it from the backup, or let `metricgate people reset NAME` make a new one"
            raise PeopleUnavailable(f"the key {key} is gone, which opens the secrets of authenticators: {cure}")
        return Seal(key)

    def _sealed(self, name: str, secret: str) -> str:
        """Return a secret as it is kept; it opens under this name only."""
        return b64encode(self._seal.seal(_sealed_as(name), secret.encode())).decode()

    def _seal_old(self) -> None:
        """Seal the secrets of a file that an older version kept as they are, and leave nothing of them in the file."""
        if self._version() < _SEALED:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                # Another process may have been faster.
                if self._version() < _SEALED:
                    for name, secret in self._connection.execute("SELECT name, totp FROM people").fetchall():
                        values = (self._sealed(str(name), str(secret)), name)
                        self._connection.execute("UPDATE people SET totp=? WHERE name=?", values)
                    self._connection.execute(f"PRAGMA user_version={_SEALED}")
        if self._version() < _CLEAN:
            # Pages that are free, and the log, may still hold what was there. Where others use the file: the next time.
            with suppress(sqlite3.OperationalError):
                self._connection.execute("VACUUM")
                if self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                    self._connection.execute(f"PRAGMA user_version={_CLEAN}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _change(self) -> Iterator[_Run]:
        """One transaction; what it yields runs a statement and returns how many rows it changed."""
        try:
            with self._lock, self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                yield lambda statement, values: self._connection.execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise PeopleUnavailable(f"the people cannot be read or written: {error}") from error

    def _run(self, statement: str, values: Sequence[Value]) -> Sequence[tuple[object, ...]]:
        try:
            with self._lock:
                return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise PeopleUnavailable(f"the people cannot be read or written: {error}") from error


def _note_event(run: _Run, event: str, fields: Mapping[str, Json]) -> None:
    run("INSERT INTO notices(event, fields) VALUES (?,?)", (event, orjson.dumps(dict(fields)).decode()))


def _forget_person(run: _Run, name: str) -> None:
    run("DELETE FROM sessions WHERE person=?", (name,))
    run("DELETE FROM devices WHERE person=?", (name,))
    run("DELETE FROM attempts WHERE key IN (?,?)", (f"name:{name}", f"code:{name}"))


def _sealed_as(name: str) -> str:
    return f"totp/{name}"


def _record_of(row: tuple[object, ...]) -> PersonRecord:
    name, password, until, totp, step, groups, created = row
    return PersonRecord(
        name=str(name),
        password=str(password),
        one_time_until=None if until is None else float(str(until)),
        totp=str(totp),
        last_step=int(str(step)),
        groups=tuple(orjson.loads(str(groups))),
        created=float(str(created)),
    )


def _session_values(session: SessionRecord) -> tuple[Value, ...]:
    groups = orjson.dumps(session.groups).decode()
    who = (session.person, session.method, session.channel, groups, session.csrf)
    return (*who, session.created, session.seen, session.expires)


def _session_of(row: tuple[object, ...]) -> SessionRecord:
    person, method, channel, groups, csrf, created, seen, expires = row
    return SessionRecord(
        person=str(person),
        method=str(method),
        channel=str(channel),
        groups=tuple(orjson.loads(str(groups))),
        csrf=str(csrf),
        created=float(str(created)),
        seen=float(str(seen)),
        expires=float(str(expires)),
    )
