"""API keys on SQLite: only a digest of each secret is kept; revoking works at once, also in running gateways.

A key reads ``mg_<id>_<secret>``: 16 hex digits that name it and 43 characters of 256 random bits. Every look-up reads
the file, so a key that another process revoked is refused from the next look-up on; nothing is cached.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from metricgate.adapters.state.sqlite.schema import Schema
from metricgate.adapters.state.sqlite.sqlite_database import open_store
from metricgate.ledger.events import names
from metricgate.state.keys import ANYONE, KeyNotice, KeyRecord, KeysUnavailable
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import AttributeValue

_KEYS_TABLE = """
CREATE TABLE IF NOT EXISTS keys(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, agent TEXT NOT NULL, digest BLOB NOT NULL, created REAL NOT NULL,
  expires REAL NOT NULL, revoked REAL, may_act_for TEXT NOT NULL, attributes TEXT NOT NULL,
  or_alone INTEGER NOT NULL DEFAULT 0
) STRICT
"""
_NOTICES_TABLE = """
CREATE TABLE IF NOT EXISTS notices(id INTEGER PRIMARY KEY, event TEXT NOT NULL, fields TEXT NOT NULL) STRICT
"""


def _with_or_alone(connection: sqlite3.Connection) -> None:
    """Keys for users must name one from now on."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(keys)")}
    # Releases that gave files no version had it as well.
    if "or_alone" not in columns:
        connection.execute("ALTER TABLE keys ADD COLUMN or_alone INTEGER NOT NULL DEFAULT 0")


_SCHEMA = Schema((_KEYS_TABLE, _NOTICES_TABLE), [_with_or_alone])
_COLUMNS = "id, name, agent, created, expires, revoked, may_act_for, attributes, or_alone"
_ID_BYTES, _SECRET_BYTES = 8, 32
_PREFIX = "mg_"
_MOST_LENGTH = 200
_NOBODY = bytes(32)


class SqliteKeys:
    """The keys of one project. Safe to use from several threads and processes.

    A change and the notice of it are one transaction. Whoever holds the ledger (a running gateway, or the command that
    made the change) records the notices and then settles them, so that no key comes or goes without a record.

    Raises:
        KeysUnavailable: the file cannot be opened.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        try:
            self._connection = open_store(path, _SCHEMA, wait=2.0)
        except (sqlite3.Error, OSError) as error:
            raise KeysUnavailable(f"the keys in {path} cannot be opened: {error}") from error

    def create(
        self,
        agent: str,
        *,
        name: str,
        expires_in: float,
        may_act_for: str | Sequence[str] = (),
        attributes: Mapping[str, AttributeValue] | None = None,
        or_alone: bool = False,
    ) -> tuple[str, KeyRecord]:
        """Make a key; return its full text, which is never shown again, and its record.

        Args:
            agent: the agent that the key stands for.
            name: what people call it; unique names are up to them.
            expires_in: seconds, more than 0.
            may_act_for: ``*`` or the users on whose behalf the agent may act.
            attributes: what row filters may use.
            or_alone: whether a key that may act for users may also act for nobody.

        Raises:
            ValueError: ``agent`` or ``name`` is empty, ``expires_in`` is not positive, ``may_act_for`` is another text.
            KeysUnavailable: it could not be made durable.
        """
        if not agent or not name or expires_in <= 0:
            raise ValueError("a key needs an agent, a name and an expiry in the future")
        if isinstance(may_act_for, str) and may_act_for != ANYONE:
            raise ValueError("a key may act for '*' or for a list of users")
        now = self._clock.unix_nano() / 1e9
        record = KeyRecord(
            id=secrets.token_hex(_ID_BYTES),
            name=name,
            agent=agent,
            created_at=now,
            expires_at=now + expires_in,
            revoked_at=None,
            may_act_for=(ANYONE,) if isinstance(may_act_for, str) else tuple(may_act_for),
            attributes=dict(sorted((attributes or {}).items())),
            or_alone=or_alone,
        )
        text = f"{_PREFIX}{record.id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        users = orjson.dumps(record.may_act_for).decode()
        row = (
            record.id,
            name,
            agent,
            _digest_of(text),
            now,
            record.expires_at,
            users,
            orjson.dumps(record.attributes).decode(),
            int(or_alone),
        )
        insert = (
            "INSERT INTO keys(id, name, agent, digest, created, expires, may_act_for, attributes, or_alone)"
            " VALUES (?,?,?,?,?,?,?,?,?)"
        )
        noted: dict[str, Json] = {names.KEY_ID: record.id, names.KEY_AGENT: agent, names.KEY_NAME: name}
        self._change(insert, row, names.KEY_CREATED, noted)
        return text, record

    def revoke(self, key_id: str) -> KeyRecord | None:
        """Revoke a key for good; return its record, or None if there is no such key. Revoking twice changes nothing.

        Raises:
            KeysUnavailable: it could not be made durable.
        """
        now = self._clock.unix_nano() / 1e9
        update = "UPDATE keys SET revoked=? WHERE id=? AND revoked IS NULL"
        self._change(update, (now, key_id), names.KEY_REVOKED, {names.KEY_ID: key_id})
        rows = self._run(f"SELECT {_COLUMNS} FROM keys WHERE id=?", (key_id,))  # noqa: S608 - a constant
        return _record_of(rows[0]) if rows else None

    def list(self) -> tuple[KeyRecord, ...]:
        """Return every key, oldest first, the revoked and expired ones too."""
        rows = self._run(f"SELECT {_COLUMNS} FROM keys ORDER BY created, id", ())  # noqa: S608 - a constant
        return tuple(_record_of(row) for row in rows)

    def find(self, text: str) -> KeyRecord | None:
        """Return the key's record, also of a revoked or expired one (ask ``usable``), or None if there is none.

        Raises:
            KeysUnavailable: the file cannot be read.
        """
        key_id = _id_of(text)
        rows = self._run(f"SELECT {_COLUMNS}, digest FROM keys WHERE id=?", (key_id,))  # noqa: S608 - a constant
        digest = rows[0][-1] if rows else _NOBODY
        same = hmac.compare_digest(_digest_of(text), digest if isinstance(digest, bytes) else _NOBODY)
        return _record_of(rows[0]) if rows and same else None

    def notices(self) -> tuple[KeyNotice, ...]:
        """Return the changes that await their record, oldest first.

        Raises:
            KeysUnavailable: the file cannot be read.
        """
        rows = self._run("SELECT id, event, fields FROM notices ORDER BY id", ())
        return tuple(
            KeyNotice(id=int(str(number)), event=str(event), fields=orjson.loads(str(fields)))
            for number, event, fields in rows
        )

    def settle(self, notice: KeyNotice) -> None:
        """Forget a notice: the ledger has it.

        Raises:
            KeysUnavailable: it could not be made durable.
        """
        self._run("DELETE FROM notices WHERE id=?", (notice.id,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _change(
        self, statement: str, values: tuple[str | float | bytes, ...], event: str, fields: Mapping[str, Json]
    ) -> None:
        """Run a change and, where it changed a row, note it, in one transaction."""
        try:
            with self._lock, self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                if self._connection.execute(statement, values).rowcount:
                    noted = (event, orjson.dumps(dict(fields)).decode())
                    self._connection.execute("INSERT INTO notices(event, fields) VALUES (?,?)", noted)
        except sqlite3.Error as error:
            raise KeysUnavailable(f"the keys cannot be read or written: {error}") from error

    def _run(self, statement: str, values: tuple[str | float | bytes, ...]) -> Sequence[tuple[object, ...]]:
        try:
            with self._lock:
                return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise KeysUnavailable(f"the keys cannot be read or written: {error}") from error


def _id_of(text: str) -> str:
    head, _, rest = text[:_MOST_LENGTH].removeprefix(_PREFIX).partition("_")
    return head if rest and text.startswith(_PREFIX) and text.isascii() else ""


def _digest_of(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _record_of(row: tuple[object, ...]) -> KeyRecord:
    key_id, name, agent, created, expires, revoked, users, attributes, or_alone = row[:9]
    pairs = orjson.loads(str(attributes))
    return KeyRecord(
        id=str(key_id),
        name=str(name),
        agent=str(agent),
        created_at=float(str(created)),
        expires_at=float(str(expires)),
        revoked_at=None if revoked is None else float(str(revoked)),
        may_act_for=tuple(orjson.loads(str(users))),
        attributes={each: tuple(value) if isinstance(value, list) else value for each, value in pairs.items()},
        or_alone=bool(or_alone),
    )
