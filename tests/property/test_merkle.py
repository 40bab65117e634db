"""The tree at sizes beyond the exhaustive tests, and the verifiers against whatever comes."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.errors import ConsistencyInvalidError, InclusionInvalidError, RootMismatchError
from counterfoil.merkle.consistency import consistency_path, root_from_consistency, verify_consistency
from counterfoil.merkle.hashing import LeafIndex, TreeSize
from counterfoil.merkle.inclusion import inclusion_nodes, inclusion_path, root_from_inclusion, verify_inclusion
from counterfoil.merkle.tree import EMPTY_FRONTIER, cover, grow, root_of
from tests.unit.merkle.definition import Definition, root_by_section_2_1_3_2, roots_by_section_2_1_4_2
from tests.unit.merkle.trees import NO_HASHES, NO_NUMBERS, NO_PATHS, cheap_leaves, flip, from_mapping

LARGEST = 5000
LEAVES = cheap_leaves(LARGEST)
DEFINITION = Definition(LEAVES)
NODES = from_mapping(grow(EMPTY_FRONTIER, LEAVES).nodes)

sizes = st.integers(1, LARGEST)
splits = st.lists(st.integers(0, LARGEST), min_size=1, max_size=8).map(sorted)
hashes = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, 40) | st.integers(0, 2**63 - 1)
pool: tuple[object, ...] = (*NO_NUMBERS, *NO_HASHES, *NO_PATHS, 0, 1, 2, 3, 8, 2**63 - 1, bytes(32), b"\x01" * 32, ())
anything = st.sampled_from(pool) | st.lists(st.sampled_from((bytes(32), b"", None)), max_size=5)


@settings(max_examples=40, deadline=None)
@given(sizes, st.data())
def test_inclusion(size: int, data: st.DataObject) -> None:
    index, of = LeafIndex(data.draw(st.integers(0, size - 1))), TreeSize(size)
    path = inclusion_path(index, of, NODES)
    assert path == DEFINITION.path(index, size)
    verify_inclusion(LEAVES[index], index, of, path, DEFINITION.root(size))


@settings(max_examples=40, deadline=None)
@given(sizes, sizes)
def test_consistency(one: int, other: int) -> None:
    first, second = TreeSize(min(one, other)), TreeSize(max(one, other))
    path = consistency_path(first, second, NODES)
    assert path == DEFINITION.proof(first, second)
    verify_consistency(first, second, DEFINITION.root(first), DEFINITION.root(second), path)


@settings(max_examples=12, deadline=None)
@given(splits)
def test_growing_in_any_batches_is_growing_at_once(stops: list[int]) -> None:
    frontier, start = EMPTY_FRONTIER, 0
    for stop in stops:
        growth = grow(frontier, LEAVES[start:stop])
        for node, found in growth.nodes.items():
            assert found == DEFINITION.mth(node.place << node.level, (node.place + 1) << node.level)
        new = {node for node in growth.nodes if (node.place + 1) << node.level > start}
        assert len(new) == sum((stop >> level) - (start >> level) for level in range(13))
        assert set(growth.nodes) - new == set(cover(0, start))
        frontier, start = growth.after, stop
    assert frontier == grow(EMPTY_FRONTIER, LEAVES[:start]).after
    assert frontier.root() == root_of(LEAVES[:start]) == DEFINITION.root(start)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, LARGEST - 1), st.integers(1, 200), st.data())
def test_the_paths_of_a_batch_come_from_its_growth_alone(before: int, count: int, data: st.DataObject) -> None:
    after = min(before + count, LARGEST)
    frontier = grow(EMPTY_FRONTIER, LEAVES[:before]).after
    growth = grow(frontier, LEAVES[before:after])
    index = LeafIndex(data.draw(st.integers(before, after - 1)))
    path = inclusion_path(index, growth.after.size, from_mapping(growth.nodes))
    verify_inclusion(LEAVES[index], index, growth.after.size, path, growth.after.root())


@settings(max_examples=60, deadline=None)
@given(numbers, numbers, hashes, st.lists(hashes, max_size=70))
def test_inclusion_is_judged_as_the_literal_algorithm_judges_it(
    index: int, size: int, leaf: Any, path: list[bytes]
) -> None:
    if index < size:
        path = (path * 70)[: len(inclusion_nodes(LeafIndex(index), TreeSize(size)))] if path else path
    try:
        found: bytes | None = root_from_inclusion(leaf, LeafIndex(index), TreeSize(size), path)
    except InclusionInvalidError:
        found = None
    assert found == root_by_section_2_1_3_2(leaf, index, size, path)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 2**63 - 2),
    st.integers(1, 2**63 - 1),
    hashes,
    st.lists(hashes, min_size=64, max_size=64),
    st.integers(0, 64),
)
def test_consistency_is_judged_as_the_literal_algorithm_judges_it(
    first: int, more: int, root: bytes, path: list[bytes], length: int
) -> None:
    second = min(first + more, 2**63 - 1)
    for cut in {length, *range(56, 65)}:
        expected = roots_by_section_2_1_4_2(first, second, root, path[:cut])
        try:
            found: bytes | None = root_from_consistency(TreeSize(first), TreeSize(second), root, path[:cut])
        except ConsistencyInvalidError:
            assert expected is None
        except RootMismatchError:
            assert expected is not None
            assert expected[0] != root
        else:
            assert expected == (root, found)


@settings(max_examples=40, deadline=None)
@given(sizes, st.data())
def test_a_changed_element_is_refused(size: int, data: st.DataObject) -> None:
    index, of = LeafIndex(data.draw(st.integers(0, size - 1))), TreeSize(size)
    path = list(DEFINITION.path(index, size))
    if not path:
        return
    at = data.draw(st.integers(0, len(path) - 1))
    path[at] = flip(path[at], data.draw(st.integers(0, 7)))
    try:
        verify_inclusion(LEAVES[index], index, of, path, DEFINITION.root(size))
    except RootMismatchError:
        return
    raise AssertionError("a changed element was accepted")


@settings(max_examples=100, deadline=None)
@given(anything, anything, anything, anything, anything)
def test_only_our_errors_come_out(a: Any, b: Any, c: Any, d: Any, e: Any) -> None:
    for verify in (verify_inclusion, verify_consistency):
        try:
            verify(a, b, c, d, e)
        except (InclusionInvalidError, ConsistencyInvalidError, RootMismatchError):
            continue
    for implied in (root_from_inclusion, root_from_consistency):
        try:
            implied(a, b, c, d)
        except (InclusionInvalidError, ConsistencyInvalidError, RootMismatchError):
            continue
