"""Verifying receipts offline, with nothing but the log's public key (RFC 9942)."""

from dataclasses import dataclass
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.sign1 import verify_sign1
from counterfoil.errors import (
    InclusionInvalidError,
    MalformedProofError,
    RootMismatchError,
    SizeMismatchError,
    UnverifiedError,
)
from counterfoil.merkle.consistency import root_from_consistency
from counterfoil.merkle.hashing import LeafHash, LeafIndex, NodeHash, TreeSize
from counterfoil.merkle.inclusion import root_from_inclusion
from counterfoil.receipt.parse import Proof, Receipt
from counterfoil.receipt.tree_head import TreeHead

_UNDERSTOOD: Final = frozenset({labels.ALG, labels.CRIT, labels.KID, labels.CWT_CLAIMS, labels.VDS})


@dataclass(frozen=True, slots=True)
class VerifiedInclusion:
    """What a verified receipt establishes: the leaf is in a tree that the log signed.

    ``place_is_signed`` tells whether the signature covers the tree size, and thereby the leaf index. RFC 9942 signs the
    root alone, and then another pair of size and index may go with the same path.
    ``head.time`` is 0 where the receipt names no time (RFC 9942 does not require one).
    """

    head: TreeHead
    leaf_index: int
    place_is_signed: bool
    log_issuer: str | None
    log_name: str | None
    key: PublicKey


@dataclass(frozen=True, slots=True)
class VerifiedConsistency:
    """What a verified consistency receipt establishes: the first tree is a prefix of the signed second one.

    Where ``size_is_signed`` is false the signature covers the second root alone, and other sizes can go with the path.
    """

    first_size: int
    head: TreeHead
    size_is_signed: bool
    log_issuer: str | None
    log_name: str | None
    key: PublicKey


def verify_inclusion_receipt(receipt: Receipt, leaf: LeafHash, key: PublicKey) -> VerifiedInclusion:
    """Check that the log holding ``key`` signed a tree with ``leaf`` in it.

    Raises:
        InclusionInvalidError: There is no inclusion proof, or none leads from the leaf to a root.
        SignatureInvalidError: The root the proof leads to is not the one that was signed, or the key is not the log's.
        SizeMismatchError: The proof is of another tree size than the signed one.
        UnverifiedError, MalformedError: The receipt cannot be verified as it stands.

    Spec: RFC 9942, section 5.2; RFC 9162, section 2.1.3.2.
    """
    last: UnverifiedError = InclusionInvalidError("the receipt holds no inclusion proof")
    for proof in receipt.inclusion:
        try:
            root = root_from_inclusion(leaf, LeafIndex(proof.position), proof.size, proof.path)
            _require_signed_size(receipt, proof)
            _verify_root(receipt, root, key)
        except UnverifiedError as error:
            last = error
            continue
        claims = receipt.claims
        return VerifiedInclusion(
            head=_head(receipt, proof, root),
            leaf_index=proof.position,
            place_is_signed=receipt.signed_size is not None,
            log_issuer=claims.issuer,
            log_name=claims.subject,
            key=key,
        )
    raise last


def verify_consistency_receipt(receipt: Receipt, first_root: NodeHash, key: PublicKey) -> VerifiedConsistency:
    """Check that the log holding ``key`` signed a tree that continues the one with ``first_root``.

    Raises:
        ConsistencyInvalidError, RootMismatchError: The proof does not start from that root.
        SignatureInvalidError: The root the proof leads to is not the one that was signed, or the key is not the log's.
        MalformedProofError: There is not exactly one consistency proof.

    Spec: RFC 9942, section 5.3; RFC 9162, section 2.1.4.2.
    """
    if len(receipt.consistency) != 1:
        raise MalformedProofError("a consistency receipt holds exactly one consistency proof")
    (proof,) = receipt.consistency
    root = root_from_consistency(TreeSize(proof.position), proof.size, first_root, proof.path)
    _require_signed_size(receipt, proof)
    _verify_root(receipt, root, key)
    claims = receipt.claims
    return VerifiedConsistency(
        first_size=proof.position,
        head=_head(receipt, proof, root),
        size_is_signed=receipt.signed_size is not None,
        log_issuer=claims.issuer,
        log_name=claims.subject,
        key=key,
    )


def _require_signed_size(receipt: Receipt, proof: Proof) -> None:
    if receipt.signed_size not in (None, proof.size):
        raise SizeMismatchError(f"the proof is of a tree of {proof.size}, and the receipt was signed for another size")


def _verify_root(receipt: Receipt, root: NodeHash, key: PublicKey) -> None:
    if receipt.message.payload is None:
        verify_sign1(receipt.message, key, payload=root, understood=_UNDERSTOOD)
        return
    if receipt.message.payload != root:
        raise RootMismatchError("the proof leads to another root than the one the receipt carries")
    verify_sign1(receipt.message, key, understood=_UNDERSTOOD)


def _head(receipt: Receipt, proof: Proof, root: NodeHash) -> TreeHead:
    return TreeHead(proof.size, root, int(receipt.claims.issued_at or 0))
