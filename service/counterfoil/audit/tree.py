"""That the entries of a range are in the tree that the log signed, each at its place."""

from collections.abc import Callable, Sequence
from typing import Protocol

from counterfoil.audit.stretch import NOTHING, Stretch
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash, TreeSize
from counterfoil.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, TileId, TilePath
from counterfoil.merkle.tree import Frontier, cover, grow, root_of
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.statement.signed_statement import StatementHash

ReadTile = Callable[[TilePath], bytes]


class SignedTree(Protocol):
    """The tree of one head that the log signed, as the log shows it."""

    @property
    def size(self) -> TreeSize:
        """How many entries it has."""
        ...

    @property
    def root(self) -> NodeHash:
        """Its root, by the log's signature."""
        ...

    def peaks(self, size: int) -> Sequence[NodeHash]:
        """The perfect subtrees of its first ``size`` entries, as the log names them; nothing of that is verified."""
        ...

    def require_prefix(self, size: int, root: NodeHash) -> None:
        """Check that the tree of its first ``size`` entries has that root.

        Raises:
            RootMismatchError, ConsistencyInvalidError: It has not, as far as the log's proof shows.
        """
        ...


class TreeCheck:
    """Takes the stretches in order and grows the tree before them by their leaves.

    The subtrees before the range are the log's word. With wrong ones, or one leaf that is not in the tree, the root
    that is reached is none from which a proof leads to the signed one.
    """

    def __init__(self, start: int, peaks: Sequence[NodeHash]) -> None:
        self._frontier: Frontier | None = Frontier(TreeSize(start), tuple(peaks))

    def take(self, stretch: Stretch) -> None:
        """Add the leaves of a stretch; one that is not known ends it."""
        names = stretch.statement_hashes
        row = [names[at : at + HASH_SIZE] for at in range(0, len(names), HASH_SIZE)]
        if self._frontier is None or NOTHING in row:
            self._frontier = None
        else:
            self._frontier = grow(self._frontier, [statement_leaf(StatementHash(name)) for name in row]).after

    def reached(self) -> Frontier | None:
        """The tree up to the end of the range; None when a leaf was unknown."""
        return self._frontier


def peaks_from_tiles(size: int, tile: ReadTile) -> list[NodeHash]:
    """The perfect subtrees of a tree's first ``size`` entries, computed from the tiles that hold their nodes.

    ``tile`` gives as many hashes as it is asked for. At most one tile of each level is read.
    """
    read: dict[TilePath, bytes] = {}
    peaks: list[NodeHash] = []
    for level, place in cover(0, size):
        tile_level, height = divmod(level, TILE_HEIGHT)
        index, first = divmod(place << height, TILE_WIDTH)
        width = min(TILE_WIDTH, (size >> (TILE_HEIGHT * tile_level)) - index * TILE_WIDTH)
        path = TilePath(TileId(tile_level, index), width)
        hashes = read[path] if path in read else read.setdefault(path, tile(path))
        places = range(first, first + (1 << height))
        peaks.append(root_of([hashes[at * HASH_SIZE : (at + 1) * HASH_SIZE] for at in places]))
    return peaks
