"""Tiles: the tree cut into pieces of 256 hashes that never change once full (C2SP tlog-tiles)."""

from counterfoil.merkle.tile_geometry import TILE_HEIGHT, TILE_WIDTH, TileId, full_tiles_completed, tile_width
from counterfoil.merkle.tile_growth import Tile, complete_tiles
from counterfoil.merkle.tile_nodes import kept_nodes, tile_hashes, tree_nodes
from counterfoil.merkle.tile_path import TilePath, format_tile_path, parse_entries_path, parse_tile_path
from counterfoil.merkle.tile_reader import TileReader

__all__ = [
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "Tile",
    "TileId",
    "TilePath",
    "TileReader",
    "complete_tiles",
    "format_tile_path",
    "full_tiles_completed",
    "kept_nodes",
    "parse_entries_path",
    "parse_tile_path",
    "tile_hashes",
    "tile_width",
    "tree_nodes",
]
