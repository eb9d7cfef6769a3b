"""The tree against RFC 6962's definition, written down slowly and independently."""

import hashlib

import pytest

from metricgate.ledger.merkle import (
    Frontier,
    consistency_path,
    inclusion_path,
    leaf_hash,
    range_hash,
    verify_consistency,
    verify_inclusion,
)

SIZES = range(71)
LEAVES = [bytes([at]) * at for at in range(70)]


def mth(leaves):
    """RFC 6962 §2.1, by recursion over leaf bytes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def subtree(start, end):
    return mth(LEAVES[start:end])


@pytest.mark.parametrize("size", SIZES)
def test_roots_are_those_of_the_definition(size):
    """The incremental root equals RFC 6962's recursive definition for every size to 70."""
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf_hash(leaf))
    assert frontier.root() == mth(LEAVES[:size]) == range_hash([leaf_hash(leaf) for leaf in LEAVES[:size]])


def test_full_subtrees_are_taken_in_whole():
    """Taking in blocks of 8 gives the same root as taking in their leaves."""
    frontier = Frontier()
    for at in range(0, 64, 8):
        frontier.append_subtree(mth(LEAVES[at : at + 8]), 8)
    frontier.append(leaf_hash(LEAVES[64]))
    assert frontier.root() == mth(LEAVES[:65])


@pytest.mark.parametrize("size", SIZES[1:])
def test_inclusion_proofs_verify_and_nothing_else_does(size):
    """Every leaf's path verifies; at another index, size, root or leaf, cut, lengthened or bent, it does not."""
    root = mth(LEAVES[:size])
    for index in range(size):
        path = inclusion_path(index, size, subtree)
        hashed = leaf_hash(LEAVES[index])

        def right(index=index, size=size, hashed=hashed, path=path, root=root):
            return verify_inclusion(index=index, size=size, hashed=hashed, path=path, root=root)

        assert right()
        assert not right(index=size)
        assert not right(index=-1)
        assert not any(right(index=other) for other in range(size) if other != index)
        assert not right(hashed=leaf_hash(b"another"))
        assert not right(root=bytes(32))
        assert not right(path=(*path, bytes(32)))
        for at in range(len(path)):
            assert not right(path=path[:at] + path[at + 1 :])
            assert not right(path=(*path[:at], bytes(32), *path[at + 1 :]))


@pytest.mark.parametrize("new", SIZES)
def test_consistency_proofs_verify_and_nothing_else_does(new):
    """Every older size's path verifies; with another root, size or path it does not."""
    new_root = mth(LEAVES[:new])
    for old in range(new + 1):
        path = consistency_path(old, new, subtree)
        old_root = mth(LEAVES[:old])

        def right(old=old, new=new, old_root=old_root, new_root=new_root, path=path):
            return verify_consistency(old=old, new=new, old_root=old_root, new_root=new_root, path=path)

        assert right()
        assert not right(old_root=bytes(32))
        assert not right(path=(*path, bytes(32)))
        assert not right(old=new + 1)
        if old:
            assert not right(new_root=bytes(32))
        for at in range(len(path)):
            assert not right(path=path[:at] + path[at + 1 :])
            assert not right(path=(*path[:at], bytes(32), *path[at + 1 :]))


def test_there_is_no_path_outside_the_tree():
    """Asking for a proof of what is not there is an error, not a proof."""
    with pytest.raises(IndexError):
        inclusion_path(5, 5, subtree)
    with pytest.raises(IndexError):
        consistency_path(6, 5, subtree)
