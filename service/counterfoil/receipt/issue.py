"""Making receipts from a signed tree head (RFC 9942)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.cose.sign1 import encode_sign1
from counterfoil.encoding.cbor import encode, encode_bytes, encode_integer
from counterfoil.merkle.hashing import NodeHash
from counterfoil.receipt.tree_head import HeadSignature, TreeHead, head_header
from counterfoil.statement.identity import LogIdentity

_PLACEHOLDER: Final = bytes(32)
_SHORT_PATH: Final = 24
"""Up to so many hashes the head of the path's array is one byte: in every tree of under 2**23 leaves."""


@dataclass(frozen=True)
class SignedHead:
    """A tree head, the key that signed it, and the signature: all that receipts at that size have in common."""

    identity: LogIdentity
    head: TreeHead
    key: PublicKey
    signature: HeadSignature

    def inclusion_receipt(self, leaf_index: int, path: Sequence[NodeHash]) -> bytes:
        """The receipt that the leaf is in the tree, for ever the same bytes (RFC 9942, section 5.2)."""
        before, after = self._around_inclusion
        return b"".join((before, encode_bytes(_proof(self.head.size, leaf_index, path)), after))

    def consistency_receipt(self, first_size: int, path: Sequence[NodeHash]) -> bytes:
        """The receipt that the tree of ``first_size`` is a prefix of this one (RFC 9942, section 5.3)."""
        before, after = self._around(labels.CONSISTENCY)
        return b"".join((before, encode_bytes(_proof(first_size, self.head.size, path)), after))

    @cached_property
    def _around_inclusion(self) -> tuple[bytes, bytes]:
        return self._around(labels.INCLUSION)

    def _around(self, kind: int) -> tuple[bytes, bytes]:
        """What stands before and after the proof in every receipt of that kind: it is encoded once for a batch."""
        algorithm = default_algorithm(self.key)
        header = head_header(self.identity, self.signature.key_thumbprint, algorithm, self.head)
        whole = encode_sign1(header, {labels.VDP: {kind: [_PLACEHOLDER]}}, None, self.signature.signature)
        # The signature is the last element, so the placeholder is what precedes it and the null payload.
        after = b"\xf6" + encode_bytes(self.signature.signature)
        before = whole.removesuffix(encode_bytes(_PLACEHOLDER) + after)
        return before, after


def _proof(first: int, second: int, path: Sequence[NodeHash]) -> bytes:
    if len(path) >= _SHORT_PATH:
        return encode([first, second, list(path)])
    head = b"\x83" + encode_integer(first) + encode_integer(second) + bytes([0x80 | len(path)])
    return head + b"".join([b"\x58\x20" + node for node in path])
