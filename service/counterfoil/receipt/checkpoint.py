"""Checkpoints: tree heads as signed notes (C2SP tlog-checkpoint and signed-note)."""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.signer import Signer
from counterfoil.cose.verify_signature import verify_signature
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedCheckpointError,
    TooLargeError,
)
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash, TreeSize

MAX_CHECKPOINT_BYTES: Final = 64 * 1024
"""Three lines and room for the signatures of some hundred witnesses."""

_ED25519_TYPE: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_BODY_LINES: Final = 3
_MAX_SIZE: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head under the log's name: what one checkpoint says."""

    origin: str
    size: TreeSize
    root: NodeHash

    def body(self) -> str:
        """The signed text: origin, size in decimal, root in base64, each on its line."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and its signatures as (key name, key id and signature); nothing is verified yet."""

    checkpoint: Checkpoint
    text: str
    signatures: tuple[tuple[str, bytes], ...]


def sign_checkpoint(signer: Signer, checkpoint: Checkpoint) -> str:
    """The signed note of a checkpoint, by an Ed25519 key named like the origin."""
    body = checkpoint.body()
    signature = _key_id(checkpoint.origin, signer.public_key) + signer.sign(body.encode())
    return f"{body}\n\u2014 {checkpoint.origin} {b64encode(signature).decode()}\n"


def verifier_key(origin: str, key: PublicKey) -> str:
    """The key as other note verifiers read it: name+id+base64 of type and key (C2SP signed-note)."""
    material = b64encode(_ED25519_TYPE + _raw(key)).decode()
    return f"{origin}+{_key_id(origin, key).hex()}+{material}"


def parse_checkpoint(data: bytes) -> SignedCheckpoint:
    """Read a checkpoint as a signed note. Extension lines are not in use on this log and are refused.

    Raises:
        MalformedCheckpointError, TooLargeError: It is not one.
    """
    if len(data) > MAX_CHECKPOINT_BYTES:
        raise TooLargeError("the checkpoint is larger than any checkpoint needs to be")
    try:
        note = data.decode()
    except UnicodeDecodeError as error:
        raise MalformedCheckpointError("the checkpoint is not UTF-8") from error
    body, separator, signatures = note.rpartition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) != _BODY_LINES or not signatures.endswith("\n"):
        raise MalformedCheckpointError("not three lines, an empty one and signature lines")
    checkpoint = Checkpoint(lines[0], _size(lines[1]), NodeHash(_base64(lines[2])))
    if not checkpoint.origin or len(checkpoint.root) != HASH_SIZE or checkpoint.body() != body + "\n":
        raise MalformedCheckpointError("the body is not an origin, a size and a root of 32 bytes")
    return SignedCheckpoint(
        checkpoint,
        body + "\n",
        tuple(_signature(line) for line in signatures.removesuffix("\n").split("\n")),
    )


def verify_checkpoint(signed: SignedCheckpoint, origin: str, key: PublicKey) -> Checkpoint:
    """The checkpoint, once its origin is ``origin`` and ``key`` has signed it under that name.

    Raises:
        IssuerMismatchError: It is another log's.
        LogKeyUnknownError: No signature is by that key.
        SignatureInvalidError: The signature does not verify.
    """
    if signed.checkpoint.origin != origin:
        raise IssuerMismatchError("the checkpoint is another log's")
    key_id = _key_id(origin, key)
    candidates = [
        blob[_KEY_ID_BYTES:] for name, blob in signed.signatures if name == origin and blob.startswith(key_id)
    ]
    if not candidates:
        raise LogKeyUnknownError("the checkpoint carries no signature by that key")
    for signature in candidates:
        verify_signature(algorithm_named("EdDSA"), key, signature, signed.text.encode())
    return signed.checkpoint


def _raw(key: PublicKey) -> bytes:
    if not isinstance(key.material, Ed25519PublicKey):
        raise AlgorithmKeyMismatchError("checkpoints are signed with Ed25519 keys only")
    return key.material.public_bytes_raw()


def _key_id(name: str, key: PublicKey) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519_TYPE + _raw(key)).digest()[:_KEY_ID_BYTES]


def _size(text: str) -> TreeSize:
    if (
        not text.isascii()
        or not text.isdigit()
        or (text != "0" and text.startswith("0"))
        or len(text) > len(str(_MAX_SIZE))
    ):
        raise MalformedCheckpointError("the size is not a decimal number")
    return TreeSize(int(text))


def _base64(text: str) -> bytes:
    try:
        value = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedCheckpointError("not base64") from error
    if b64encode(value).decode() != text:
        raise MalformedCheckpointError("not base64 in its canonical spelling")
    return value


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "\u2014" or not name or "+" in name:
        raise MalformedCheckpointError("a signature line is not a dash, a name and a signature")
    blob = _base64(encoded)
    if len(blob) <= _KEY_ID_BYTES:
        raise MalformedCheckpointError("a signature is too short to hold a key id")
    return name, blob
