"""The full tiles that come to be when a tree grows."""

from dataclasses import dataclass

from counterfoil.errors import LogCorruptError
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash
from counterfoil.merkle.tile_geometry import TILE_HEIGHT, TILE_WIDTH, TileId, full_tiles_completed
from counterfoil.merkle.tile_reader import TileReader, read_hashes
from counterfoil.merkle.tree import Growth, root_of


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: its 256 hashes one after another, and the root over them."""

    id: TileId
    hashes: bytes
    root: NodeHash


def complete_tiles(growth: Growth, reader: TileReader) -> tuple[Tile, ...]:
    """The full tiles to store with a growth, lower levels first.

    Only hashes from before the growth are read, and only for tiles that it completes.

    Raises:
        LogCorruptError: what was read is of the wrong length, or is not what the tree was built from.
    """
    tiles = full_tiles_completed(growth.before.size, growth.after.size)
    return tuple(_complete(tile, growth, reader) for tile in tiles)


def _complete(tile: TileId, growth: Growth, reader: TileReader) -> Tile:
    height, offset = TILE_HEIGHT * tile.level, tile.index * TILE_WIDTH
    to_read = max(0, _first_known(height, growth) - offset)
    old = read_hashes(tile, 0, to_read, reader)
    row, above = growth.rows[height], growth.rows[height + TILE_HEIGHT]
    new = row.hashes[offset + to_read - row.first : offset + TILE_WIDTH - row.first]
    hashes, root = old + b"".join(new), above.hashes[tile.index - above.first]
    if old:
        _require_root(tile, hashes, root)
    return Tile(tile, hashes, root)


def _first_known(height: int, growth: Growth) -> int:
    before = growth.before.size >> height
    # Where the count of old subtrees is odd, the last of them is a peak, and the growth carries it.
    return before - before % 2


def _require_root(tile: TileId, hashes: bytes, root: NodeHash) -> None:
    # The frontier and the stored hashes are two records of one tree; a tile in which they differ is never stored.
    found = root_of([hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)])
    if found != root:
        raise LogCorruptError(
            f"the hashes stored for tile {tile.index} of level {tile.level} have root {found.hex()}, "
            f"the frontier says {root.hex()}"
        )
