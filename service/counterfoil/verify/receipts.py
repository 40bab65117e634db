"""Verifying receipts offline: on a statement, on a Transparent Statement, on a bare entry id."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import (
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedEntryIdError,
    MalformedParameterError,
    ReceiptMissingError,
    StructureUnsupportedError,
)
from counterfoil.merkle.hashing import HASH_SIZE
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import Receipt, parse_receipt
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.receipt.verify import verify_inclusion_receipt
from counterfoil.statement.signed_statement import SignedStatement, StatementHash, verify_statement
from counterfoil.verify import not_established
from counterfoil.verify.log_keys import LogKeys
from counterfoil.verify.result import (
    Inclusion,
    IssuerSignature,
    ReceiptNotChecked,
    SignatureChecked,
    SignatureNotChecked,
    VerifiedEntry,
    VerifiedStatement,
)

_NOT_CHECKED: Final = SignatureNotChecked()


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
) -> VerifiedStatement:
    """Check that a statement is on a log, with nothing but its receipt and the log's key.

    The statement's unprotected header does not matter: logs empty it. ``issuer_key`` has the issuer's own signature
    checked too, with ``payload`` where the statement's is detached. ``expected_issuer`` is the ``iss`` that the receipt
    must name; the one that comes with ``log_keys`` unless given.

    Raises:
        MalformedError: The statement or the receipt cannot be read.
        StructureUnsupportedError: The receipt is of another structure than RFC9162_SHA256; nothing was verified.
        LogKeyUnknownError: The receipt names a key that is not trusted.
        IssuerMismatchError: The receipt names another log than the expected one.
        InclusionInvalidError, SignatureInvalidError: The receipt is not this statement's, or not by that key.
        UnverifiedError: The receipt or the issuer's signature cannot be verified as it stands.

    Spec: RFC 9942, section 5.2; RFC 9943, section 7.1.
    """
    parsed = parse_transparent_statement(statement).statement
    inclusion = _verify_one(receipt, parsed.hash, log_keys, expected_issuer)
    signature = _verify_issuer(parsed, issuer_key, payload)
    return _result(parsed, _Checked((inclusion,), ()), signature)


def verify_transparent_statement(
    transparent: bytes,
    log_keys: LogKeys,
    *,
    issuer_key: PublicKey | None = None,
    expected_issuer: str | None = None,
    payload: bytes | None = None,
) -> VerifiedStatement:
    """Check every receipt that a Transparent Statement carries and that names a trusted key.

    Receipts by keys that are not trusted, and those of other structures, are passed over and listed in the result. A
    receipt that can be checked and does not hold fails the whole, whatever the others say.

    Raises:
        ReceiptMissingError: It carries no receipt.
        LogKeyUnknownError, StructureUnsupportedError: It carries none that could be checked; the first one's reason.
        UnverifiedError, MalformedError: As ``verify_receipt``, for any receipt that was checked.

    Spec: RFC 9943, sections 7 and 7.1.
    """
    parsed = parse_transparent_statement(transparent)
    if not parsed.receipts:
        raise ReceiptMissingError("the statement carries no receipt; nothing shows that it is on a log")
    checked = _verify_all(parsed.receipts, parsed.statement.hash, log_keys, expected_issuer)
    signature = _verify_issuer(parsed.statement, issuer_key, payload)
    return _result(parsed.statement, checked, signature)


def verify_receipt_for_entry(
    entry_id: bytes,
    receipt: bytes,
    log_keys: LogKeys,
    *,
    expected_issuer: str | None = None,
) -> VerifiedEntry:
    """Check that the entry of that id is on a log, for somebody who does not have the statement.

    Raises:
        MalformedEntryIdError: The id is not 32 bytes.
        UnverifiedError, MalformedError: As ``verify_receipt``.

    Spec: RFC 9942, section 5.2.
    """
    if len(entry_id) != HASH_SIZE:
        raise MalformedEntryIdError(f"an entry id is {HASH_SIZE} bytes")
    inclusion = _verify_one(receipt, StatementHash(entry_id), log_keys, expected_issuer)
    left_open = not_established.about_entry(inclusion)
    return VerifiedEntry(StatementHash(entry_id), inclusion, _NOT_CHECKED, left_open)


def require_issuer(receipt: Receipt, log_keys: LogKeys, expected_issuer: str | None) -> None:
    """Check that a receipt names the log that is expected, where one is.

    Raises:
        IssuerMismatchError: It names another, or none.
    """
    expected = log_keys.issuer if expected_issuer is None else expected_issuer
    if expected is not None and receipt.claims.issuer != expected:
        raise IssuerMismatchError("the receipt was issued by another log than the expected one, or names none")


def head_time(receipt: Receipt) -> int | None:
    """The time a receipt names, in whole seconds since 1970; a fraction counts as the second it lies in, full."""
    return None if receipt.claims.issued_at is None else math.ceil(receipt.claims.issued_at)


def _verify_one(data: bytes, entry_id: StatementHash, log_keys: LogKeys, expected_issuer: str | None) -> Inclusion:
    receipt = parse_receipt(data)
    key = log_keys.find(receipt.kid)
    require_issuer(receipt, log_keys, expected_issuer)
    verified = verify_inclusion_receipt(receipt, statement_leaf(entry_id), key)
    return Inclusion(
        log_issuer=verified.log_issuer,
        log_name=verified.log_name,
        tree_size=verified.head.size,
        leaf_index=verified.leaf_index,
        place_is_signed=verified.place_is_signed,
        root=verified.head.root,
        head_time=head_time(receipt),
        key_thumbprint=key.thumbprint,
    )


def _verify_all(
    receipts: tuple[bytes, ...],
    entry_id: StatementHash,
    log_keys: LogKeys,
    expected_issuer: str | None,
) -> _Checked:
    inclusions: list[Inclusion] = []
    passed_over: list[tuple[int, LogKeyUnknownError | StructureUnsupportedError]] = []
    for position, data in enumerate(receipts):
        try:
            inclusions.append(_verify_one(data, entry_id, log_keys, expected_issuer))
        except (LogKeyUnknownError, StructureUnsupportedError) as error:
            passed_over.append((position, error))
    if not inclusions:
        raise passed_over[0][1]
    return _Checked(tuple(inclusions), tuple(_not_checked(passed_over)))


def _not_checked(
    passed_over: list[tuple[int, LogKeyUnknownError | StructureUnsupportedError]],
) -> Iterator[ReceiptNotChecked]:
    return (ReceiptNotChecked(position, error.code, error.detail) for position, error in passed_over)


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
