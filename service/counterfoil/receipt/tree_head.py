"""A committed tree head and its signature."""

from dataclasses import dataclass
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.algorithms import Algorithm
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.cose.sign1 import signature_input
from counterfoil.cose.signer import Signer
from counterfoil.cose.verify_signature import normalise_signature, verify_signature
from counterfoil.encoding.cbor import encode
from counterfoil.errors import SignerUnavailableError
from counterfoil.merkle.hashing import NodeHash, TreeSize
from counterfoil.statement.identity import LogIdentity

HEAD_STRUCTURE: Final = labels.VDS_RFC9162_SHA256


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The tree as one batch left it: size, root, and the time it was committed in whole seconds since 1970."""

    size: TreeSize
    root: NodeHash
    time: int


@dataclass(frozen=True, slots=True)
class HeadSignature:
    """A receipt key's signature over one tree head. Every receipt at that size carries these bytes."""

    size: TreeSize
    key_thumbprint: bytes
    signature: bytes


def head_header(identity: LogIdentity, key_thumbprint: bytes, algorithm: Algorithm, head: TreeHead) -> bytes:
    """The protected header of every receipt from one head, inclusion and consistency alike.

    Nothing in it depends on a statement, so one signature serves a whole batch. RFC 9942 signs the root alone, and one
    path can lead to one root from several places; with the size signed as well, the path tells the place.

    Spec: RFC 9942, section 4; RFC 9943, section 7; RFC 9597.
    """
    return encode(
        {
            labels.ALG: algorithm.code,
            labels.KID: key_thumbprint,
            labels.CWT_CLAIMS: {
                labels.CWT_ISS: identity.issuer,
                labels.CWT_SUB: identity.log_name,
                labels.CWT_IAT: head.time,
                labels.CWT_TREE_SIZE: head.size,
            },
            labels.VDS: HEAD_STRUCTURE,
        },
    )


def require_receipt_signer(signer: Signer) -> None:
    """Check that a signer makes the receipts that are later made again from its public key alone.

    Raises:
        SignerUnavailableError: It signs with another algorithm than its key's own, so the header would differ.
    """
    expected = default_algorithm(signer.public_key)
    if signer.algorithm != expected:
        raise SignerUnavailableError(
            f"receipts by that key are signed with {expected.name}, not {signer.algorithm.name}"
        )


def sign_head(signer: Signer, identity: LogIdentity, head: TreeHead) -> HeadSignature:
    """Sign a tree head with a receipt key (RFC 9942, section 5.2: the payload is the root, detached)."""
    thumbprint = signer.public_key.thumbprint
    header = head_header(identity, thumbprint, signer.algorithm, head)
    signature = signer.sign(signature_input(header, head.root))
    # Of the two ECDSA signatures the one with the smaller s, so that a stored one cannot be exchanged for its twin.
    return HeadSignature(head.size, thumbprint, normalise_signature(signer.algorithm, signature))


def verify_head(identity: LogIdentity, key: PublicKey, head: TreeHead, signature: bytes) -> None:
    """Check that a receipt key signed a tree head.

    Raises:
        UnverifiedError: It did not.
    """
    algorithm = default_algorithm(key)
    header = head_header(identity, key.thumbprint, algorithm, head)
    verify_signature(algorithm, key, signature, signature_input(header, head.root))
