import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.merkle.bounds import MAX_TREE_SIZE
from counterfoil.merkle.grown_paths import grown_paths
from counterfoil.merkle.hashing import LeafIndex, NodeHash, TreeSize
from counterfoil.merkle.inclusion import inclusion_path, verify_inclusion
from counterfoil.merkle.tree import EMPTY_FRONTIER, Frontier, Growth, grow
from tests.unit.merkle.definition import Definition
from tests.unit.merkle.trees import cheap_leaves, from_mapping, leaves

LEAVES = leaves(300)
DEFINITION = Definition(LEAVES)
FRONTIERS = [grow(EMPTY_FRONTIER, LEAVES[:size]).after for size in range(301)]
MANY_LEAVES = cheap_leaves(300)


def one_by_one(growth: Growth) -> tuple[tuple[NodeHash, ...], ...]:
    size, nodes = growth.after.size, from_mapping(growth.nodes)
    return tuple(inclusion_path(LeafIndex(index), size, nodes) for index in range(growth.before.size, size))


def test_every_batch_to_70_leaves_gets_the_definitions_paths() -> None:
    for before in range(71):
        for after in range(before, 71):
            paths = grown_paths(grow(FRONTIERS[before], LEAVES[before:after]))
            assert paths == tuple(DEFINITION.path(index, after) for index in range(before, after))


@pytest.mark.parametrize(("before", "after"), [(0, 256), (1, 257), (255, 257), (128, 300), (200, 264)])
def test_they_verify(before: int, after: int) -> None:
    growth = grow(FRONTIERS[before], LEAVES[before:after])
    for index, path in enumerate(grown_paths(growth), before):
        verify_inclusion(LEAVES[index], LeafIndex(index), TreeSize(after), path, growth.after.root())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, MAX_TREE_SIZE - 300) | st.integers(0, 62).map(lambda bit: 1 << bit), st.integers(0, 300))
def test_of_any_tree_they_are_the_paths_taken_one_by_one(size: int, count: int) -> None:
    peaks = tuple(NodeHash(bytes([7]) * 24 + at.to_bytes(8, "big")) for at in range(size.bit_count()))
    growth = grow(Frontier(TreeSize(size), peaks), MANY_LEAVES[:count])
    assert grown_paths(growth) == one_by_one(growth)


def test_no_new_leaf_no_path() -> None:
    assert grown_paths(grow(EMPTY_FRONTIER, [])) == ()
    assert grown_paths(grow(FRONTIERS[13], [])) == ()


def test_the_only_leaf_has_the_empty_path() -> None:
    assert grown_paths(grow(EMPTY_FRONTIER, LEAVES[:1])) == ((),)
