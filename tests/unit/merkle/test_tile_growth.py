import pytest

from counterfoil.errors import LogCorruptError
from counterfoil.merkle.hashing import LeafHash, TreeSize
from counterfoil.merkle.tiles import TileId, complete_tiles
from counterfoil.merkle.tree import grow
from tests.unit.merkle.definition import Definition
from tests.unit.merkle.dict_reader import DictReader, stored
from tests.unit.merkle.trees import cheap_leaves, flip

LEAVES = cheap_leaves(66_100)
DEFINITION = Definition(LEAVES)


@pytest.fixture(scope="module")
def before_the_65536th() -> DictReader:
    return stored(LEAVES[:65_530])


@pytest.fixture
def near_the_second_level(before_the_65536th: DictReader) -> DictReader:
    """A copy of the large tree, six leaves short of its first full tile of level 1."""
    copy = DictReader()
    copy.leaves, copy.tiles = list(before_the_65536th.leaves), dict(before_the_65536th.tiles)
    copy.frontier = before_the_65536th.frontier
    return copy


def require_tile(reader: DictReader, tile: TileId) -> None:
    """The tile's bytes and root are what the definition says of the subtrees below it."""
    span = 1 << (8 * tile.level)
    start = tile.index * 256 * span
    found = reader.tiles[tile]
    expected = b"".join(DEFINITION.mth(at, at + span) for at in range(start, start + 256 * span, span))
    assert (found.id, found.hashes, found.root) == (tile, expected, DEFINITION.mth(start, start + 256 * span))


def test_no_tile_before_256_leaves_and_nothing_is_read() -> None:
    reader = DictReader()
    for leaf in LEAVES[:255]:
        reader.append([leaf])
    assert reader.tiles == {}
    assert reader.reads == []


@pytest.mark.parametrize("batches", [(), (255,), (1, 2, 200), (256,), (100, 300), tuple(range(1, 257))])
def test_tiles_across_256_whatever_the_batches(batches: tuple[int, ...]) -> None:
    reader = stored(LEAVES[:600], batches)
    assert set(reader.tiles) == {TileId(0, 0), TileId(0, 1)}
    for tile in reader.tiles:
        require_tile(reader, tile)


def test_the_first_tile_of_level_1_is_made_of_roots(near_the_second_level: DictReader) -> None:
    reader = near_the_second_level
    reader.append(LEAVES[65_530:66_000])
    assert set(reader.tiles) == {TileId(0, index) for index in range(257)} | {TileId(1, 0)}
    for tile in (TileId(0, 0), TileId(0, 254), TileId(0, 255), TileId(0, 256), TileId(1, 0)):
        require_tile(reader, tile)


def test_only_what_is_old_and_needed_is_read(near_the_second_level: DictReader) -> None:
    reader = near_the_second_level
    reader.append(LEAVES[65_530:66_000])
    # 65,530 is even, so every old leaf of the tile is read; 255 is odd, so the last old root is a peak and is at hand.
    assert reader.reads == [("leaf_hashes", 0, 65_280, 65_530), ("tile_roots", 0, 0, 254)]


def test_a_batch_that_completes_no_tile_reads_nothing(near_the_second_level: DictReader) -> None:
    near_the_second_level.append(LEAVES[65_530:65_535])
    assert near_the_second_level.reads == []


def test_a_whole_tile_in_one_batch_reads_nothing() -> None:
    reader = stored(LEAVES[:512])
    reader.append(LEAVES[512:1024])
    assert reader.reads == []
    require_tile(reader, TileId(0, 3))


class Wrong(DictReader):
    """Answers with one hash too few or too many, or one of the wrong length, or a wrong one."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def leaf_hashes(self, start: int, stop: int) -> list[LeafHash]:
        right = list(super().leaf_hashes(start, stop))
        return {
            "few": right[:-1],
            "many": [*right, right[0]],
            "none": [],
            "short": [*right[:-1], LeafHash(bytes(31))],
            "wrong": [LeafHash(flip(right[0])), *right[1:]],
            "swapped": [right[1], right[0], *right[2:]],
        }[self.fault]


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        ("few", r"tile 1 of level 0 asked for 44 hashes of 32 bytes from place 0, got 43 of \[32\] bytes"),
        ("many", r"tile 1 of level 0 .* got 45"),
        ("none", r"tile 1 of level 0 .* got 0 of \[\]"),
        ("short", r"tile 1 of level 0 .* got 44 of \[31, 32\]"),
        ("wrong", "tile 1 of level 0 have root .* the frontier says"),
        ("swapped", "tile 1 of level 0 have root .* the frontier says"),
    ],
)
def test_a_store_that_disagrees_with_the_frontier_stops_the_log(fault: str, match: str) -> None:
    reader = Wrong(fault)
    reader.append(LEAVES[:300])
    with pytest.raises(LogCorruptError, match=match):
        complete_tiles(grow(reader.frontier, LEAVES[300:600]), reader)


def test_a_wrong_root_below_is_noticed_too(near_the_second_level: DictReader) -> None:
    reader = near_the_second_level
    reader.tiles[TileId(0, 3)] = reader.tiles[TileId(0, 4)]
    with pytest.raises(LogCorruptError, match="tile 0 of level 1 have root"):
        complete_tiles(grow(reader.frontier, LEAVES[65_530:65_536]), reader)


def test_the_referee_notices_a_tile_that_was_never_completed() -> None:
    with pytest.raises(pytest.fail.Exception, match="never completed"):
        stored(LEAVES[:300]).tile(TileId(0, 1))
    with pytest.raises(pytest.fail.Exception, match="were asked for"):
        stored(LEAVES[:300]).leaf_hashes(299, 301)
    assert stored(LEAVES[:300]).frontier.size == TreeSize(300)
