"""How a proof asks for the nodes it needs: all at once, whoever keeps them."""

from collections.abc import Callable, Sequence

from counterfoil.errors import LogCorruptError
from counterfoil.merkle.hashing import NodeHash
from counterfoil.merkle.tree import NodeId, fold_right

NodeLookup = Callable[[Sequence[NodeId]], Sequence[NodeHash]]


def fold_groups(groups: Sequence[Sequence[NodeId]], nodes: NodeLookup) -> tuple[NodeHash, ...]:
    """The root of each group of subtrees, from one call of the lookup.

    Raises:
        LogCorruptError: the lookup answered with another number of hashes than it was asked for.
    """
    wanted = [node for group in groups for node in group]
    found = nodes(wanted)
    if len(found) != len(wanted):
        raise LogCorruptError(f"asked for {len(wanted)} nodes of the tree, got {len(found)}")
    if len(found) == len(groups):
        return tuple(found)  # Each group is one node, as nearly everywhere but at the tree's right edge.
    rest = iter(found)
    return tuple(fold_right([next(rest) for _ in group]) for group in groups)
