"""The nodes of the tree, read out of its tiles."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from counterfoil.errors import TileAbsentError
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash, TreeSize
from counterfoil.merkle.tile_geometry import TILE_HEIGHT, TILE_WIDTH, TileId, tile_width
from counterfoil.merkle.tile_reader import TileReader, read_full_tile, read_hashes
from counterfoil.merkle.tree import NodeId, root_of

_MOST_NODES: Final = 16_384
"""A path in the largest of trees has 63; of that many some megabytes are remembered."""


def tile_hashes(tile: TileId, size: TreeSize, reader: TileReader) -> bytes:
    """The hashes of a tile as of a tree size: the stored tile where it is full, computed where it is partial.

    Raises:
        TileAbsentError: a tree of that size has nothing in that tile.
        LogCorruptError: the reader's answer is not of the length the tile has.

    C2SP tlog-tiles, "Partial Tiles".
    """
    width = tile_width(tile, size)
    if width == 0:
        raise TileAbsentError(f"a tree of {size} leaves has no tile {tile.index} of level {tile.level}")
    if width == TILE_WIDTH:
        return read_full_tile(tile, reader)
    return read_hashes(tile, 0, width, reader)


def tree_nodes(size: TreeSize, reader: TileReader) -> Callable[[Sequence[NodeId]], Sequence[NodeHash]]:
    """A lookup for proofs at a tree size, that reads each tile it needs once per call.

    The lookup raises:
        ValueError: a node is not a perfect subtree of a tree of that size.
        LogCorruptError: the reader's answer is not of the length the tile has.
    """

    def lookup(nodes: Sequence[NodeId]) -> list[NodeHash]:
        tiles: dict[TileId, bytes] = {}
        return [_root_in_tile(node, size, reader, tiles) for node in nodes]

    return lookup


def kept_nodes(
    lookup: Callable[[Sequence[NodeId]], Sequence[NodeHash]],
) -> Callable[[Sequence[NodeId]], list[NodeHash]]:
    """A lookup that remembers: neighbouring leaves share most of their paths. Errors as for the one it asks."""

    @lru_cache(maxsize=_MOST_NODES)
    def one(node: NodeId) -> NodeHash:
        return lookup([node])[0]

    return lambda nodes: [one(node) for node in nodes]


def _root_in_tile(node: NodeId, size: TreeSize, reader: TileReader, tiles: dict[TileId, bytes]) -> NodeHash:
    if node.level < 0 or node.place < 0 or (node.place + 1) << node.level > size:
        raise ValueError(f"a tree of {size} leaves has no node {node.place} at height {node.level}")
    level, height = divmod(node.level, TILE_HEIGHT)
    index, place = divmod(node.place << height, TILE_WIDTH)
    tile = TileId(level, index)
    if tile not in tiles:
        tiles[tile] = tile_hashes(tile, size, reader)
    row = range(place * HASH_SIZE, (place + (1 << height)) * HASH_SIZE, HASH_SIZE)
    return root_of([tiles[tile][at : at + HASH_SIZE] for at in row])
