"""Verifying consistency receipts."""

from counterfoil.errors import ConsistencyInvalidError, MalformedParameterError
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash, TreeSize
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.verify import verify_consistency_receipt
from counterfoil.verify import not_established
from counterfoil.verify.log_keys import LogKeys
from counterfoil.verify.receipt_claims import head_time, require_issuer
from counterfoil.verify.result import VerifiedConsistency


def verify_consistency(
    receipt: bytes,
    old_root: bytes,
    log_keys: LogKeys,
    *,
    old_size: int | None = None,
    expected_issuer: str | None = None,
) -> VerifiedConsistency:
    """Check that the log signed a tree that continues the one whose root the verifier knows from before.

    Raises:
        MalformedParameterError: The root is not 32 bytes.
        ConsistencyInvalidError, RootMismatchError: The proof does not start from that root, or not at ``old_size``.
        SignatureInvalidError: The root the proof leads to is not the one that was signed, or not by that key.
        ReceiptKeyCompromisedError: The key that signed it is compromised, so that it shows nothing.
        ReceiptKeyNotInForceError, StructureUnsupportedError, LogKeyUnknownError, IssuerMismatchError, MalformedError:
            As ``verify_receipt``.

    Spec: RFC 9942, section 5.3; RFC 9162, section 2.1.4.2.
    """
    if len(old_root) != HASH_SIZE:
        raise MalformedParameterError(f"a root is {HASH_SIZE} bytes")
    parsed = parse_receipt(receipt)
    trusted = log_keys.named(parsed.kid)
    key = trusted.key
    require_issuer(parsed, log_keys, expected_issuer)
    verified = verify_consistency_receipt(parsed, NodeHash(old_root), key)
    trusted.require_in_force(verified.head.size)
    if old_size not in {None, verified.first_size}:
        raise ConsistencyInvalidError(f"the proof starts from size {verified.first_size}, not {old_size}")
    return VerifiedConsistency(
        old_size=TreeSize(verified.first_size),
        old_root=NodeHash(old_root),
        new_size=verified.head.size,
        new_root=verified.head.root,
        log_issuer=verified.log_issuer,
        log_name=verified.log_name,
        head_time=head_time(parsed),
        key_thumbprint=key.thumbprint,
        size_is_signed=verified.size_is_signed,
        not_established=not_established.about_consistency(size_is_signed=verified.size_is_signed),
    )
