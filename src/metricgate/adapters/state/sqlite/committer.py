"""The one thread that writes the ledger: it takes what waits, commits it as one transaction, and answers.

There is no linger: a lone entry is committed at once, and whatever arrives during a commit shares the next one.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from metricgate.adapters.state.sqlite import ledger_file
from metricgate.adapters.state.sqlite.ledger_rest import put_to_rest
from metricgate.adapters.state.sqlite.ledger_tree import Tree, read_tree
from metricgate.ledger.entry import EntryDraft
from metricgate.ledger.merkle import leaf_hash
from metricgate.ledger.note import Checkpoint, Signer
from metricgate.state.record import AppendReceipt, LedgerUnavailable

MOST_BATCH = 256
"""Entries in one transaction at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Bodies to overwrite with zeros in the transaction that records it.

    Attributes:
        names: which bodies of an entry, by its index.
    """

    names: Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An entry on its way to the disk, and whom to tell."""

    draft: EntryDraft
    done: Callable[[AppendReceipt | LedgerUnavailable], None]
    erasure: Erasure | None = None


class Committer:
    """Owns the writing connection and the tree. Its thread lives from ``start`` to ``stop``."""

    def __init__(self, open_file: Callable[[], sqlite3.Connection], signer: Signer, check: Callable[[], None]) -> None:
        """Open the file; ``check`` is called inside every transaction and raises where nothing may be written."""
        self._check = check
        self._open_file = open_file
        self._signer = signer
        self._queue: SimpleQueue[tuple[Waiting, ...] | None] = SimpleQueue()
        self._connection: sqlite3.Connection | None = open_file()
        self._tree = read_tree(self._connection)
        self._thread = threading.Thread(target=self._run, name="metricgate-ledger", daemon=True)
        self._wrote = True
        self._wrote_at = time.monotonic()

    @property
    def checkpoint_age(self) -> float:
        """Seconds since the newest checkpoint was signed; every commit signs one."""
        return time.monotonic() - self._wrote_at

    @property
    def writable(self) -> bool:
        """Whether the last attempt to write worked."""
        return self._wrote

    @property
    def size(self) -> int:
        """Entries that are durable."""
        return self._tree.whole.size

    @property
    def root(self) -> bytes:
        """Root hash over them."""
        return self._tree.whole.root()

    def head(self) -> Checkpoint:
        """Return what is durable: size and root of the same moment."""
        return self._checkpoint(self._tree)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, *waiting: Waiting) -> None:
        """Hand over entries, which become durable in one transaction, in the order they are handed over."""
        self._queue.put(waiting)

    def queue_length(self) -> int:
        """Entries not yet taken up."""
        return self._queue.qsize()

    def stop(self) -> None:
        """Commit what waits, then close the file."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        else:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            put_to_rest(self._connection)
            self._connection = None

    def _run(self) -> None:
        going = True
        while going:
            first = self._queue.get()
            batch = [] if first is None else [*first]
            going = first is not None
            while going and len(batch) < MOST_BATCH:
                try:
                    more = self._queue.get_nowait()
                except Empty:
                    break
                if more is None:
                    going = False
                else:
                    batch.extend(more)
            if batch:
                self._settle(batch)
        self._close()

    def _settle(self, batch: list[Waiting]) -> None:
        answers: list[AppendReceipt | LedgerUnavailable]
        try:
            answers = [*self.commit(batch)]
            self._wrote = True
            self._wrote_at = time.monotonic()
        except (sqlite3.Error, OSError, MemoryError, LedgerUnavailable) as error:
            answers = [LedgerUnavailable(f"the ledger could not write: {error}")] * len(batch)
            self._wrote = False
        for waiting, answer in zip(batch, answers, strict=True):
            waiting.done(answer)

    def commit(self, batch: Sequence[Waiting]) -> list[AppendReceipt]:
        """Make a batch durable, all of it or nothing.

        Raises:
            sqlite3.Error, OSError, LeaseLost: nothing was acknowledged; the next call starts from what the file holds.
        """
        connection = self._connection or self._reopened()
        tree = self._tree.copy()
        entries, bodies, seals, answers = [], [], [], []
        for waiting in batch:
            index = tree.whole.size
            leaf = waiting.draft.leaf(index)
            hashed = leaf_hash(leaf)
            entries.append((index, leaf, hashed))
            for at, body in enumerate(waiting.draft.bodies):
                bodies.append((index << 8 | at, body.name, body.salt, body.value))
            if (block := tree.append(hashed)) is not None:
                checkpoint = self._checkpoint(tree)
                signature = self._signer.sign(checkpoint)
                seals.append((checkpoint.size, ledger_file.pack_seal(block, checkpoint.root, signature)))
            answers.append(AppendReceipt(index=index, leaf_hash=hashed.hex()))
        checkpoint = self._checkpoint(tree)
        head = ledger_file.pack_head(checkpoint, self._signer.sign(checkpoint))
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._check()
            connection.executemany("INSERT INTO entries VALUES (?,?,?)", entries)
            if bodies:
                connection.executemany("INSERT INTO bodies VALUES (?,?,?,?)", bodies)
            if seals:
                connection.executemany("INSERT INTO seals VALUES (?,?)", seals)
            connection.execute(
                "INSERT INTO head VALUES (0,?) ON CONFLICT(id) DO UPDATE SET seal=excluded.seal", (head,)
            )
            for waiting in batch:
                if waiting.erasure is not None:
                    _erase(connection, waiting.erasure)
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError, MemoryError, LedgerUnavailable):
            # What the file holds now is known only by reading it: start afresh at the next batch.
            self._connection = None
            connection.close()
            raise
        self._tree = tree
        return answers

    def _checkpoint(self, tree: Tree) -> Checkpoint:
        return Checkpoint(origin=self._signer.verifier.name, size=tree.whole.size, root=tree.whole.root())

    def _reopened(self) -> sqlite3.Connection:
        connection = self._open_file()
        try:
            self._tree = read_tree(connection)
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection
        return connection


def _erase(connection: sqlite3.Connection, erasure: Erasure) -> None:
    """Overwrite in place with as many zeros, so that the file's form does not change."""
    for index, names in erasure.names.items():
        for name in names:
            connection.execute(
                "UPDATE bodies SET salt=zeroblob(length(salt)), value=zeroblob(length(value))"
                " WHERE id BETWEEN ? AND ? AND name=?",
                (index << 8, index << 8 | 255, name),
            )
