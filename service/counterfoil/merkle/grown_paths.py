"""The inclusion paths of all leaves of a growth at once: they share most of what they are made of."""

from collections.abc import Sequence

from counterfoil.merkle.hashing import NodeHash, node_hash
from counterfoil.merkle.tree import Growth


def grown_paths(growth: Growth) -> tuple[tuple[NodeHash, ...], ...]:
    """The inclusion path of each leaf that a growth added, in their order, at the size it led to.

    What ``inclusion_path`` returns for each, for a fraction of the work: a path is the neighbour and then the path of
    the parent, so each node's path is put together once, from the root downwards.

    RFC 9162, section 2.1.3.1.
    """
    before, last = growth.before.size, growth.after.size - 1
    if before > last:
        return ()
    levels = last.bit_length()
    rows = _rows_to_the_edge(growth, levels)
    paths: list[tuple[NodeHash, ...]] = [()]
    for level in reversed(range(levels)):
        first, row, parent = growth.rows[level].first, rows[level], before >> level + 1
        # What has no neighbour is the right edge, and stands for its parent as well.
        paths = [
            (row[(place ^ 1) - first], *paths[(place >> 1) - parent])
            if place ^ 1 <= last >> level
            else paths[(place >> 1) - parent]
            for place in range(before >> level, (last >> level) + 1)
        ]
    return tuple(paths)


def _rows_to_the_edge(growth: Growth, levels: int) -> list[Sequence[NodeHash]]:
    """The growth's rows, each with the subtree at the right edge behind it where that is not a perfect one."""
    size = growth.after.size
    rows: list[Sequence[NodeHash]] = []
    edge: NodeHash | None = None
    for level in range(levels):
        row = growth.rows[level].hashes
        rows.append(row if edge is None else (*row, edge))
        if size >> level & 1:
            edge = row[-1] if edge is None else node_hash(row[-1], edge)
    return rows
