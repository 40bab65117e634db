"""The shape of the tree, and how it grows from its right edge alone (RFC 9162, section 2.1.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from counterfoil.merkle.bounds import is_hash, is_tree_number
from counterfoil.merkle.hashing import EMPTY_ROOT, LeafHash, NodeHash, TreeSize, node_hash


class NodeId(NamedTuple):
    """The perfect subtree over the leaves from place * 2**level up to (place + 1) * 2**level."""

    level: int
    place: int


def cover(start: int, stop: int) -> tuple[NodeId, ...]:
    """The perfect subtrees, left to right, that make up the leaves from start up to stop.

    Raises:
        ValueError: the range ends before it starts, or start is not a multiple of its largest subtree; RFC 9162
            takes the hash of no such range.
    """
    width = stop - start
    if start < 0 or width < 0 or (width and start % (1 << (width.bit_length() - 1))):
        raise ValueError(f"[{start}, {stop}) is no range of leaves that a proof speaks of")
    subtrees: list[NodeId] = []
    for level in reversed(range(width.bit_length())):
        if width >> level & 1:
            subtrees.append(NodeId(level, start >> level))
            start += 1 << level
    return tuple(subtrees)


def fold_right(hashes: Sequence[bytes]) -> NodeHash:
    """The root over perfect subtrees given left to right, largest first; of none, the root of the empty tree.

    RFC 9162, section 2.1.1.
    """
    if not hashes:
        return EMPTY_ROOT
    root = NodeHash(hashes[-1])
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def root_of(leaves: Sequence[bytes]) -> NodeHash:
    """The root over all leaves, or over any row of equally high perfect subtrees.

    RFC 9162, section 2.1.1.
    """
    if not leaves:
        return EMPTY_ROOT
    row = [NodeHash(leaf) for leaf in leaves]
    while len(row) > 1:
        # A last one without a neighbour moves up unhashed: it is the right side of a later, larger split.
        lone = row[-1:] if len(row) % 2 else []
        row = _parents(row) + lone
    return row[0]


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that a tree needs to remember in order to grow: its size and the roots of its perfect subtrees.

    Raises:
        ValueError: the peaks are not one hash for each set bit of the size.
    """

    size: TreeSize
    peaks: tuple[NodeHash, ...]

    def __post_init__(self) -> None:
        if not is_tree_number(self.size):
            raise ValueError("the size of a frontier is not a tree size")
        if len(self.peaks) != self.size.bit_count() or not all(map(is_hash, self.peaks)):
            raise ValueError(f"{len(self.peaks)} peaks, not all of them hashes, or not one for each bit of {self.size}")

    def root(self) -> NodeHash:
        """The root of the tree."""
        return fold_right(self.peaks)

    def node_ids(self) -> tuple[NodeId, ...]:
        """The subtrees the peaks are the roots of, in the order of the peaks."""
        return cover(0, self.size)


EMPTY_FRONTIER: Final = Frontier(TreeSize(0), ())


class Row(NamedTuple):
    """Neighbouring nodes of one level: the place of the first, and the hashes from there on."""

    first: int
    hashes: tuple[NodeHash, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """A tree before and after leaves were added, with every node that came to be and the peaks it grew from.

    ``rows`` holds them by level, and suffices for the inclusion path of each new leaf at size ``after.size``.
    """

    before: Frontier
    after: Frontier
    rows: Mapping[int, Row]

    @property
    def nodes(self) -> Mapping[NodeId, NodeHash]:
        """The same one by one, laid out anew at each call."""
        found = (
            (NodeId(level, place), node)
            for level, row in self.rows.items()
            for place, node in enumerate(row.hashes, row.first)
        )
        return MappingProxyType(dict(found))


def grow(frontier: Frontier, leaves: Sequence[LeafHash]) -> Growth:
    """The tree with the leaves added, computed from its frontier alone.

    Raises:
        ValueError: a leaf is no hash, or the tree would be larger than any tree can be.

    RFC 9162, section 2.1.1.
    """
    if not all(map(is_hash, leaves)):
        raise ValueError("a new leaf is not a hash")
    size = TreeSize(frontier.size + len(leaves))
    peaks = list(frontier.peaks)  # The lowest is the last.
    row, rows = [NodeHash(leaf) for leaf in leaves], dict[int, Row]()
    for level in range(size.bit_length()):
        first = frontier.size >> level
        if first % 2:
            # An odd count means that the last old subtree of this height is a peak, and waits for its right neighbour.
            row.insert(0, peaks.pop())
            first -= 1
        rows[level] = Row(first, tuple(row))
        row = _parents(row)
    # Of the levels that end in a subtree without a right neighbour, those subtrees are the new peaks.
    new_peaks = tuple(rows[level].hashes[-1] for level in reversed(rows) if size >> level & 1)
    return Growth(frontier, Frontier(size, new_peaks), MappingProxyType(rows))


def _parents(row: Sequence[NodeHash]) -> list[NodeHash]:
    children = iter(row)
    return list(map(node_hash, children, children))
