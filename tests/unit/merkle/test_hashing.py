import hashlib

import pytest

from counterfoil.merkle.hashing import EMPTY_ROOT, HASH_SIZE, leaf_hash, node_hash
from tests.unit.merkle.definition import hash_of_leaf, hash_of_node


def test_the_empty_root_is_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_an_empty_leaf_is_not_the_empty_tree() -> None:
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize("entry", [b"", b"\x00", b"\x01", bytes(64), b"entry"])
def test_leaves_are_prefixed_with_zero(entry: bytes) -> None:
    assert leaf_hash(entry) == hash_of_leaf(entry)
    assert leaf_hash(entry) != hashlib.sha256(entry).digest()
    assert len(leaf_hash(entry)) == HASH_SIZE


def test_nodes_are_prefixed_with_one_and_keep_their_sides() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) == hash_of_node(left, right)
    assert node_hash(left, right) != node_hash(right, left)


def test_a_node_is_never_a_leaf_of_its_children() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert bytes(node_hash(left, right)) != leaf_hash(left + right)
