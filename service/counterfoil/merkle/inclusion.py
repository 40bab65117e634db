"""Proofs that an entry is in the tree (RFC 9162, section 2.1.3)."""

from collections.abc import Sequence

from counterfoil.errors import InclusionInvalidError, RootMismatchError
from counterfoil.merkle.bounds import is_hash, is_path, is_tree_number
from counterfoil.merkle.hashing import LeafHash, LeafIndex, NodeHash, TreeSize, node_hash
from counterfoil.merkle.lookup import NodeLookup, fold_groups
from counterfoil.merkle.neighbours import left_neighbours, neighbours
from counterfoil.merkle.tree import NodeId


def inclusion_nodes(index: LeafIndex, size: TreeSize) -> tuple[tuple[NodeId, ...], ...]:
    """The subtrees to fold for each element of the inclusion path, from the leaf to the root.

    Raises:
        InclusionInvalidError: a tree of that size has no such leaf.

    RFC 9162, section 2.1.3.1.
    """
    _require_leaf_in_tree(index, size)
    return neighbours(NodeId(0, index), size)


def inclusion_path(index: LeafIndex, size: TreeSize, nodes: NodeLookup) -> tuple[NodeHash, ...]:
    """The inclusion path of a leaf at a tree size, from one call of the lookup.

    For a leaf that a growth added, at the size it led to, the growth's own nodes suffice.

    Raises:
        InclusionInvalidError: a tree of that size has no such leaf.
        LogCorruptError: the lookup answered with another number of hashes than it was asked for.

    RFC 9162, section 2.1.3.1.
    """
    return fold_groups(inclusion_nodes(index, size), nodes)


def root_from_inclusion(leaf: LeafHash, index: LeafIndex, size: TreeSize, path: Sequence[bytes]) -> NodeHash:
    """The root that the path leads to from the leaf.

    The size is not bound by the path: another size, and with it another index, can lead to the same root.

    Raises:
        InclusionInvalidError: a tree of that size has no such leaf, the path is not as long as that leaf's, or the leaf
            or an element of the path is no hash. Nothing was hashed.

    RFC 9162, section 2.1.3.2.
    """
    _require_leaf_in_tree(index, size)
    sides = left_neighbours(index, size)
    if not is_hash(leaf) or not is_path(path, len(sides)):
        raise InclusionInvalidError(
            f"leaf {index} in a tree of {size} takes a leaf hash and a path of {len(sides)} hashes"
        )
    root = NodeHash(leaf)
    for on_the_left, neighbour in zip(sides, path, strict=True):
        root = node_hash(neighbour, root) if on_the_left else node_hash(root, neighbour)
    return root


def verify_inclusion(leaf: LeafHash, index: LeafIndex, size: TreeSize, path: Sequence[bytes], root: bytes) -> None:
    """Return if the path leads from the leaf to the root.

    Raises:
        InclusionInvalidError: the path leads to no root at all.
        RootMismatchError: the path leads to another root.

    RFC 9162, section 2.1.3.2.
    """
    implied = root_from_inclusion(leaf, index, size, path)
    if not is_hash(root) or implied != root:
        raise RootMismatchError(f"the path of leaf {index} in a tree of {size} leads to {implied.hex()}, another root")


def _require_leaf_in_tree(index: LeafIndex, size: TreeSize) -> None:
    if not is_tree_number(index) or not is_tree_number(size):
        raise InclusionInvalidError("the leaf index or the tree size is not an integer from 0 to 2**63 - 1")
    if index >= size:
        raise InclusionInvalidError(f"a tree of {size} leaves has no leaf {index}")
