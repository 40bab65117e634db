"""Verifying receipts offline: on a statement, on a Transparent Statement, on a bare entry id."""

from dataclasses import dataclass
from typing import Final

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import (
    CounterfoilError,
    LogKeyUnknownError,
    MalformedEntryIdError,
    MalformedParameterError,
    ReceiptKeyCompromisedError,
    ReceiptMissingError,
    StructureUnsupportedError,
)
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.receipt.verify import VerifiedInclusion, verify_inclusion_receipt
from counterfoil.statement.signed_statement import SignedStatement, StatementHash, verify_statement
from counterfoil.verify import not_established
from counterfoil.verify.log_keys import LogKey, LogKeys
from counterfoil.verify.receipt_claims import head_time, require_issuer
from counterfoil.verify.result import (
    Inclusion,
    IssuerSignature,
    ReceiptNotChecked,
    SignatureChecked,
    SignatureNotChecked,
    VerifiedEntry,
    VerifiedStatement,
    VouchedBy,
)
from counterfoil.verify.vouching import require_vouched

_NOT_CHECKED: Final = SignatureNotChecked()


@dataclass(frozen=True, slots=True)
class _Given:
    """What receipts are verified with: the keys, the issuer that they must name, and a consistency receipt."""

    log_keys: LogKeys
    expected_issuer: str | None
    consistency: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Checked:
    """The outcome of one pass over the receipts of a Transparent Statement."""

    inclusions: tuple[Inclusion, ...]
    unchecked: tuple[ReceiptNotChecked, ...]


def verify_receipt(
    statement: bytes,
    receipt: bytes,
    log_keys: LogKeys,
    *,
    issuer_key: PublicKey | None = None,
    expected_issuer: str | None = None,
    payload: bytes | None = None,
    consistency: bytes | None = None,
) -> VerifiedStatement:
    """Check that a statement is on a log, with nothing but its receipt and the log's key.

    The statement's unprotected header does not matter: logs empty it. ``issuer_key`` has the issuer's own signature
    checked too, with ``payload`` where the statement's is detached. ``expected_issuer`` is the ``iss`` that the receipt
    must name; the one that comes with ``log_keys`` unless given. ``consistency`` is looked at where the receipt is by a
    compromised key: a consistency receipt by a trusted one, from the receipt's tree to a later one.

    Raises:
        MalformedError: The statement or the receipt cannot be read.
        StructureUnsupportedError: The receipt is of another structure than RFC9162_SHA256; nothing was verified.
        LogKeyUnknownError: The receipt names a key that is not trusted.
        ReceiptKeyCompromisedError: It names a compromised one, and ``consistency`` is not given or by one itself.
        ReceiptKeyNotInForceError: It is of a tree that the log cannot have signed with that key.
        ConsistencyInvalidError, RootMismatchError: ``consistency`` starts from another tree than the receipt's.
        IssuerMismatchError: The receipt names another log than the expected one.
        InclusionInvalidError, SignatureInvalidError: The receipt is not this statement's, or not by that key.
        UnverifiedError: The receipt or the issuer's signature cannot be verified as it stands.

    Spec: RFC 9942, section 5.2; RFC 9943, section 7.1.
    """
    parsed = parse_transparent_statement(statement).statement
    inclusion = _verify_one(receipt, parsed.hash, _Given(log_keys, expected_issuer, consistency))
    signature = _verify_issuer(parsed, issuer_key, payload)
    return _result(parsed, _Checked((inclusion,), ()), signature)


def verify_transparent_statement(
    transparent: bytes,
    log_keys: LogKeys,
    *,
    issuer_key: PublicKey | None = None,
    expected_issuer: str | None = None,
    payload: bytes | None = None,
    consistency: bytes | None = None,
) -> VerifiedStatement:
    """Check every receipt that a Transparent Statement carries and that names a trusted key.

    Receipts by keys that are not trusted, and those of other structures, are passed over and listed in the result. A
    receipt that can be checked and does not hold fails the whole, whatever the others say. One by a compromised key is
    checked with ``consistency`` and passed over without it.

    Raises:
        ReceiptMissingError: It carries no receipt.
        ReceiptKeyCompromisedError: It carries none that could be checked, and one by a compromised key.
        LogKeyUnknownError, StructureUnsupportedError: It carries none that could be checked; the first one's reason.
        UnverifiedError, MalformedError: As ``verify_receipt``, for any receipt that was checked.

    Spec: RFC 9943, sections 7 and 7.1.
    """
    parsed = parse_transparent_statement(transparent)
    if not parsed.receipts:
        raise ReceiptMissingError("the statement carries no receipt; nothing shows that it is on a log")
    checked = _verify_all(parsed.receipts, parsed.statement.hash, _Given(log_keys, expected_issuer, consistency))
    signature = _verify_issuer(parsed.statement, issuer_key, payload)
    return _result(parsed.statement, checked, signature)


def verify_receipt_for_entry(
    entry_id: bytes,
    receipt: bytes,
    log_keys: LogKeys,
    *,
    expected_issuer: str | None = None,
    consistency: bytes | None = None,
) -> VerifiedEntry:
    """Check that the entry of that id is on a log, for somebody who does not have the statement.

    Raises:
        MalformedEntryIdError: The id is not 32 bytes.
        UnverifiedError, MalformedError: As ``verify_receipt``.

    Spec: RFC 9942, section 5.2.
    """
    if len(entry_id) != HASH_SIZE:
        raise MalformedEntryIdError(f"an entry id is {HASH_SIZE} bytes")
    inclusion = _verify_one(receipt, StatementHash(entry_id), _Given(log_keys, expected_issuer, consistency))
    left_open = not_established.about_entry(inclusion)
    return VerifiedEntry(StatementHash(entry_id), inclusion, _NOT_CHECKED, left_open)


def _verify_one(data: bytes, entry_id: StatementHash, given: _Given) -> Inclusion:
    receipt, log_keys, leaf = parse_receipt(data), given.log_keys, statement_leaf(entry_id)
    compromised = log_keys.find_compromised(receipt.kid)
    trusted = log_keys.named(receipt.kid) if compromised is None else LogKey(compromised)
    require_issuer(receipt, log_keys, given.expected_issuer)
    verified = verify_inclusion_receipt(receipt, leaf, trusted.key)
    if compromised is None:
        trusted.require_in_force(verified.head.size)
        return _inclusion(verified, head_time(receipt), None)
    vouched_by = require_vouched(verified, given.consistency, log_keys, given.expected_issuer)
    # Whoever has a compromised key chooses the time in what he signs with it, also where the tree is the log's.
    return _inclusion(verified, vouched_by.head_time, vouched_by)


def _inclusion(verified: VerifiedInclusion, time: int | None, vouched_by: VouchedBy | None) -> Inclusion:
    return Inclusion(
        log_issuer=verified.log_issuer,
        log_name=verified.log_name,
        tree_size=verified.head.size,
        leaf_index=verified.leaf_index,
        place_is_signed=verified.place_is_signed,
        root=verified.head.root,
        head_time=time,
        key_thumbprint=verified.key.thumbprint,
        vouched_by=vouched_by,
    )


def _verify_all(receipts: tuple[bytes, ...], entry_id: StatementHash, given: _Given) -> _Checked:
    inclusions: list[Inclusion] = []
    passed_over: list[tuple[int, CounterfoilError]] = []
    for position, data in enumerate(receipts):
        try:
            inclusions.append(_verify_one(data, entry_id, given))
        except (LogKeyUnknownError, ReceiptKeyCompromisedError, StructureUnsupportedError) as error:
            passed_over.append((position, error))
    if not inclusions:
        reasons = [error for _, error in passed_over]
        raise next((error for error in reasons if isinstance(error, ReceiptKeyCompromisedError)), reasons[0])
    unchecked = (ReceiptNotChecked(position, error.code, error.detail) for position, error in passed_over)
    return _Checked(tuple(inclusions), tuple(unchecked))


def _verify_issuer(statement: SignedStatement, key: PublicKey | None, payload: bytes | None) -> IssuerSignature:
    if key is not None:
        verify_statement(statement, key, payload=payload)
        return SignatureChecked(key.thumbprint)
    if payload is not None:
        # The entry id does not cover a detached payload; only the issuer's signature does.
        raise MalformedParameterError("a detached payload can be checked only with the issuer's key")
    return _NOT_CHECKED


def _result(statement: SignedStatement, checked: _Checked, signature: IssuerSignature) -> VerifiedStatement:
    return VerifiedStatement(
        entry_id=statement.hash,
        claimed_issuer=statement.claims.issuer,
        claimed_subject=statement.claims.subject,
        inclusions=checked.inclusions,
        receipts_not_checked=checked.unchecked,
        issuer_signature=signature,
        not_established=not_established.about_statement(statement, checked.inclusions, signature, checked.unchecked),
    )
