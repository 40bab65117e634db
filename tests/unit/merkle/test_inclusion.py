from collections.abc import Callable, Sequence
from typing import Any

import pytest

from counterfoil.errors import InclusionInvalidError, LogCorruptError, RootMismatchError, UnverifiedError
from counterfoil.merkle.hashing import LeafHash, LeafIndex, NodeHash, TreeSize
from counterfoil.merkle.inclusion import inclusion_nodes, inclusion_path, root_from_inclusion, verify_inclusion
from counterfoil.merkle.neighbours import left_neighbours
from counterfoil.merkle.tree import EMPTY_FRONTIER, NodeId, grow
from tests.unit.merkle.definition import Definition, root_by_section_2_1_3_2
from tests.unit.merkle.trees import NO_HASHES, NO_NUMBERS, NO_PATHS, flip, from_mapping, leaves, spoiled

LEAVES = leaves(256)
DEFINITION = Definition(LEAVES)
FROM_GROWTH = from_mapping(grow(EMPTY_FRONTIER, LEAVES).nodes)

Verify = Callable[[Any, Any, Any, Any], object]
VERIFIERS: list[Verify] = [
    root_from_inclusion,
    lambda leaf, index, size, path: verify_inclusion(leaf, index, size, path, bytes(32)),
]


def all_pairs(largest: int) -> list[tuple[LeafIndex, TreeSize]]:
    return [(LeafIndex(index), TreeSize(size)) for size in range(1, largest + 1) for index in range(size)]


def test_every_path_to_256_leaves_is_the_definitions_and_verifies() -> None:
    for index, size in all_pairs(256):
        path = inclusion_path(index, size, FROM_GROWTH)
        assert path == DEFINITION.path(index, size)
        verify_inclusion(LEAVES[index], index, size, path, DEFINITION.root(size))


def test_the_only_leaf_has_the_empty_path() -> None:
    assert inclusion_nodes(LeafIndex(0), TreeSize(1)) == ()
    verify_inclusion(LEAVES[0], LeafIndex(0), TreeSize(1), (), LEAVES[0])


def test_nodes_are_named_from_the_leaf_to_the_root() -> None:
    assert inclusion_nodes(LeafIndex(0), TreeSize(7)) == (
        (NodeId(0, 1),),
        (NodeId(1, 1),),
        (NodeId(1, 2), NodeId(0, 6)),
    )


def test_a_growth_holds_every_node_that_its_new_leaves_need() -> None:
    """The promise of Growth.nodes: no read is needed to hand out the paths of the batch just added."""
    for before in range(40):
        frontier = grow(EMPTY_FRONTIER, LEAVES[:before]).after
        for after in range(before + 1, 41):
            nodes = grow(frontier, LEAVES[before:after]).nodes
            for index in range(before, after):
                groups = inclusion_nodes(LeafIndex(index), TreeSize(after))
                assert all(node in nodes for group in groups for node in group)


def test_the_lookup_is_called_once() -> None:
    calls: list[Sequence[NodeId]] = []

    def counted(nodes: Sequence[NodeId]) -> list[NodeHash]:
        calls.append(nodes)
        return FROM_GROWTH(nodes)

    inclusion_path(LeafIndex(100), TreeSize(200), counted)
    assert len(calls) == 1


@pytest.mark.parametrize("surplus", [-1, 1])
def test_a_lookup_that_answers_something_else_is_corrupt(surplus: int) -> None:
    with pytest.raises(LogCorruptError, match="asked for 3 nodes"):
        inclusion_path(LeafIndex(0), TreeSize(8), lambda nodes: [NodeHash(bytes(32))] * (len(nodes) + surplus))


def test_every_spoiled_path_is_refused() -> None:
    for index, size in all_pairs(17):
        for path in spoiled(DEFINITION.path(index, size)):
            with pytest.raises((InclusionInvalidError, RootMismatchError)):
                verify_inclusion(LEAVES[index], index, size, path, DEFINITION.root(size))


def test_a_path_of_the_right_length_leads_to_another_root() -> None:
    path = DEFINITION.path(5, 11)
    with pytest.raises(RootMismatchError, match="another root"):
        verify_inclusion(LEAVES[5], LeafIndex(5), TreeSize(11), (flip(path[0]), *path[1:]), DEFINITION.root(11))


def test_another_leaf_or_another_root_is_refused() -> None:
    for index, size in all_pairs(17):
        path, root = DEFINITION.path(index, size), DEFINITION.root(size)
        for leaf in (LeafHash(flip(LEAVES[index])), LEAVES[size]):
            with pytest.raises(RootMismatchError):
                verify_inclusion(leaf, index, size, path, root)
        for other in (flip(root), DEFINITION.root(size + 1), DEFINITION.root(size - 1)):
            with pytest.raises(RootMismatchError):
                verify_inclusion(LEAVES[index], index, size, path, other)


def test_another_index_or_size_is_judged_as_the_definition_judges_it() -> None:
    """The path does not bind the size, so some other pairs do lead to the root; exactly those are accepted."""
    accepted_others = 0
    for index, size in all_pairs(12):
        path, root = DEFINITION.path(index, size), DEFINITION.root(size)
        for other_index, other_size in all_pairs(26):
            expected = root_by_section_2_1_3_2(LEAVES[index], other_index, other_size, path)
            try:
                found = root_from_inclusion(LEAVES[index], other_index, other_size, path)
            except InclusionInvalidError:
                assert expected is None
                continue
            assert found == expected
            accepted_others += found == root and (other_index, other_size) != (index, size)
    assert accepted_others > 0


def test_a_neighbouring_index_at_the_same_size_is_refused() -> None:
    for index, size in all_pairs(33):
        for other in {index - 1, index + 1} & set(range(size)):
            with pytest.raises((InclusionInvalidError, RootMismatchError)):
                verify_inclusion(
                    LEAVES[index], LeafIndex(other), size, DEFINITION.path(index, size), DEFINITION.root(size)
                )


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (8, 8), (9, 8), (2**63 - 1, 2**63 - 1), (2**63 - 1, 0)])
def test_a_leaf_outside_the_tree_is_refused(index: int, size: int) -> None:
    at, of = LeafIndex(index), TreeSize(size)
    with pytest.raises(InclusionInvalidError, match="has no leaf"):
        inclusion_nodes(at, of)
    with pytest.raises(InclusionInvalidError, match="has no leaf"):
        inclusion_path(at, of, FROM_GROWTH)
    with pytest.raises(InclusionInvalidError, match="has no leaf"):
        root_from_inclusion(LEAVES[0], at, of, ())
    with pytest.raises(InclusionInvalidError, match="has no leaf"):
        verify_inclusion(LEAVES[0], at, of, (), LEAVES[0])


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("number", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_number_is_refused(verify: Verify, number: object) -> None:
    path = DEFINITION.path(1, 8)
    with pytest.raises(InclusionInvalidError, match="not an integer"):
        verify(LEAVES[1], number, 8, path)
    with pytest.raises(InclusionInvalidError, match="not an integer"):
        verify(LEAVES[1], 1, number, path)


@pytest.mark.parametrize("number", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_no_nodes_for_what_is_no_number(number: Any) -> None:
    with pytest.raises(InclusionInvalidError, match="not an integer"):
        inclusion_nodes(number, TreeSize(8))
    with pytest.raises(InclusionInvalidError, match="not an integer"):
        inclusion_nodes(LeafIndex(1), number)


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("value", NO_HASHES, ids=lambda value: type(value).__name__)
def test_what_is_no_hash_is_refused(verify: Verify, value: object) -> None:
    path = DEFINITION.path(1, 8)
    with pytest.raises(InclusionInvalidError, match="path of 3 hashes"):
        verify(value, 1, 8, path)
    for at in range(3):
        with pytest.raises(InclusionInvalidError, match="path of 3 hashes"):
            verify(LEAVES[1], 1, 8, [*path[:at], value, *path[at + 1 :]])


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("value", NO_PATHS, ids=lambda value: type(value).__name__)
def test_what_is_no_path_is_refused(verify: Verify, value: object) -> None:
    with pytest.raises(InclusionInvalidError, match="path of 1 hashes"):
        verify(LEAVES[1], 1, 2, value)


@pytest.mark.parametrize("value", NO_HASHES, ids=lambda value: type(value).__name__)
def test_what_is_no_root_is_never_reached(value: Any) -> None:
    with pytest.raises(RootMismatchError):
        verify_inclusion(LEAVES[1], LeafIndex(1), TreeSize(8), DEFINITION.path(1, 8), value)


def test_a_root_that_only_equals_bytes_is_no_root() -> None:
    root: Any = bytearray(DEFINITION.root(8))
    with pytest.raises(RootMismatchError):
        verify_inclusion(LEAVES[1], LeafIndex(1), TreeSize(8), DEFINITION.path(1, 8), root)


class Unread(tuple[bytes, ...]):
    """A path whose elements must not be looked at."""

    __slots__ = ()

    def __iter__(self) -> Any:
        pytest.fail("an element of a path of the wrong length was looked at")


@pytest.mark.parametrize("size", [1, 8, 2**63 - 1])
def test_a_path_of_ten_thousand_is_refused_by_its_length(size: int) -> None:
    path = Unread([bytes(32)] * 10_000)
    with pytest.raises(UnverifiedError, match="a path of"):
        root_from_inclusion(LEAVES[0], LeafIndex(0), TreeSize(size), path)


def test_the_longest_path_is_63_hashes() -> None:
    size = TreeSize(2**63 - 1)
    assert len(inclusion_nodes(LeafIndex(0), size)) == 63
    assert len(left_neighbours(0, size)) == 63
    root_from_inclusion(LEAVES[0], LeafIndex(0), size, [bytes(32)] * 63)
