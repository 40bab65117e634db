"""Who stands beside the way from a node up to the root; both kinds of proof are made of these neighbours."""

from counterfoil.merkle.tree import NodeId, cover


def neighbours(node: NodeId, size: int) -> tuple[tuple[NodeId, ...], ...]:
    """From the node to the root, the subtrees that make up each neighbour in a tree of that size.

    A neighbour on the right edge of the tree need not be perfect, and is then made up of several.

    RFC 9162, section 2.1.3.1.
    """
    groups: list[tuple[NodeId, ...]] = []
    index = node.place
    for level in range(node.level, (size - 1).bit_length()):
        beside = index ^ 1
        if (beside + 1) << level <= size:
            groups.append((NodeId(level, beside),))
        elif beside << level < size:
            groups.append(cover(beside << level, size))
        index >>= 1
    return tuple(groups)


def left_neighbours(index: int, size: int) -> tuple[bool, ...]:
    """For each neighbour from a leaf to the root, whether it stands to the left; as many as the path has elements.

    The same walk as with fn and sn in RFC 9162, sections 2.1.3.2 and 2.1.4.2, laid out before anything is hashed.
    """
    last = size - 1
    # Below the height where the index and the last index part, every level has a neighbour, and a bit tells its side;
    # above it the path runs along the right edge of the tree, where there are neighbours to the left only.
    parting = (index ^ last).bit_length()
    below = tuple(bool(index >> level & 1) for level in range(parting))
    return below + (True,) * (index >> parting).bit_count()
