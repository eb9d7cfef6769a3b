"""The tree over a ledger file: what the writer keeps in memory, and proofs from the file's hashes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from metricgate.adapters.state.sqlite.ledger_file import BLOCK, unpack_seal
from metricgate.ledger.merkle import Frontier, Subtree, range_hash, split


@dataclass(slots=True, kw_only=True)
class Tree:
    """The frontier of the whole log and of the block that is being filled."""

    whole: Frontier = field(default_factory=Frontier)
    block: Frontier = field(default_factory=Frontier)

    def copy(self) -> Tree:
        """Return an independent copy."""
        return Tree(whole=self.whole.copy(), block=self.block.copy())

    def append(self, hashed: bytes) -> bytes | None:
        """Take in a leaf hash; return the block's hash if it is now full."""
        self.whole.append(hashed)
        self.block.append(hashed)
        if self.block.size < BLOCK:
            return None
        full = self.block.root()
        self.block = Frontier()
        return full


def read_tree(connection: sqlite3.Connection) -> Tree:
    """Rebuild the tree from the seals and the leaf hashes after the last one.

    Raises:
        sqlite3.DatabaseError: an entry or a seal is missing.
    """
    tree = Tree()
    for size, seal in connection.execute("SELECT size, seal FROM seals ORDER BY size"):
        if size != tree.whole.size + BLOCK:
            raise sqlite3.DatabaseError(f"the seal at {size} does not follow the one at {tree.whole.size}")
        tree.whole.append_subtree(unpack_seal(seal)[0], BLOCK)
    for index, hashed in connection.execute(
        "SELECT idx, hash FROM entries WHERE idx >= ? ORDER BY idx", (tree.whole.size,)
    ):
        if index != tree.whole.size:
            raise sqlite3.DatabaseError(f"entry {tree.whole.size} is missing")
        tree.append(hashed)
    return tree


def subtrees(connection: sqlite3.Connection) -> Subtree:
    """Return a function from a range of leaves to its hash; whole blocks come from the seals."""

    def hashed(start: int, end: int) -> bytes:
        width = end - start
        if width <= BLOCK:
            if width == BLOCK:
                row = connection.execute("SELECT seal FROM seals WHERE size=?", (end,)).fetchone()
                if row is not None:
                    return unpack_seal(row[0])[0]
            rows = connection.execute("SELECT hash FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx", (start, end))
            return range_hash([row[0] for row in rows])
        if width % BLOCK == 0 and width & (width - 1) == 0:
            frontier = Frontier()
            for (seal,) in connection.execute(
                "SELECT seal FROM seals WHERE size > ? AND size <= ? ORDER BY size", (start, end)
            ):
                frontier.append_subtree(unpack_seal(seal)[0], BLOCK)
            return frontier.root()
        middle = start + split(width)
        frontier = Frontier(width, (hashed(start, middle), hashed(middle, end)))
        return frontier.root()

    return hashed
