"""How this project judges a receipt, for comparing with others."""

from hashlib import sha256

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import CounterfoilError
from counterfoil.merkle.hashing import NodeHash, leaf_hash
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.verify import verify_consistency_receipt, verify_inclusion_receipt


def accepts_inclusion(receipt: bytes, statement_hash: bytes, key: PublicKey) -> bool:
    """Whether the receipt verifies for a statement of that hash."""
    try:
        verify_inclusion_receipt(parse_receipt(receipt), leaf_hash(statement_hash), key)
    except CounterfoilError:
        return False
    return True


def accepts_consistency(receipt: bytes, first_root: bytes, second_root: bytes, key: PublicKey) -> bool:
    """Whether the receipt leads from the first root to the second."""
    try:
        verified = verify_consistency_receipt(parse_receipt(receipt), NodeHash(first_root), key)
    except CounterfoilError:
        return False
    return verified.head.root == second_root


def statement_hash(statement: bytes) -> bytes:
    """The hash as a stranger computes it, of a statement whose unprotected header is empty already."""
    return sha256(statement).digest()
