"""The tree against an implementation by other authors: scitt-cose, for every pair to 70 leaves, in both directions."""

import pytest
import scitt_cose

from counterfoil.errors import ConsistencyInvalidError
from counterfoil.merkle.consistency import consistency_path, verify_consistency
from counterfoil.merkle.hashing import EMPTY_ROOT, LeafIndex, TreeSize, leaf_hash
from counterfoil.merkle.inclusion import inclusion_path, verify_inclusion
from counterfoil.merkle.tree import EMPTY_FRONTIER, grow, root_of
from tests.unit.merkle.trees import from_mapping

LARGEST = 70
ENTRIES = [b"entry %d" % number for number in range(LARGEST)]
THEIR_ENTRIES = [entry.hex() for entry in ENTRIES]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
NODES = from_mapping(grow(EMPTY_FRONTIER, LEAVES).nodes)
ROOTS = [root_of(LEAVES[:size]) for size in range(LARGEST + 1)]


def test_roots() -> None:
    for size in range(LARGEST + 1):
        assert scitt_cose.merkle_root(THEIR_ENTRIES[:size]) == ROOTS[size].hex()


def test_inclusion() -> None:
    for size in range(1, LARGEST + 1):
        for index in range(size):
            at, of = LeafIndex(index), TreeSize(size)
            ours = [element.hex() for element in inclusion_path(at, of, NODES)]
            theirs = scitt_cose.inclusion_proof(THEIR_ENTRIES[:size], index)
            assert ours == theirs
            assert scitt_cose.verify_inclusion(THEIR_ENTRIES[index], index, size, ours, ROOTS[size].hex())
            verify_inclusion(LEAVES[index], at, of, [bytes.fromhex(element) for element in theirs], ROOTS[size])


def test_consistency() -> None:
    for second in range(1, LARGEST + 1):
        for first in range(1, second + 1):
            old, new = ROOTS[first], ROOTS[second]
            ours = [element.hex() for element in consistency_path(TreeSize(first), TreeSize(second), NODES)]
            theirs = scitt_cose.consistency_proof(THEIR_ENTRIES, first, second)
            assert ours == theirs
            assert scitt_cose.verify_consistency(old.hex(), new.hex(), first, second, ours)
            path = [bytes.fromhex(element) for element in theirs]
            verify_consistency(TreeSize(first), TreeSize(second), old, new, path)


def test_the_empty_tree_is_where_the_two_differ() -> None:
    """They take an empty path from size 0 as proof; it proves nothing about the second root, and here it is refused."""
    assert scitt_cose.verify_consistency(EMPTY_ROOT.hex(), bytes(32).hex(), 0, 7, [])
    with pytest.raises(ConsistencyInvalidError):
        verify_consistency(TreeSize(0), TreeSize(7), EMPTY_ROOT, bytes(32), ())
