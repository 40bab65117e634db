from collections.abc import Sequence

import pytest

from counterfoil.errors import LogCorruptError, TileAbsentError
from counterfoil.merkle.consistency import consistency_path, verify_consistency
from counterfoil.merkle.hashing import LeafHash, LeafIndex, NodeHash, TreeSize
from counterfoil.merkle.inclusion import inclusion_path, verify_inclusion
from counterfoil.merkle.tiles import TileId, tile_hashes, tile_width, tree_nodes
from counterfoil.merkle.tree import NodeId
from tests.unit.merkle.definition import Definition
from tests.unit.merkle.dict_reader import DictReader, stored
from tests.unit.merkle.trees import cheap_leaves

LEAVES = cheap_leaves(66_100)
DEFINITION = Definition(LEAVES)
EDGES = (1, 2, 255, 256, 257, 511, 512, 513, 65_279, 65_280, 65_281, 65_535, 65_536, 65_537, 65_792, 66_100)


@pytest.fixture(scope="module")
def large() -> DictReader:
    return stored(LEAVES)


def test_inclusion_through_tiles_is_the_definitions(large: DictReader) -> None:
    for number in EDGES:
        size, nodes = TreeSize(number), tree_nodes(TreeSize(number), large)
        for at in {0, 1, 255, 256, 300, 65_279, 65_535, 65_536, number // 2, number - 2, number - 1}:
            if 0 <= at < number:
                path = inclusion_path(LeafIndex(at), size, nodes)
                assert path == DEFINITION.path(at, number)
                verify_inclusion(LEAVES[at], LeafIndex(at), size, path, DEFINITION.root(number))


def test_consistency_through_tiles_is_the_definitions(large: DictReader) -> None:
    for second in EDGES:
        nodes = tree_nodes(TreeSize(second), large)
        for first in (number for number in EDGES if number <= second):
            path = consistency_path(TreeSize(first), TreeSize(second), nodes)
            assert path == DEFINITION.proof(first, second)
            roots = DEFINITION.root(first), DEFINITION.root(second)
            verify_consistency(TreeSize(first), TreeSize(second), *roots, path)


def test_each_tile_is_read_once_a_call(large: DictReader) -> None:
    large.reads.clear()
    nodes = tree_nodes(TreeSize(66_000), large)
    inclusion_path(LeafIndex(1000), TreeSize(66_000), nodes)
    assert sorted(large.reads) == [
        ("leaf_hashes", 0, 65_792, 66_000),
        ("tile", 0, 3, 4),
        ("tile", 1, 0, 1),
        ("tile_roots", 0, 256, 257),
    ]
    nodes([NodeId(0, 1000)])
    assert large.reads[4:] == [("tile", 0, 3, 4)]


def test_no_proof_needs_a_tile_that_is_not_full_at_its_size(large: DictReader) -> None:
    for number in EDGES:
        large.reads.clear()
        inclusion_path(LeafIndex(number - 1), TreeSize(number), tree_nodes(TreeSize(number), large))
        for kind, level, start, stop in large.reads:
            full = 1 << (8 * (level + (kind != "leaf_hashes")))
            assert start < stop
            assert stop * full <= number


@pytest.mark.parametrize("size", EDGES)
def test_tiles_full_and_partial_as_of_any_size(large: DictReader, size: int) -> None:
    for tile in (TileId(0, 0), TileId(0, 1), TileId(0, 255), TileId(0, 256), TileId(1, 0), TileId(1, 1), TileId(2, 0)):
        width, span = tile_width(tile, TreeSize(size)), 1 << (8 * tile.level)
        if width == 0:
            with pytest.raises(TileAbsentError, match=f"{size} leaves has no tile {tile.index} of level {tile.level}"):
                tile_hashes(tile, TreeSize(size), large)
            continue
        start = tile.index * 256 * span
        expected = [DEFINITION.mth(at, at + span) for at in range(start, start + width * span, span)]
        assert tile_hashes(tile, TreeSize(size), large) == b"".join(expected)


@pytest.mark.parametrize("tile", [TileId(0, 259), TileId(2, 1), TileId(3, 0), TileId(63, 0), TileId(7, 9)])
def test_an_absent_tile_is_not_looked_for(large: DictReader, tile: TileId) -> None:
    large.reads.clear()
    with pytest.raises(TileAbsentError):
        tile_hashes(tile, TreeSize(66_000), large)
    assert large.reads == []


@pytest.mark.parametrize("node", [NodeId(0, 600), NodeId(1, 300), NodeId(10, 0), NodeId(-1, 0), NodeId(0, -1)])
def test_nodes_outside_the_tree_are_a_callers_mistake(large: DictReader, node: NodeId) -> None:
    with pytest.raises(ValueError, match="600 leaves has no node"):
        tree_nodes(TreeSize(600), large)([node])


class Wrong(DictReader):
    """Every full tile is what it was told to answer, and everything else comes with one hash missing."""

    def __init__(self, answer: bytes | None) -> None:
        super().__init__()
        self.answer = answer

    def tile(self, tile: TileId) -> bytes | None:
        return self.answer if tile in self.tiles else super().tile(tile)

    def leaf_hashes(self, start: int, stop: int) -> Sequence[LeafHash]:
        return super().leaf_hashes(start, stop)[1:]

    def tile_roots(self, level: int, start: int, stop: int) -> Sequence[NodeHash]:
        return super().tile_roots(level, start, stop)[1:]


@pytest.mark.parametrize(
    ("tile", "match"),
    [
        (None, "tile 1 of level 0 is full in this tree, and is not stored"),
        (b"", "tile 1 of level 0 has 0 bytes, not 8192"),
        (bytes(8191), "tile 1 of level 0 has 8191 bytes, not 8192"),
        (bytes(8193), "tile 1 of level 0 has 8193 bytes, not 8192"),
        (bytes(255 * 32), "tile 1 of level 0 has 8160 bytes, not 8192"),
    ],
)
def test_a_full_tile_missing_or_of_another_length_is_corrupt(tile: bytes | None, match: str) -> None:
    reader = Wrong(tile)
    reader.append(LEAVES[:512])
    with pytest.raises(LogCorruptError, match=match):
        tile_hashes(TileId(0, 1), TreeSize(512), reader)
    with pytest.raises(LogCorruptError, match=match):
        tree_nodes(TreeSize(512), reader)([NodeId(0, 300)])


def test_a_partial_tile_of_another_length_is_corrupt() -> None:
    reader = Wrong(None)
    reader.append(LEAVES[:600])
    with pytest.raises(LogCorruptError, match="tile 2 of level 0 asked for 88 hashes of 32 bytes from place 0, got 87"):
        tile_hashes(TileId(0, 2), TreeSize(600), reader)
    with pytest.raises(LogCorruptError, match="tile 0 of level 1 asked for 2 hashes of 32 bytes from place 0, got 1"):
        tree_nodes(TreeSize(600), reader)([NodeId(8, 0)])
