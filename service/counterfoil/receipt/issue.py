"""Making receipts from a signed tree head (RFC 9942)."""

from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.cose.sign1 import encode_sign1
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.merkle.hashing import NodeHash
from counterfoil.receipt.tree_head import HeadSignature, TreeHead, head_header
from counterfoil.statement.identity import LogIdentity


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A tree head, the key that signed it, and the signature: all that receipts at that size have in common."""

    identity: LogIdentity
    head: TreeHead
    key: PublicKey
    signature: HeadSignature

    def inclusion_receipt(self, leaf_index: int, path: Sequence[NodeHash]) -> bytes:
        """The receipt that the leaf is in the tree, for ever the same bytes (RFC 9942, section 5.2)."""
        proof = encode([self.head.size, leaf_index, list(path)])
        return self._receipt({labels.INCLUSION: [proof]})

    def consistency_receipt(self, first_size: int, path: Sequence[NodeHash]) -> bytes:
        """The receipt that the tree of ``first_size`` is a prefix of this one (RFC 9942, section 5.3)."""
        proof = encode([first_size, self.head.size, list(path)])
        return self._receipt({labels.CONSISTENCY: [proof]})

    def _receipt(self, proofs: dict[int | str, CborValue]) -> bytes:
        algorithm = default_algorithm(self.key)
        header = head_header(self.identity, self.signature.key_thumbprint, algorithm, self.head)
        return encode_sign1(header, {labels.VDP: proofs}, None, self.signature.signature)
