"""The tree grown again leaf by leaf, and the tiles it must have left behind."""

from collections import defaultdict
from typing import Final

from counterfoil.log.fsck.finding import Findings
from counterfoil.log.fsck.reads import Reads
from counterfoil.merkle.hashing import HASH_SIZE, LeafHash, NodeHash
from counterfoil.merkle.tiles import TILE_WIDTH, TileId
from counterfoil.merkle.tree import EMPTY_FRONTIER, Frontier, grow, root_of

_FLUSH: Final = 1024
"""Leaves kept until the frontier takes them; enough that growing costs little more than hashing."""


class TreeCheck:
    """Takes the leaves in order. A leaf that is unknown ends it: no root after it can be recomputed."""

    def __init__(self, reads: Reads, findings: Findings) -> None:
        self._reads = reads
        self._findings = findings
        self._frontier: Frontier | None = EMPTY_FRONTIER
        self._waiting: list[LeafHash] = []
        self._rows: defaultdict[int, list[bytes]] = defaultdict(list)
        self._full: defaultdict[int, int] = defaultdict(int)

    def add(self, number: int, leaf: LeafHash | None) -> None:
        """Take the leaf of entry ``number``."""
        if self._frontier is None:
            return
        if leaf is None:
            self._findings.add(f"entry {number}", "its leaf is unknown, so no later root can be recomputed")
            self._frontier = None
            return
        self._waiting.append(leaf)
        if len(self._waiting) >= _FLUSH:
            self.frontier()
        self._extend_tile(0, leaf)

    def frontier(self) -> Frontier | None:
        """The frontier over every leaf so far; None when a leaf was unknown."""
        if self._frontier is not None and self._waiting:
            self._frontier = grow(self._frontier, self._waiting).after
            self._waiting.clear()
        return self._frontier

    def finish(self) -> int:
        """Look for tiles that no full run of leaves stands behind; the number of tiles that must be stored."""
        if self._frontier is not None:
            for tile in self._reads.attempt("the tiles as a whole", self._reads.scan.all_tiles, ()):
                if tile.id.index >= self._full[tile.id.level]:
                    self._findings.add(_name(tile.id), "is stored, and the tree does not fill it")
        return sum(self._full.values())

    def _extend_tile(self, level: int, node: bytes) -> None:
        row = self._rows[level]
        row.append(node)
        if len(row) < TILE_WIDTH:
            return
        tile, root = TileId(level, self._full[level]), root_of(row)
        self._check_tile(tile, b"".join(row), root)
        row.clear()
        self._full[level] += 1
        self._extend_tile(level + 1, root)

    def _check_tile(self, tile: TileId, hashes: bytes, root: NodeHash) -> None:
        scan, where = self._reads.scan, _name(tile)
        stored = self._reads.attempt(where, lambda: scan.tile(tile), hashes)
        if stored is None:
            self._findings.add(where, "is full in the tree, and is not stored")
            return
        for place in range(TILE_WIDTH):
            here = slice(place * HASH_SIZE, (place + 1) * HASH_SIZE)
            self._findings.differ(where, f"hash {place}", stored[here], hashes[here])
        self._findings.differ(where, "number of bytes", len(stored), len(hashes))
        roots = self._reads.attempt(where, lambda: scan.tile_roots(tile.level, tile.index, tile.index + 1), (root,))
        self._findings.differ(where, "root", roots[0] if roots else None, root)


def _name(tile: TileId) -> str:
    return f"tile {tile.index} of level {tile.level}"
