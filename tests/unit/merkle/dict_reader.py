"""A tile store held in dictionaries that fails the test when it is asked for what was never completed."""

from collections.abc import Sequence

import pytest

from counterfoil.merkle.hashing import LeafHash, NodeHash
from counterfoil.merkle.tiles import Tile, TileId, complete_tiles
from counterfoil.merkle.tree import EMPTY_FRONTIER, Frontier, Growth, grow


class DictReader:
    """Implements TileReader; keeps every question in ``reads``."""

    def __init__(self) -> None:
        self.leaves: list[LeafHash] = []
        self.tiles: dict[TileId, Tile] = {}
        self.frontier: Frontier = EMPTY_FRONTIER
        self.reads: list[tuple[str, int, int, int]] = []

    def leaf_hashes(self, start: int, stop: int) -> Sequence[LeafHash]:
        self.reads.append(("leaf_hashes", 0, start, stop))
        if not 0 <= start < stop <= len(self.leaves):
            pytest.fail(f"leaf hashes [{start}, {stop}) of {len(self.leaves)} were asked for")
        return self.leaves[start:stop]

    def tile_roots(self, level: int, start: int, stop: int) -> Sequence[NodeHash]:
        self.reads.append(("tile_roots", level, start, stop))
        if not 0 <= start < stop:
            pytest.fail(f"tile roots [{start}, {stop}) were asked for")
        return [self._full(TileId(level, index)).root for index in range(start, stop)]

    def tile(self, tile: TileId) -> bytes | None:
        self.reads.append(("tile", tile.level, tile.index, tile.index + 1))
        return self._full(tile).hashes

    def _full(self, tile: TileId) -> Tile:
        if tile not in self.tiles:
            pytest.fail(f"{tile} was asked for and was never completed")
        return self.tiles[tile]

    def append(self, new: Sequence[LeafHash]) -> Growth:
        """Grow as the log does: tiles are computed against what was stored before the batch."""
        growth = grow(self.frontier, new)
        for tile in complete_tiles(growth, self):
            if tile.id in self.tiles:
                pytest.fail(f"{tile.id} was completed twice")
            self.tiles[tile.id] = tile
        self.leaves.extend(new)
        self.frontier = growth.after
        return growth


def stored(leaves: Sequence[LeafHash], batches: Sequence[int] = ()) -> DictReader:
    """A reader over the leaves, appended in batches that end at the given sizes and at the last leaf."""
    reader, start = DictReader(), 0
    for stop in (*batches, len(leaves)):
        reader.append(leaves[start:stop])
        start = stop
    reader.reads.clear()
    return reader
