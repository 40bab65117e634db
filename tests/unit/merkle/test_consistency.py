from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from counterfoil.errors import ConsistencyInvalidError, LogCorruptError, RootMismatchError, UnverifiedError
from counterfoil.merkle.consistency import (
    consistency_nodes,
    consistency_path,
    root_from_consistency,
    verify_consistency,
)
from counterfoil.merkle.hashing import EMPTY_ROOT, NodeHash, TreeSize
from counterfoil.merkle.tree import EMPTY_FRONTIER, NodeId, grow
from tests.unit.merkle.definition import Definition, roots_by_section_2_1_4_2
from tests.unit.merkle.trees import NO_HASHES, NO_NUMBERS, NO_PATHS, flip, from_mapping, leaves, spoiled

LEAVES = leaves(256)
DEFINITION = Definition(LEAVES)
FROM_GROWTH = from_mapping(grow(EMPTY_FRONTIER, LEAVES).nodes)

Verify = Callable[[Any, Any, Any, Any], object]
VERIFIERS: list[Verify] = [
    root_from_consistency,
    lambda first, second, first_root, path: verify_consistency(first, second, first_root, bytes(32), path),
]


def all_pairs(largest: int) -> list[tuple[TreeSize, TreeSize]]:
    return [(TreeSize(first), TreeSize(second)) for second in range(1, largest + 1) for first in range(1, second + 1)]


def every_pair_to_64_and_some_to_256() -> Iterator[tuple[TreeSize, TreeSize]]:
    yield from all_pairs(64)
    for second in range(65, 257):
        chosen = {1, 2, 3, 64, 127, 128, 129, second // 2, second - 2, second - 1, second, *range(7, second, 29)}
        yield from ((TreeSize(first), TreeSize(second)) for first in chosen if first <= second)


def test_paths_are_the_definitions_and_verify() -> None:
    """Every pair of sizes to 64; above it, to 256, every second size with first sizes at the edges and 29 apart."""
    for first, second in every_pair_to_64_and_some_to_256():
        path = consistency_path(first, second, FROM_GROWTH)
        assert path == DEFINITION.proof(first, second)
        first_root, second_root = DEFINITION.root(first), DEFINITION.root(second)
        verify_consistency(first, second, first_root, second_root, path)
        assert root_from_consistency(first, second, first_root, path) == second_root


def test_every_element_is_one_perfect_subtree_or_a_right_edge() -> None:
    assert consistency_nodes(TreeSize(3), TreeSize(7)) == (
        (NodeId(0, 2),),
        (NodeId(0, 3),),
        (NodeId(1, 0),),
        (NodeId(1, 2), NodeId(0, 6)),
    )
    assert consistency_nodes(TreeSize(4), TreeSize(7)) == ((NodeId(1, 2), NodeId(0, 6)),)


def test_the_lookup_is_called_once() -> None:
    calls: list[Sequence[NodeId]] = []

    def counted(nodes: Sequence[NodeId]) -> list[NodeHash]:
        calls.append(nodes)
        return FROM_GROWTH(nodes)

    consistency_path(TreeSize(100), TreeSize(200), counted)
    assert len(calls) == 1


def test_a_lookup_that_answers_something_else_is_corrupt() -> None:
    with pytest.raises(LogCorruptError, match="asked for 1 nodes"):
        consistency_path(TreeSize(4), TreeSize(8), lambda _: [])


def test_the_same_size_takes_an_empty_path_and_equal_roots() -> None:
    for number in (1, 2, 7, 8):
        size, root = TreeSize(number), DEFINITION.root(number)
        assert consistency_path(size, size, FROM_GROWTH) == ()
        verify_consistency(size, size, root, root, ())
        assert root_from_consistency(size, size, root, ()) == root
        with pytest.raises(ConsistencyInvalidError, match="another root"):
            verify_consistency(size, size, root, flip(root), ())
        with pytest.raises(ConsistencyInvalidError, match="path of 0 hashes"):
            verify_consistency(size, size, root, root, (root,))
        with pytest.raises(ConsistencyInvalidError, match="path of 0 hashes"):
            root_from_consistency(size, size, root, (root,))


def test_every_spoiled_path_is_refused() -> None:
    for first, second in all_pairs(17):
        first_root, second_root = DEFINITION.root(first), DEFINITION.root(second)
        for path in spoiled(DEFINITION.proof(first, second)):
            with pytest.raises(ConsistencyInvalidError):
                verify_consistency(first, second, first_root, second_root, path)


def test_other_roots_are_refused() -> None:
    for first, second in all_pairs(33):
        path, first_root, second_root = DEFINITION.proof(first, second), DEFINITION.root(first), DEFINITION.root(second)
        with pytest.raises(ConsistencyInvalidError):
            verify_consistency(first, second, flip(first_root), second_root, path)
        with pytest.raises(ConsistencyInvalidError):
            verify_consistency(first, second, first_root, flip(second_root), path)
        if first != second:
            with pytest.raises(ConsistencyInvalidError):
                verify_consistency(first, second, second_root, first_root, path)


def test_the_first_root_must_be_implied_where_the_path_implies_one() -> None:
    first_root, path = DEFINITION.root(6), DEFINITION.proof(6, 11)
    assert root_from_consistency(TreeSize(6), TreeSize(11), first_root, path) == DEFINITION.root(11)
    with pytest.raises(RootMismatchError, match="at size 6, another root"):
        root_from_consistency(TreeSize(6), TreeSize(11), flip(first_root), path)


def test_a_rewritten_history_is_refused() -> None:
    """The second tree differs in one leaf that the first tree has, and its operator makes the best proof it can."""
    for first, second in all_pairs(20):
        for at in range(first):
            forged = Definition([*LEAVES[:at], LEAVES[99], *LEAVES[at + 1 :]])
            with pytest.raises(ConsistencyInvalidError):
                verify_consistency(
                    first, second, DEFINITION.root(first), forged.root(second), forged.proof(first, second)
                )


def test_other_sizes_are_judged_as_the_definition_judges_them() -> None:
    """No pair of sizes other than the proof's own is accepted unless the literal algorithm accepts it too."""
    for first, second in all_pairs(12):
        path, first_root, second_root = DEFINITION.proof(first, second), DEFINITION.root(first), DEFINITION.root(second)
        for other_first, other_second in all_pairs(20):
            if other_first == other_second:
                continue
            expected = roots_by_section_2_1_4_2(other_first, other_second, first_root, path)
            try:
                verify_consistency(other_first, other_second, first_root, second_root, path)
            except ConsistencyInvalidError:
                assert expected != (first_root, second_root)
            else:
                assert expected == (first_root, second_root)


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 8), (0, 2**63 - 1)])
def test_the_empty_tree_proves_nothing(verify: Verify, first: int, second: int) -> None:
    with pytest.raises(ConsistencyInvalidError, match="the empty tree"):
        verify(first, second, EMPTY_ROOT, ())
    with pytest.raises(ConsistencyInvalidError, match="the empty tree"):
        consistency_nodes(TreeSize(first), TreeSize(second))


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize(("first", "second"), [(1, 0), (8, 7), (2**63 - 1, 1)])
def test_a_tree_that_shrank_is_refused(verify: Verify, first: int, second: int) -> None:
    with pytest.raises(ConsistencyInvalidError, match="not the beginning"):
        verify(first, second, DEFINITION.root(8), DEFINITION.proof(7, 8))
    with pytest.raises(ConsistencyInvalidError, match="not the beginning"):
        consistency_path(TreeSize(first), TreeSize(second), FROM_GROWTH)


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("number", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_number_is_refused(verify: Verify, number: object) -> None:
    with pytest.raises(ConsistencyInvalidError, match="not an integer"):
        verify(number, 8, DEFINITION.root(3), DEFINITION.proof(3, 8))
    with pytest.raises(ConsistencyInvalidError, match="not an integer"):
        verify(3, number, DEFINITION.root(3), DEFINITION.proof(3, 8))


@pytest.mark.parametrize("number", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_no_nodes_for_what_is_no_number(number: Any) -> None:
    with pytest.raises(ConsistencyInvalidError, match="not an integer"):
        consistency_nodes(number, TreeSize(8))
    with pytest.raises(ConsistencyInvalidError, match="not an integer"):
        consistency_nodes(TreeSize(1), number)


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("value", NO_HASHES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("first", [3, 4])
def test_what_is_no_hash_is_refused(verify: Verify, value: object, first: int) -> None:
    root, path = DEFINITION.root(first), DEFINITION.proof(first, 8)
    with pytest.raises(ConsistencyInvalidError, match="takes a first root and a path"):
        verify(first, 8, value, path)
    for at in range(len(path)):
        with pytest.raises(ConsistencyInvalidError, match="takes a first root and a path"):
            verify(first, 8, root, [*path[:at], value, *path[at + 1 :]])


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("value", NO_PATHS, ids=lambda value: type(value).__name__)
def test_what_is_no_path_is_refused(verify: Verify, value: object) -> None:
    with pytest.raises(ConsistencyInvalidError, match="path of 1 hashes"):
        verify(1, 2, LEAVES[0], value)


@pytest.mark.parametrize("value", NO_HASHES, ids=lambda value: type(value).__name__)
def test_what_is_no_second_root_is_never_reached(value: Any) -> None:
    with pytest.raises(ConsistencyInvalidError):
        verify_consistency(TreeSize(3), TreeSize(8), DEFINITION.root(3), value, DEFINITION.proof(3, 8))


def test_a_root_that_only_equals_bytes_is_no_root() -> None:
    first, second, path = DEFINITION.root(3), DEFINITION.root(8), DEFINITION.proof(3, 8)
    changeable: list[Any] = [bytearray(first), bytearray(second)]
    with pytest.raises(ConsistencyInvalidError):
        verify_consistency(TreeSize(3), TreeSize(8), changeable[0], second, path)
    with pytest.raises(ConsistencyInvalidError):
        verify_consistency(TreeSize(3), TreeSize(8), first, changeable[1], path)


class Unread(tuple[bytes, ...]):
    """A path whose elements must not be looked at."""

    __slots__ = ()

    def __iter__(self) -> Any:
        pytest.fail("an element of a path of the wrong length was looked at")


@pytest.mark.parametrize(("first", "second"), [(1, 1), (1, 2), (3, 8), (2**62 + 1, 2**63 - 1)])
def test_a_path_of_ten_thousand_is_refused_by_its_length(first: int, second: int) -> None:
    path = Unread([bytes(32)] * 10_000)
    with pytest.raises(UnverifiedError, match="path of"):
        root_from_consistency(TreeSize(first), TreeSize(second), bytes(32), path)


def test_the_longest_path_is_64_hashes() -> None:
    """One more than an inclusion path may have: the seed of the climb comes with it."""
    path = [bytes(32)] * 64
    groups = consistency_nodes(TreeSize(1 + 2**62), TreeSize(2**63 - 1))
    assert len(groups) <= len(path)
    with pytest.raises(ConsistencyInvalidError):
        verify_consistency(TreeSize(1 + 2**62), TreeSize(2**63 - 1), bytes(32), bytes(32), path[: len(groups)])
