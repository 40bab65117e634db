"""Where tiles lie over the tree (C2SP tlog-tiles)."""

from dataclasses import dataclass
from typing import Final

from counterfoil.merkle.bounds import MAX_TREE_SIZE
from counterfoil.merkle.hashing import TreeSize

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 256

# The largest level C2SP tlog-tiles gives a spelling to; a tree of 2**63 leaves ends at level 7.
MAX_TILE_LEVEL: Final = 63


@dataclass(frozen=True, slots=True)
class TileId:
    """The tile whose hashes are those of the subtrees 256 * index and following at height 8 * level.

    Raises:
        ValueError: no tile has that level or index.
    """

    level: int
    index: int

    def __post_init__(self) -> None:
        if not (0 <= self.level <= MAX_TILE_LEVEL and 0 <= self.index <= MAX_TREE_SIZE):
            raise ValueError(f"no tile has level {self.level} and index {self.index}")


def tile_width(tile: TileId, size: TreeSize) -> int:
    """The number of hashes, 0 to 256, the tile holds in a tree of that size."""
    at_this_level = size >> (TILE_HEIGHT * tile.level)
    return max(0, min(TILE_WIDTH, at_this_level - tile.index * TILE_WIDTH))


def full_tiles_completed(before: TreeSize, after: TreeSize) -> tuple[TileId, ...]:
    """The tiles of every level, lower levels first, that become full between the two sizes.

    Raises:
        ValueError: the tree would shrink.
    """
    if not 0 <= before <= after:
        raise ValueError(f"a tree does not go from {before} leaves to {after}")
    tiles: list[TileId] = []
    level, full_before, full_after = 0, before // TILE_WIDTH, after // TILE_WIDTH
    while full_after > full_before:
        tiles.extend(TileId(level, index) for index in range(full_before, full_after))
        level, full_before, full_after = level + 1, full_before // TILE_WIDTH, full_after // TILE_WIDTH
    return tuple(tiles)
