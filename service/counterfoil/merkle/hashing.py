"""The two hashes of the tree, and types to keep indexes, sizes, leaves and nodes apart (RFC 9162, section 2.1.1)."""

import hashlib
from typing import Final, NewType

LeafHash = NewType("LeafHash", bytes)
NodeHash = NewType("NodeHash", bytes)
LeafIndex = NewType("LeafIndex", int)
TreeSize = NewType("TreeSize", int)

HASH_SIZE: Final = 32

# The domain separators: without them an inner node could be passed off as an entry.
_LEAF_PREFIX: Final = b"\x00"
_NODE_PREFIX: Final = b"\x01"

EMPTY_ROOT: Final = NodeHash(hashlib.sha256(b"").digest())


def leaf_hash(entry: bytes) -> LeafHash:
    """The hash of an entry as a leaf.

    RFC 9162, section 2.1.1.
    """
    return LeafHash(hashlib.sha256(_LEAF_PREFIX + entry).digest())


def node_hash(left: bytes, right: bytes) -> NodeHash:
    """The hash of an inner node over its two children.

    RFC 9162, section 2.1.1.
    """
    return NodeHash(hashlib.sha256(_NODE_PREFIX + left + right).digest())
