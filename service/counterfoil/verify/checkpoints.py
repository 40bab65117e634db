"""Verifying checkpoints, and that one continues another."""

from collections.abc import Sequence

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import ConsistencyInvalidError, IssuerMismatchError, RootMismatchError
from counterfoil.merkle.consistency import root_from_consistency
from counterfoil.merkle.hashing import EMPTY_ROOT
from counterfoil.receipt import checkpoint as signed_note
from counterfoil.verify import not_established
from counterfoil.verify.result import VerifiedCheckpoint, VerifiedConsistency


def verify_checkpoint(data: bytes, origin: str, key: PublicKey) -> VerifiedCheckpoint:
    """Check that the log's checkpoint key signed a checkpoint under the log's name.

    Raises:
        MalformedCheckpointError, TooLargeError: It is not a checkpoint.
        IssuerMismatchError: It is another log's.
        LogKeyUnknownError: No signature is by that key.
        SignatureInvalidError, AlgorithmKeyMismatchError: The signature does not verify, or the key is not Ed25519.

    Spec: C2SP tlog-checkpoint; C2SP signed-note.
    """
    checkpoint = signed_note.verify_checkpoint(signed_note.parse_checkpoint(data), origin, key)
    return VerifiedCheckpoint(
        checkpoint.origin,
        checkpoint.size,
        checkpoint.root,
        key.thumbprint,
        not_established.about_checkpoint(),
    )


def verify_checkpoint_consistency(
    old: VerifiedCheckpoint,
    new: VerifiedCheckpoint,
    proof: Sequence[bytes],
) -> VerifiedConsistency:
    """Check that the tree of one checkpoint continues that of an earlier one. ``proof`` is the consistency path.

    Of checkpoints of one size the roots must be equal, and the proof is empty; so it is where the old tree is empty.

    Raises:
        IssuerMismatchError: They are of different logs.
        RootMismatchError: The proof joins other roots, or one size has two roots: the log shows different trees.
        ConsistencyInvalidError: The proof does not go from the one size to the other, or they are in the wrong order.

    Spec: RFC 9162, section 2.1.4.2.
    """
    if old.origin != new.origin:
        raise IssuerMismatchError("the two checkpoints are of different logs")
    if old.size > new.size:
        raise ConsistencyInvalidError(f"the checkpoint given as the old one is larger: {old.size}, not {new.size}")
    if (old.size in {0, new.size}) and proof:
        raise ConsistencyInvalidError("between these sizes a consistency proof is empty")
    if old.size == 0 and old.root != EMPTY_ROOT:
        raise RootMismatchError("the old checkpoint names a root that the empty tree does not have")
    if old.size == 0 and new.size > 0:
        reached = new.root
    else:
        reached = old.root if old.size == new.size else root_from_consistency(old.size, new.size, old.root, proof)
    if reached != new.root:
        raise RootMismatchError(
            f"the log shows two trees: from {old.root.hex()} at size {old.size} the proof leads to {reached.hex()}, "
            f"and the checkpoint at size {new.size} names {new.root.hex()}",
        )
    return VerifiedConsistency(
        old_size=old.size,
        old_root=old.root,
        new_size=new.size,
        new_root=new.root,
        log_issuer=None,
        log_name=new.origin,
        head_time=None,
        key_thumbprint=None,
        size_is_signed=True,
        not_established=not_established.about_consistency(),
    )
