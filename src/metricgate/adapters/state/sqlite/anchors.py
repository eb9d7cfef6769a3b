"""Anchors: what other files of the state folder know of the ledger, so that an older copy in its place is noticed.

Each keeps the newest signed checkpoint that it was told. A ledger that has fewer entries than one of them says, or
others under that size, is not the one that was written last.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from metricgate.adapters.files.whole_files import write_new
from metricgate.adapters.state.sqlite.ledger_file import connect_reading, read_head
from metricgate.adapters.state.sqlite.ledger_tree import subtrees
from metricgate.adapters.state.sqlite.log import log_of
from metricgate.adapters.state.sqlite.sqlite_database import write_so
from metricgate.ledger.merkle import EMPTY_ROOT
from metricgate.ledger.note import Checkpoint, NoteError, VerifierKey, open_checkpoint
from metricgate.state.record import LedgerUnavailable

_TABLE = "CREATE TABLE IF NOT EXISTS anchor(id INTEGER PRIMARY KEY CHECK(id = 0), checkpoint TEXT NOT NULL) STRICT"
_WAIT_SECONDS = 2.0


class Anchor(Protocol):
    """Something that remembers how far the ledger was."""

    @property
    def name(self) -> str:
        """Its name, for people."""
        ...

    def last_checkpoint(self) -> str | None:
        """Return the signed checkpoint that it was told last; None where it was told none, or is not there."""
        ...

    def keep(self, checkpoint: str) -> None:
        """Remember a signed checkpoint in the place of the one before; does nothing where the store is not there."""
        ...


class StoreAnchor:
    """An anchor in a SQLite file of the state folder, beside what that keeps."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    def last_checkpoint(self) -> str | None:
        """Return the signed checkpoint that it was told last."""
        if not self._path.exists():
            return None
        try:
            with closing(self._opened()) as connection:
                row = connection.execute("SELECT checkpoint FROM anchor").fetchone()
        except sqlite3.Error:  # it was told none yet, or is damaged: who needs the store says so
            return None
        return None if row is None else str(row[0])

    def keep(self, checkpoint: str) -> None:
        """Remember a signed checkpoint."""
        if not self._path.exists():
            return
        try:
            with closing(self._opened()) as connection:
                write_so(connection)
                connection.execute(_TABLE)
                connection.execute("INSERT OR REPLACE INTO anchor VALUES (0, ?)", (checkpoint,))
        except sqlite3.Error:  # it is busy or cannot be written: it is told again, and others know
            return

    def _opened(self) -> sqlite3.Connection:
        # Who only reads could not remove the files beside it at closing.
        uri = f"{self._path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)


class FileAnchor:
    """An anchor in a file of its own, outside the state folder: on another disk, or where others keep watch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failed = False

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self._path)

    def last_checkpoint(self) -> str | None:
        """Return the signed checkpoint that it was told last.

        Raises:
            LedgerUnavailable: it is there and cannot be read.
        """
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise LedgerUnavailable(f"the anchor {self._path} cannot be read: {error}") from error

    def keep(self, checkpoint: str) -> None:
        """Put a signed checkpoint in the place of the one before; where that fails it is logged, once."""
        try:
            write_new(self._path, checkpoint.encode(), 0o600)
        except OSError as error:
            if not self._failed:
                log_of("ledger").error("anchor_not_kept", file=self.name, error=str(error))
            self._failed = True
        else:
            self._failed = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A ledger that is not what an anchor knows.

    Attributes:
        size: entries that the ledger has.
        lost: the head that is lost: what the anchors know that it had.
        checkpoint: the same, signed.
        known_by: names of the anchors that know of it.
        other: whether the ledger has other entries under that size, rather than fewer.
    """

    size: int
    lost: Checkpoint
    checkpoint: str
    known_by: tuple[str, ...]
    other: bool = False

    def __str__(self) -> str:
        who = " and ".join(self.known_by)
        knows = "knows" if len(self.known_by) == 1 else "know"
        if self.other:
            return f"the ledger's first {self.lost.size} entries are not those that {who} {knows}: it is another one"
        missing = self.lost.size - self.size
        return f"the ledger has {self.size} entries, but {who} {knows} of {self.lost.size}: {missing} are missing"


def behind(ledger: Path, key: VerifierKey, anchors: Iterable[Anchor]) -> Behind | None:
    """Return how far the ledger is behind what the anchors know, the most of it; None where it is not.

    An anchor that is not signed by the log's key says nothing.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    told = [
        (anchor.name, note, found) for anchor in anchors if (found := _open_note(note := anchor.last_checkpoint(), key))
    ]
    if not told:
        return None
    size, roots = _roots(ledger, key, [found.size for _name, _note, found in told])
    wrong = [each for each in told if each[2].size > size or roots[each[2].size] != each[2].root]
    if not wrong:
        return None
    _name, note, lost = max(wrong, key=lambda each: each[2].size)
    names = tuple(name for name, _note, found in wrong if found.size == lost.size)
    return Behind(size=size, lost=lost, checkpoint=str(note), known_by=names, other=lost.size <= size)


def _open_note(note: str | None, key: VerifierKey) -> Checkpoint | None:
    try:
        return None if note is None else open_checkpoint(note, key)
    except NoteError:
        return None


def _roots(ledger: Path, key: VerifierKey, sizes: Sequence[int]) -> tuple[int, dict[int, bytes]]:
    """Return the ledger's size, and the root hash at each of these sizes that it reaches."""
    try:
        with closing(_at_rest(ledger) or connect_reading(ledger)) as connection:
            connection.execute("BEGIN")
            head = read_head(connection, key.name)
            size = 0 if head is None else head[0].size
            hashed = subtrees(connection)
            return size, {each: hashed(0, each) if each else EMPTY_ROOT for each in set(sizes) if each <= size}
    except sqlite3.Error as error:
        raise LedgerUnavailable(f"the ledger {ledger} cannot be read: {error}") from error


def _at_rest(ledger: Path) -> sqlite3.Connection | None:
    """Open a ledger that nobody has open, without leaving anything beside it; None where somebody has, or it is none.

    A file beside it would say that it is not at rest, and verification would see less.
    """
    if Path(f"{ledger}-wal").exists() or not ledger.exists():
        return None
    return sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
