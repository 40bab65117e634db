"""Reading a COSE receipt (RFC 9942)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.sign1 import Sign1, parse_sign1
from counterfoil.encoding.cbor import CborValue, Limits, decode
from counterfoil.errors import MalformedProofError, MalformedReceiptError, StructureUnsupportedError
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash, TreeSize
from counterfoil.statement.claims import Claims, parse_claims

MAX_RECEIPT_BYTES: Final = 64 * 1024
"""A receipt of the largest tree takes under 4 KiB; some carry certificate chains."""

MAX_PROOFS: Final = 8
"""A receipt speaks of one statement; a list of proofs longer than this is an attempt to make verifiers work."""

MAX_PATH: Final = 128
"""Twice the longest path of a tree with 2^63 leaves."""

_PROOF_LIMITS: Final = Limits(max_bytes=8 * 1024)


@dataclass(frozen=True, slots=True)
class Proof:
    """The three members of either kind of proof.

    For inclusion ``size`` is the tree size and ``position`` the leaf index; for consistency ``position`` is the first
    size and ``size`` the second.
    """

    size: TreeSize
    position: int
    path: tuple[NodeHash, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A parsed receipt; nothing in it is verified yet. ``signed_size`` is None where only the root is signed."""

    message: Sign1
    claims: Claims
    kid: bytes | None
    signed_size: int | None
    inclusion: tuple[Proof, ...]
    consistency: tuple[Proof, ...]


def parse_receipt(data: bytes) -> Receipt:
    """Read a receipt of structure RFC9162_SHA256.

    Raises:
        StructureUnsupportedError: The protected header names another verifiable data structure.
        MalformedError: One of its leaves, by what is wrong with the bytes.

    Spec: RFC 9942, sections 4 and 5.
    """
    message = parse_sign1(data, max_bytes=MAX_RECEIPT_BYTES)
    structure = message.protected.get(labels.VDS)
    if isinstance(structure, bool) or not isinstance(structure, int):
        raise MalformedReceiptError("vds (395) is absent from the protected header or not an integer")
    if structure != labels.VDS_RFC9162_SHA256:
        raise StructureUnsupportedError("vds (395) is not 1, RFC9162_SHA256; nothing was verified")
    proofs = message.unprotected.get(labels.VDP)
    if not isinstance(proofs, Mapping):
        raise MalformedReceiptError("vdp (396) is absent from the unprotected header or not a map")
    kid = message.protected.get(labels.KID)
    if kid is not None and not isinstance(kid, bytes):
        raise MalformedReceiptError("kid (4) is not a byte string")
    receipt = Receipt(
        message=message,
        claims=parse_claims(message.protected.get(labels.CWT_CLAIMS)),
        kid=kid,
        signed_size=_signed_size(message),
        inclusion=tuple(_inclusion(proof) for proof in _proofs(proofs.get(labels.INCLUSION))),
        consistency=tuple(_consistency(proof) for proof in _proofs(proofs.get(labels.CONSISTENCY))),
    )
    if not receipt.inclusion and not receipt.consistency:
        raise MalformedReceiptError("vdp (396) holds neither an inclusion nor a consistency proof")
    return receipt


def _signed_size(message: Sign1) -> int | None:
    claims = message.protected.get(labels.CWT_CLAIMS)
    if not isinstance(claims, Mapping) or labels.CWT_TREE_SIZE not in claims:
        return None
    size = claims[labels.CWT_TREE_SIZE]
    if not isinstance(size, int) or not _is_size(size):
        raise MalformedReceiptError("the claim tree-size is not a size")
    return size


def _proofs(value: CborValue) -> tuple[CborValue, ...]:
    if value is None:
        return ()
    if isinstance(value, bytes):  # RFC 9942, section 5.3, allows one consistency proof without an array around it.
        return (value,)
    if not isinstance(value, (tuple, list)) or not 1 <= len(value) <= MAX_PROOFS:
        raise MalformedProofError(f"proofs are an array of 1 to {MAX_PROOFS} byte strings")
    return tuple(value)


def _members(proof: CborValue) -> tuple[int, int, tuple[NodeHash, ...]]:
    if not isinstance(proof, bytes):
        raise MalformedProofError("a proof is not a byte string")
    match decode(proof, _PROOF_LIMITS):
        case [int(first), int(second), [*path]] if _is_size(first) and _is_size(second) and len(path) <= MAX_PATH:
            hashes = tuple(NodeHash(item) for item in path if isinstance(item, bytes) and len(item) == HASH_SIZE)
            if len(hashes) == len(path):
                return first, second, hashes
    raise MalformedProofError("a proof is not two sizes and a path of hashes of 32 bytes")


def _is_size(value: int) -> bool:
    return not isinstance(value, bool) and value >= 0


def _inclusion(proof: CborValue) -> Proof:
    size, leaf_index, path = _members(proof)
    return Proof(TreeSize(size), leaf_index, path)


def _consistency(proof: CborValue) -> Proof:
    first, second, path = _members(proof)
    return Proof(TreeSize(second), first, path)
