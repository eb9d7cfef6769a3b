"""The ledger's SQLite file: its fixed schema, how it is opened, and what its tables hold.

Rows are only ever added, in rowid order, or overwritten in place with as many bytes; so the file has no free pages and
no freed cells, and a strict walk of its pages can account for every byte (``sqlite_pages``).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from metricgate.ledger.entry import Body
from metricgate.ledger.note import Checkpoint

APPLICATION_ID = 0x4D47_4C31
"""``MGL1``."""
USER_VERSION = 1
PAGE_BYTES = 4096
_LOG_BYTES = 4_194_304
"""To what the write-ahead log is cut when it begins anew: while somebody reads from end to end it cannot, and grows."""
_READING_KILOBYTES = 256
"""Pages that a reading connection keeps. Each look at the record has one, in whichever thread is free, and the arena of
every such thread would stay larger by the usual 2 MB; who reads from end to end needs the inner pages only."""
BLOCK = 1024
"""Every so many entries a seal is kept: the hash of that block of leaves, and a signed root."""

TABLES: tuple[tuple[str, str], ...] = (
    ("entries", "CREATE TABLE entries(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, hash BLOB NOT NULL)"),
    (
        "bodies",
        "CREATE TABLE bodies(id INTEGER PRIMARY KEY, name TEXT NOT NULL, salt BLOB NOT NULL, value BLOB NOT NULL)",
    ),
    ("seals", "CREATE TABLE seals(size INTEGER PRIMARY KEY, seal BLOB NOT NULL)"),
    ("head", "CREATE TABLE head(id INTEGER PRIMARY KEY, seal BLOB NOT NULL)"),
)
"""Name and exact text of each table. ``entries.idx`` counts from 0; ``bodies.id`` is ``idx * 256 + position``;
``seals.seal`` is block hash, root, signature at a multiple of ``BLOCK``; ``head`` has the one row 0 with size (8 bytes,
big endian), root and signature of the newest checkpoint."""

_HASH = 32
_SIZE = 8


def connect(path: Path, *, page_bytes: int = PAGE_BYTES, most_pages: int | None = None) -> sqlite3.Connection:
    """Open for writing, making the file if there is none.

    Args:
        path: the ledger's file; its folder exists.
        page_bytes: for a new file; 1,024 or more.
        most_pages: refuse to grow beyond so many pages (``SQLITE_FULL``); None for no bound.

    Raises:
        sqlite3.Error: it cannot be opened, or is another kind of file.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
    try:
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")
        if most_pages is not None:
            connection.execute(f"PRAGMA max_page_count={most_pages}")
        _prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_reading(path: Path) -> sqlite3.Connection:
    """Open for reading beside a running writer.

    Raises:
        sqlite3.Error: there is no such file, or it is of another kind.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=2.0
    )
    try:
        connection.execute(f"PRAGMA cache_size=-{_READING_KILOBYTES}")
        found = connection.execute("PRAGMA application_id").fetchone()[0]
        if found != APPLICATION_ID:
            raise sqlite3.DatabaseError(f"{path} is not a ledger")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    if found == APPLICATION_ID:
        return
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise sqlite3.DatabaseError("the file exists and is not a ledger")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={USER_VERSION}")
    for _, text in TABLES:
        connection.execute(text)
    connection.execute("COMMIT")


def read_head(connection: sqlite3.Connection, origin: str) -> tuple[Checkpoint, bytes] | None:
    """Return the newest checkpoint and its signature, or None in a new file."""
    row = connection.execute("SELECT seal FROM head WHERE id=0").fetchone()
    return None if row is None else unpack_head(row[0], origin)


def pack_head(checkpoint: Checkpoint, signature: bytes) -> bytes:
    """Return the bytes of the head row."""
    return checkpoint.size.to_bytes(_SIZE, "big") + checkpoint.root + signature


def unpack_head(seal: bytes, origin: str) -> tuple[Checkpoint, bytes]:
    """Return what ``pack_head`` was given."""
    root = seal[_SIZE : _SIZE + _HASH]
    return Checkpoint(origin=origin, size=int.from_bytes(seal[:_SIZE], "big"), root=root), seal[_SIZE + _HASH :]


def pack_seal(block: bytes, root: bytes, signature: bytes) -> bytes:
    """Return the bytes of a seals row."""
    return block + root + signature


def unpack_seal(seal: bytes) -> tuple[bytes, bytes, bytes]:
    """Return block hash, root and signature."""
    return seal[:_HASH], seal[_HASH : 2 * _HASH], seal[2 * _HASH :]


def read_bodies(connection: sqlite3.Connection, index: int) -> tuple[Body, ...]:
    """Return the bodies of entry ``index`` in order, erased ones included."""
    rows = connection.execute(
        "SELECT name, salt, value FROM bodies WHERE id BETWEEN ? AND ?", (index << 8, (index << 8) | 255)
    )
    return tuple(Body(name=name, salt=salt, value=value) for name, salt, value in rows)
