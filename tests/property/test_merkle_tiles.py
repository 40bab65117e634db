"""Tiles whatever the batches, proofs out of them at any earlier size, and their names."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.errors import MalformedTilePathError
from counterfoil.merkle.consistency import consistency_path
from counterfoil.merkle.hashing import LeafIndex, TreeSize
from counterfoil.merkle.inclusion import inclusion_path
from counterfoil.merkle.tiles import (
    TileId,
    TilePath,
    format_tile_path,
    full_tiles_completed,
    parse_tile_path,
    tree_nodes,
)
from tests.unit.merkle.definition import Definition
from tests.unit.merkle.dict_reader import stored
from tests.unit.merkle.trees import cheap_leaves

LARGEST = 3000
LEAVES = cheap_leaves(LARGEST)
DEFINITION = Definition(LEAVES)
AT_ONCE = stored(LEAVES)

sizes = st.integers(1, LARGEST)
levels, indexes, widths = st.integers(0, 63), st.integers(0, 2**63 - 1) | st.integers(0, 2000), st.integers(1, 256)
paths = st.builds(TilePath, st.builds(TileId, levels, indexes), widths)


@settings(max_examples=20, deadline=None)
@given(sizes, st.lists(st.integers(0, LARGEST), max_size=12))
def test_tiles_are_the_same_whatever_the_batches(size: int, stops: list[int]) -> None:
    reader = stored(LEAVES[:size], sorted(stop for stop in stops if stop <= size))
    full = full_tiles_completed(TreeSize(0), TreeSize(size))
    assert reader.tiles == {tile: AT_ONCE.tiles[tile] for tile in full}
    assert reader.frontier.root() == DEFINITION.root(size)


@settings(max_examples=40, deadline=None)
@given(sizes, sizes, st.data())
def test_proofs_at_any_size_out_of_the_tiles_of_a_later_one(one: int, other: int, data: st.DataObject) -> None:
    first, second = min(one, other), max(one, other)
    nodes = tree_nodes(TreeSize(second), AT_ONCE)
    assert consistency_path(TreeSize(first), TreeSize(second), nodes) == DEFINITION.proof(first, second)
    index = data.draw(st.integers(0, second - 1))
    assert inclusion_path(LeafIndex(index), TreeSize(second), nodes) == DEFINITION.path(index, second)


@given(paths)
def test_every_tile_has_one_name(path: TilePath) -> None:
    assert parse_tile_path(format_tile_path(path)) == path


@given(
    st.text(max_size=20)
    | st.text("0123x/.p", max_size=20)
    | st.from_regex(re.compile(r"[0-9]{1,3}/(x[0-9]{3}/){0,3}[0-9]{3}(\.p/[0-9]{1,3})?"), fullmatch=True)
)
def test_what_is_read_as_a_tile_is_its_one_name(text: str) -> None:
    try:
        path = parse_tile_path(text)
    except MalformedTilePathError:
        return
    assert format_tile_path(path) == text
