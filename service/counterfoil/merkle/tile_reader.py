"""What the tree asks of whoever stores it, and the checks on what comes back."""

from collections.abc import Sequence
from typing import Protocol

from counterfoil.errors import LogCorruptError
from counterfoil.merkle.bounds import is_hash
from counterfoil.merkle.hashing import HASH_SIZE, LeafHash, NodeHash
from counterfoil.merkle.tile_geometry import TILE_WIDTH, TileId


class TileReader(Protocol):
    """Reads committed entries and full tiles; what it has answered once it answers for ever."""

    def leaf_hashes(self, start: int, stop: int) -> Sequence[LeafHash]:
        """The leaf hashes of the committed entries from start up to stop."""
        ...

    def tile_roots(self, level: int, start: int, stop: int) -> Sequence[NodeHash]:
        """The roots of the full stored tiles of a level, from index start up to stop."""
        ...

    def tile(self, tile: TileId) -> bytes | None:
        """The 8,192 bytes of a full stored tile, or None where there is none."""
        ...


def read_hashes(tile: TileId, start: int, stop: int, reader: TileReader) -> bytes:
    """The hashes of a tile from place start up to stop within it, taken from below the tile.

    Raises:
        LogCorruptError: the reader's answer is not that many hashes.
    """
    if start == stop:
        return b""
    offset = tile.index * TILE_WIDTH
    hashes: Sequence[bytes]
    if tile.level == 0:
        hashes = reader.leaf_hashes(offset + start, offset + stop)
    else:
        hashes = reader.tile_roots(tile.level - 1, offset + start, offset + stop)
    if len(hashes) != stop - start or not all(map(is_hash, hashes)):
        raise LogCorruptError(
            f"{_name(tile)} asked for {stop - start} hashes of {HASH_SIZE} bytes from place {start}, "
            f"got {len(hashes)} of {sorted({len(item) for item in hashes})} bytes"
        )
    return b"".join(hashes)


def read_full_tile(tile: TileId, reader: TileReader) -> bytes:
    """The bytes of a full stored tile.

    Raises:
        LogCorruptError: it is not stored, or not of a tile's length.
    """
    stored = reader.tile(tile)
    if stored is None:
        raise LogCorruptError(f"{_name(tile)} is full in this tree, and is not stored")
    if len(stored) != TILE_WIDTH * HASH_SIZE:
        raise LogCorruptError(f"{_name(tile)} has {len(stored)} bytes, not {TILE_WIDTH * HASH_SIZE}")
    return stored


def _name(tile: TileId) -> str:
    return f"tile {tile.index} of level {tile.level}"
