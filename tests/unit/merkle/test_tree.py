from collections.abc import Iterator, MutableMapping
from dataclasses import FrozenInstanceError

import pytest

from counterfoil.merkle.bounds import MAX_TREE_SIZE
from counterfoil.merkle.hashing import EMPTY_ROOT, LeafHash, NodeHash, TreeSize, leaf_hash, node_hash
from counterfoil.merkle.tree import (
    EMPTY_FRONTIER,
    Frontier,
    Growth,
    NodeId,
    cover,
    fold_right,
    grow,
    root_of,
)
from tests.unit.merkle.definition import Definition
from tests.unit.merkle.trees import CT_ENTRIES, CT_ROOTS, leaves

LEAVES = leaves(257)
DEFINITION = Definition(LEAVES)


def nodes_that_must_be_there(before: int, after: int) -> Iterator[tuple[NodeId, bytes]]:
    """The peaks of before, and every perfect subtree of after that holds a new leaf."""
    for node in cover(0, before):
        yield node, DEFINITION.mth(node.place << node.level, (node.place + 1) << node.level)
    for level in range(after.bit_length()):
        for index in range(after >> level):
            stop = (index + 1) << level
            if stop > before:
                yield NodeId(level, index), DEFINITION.mth(index << level, stop)


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 0, ()),
        (5, 5, ()),
        (0, 1, (NodeId(0, 0),)),
        (0, 7, (NodeId(2, 0), NodeId(1, 2), NodeId(0, 6))),
        (4, 7, (NodeId(1, 2), NodeId(0, 6))),
        (8, 16, (NodeId(3, 1),)),
        (6, 7, (NodeId(0, 6),)),
    ],
)
def test_cover(start: int, stop: int, expected: tuple[NodeId, ...]) -> None:
    assert cover(start, stop) == expected


@pytest.mark.parametrize(("start", "stop"), [(1, 3), (2, 6), (3, 2), (-4, 0), (-1, 0), (4, 13)])
def test_no_cover_of_ranges_that_proofs_never_speak_of(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="no range of leaves"):
        cover(start, stop)


def test_a_cover_folds_to_the_hash_of_its_range() -> None:
    for stop in range(1, 70):
        for start in (0, 64):
            subtrees = cover(start, start + stop)
            hashes = [DEFINITION.mth(node.place << node.level, (node.place + 1) << node.level) for node in subtrees]
            assert fold_right(hashes) == DEFINITION.mth(start, start + stop)


def test_folding_keeps_order_and_shape() -> None:
    a, b, c = LEAVES[:3]
    assert fold_right([]) == EMPTY_ROOT
    assert bytes(fold_right([a])) == a
    assert fold_right([a, b, c]) == node_hash(a, node_hash(b, c))
    assert fold_right([a, b, c]) != node_hash(node_hash(a, b), c)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_known_roots_of_certificate_transparency(size: int) -> None:
    ct_leaves = [leaf_hash(entry) for entry in CT_ENTRIES[:size]]
    assert root_of(ct_leaves) == CT_ROOTS[size - 1]
    assert grow(EMPTY_FRONTIER, ct_leaves).after.root() == CT_ROOTS[size - 1]


def test_roots_of_every_size_to_257() -> None:
    frontier = EMPTY_FRONTIER
    for size in range(258):
        assert root_of(LEAVES[:size]) == DEFINITION.root(size)
        assert frontier.root() == DEFINITION.root(size)
        assert grow(EMPTY_FRONTIER, LEAVES[:size]).after == frontier
        frontier = grow(frontier, LEAVES[size : size + 1]).after


def test_order_and_number_of_leaves_are_in_the_root() -> None:
    assert root_of([LEAVES[1], LEAVES[0]]) != root_of(LEAVES[:2])
    assert root_of([*LEAVES[:3], LEAVES[2]]) != root_of(LEAVES[:3])


def test_growth_holds_exactly_the_nodes_it_promises() -> None:
    frontiers = [grow(EMPTY_FRONTIER, LEAVES[:size]).after for size in range(41)]
    for before in range(41):
        for after in range(before, 41):
            growth = grow(frontiers[before], LEAVES[before:after])
            assert growth.before == frontiers[before]
            assert growth.after == frontiers[after]
            assert dict(growth.nodes) == dict(nodes_that_must_be_there(before, after))


def test_growing_by_nothing_changes_nothing() -> None:
    frontier = grow(EMPTY_FRONTIER, LEAVES[:13]).after
    assert grow(frontier, []).after == frontier
    assert grow(EMPTY_FRONTIER, []) == Growth(EMPTY_FRONTIER, EMPTY_FRONTIER, {})


def test_growing_looks_at_no_leaf_from_before() -> None:
    """A frontier of 2**62 - 1 leaves is 62 hashes; one more leaf folds them all into one."""
    size = TreeSize(2**62 - 1)
    peaks = tuple(NodeHash(number.to_bytes(32, "big")) for number in range(62))
    growth = grow(Frontier(size, peaks), [LEAVES[0]])
    assert growth.after.node_ids() == (NodeId(62, 0),)
    assert growth.after.root() == fold_right([*peaks, LEAVES[0]])
    assert len(growth.nodes) == 62 + 63


def test_a_tree_does_not_outgrow_its_numbers() -> None:
    full = Frontier(TreeSize(MAX_TREE_SIZE), (NodeHash(bytes(32)),) * 63)
    with pytest.raises(ValueError, match="not a tree size"):
        grow(full, LEAVES[:1])


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33)])
def test_leaves_that_are_no_hashes_are_refused(leaf: bytes) -> None:
    with pytest.raises(ValueError, match="not a hash"):
        grow(EMPTY_FRONTIER, [LEAVES[0], LeafHash(leaf)])


@pytest.mark.parametrize("size", [-1, 2**63, True])
def test_no_frontier_of_such_a_size(size: int) -> None:
    with pytest.raises(ValueError, match="not a tree size"):
        Frontier(TreeSize(size), (NodeHash(bytes(32)),))


@pytest.mark.parametrize(
    ("size", "peaks"),
    [
        (0, (bytes(32),)),
        (1, ()),
        (3, (bytes(32),)),
        (4, (bytes(32), bytes(32))),
        (1, (bytes(31),)),
        (3, (bytes(32), bytes(33))),
        (1, (b"",)),
    ],
)
def test_no_frontier_with_such_peaks(size: int, peaks: tuple[NodeHash, ...]) -> None:
    with pytest.raises(ValueError, match="peaks"):
        Frontier(TreeSize(size), peaks)


def test_what_was_grown_cannot_be_changed() -> None:
    growth = grow(EMPTY_FRONTIER, LEAVES[:3])
    with pytest.raises(FrozenInstanceError):
        setattr(growth.after, "size", 4)  # noqa: B010 - the plain assignment is what the type checker forbids already
    assert not isinstance(growth.nodes, MutableMapping)
