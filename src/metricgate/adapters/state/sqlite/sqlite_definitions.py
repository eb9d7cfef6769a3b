"""Published definitions on SQLite. A text that several publications share is kept once, packed."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from metricgate.adapters.state.sqlite.schema import Schema
from metricgate.adapters.state.sqlite.sqlite_database import Database
from metricgate.state.definitions import DefinitionsNotKept, Publication, PublishedFiles
from metricgate.vocabulary.digest import digest_of_bytes

_SCHEMA = Schema(
    (
        "CREATE TABLE IF NOT EXISTS texts(digest TEXT PRIMARY KEY, body BLOB NOT NULL, erased INTEGER NOT NULL) STRICT",
        """
        CREATE TABLE IF NOT EXISTS published(
          kind TEXT NOT NULL, digest TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY(kind, digest)
        ) STRICT
        """,
        """
        CREATE TABLE IF NOT EXISTS files(
          kind TEXT NOT NULL, digest TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL REFERENCES texts(digest),
          PRIMARY KEY(kind, digest, name)
        ) STRICT
        """,
    )
)
_FIND = "SELECT f.name, t.digest, t.body, t.erased FROM files f JOIN texts t ON t.digest=f.text WHERE kind=? AND f.digest=? ORDER BY name"  # noqa: E501
_LIST = """
SELECT kind, digest, at, (SELECT count(*) FROM files f WHERE f.kind=p.kind AND f.digest=p.digest)
FROM published p WHERE ? IS NULL OR kind=? ORDER BY at DESC, rowid DESC
"""


class SqliteDefinitions:
    """Implements ``state.definitions.PublishedDefinitions``; the file is made where it is missing.

    Raises:
        DefinitionsNotKept: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._said():
            self._database = Database(path, _SCHEMA)

    def keep(self, kind: str, digest: str, texts: Mapping[str, str], *, at: float) -> None:
        """Keep what comes into force, unless it is kept."""
        with self._said():
            if self._database.rows("SELECT 1 FROM published WHERE kind=? AND digest=?", (kind, digest)):
                return
            packed = {name: text.encode() for name, text in texts.items()}
            named = [(kind, digest, name, digest_of_bytes(text)) for name, text in packed.items()]
            with self._database.transaction() as connection:
                connection.execute("INSERT OR IGNORE INTO published VALUES (?,?,?)", (kind, digest, at))
                connection.executemany(
                    "INSERT OR IGNORE INTO texts VALUES (?,?,0)",
                    [(digest_of_bytes(text), zlib.compress(text)) for text in packed.values()],
                )
                connection.executemany("INSERT OR IGNORE INTO files VALUES (?,?,?,?)", named)

    def find(self, kind: str, digest: str) -> PublishedFiles | None:
        """Return the files that were published under a digest."""
        with self._said():
            found = [each for each in self.list(kind) if each.digest == digest]
            rows = self._database.rows(_FIND, (kind, digest))
            texts = {str(name): unpack_text(body) for name, _, body, _ in rows}
        if not found:
            return None
        erased = frozenset(str(name) for name, _, _, erased in rows if erased)
        altered = [
            name
            for name, text_digest, *_ in rows
            if name not in erased and digest_of_bytes(texts[str(name)].encode()) != text_digest
        ]
        if altered:
            raise DefinitionsNotKept(
                f"{', '.join(map(str, altered))} in {self._path} is not what was published: altered"
            )
        return PublishedFiles(publication=found[0], texts=texts, erased=erased)

    def list(self, kind: str | None = None) -> Sequence[Publication]:
        """Return what came into force, the newest first."""
        with self._said():
            return [
                Publication(kind=str(kind), digest=str(digest), published_at=float(str(at)), files=int(str(files)))
                for kind, digest, at, files in self._database.rows(_LIST, (kind, kind))
            ]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise DefinitionsNotKept(f"the published definitions {self._path}: {error}") from error


def unpack_text(body: object) -> str:
    """Return a text as it was kept.

    Raises:
        ValueError: it is not what was kept: altered.
    """
    try:
        return zlib.decompress(body).decode() if isinstance(body, bytes) else ""
    except zlib.error as error:
        raise ValueError(f"a text is not what was published: altered ({error})") from error
