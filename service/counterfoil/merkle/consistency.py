"""Proofs that a tree is an earlier one with leaves added, and nothing else (RFC 9162, section 2.1.4)."""

from collections.abc import Sequence

from counterfoil.errors import ConsistencyInvalidError, RootMismatchError
from counterfoil.merkle.bounds import is_hash, is_path, is_tree_number
from counterfoil.merkle.hashing import NodeHash, TreeSize, node_hash
from counterfoil.merkle.lookup import NodeLookup, fold_groups
from counterfoil.merkle.neighbours import left_neighbours, neighbours
from counterfoil.merkle.tree import NodeId


def consistency_nodes(first: TreeSize, second: TreeSize) -> tuple[tuple[NodeId, ...], ...]:
    """The subtrees to fold for each element of the consistency path, in the order of the path.

    Raises:
        ConsistencyInvalidError: the first size is 0, or larger than the second.

    RFC 9162, section 2.1.4.1.
    """
    _require_order(first, second)
    if first == second:
        return ()
    seed = _last_peak(first)
    # Where that subtree is the whole first tree, its root is known to whoever asks.
    return (((seed,),) if seed.place else ()) + neighbours(seed, second)


def consistency_path(first: TreeSize, second: TreeSize, nodes: NodeLookup) -> tuple[NodeHash, ...]:
    """The consistency path between two tree sizes, from one call of the lookup.

    Raises:
        ConsistencyInvalidError: the first size is 0, or larger than the second.
        LogCorruptError: the lookup answered with another number of hashes than it was asked for.

    RFC 9162, section 2.1.4.1.
    """
    return fold_groups(consistency_nodes(first, second), nodes)


def root_from_consistency(first: TreeSize, second: TreeSize, first_root: bytes, path: Sequence[bytes]) -> NodeHash:
    """The root of the second tree that the path leads to from the root of the first.

    Raises:
        ConsistencyInvalidError: the sizes have no consistency path, the path is not as long as theirs, or the root or
            an element of the path is no hash. Nothing was hashed.
        RootMismatchError: the path does not lead to the first root.

    RFC 9162, section 2.1.4.2.
    """
    implied_first, implied_second = _implied_roots(first, second, first_root, path)
    if implied_first != first_root:
        raise RootMismatchError(f"the path leads to {implied_first.hex()} at size {first}, another root")
    return implied_second


def verify_consistency(
    first: TreeSize, second: TreeSize, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> None:
    """Return if the path proves that the tree of the first root is the beginning of the tree of the second.

    Raises:
        ConsistencyInvalidError: it does not prove that.

    RFC 9162, section 2.1.4.2.
    """
    implied_first, implied_second = _implied_roots(first, second, first_root, path)
    if implied_first != first_root:
        raise ConsistencyInvalidError(f"the path leads to {implied_first.hex()} at size {first}, another root")
    if not is_hash(second_root) or implied_second != second_root:
        raise ConsistencyInvalidError(f"the path leads to {implied_second.hex()} at size {second}, another root")


def _implied_roots(
    first: TreeSize, second: TreeSize, first_root: bytes, path: Sequence[bytes]
) -> tuple[NodeHash, NodeHash]:
    _require_order(first, second)
    seed_node = _last_peak(first)
    sides = left_neighbours(seed_node.place, ((second - 1) >> seed_node.level) + 1) if first < second else ()
    # Where that subtree is the whole first tree, its root is not in the path (RFC 9162, section 2.1.4.2, step 2).
    is_known = first == second or seed_node.place == 0
    length = len(sides) + (0 if is_known else 1)
    if not is_hash(first_root) or not is_path(path, length):
        raise ConsistencyInvalidError(f"from {first} to {second} takes a first root and a path of {length} hashes")
    seed, *rest = (first_root, *path) if is_known else path
    return _climb(NodeHash(seed), sides, rest)


def _last_peak(first: TreeSize) -> NodeId:
    """The largest perfect subtree ending with the first tree; both trees share it, and the path climbs from it."""
    level = (first & -first).bit_length() - 1
    return NodeId(level, (first - 1) >> level)


def _climb(seed: NodeHash, sides: Sequence[bool], path: Sequence[bytes]) -> tuple[NodeHash, NodeHash]:
    first = second = seed
    for on_the_left, neighbour in zip(sides, path, strict=True):
        if on_the_left:
            first, second = node_hash(neighbour, first), node_hash(neighbour, second)
        else:
            second = node_hash(second, neighbour)
    return first, second


def _require_order(first: TreeSize, second: TreeSize) -> None:
    if not is_tree_number(first) or not is_tree_number(second):
        raise ConsistencyInvalidError("a tree size is not an integer from 0 to 2**63 - 1")
    if first == 0:
        raise ConsistencyInvalidError("the empty tree is the beginning of every tree; there is nothing to prove")
    if first > second:
        raise ConsistencyInvalidError(f"a tree of {first} leaves is not the beginning of one of {second}")
