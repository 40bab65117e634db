"""Checkpoints: tree heads as signed notes (C2SP tlog-checkpoint and signed-note)."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from counterfoil.cose.keys import PublicKey
from counterfoil.cose.signer import Signer
from counterfoil.errors import IssuerMismatchError, MalformedCheckpointError
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash, TreeSize
from counterfoil.receipt.note import (
    MAX_NOTE_BYTES,
    SignedNote,
    parse_base64,
    parse_note,
    sign_note,
    verifier_key,
    verify_note,
)

MAX_CHECKPOINT_BYTES: Final = MAX_NOTE_BYTES

_BODY_LINES: Final = 3
_MAX_SIZE: Final = 2**63 - 1

__all__ = [
    "MAX_CHECKPOINT_BYTES",
    "Checkpoint",
    "SignedCheckpoint",
    "parse_checkpoint",
    "parse_tree_size",
    "sign_checkpoint",
    "verifier_key",
    "verify_checkpoint",
]


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
    """A checkpoint and the note it came in; nothing is verified yet."""

    checkpoint: Checkpoint
    note: SignedNote


def sign_checkpoint(signer: Signer, checkpoint: Checkpoint) -> str:
    """The signed note of a checkpoint, by an Ed25519 key named like the origin."""
    return sign_note(signer, checkpoint.origin, checkpoint.body())


def parse_checkpoint(data: bytes) -> SignedCheckpoint:
    """Read a checkpoint as a signed note. Extension lines are not in use on this log and are refused.

    Raises:
        MalformedCheckpointError, TooLargeError: It is not one.
    """
    note = parse_note(data)
    lines = note.lines
    if len(lines) != _BODY_LINES:
        raise MalformedCheckpointError("not three lines, an empty one and signature lines")
    checkpoint = Checkpoint(lines[0], parse_tree_size(lines[1]), NodeHash(parse_base64(lines[2])))
    if not checkpoint.origin or len(checkpoint.root) != HASH_SIZE or checkpoint.body() != note.text:
        raise MalformedCheckpointError("the body is not an origin, a size and a root of 32 bytes")
    return SignedCheckpoint(checkpoint, note)


def verify_checkpoint(signed: SignedCheckpoint, origin: str, key: PublicKey) -> Checkpoint:
    """The checkpoint, once its origin is ``origin`` and ``key`` has signed it under that name.

    Raises:
        IssuerMismatchError: It is another log's.
        LogKeyUnknownError: No signature is by that key.
        SignatureInvalidError: The signature does not verify.
    """
    if signed.checkpoint.origin != origin:
        raise IssuerMismatchError("the checkpoint is another log's")
    verify_note(signed.note, origin, key)
    return signed.checkpoint


def parse_tree_size(text: str) -> TreeSize:
    """Read a decimal number in its one spelling.

    Raises:
        MalformedCheckpointError: It is not that, or none that a tree can reach.
    """
    if (
        not text.isascii()
        or not text.isdigit()
        or (text != "0" and text.startswith("0"))
        or len(text) > len(str(_MAX_SIZE))
    ):
        raise MalformedCheckpointError("the size is not a decimal number")
    return TreeSize(int(text))
