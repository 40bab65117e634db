"""What a number or a hash of this tree may be at all, asked of values that came from outside."""

from collections.abc import Sequence
from typing import Final

from counterfoil.merkle.hashing import HASH_SIZE

# Sizes and indexes live in signed 64-bit columns and CBOR integers; a larger one was never written by a log.
MAX_TREE_SIZE: Final = 2**63 - 1


def is_tree_number(value: object) -> bool:
    """Whether the value can be a size or an index: an integer, not a boolean, from 0 to MAX_TREE_SIZE."""
    return type(value) is int and 0 <= value <= MAX_TREE_SIZE


def is_hash(value: object) -> bool:
    """Whether the value is bytes of a hash's length."""
    return isinstance(value, bytes) and len(value) == HASH_SIZE


def is_path(value: object, length: int) -> bool:
    """Whether the value is a sequence of exactly that many hashes; the length is looked at first."""
    return isinstance(value, Sequence) and len(value) == length and all(map(is_hash, value))
