"""Receipts by a compromised key: a consistency proof from their tree to one by a trusted key stands for them."""

from counterfoil.errors import ConsistencyInvalidError, ReceiptKeyCompromisedError
from counterfoil.receipt.verify import VerifiedInclusion
from counterfoil.verify.consistency import verify_consistency
from counterfoil.verify.log_keys import LogKeys
from counterfoil.verify.result import VouchedBy


def require_vouched(
    verified: VerifiedInclusion, consistency: bytes | None, log_keys: LogKeys, expected_issuer: str | None
) -> VouchedBy:
    """Check that the tree of a receipt by a compromised key is the beginning of one that a trusted key signed.

    Whoever has the key can sign any tree, so that alone the receipt shows nothing; a tree of his own making is the
    beginning of none that the log goes on with.

    Raises:
        ReceiptKeyCompromisedError: No consistency receipt is given, or it is by a compromised key itself.
        ConsistencyInvalidError, RootMismatchError: It starts from another tree than the receipt's.
        UnverifiedError, MalformedError: As ``verify_consistency``.

    Spec: RFC 9943, section 9.4; RFC 9942, section 5.3.
    """
    kid, size = verified.key.thumbprint.hex(), verified.head.size
    if consistency is None:
        raise ReceiptKeyCompromisedError(
            f"the receipt is by the key {kid}, which the log says is compromised; ask the log for the receipt again, "
            f"which it issues anew under another key, or give a consistency receipt from the tree of {size} "
            "entries to a later one (verify --consistency)"
        )
    proof = verify_consistency(
        consistency, verified.head.root, log_keys, old_size=size, expected_issuer=expected_issuer
    )
    if not proof.size_is_signed:
        raise ConsistencyInvalidError("the consistency receipt does not sign the size that it leads to")
    return VouchedBy(proof.new_size, proof.new_root, proof.head_time, proof.key_thumbprint or b"")
