"""Erasing from published definitions: lines of the files in which it stands, in every publication."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from metricgate.adapters.state.sqlite.redaction import erased_for_good, rows_of
from metricgate.adapters.state.sqlite.sqlite_definitions import unpack_text
from metricgate.state.erasure import Copy, Sought
from metricgate.vocabulary.erased import ERASED


class DefinitionCopies:
    """Implements ``Erasable`` for published definitions. The project's own files are the owner's to change."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def copies(self, sought: Sought) -> Sequence[Copy]:
        """Return the files, each under the publications that it belongs to."""
        meant = {digest for digest, _ in self._found(sought)}
        rows = rows_of(self._path, "SELECT kind, digest, name, text FROM files ORDER BY kind, digest, name")
        return [
            Copy(kind="definition", where=f"{name} as published in {kind} {str(digest)[:12]}")
            for kind, digest, name, text in rows
            if str(text) in meant
        ]

    def erase(self, sought: Sought) -> None:
        """Erase them."""
        found = [(zlib.compress(text.encode()), digest) for digest, text in self._found(sought)]
        if found:
            erased_for_good(self._path, lambda connection: _replace_texts(connection, found))

    def _found(self, sought: Sought) -> Iterator[tuple[str, str]]:
        """Yield the digest of each text in which it stands, and the text without it."""
        for digest, body in rows_of(self._path, "SELECT digest, body FROM texts"):
            text = unpack_text(body)
            if sought.in_value(text):
                lines = "\n".join(f"# {ERASED}" if sought.in_value(line) else line for line in text.split("\n"))
                # What goes over several lines stands in no single one.
                yield str(digest), ERASED if sought.in_value(lines) else lines


def _replace_texts(connection: sqlite3.Connection, texts: Sequence[tuple[bytes, str]]) -> None:
    connection.executemany("UPDATE texts SET body=?, erased=1 WHERE digest=?", texts)
