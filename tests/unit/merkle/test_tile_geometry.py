import pytest

from counterfoil.merkle.hashing import TreeSize
from counterfoil.merkle.tiles import TileId, full_tiles_completed, tile_width


@pytest.mark.parametrize(
    ("level", "index", "size", "width"),
    [
        (0, 0, 0, 0),
        (0, 0, 1, 1),
        (0, 0, 255, 255),
        (0, 0, 256, 256),
        (0, 0, 257, 256),
        (0, 1, 256, 0),
        (0, 1, 257, 1),
        (1, 0, 255, 0),
        (1, 0, 256, 1),
        (1, 0, 511, 1),
        (1, 0, 65_535, 255),
        (1, 0, 65_536, 256),
        (1, 1, 65_536, 0),
        (2, 0, 65_536, 1),
        (7, 0, 2**63 - 1, 127),
        (8, 0, 2**63 - 1, 0),
        (63, 0, 2**63 - 1, 0),
        (0, 2**63 - 1, 2**63 - 1, 0),
    ],
)
def test_tile_width(level: int, index: int, size: int, width: int) -> None:
    assert tile_width(TileId(level, index), TreeSize(size)) == width


def test_the_widths_of_a_level_add_up_to_its_nodes() -> None:
    for size in (1, 255, 256, 257, 1000, 65_535, 65_536, 70_000):
        for level in range(3):
            widths = [tile_width(TileId(level, index), TreeSize(size)) for index in range(size // 256 + 2)]
            assert sum(widths) == size >> (8 * level)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0, 0, []),
        (0, 255, []),
        (255, 256, [(0, 0)]),
        (256, 256, []),
        (256, 511, []),
        (1, 513, [(0, 0), (0, 1)]),
        (65_535, 65_536, [(0, 255), (1, 0)]),
        (65_279, 65_536, [(0, 254), (0, 255), (1, 0)]),
        (65_536, 65_791, []),
        (65_536, 65_792, [(0, 256)]),
        (2**24 - 1, 2**24, [(0, 65_535), (1, 255), (2, 0)]),
    ],
)
def test_full_tiles_completed(before: int, after: int, expected: list[tuple[int, int]]) -> None:
    assert full_tiles_completed(TreeSize(before), TreeSize(after)) == tuple(TileId(*tile) for tile in expected)


def test_full_tiles_are_those_whose_width_reaches_256() -> None:
    for before, after in [(0, 1025), (200, 70_000), (65_000, 66_000), (65_535, 65_537)]:
        expected = [
            tile
            for level in range(3)
            for tile in (TileId(level, index) for index in range(after // 256 + 2))
            if tile_width(tile, TreeSize(before)) < 256 == tile_width(tile, TreeSize(after))
        ]
        assert list(full_tiles_completed(TreeSize(before), TreeSize(after))) == expected


@pytest.mark.parametrize(("before", "after"), [(1, 0), (257, 256), (-1, 5)])
def test_trees_do_not_shrink(before: int, after: int) -> None:
    with pytest.raises(ValueError, match="does not go"):
        full_tiles_completed(TreeSize(before), TreeSize(after))


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (64, 0), (0, -1), (0, 2**63)])
def test_no_tile_of_such_a_place(level: int, index: int) -> None:
    with pytest.raises(ValueError, match="no tile has"):
        TileId(level, index)
