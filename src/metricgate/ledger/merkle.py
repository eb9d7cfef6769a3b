"""The Merkle tree of RFC 9162 §2.1 (the hashes of RFC 6962): roots, inclusion and consistency proofs.

Leaf hash is ``SHA-256(0x00 || leaf)``, node hash ``SHA-256(0x01 || left || right)``; the empty tree's root is
``SHA-256("")``. Proof functions ask for the hash of a range ``[start, end)`` of leaves, so that a store may answer from
what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

Subtree = Callable[[int, int], bytes]
"""Hash of the leaves ``[start, end)``, ``end > start``."""

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of one leaf's exact bytes."""
    return sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """The compact range ``[0, size)``: the roots of the full subtrees at the tree's right edge, largest first."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)

    def copy(self) -> Frontier:
        """Return an independent copy."""
        return Frontier(self.size, self.peaks)

    def append(self, hashed: bytes) -> None:
        """Take in one more leaf hash."""
        self.append_subtree(hashed, 1)

    def append_subtree(self, hashed: bytes, width: int) -> None:
        """Take in the root of a full subtree of ``width`` (a power of two that divides ``size``) leaves."""
        size = self.size // width
        while size & 1:
            hashed = node_hash(self.peaks.pop(), hashed)
            size >>= 1
        self.peaks.append(hashed)
        self.size += width

    def root(self) -> bytes:
        """Return the root hash of everything taken in."""
        if not self.peaks:
            return EMPTY_ROOT
        hashed = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            hashed = node_hash(peak, hashed)
        return hashed


def range_hash(hashes: Sequence[bytes]) -> bytes:
    """Return the root of the tree over these leaf hashes."""
    frontier = Frontier()
    for hashed in hashes:
        frontier.append(hashed)
    return frontier.root()


def split(count: int) -> int:
    """Return the largest power of two smaller than ``count`` (``count > 1``)."""
    return 1 << (count - 1).bit_length() - 1


def inclusion_path(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """Return the audit path of leaf ``index`` in the tree of ``size`` leaves, nearest first (RFC 9162 §2.1.3.1).

    Raises:
        IndexError: ``index`` is outside the tree.
    """
    if not 0 <= index < size:
        raise IndexError(f"no leaf {index} in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    return tuple(reversed(path))


def consistency_path(old: int, new: int, subtree: Subtree) -> tuple[bytes, ...]:
    """Return the proof that the tree of ``new`` leaves extends that of ``old`` (RFC 9162 §2.1.4.1).

    Raises:
        IndexError: ``old > new`` or ``old < 0``.
    """
    if not 0 <= old <= new:
        raise IndexError(f"{old} leaves are not a part of {new}")
    if old in {0, new}:
        return ()
    path, start, end, whole = [], 0, new, True
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(subtree(start, end))
    return tuple(reversed(path))


def verify_inclusion(*, index: int, size: int, hashed: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Return whether ``path`` proves leaf hash ``hashed`` at ``index`` under ``root`` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last = index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            hashed = node_hash(sibling, hashed)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            hashed = node_hash(hashed, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and hashed == root


def verify_consistency(  # noqa: C901 - the steps of RFC 9162 §2.1.4.2, kept together and in its order
    *, old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Return whether ``path`` proves that the new tree extends the old one (RFC 9162 §2.1.4.2).

    From size 0 only the empty proof is right, and ``old_root`` must be the empty tree's.
    """
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if old == new:
        return not path and old_root == new_root
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    before = after = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root
