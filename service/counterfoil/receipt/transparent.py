"""Transparent Statements: a statement with its receipts in header 394 (RFC 9943, section 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.sign1 import encode_sign1, parse_sign1
from counterfoil.encoding.cbor import CborValue, Tagged, encode
from counterfoil.errors import MalformedReceiptError
from counterfoil.statement.signed_statement import (
    MAX_STATEMENT_BYTES_LIMIT,
    SignedStatement,
    parse_signed_statement,
)

MAX_RECEIPTS: Final = 16
"""One per log that registered the statement; nobody uses more than a few."""

MAX_TRANSPARENT_BYTES: Final = MAX_STATEMENT_BYTES_LIMIT + 1024 * 1024
"""The largest statement any policy can admit, and sixteen receipts of the largest size."""


@dataclass(frozen=True, slots=True)
class TransparentStatement:
    """A statement and the receipts it carries, each still to be verified."""

    statement: SignedStatement
    receipts: tuple[bytes, ...]


def attach_receipts(encoded: bytes, receipts: Sequence[bytes]) -> bytes:
    """The Transparent Statement of a statement as the log stores it, with its receipts in header 394."""
    message = parse_sign1(encoded, max_bytes=len(encoded))
    return encode_sign1(
        message.protected_bytes,
        {labels.RECEIPTS: list(receipts)},
        message.payload,
        message.signature,
    )


def parse_transparent_statement(data: bytes) -> TransparentStatement:
    """Read a statement with or without receipts in its unprotected header.

    Receipts that stand there as CBOR items instead of byte strings, as one client in use writes them, are read too.

    Raises:
        MalformedError: The bytes are not a statement, or header 394 does not hold receipts.

    Spec: RFC 9943, section 7.
    """
    statement = parse_signed_statement(data, max_bytes=MAX_TRANSPARENT_BYTES)
    if labels.RECEIPTS in statement.message.protected:
        raise MalformedReceiptError("receipts (394) stand in the protected header")
    if labels.RECEIPTS not in statement.message.unprotected:
        return TransparentStatement(statement, ())
    value = statement.message.unprotected[labels.RECEIPTS]
    if not isinstance(value, (tuple, list)) or not 1 <= len(value) <= MAX_RECEIPTS:
        raise MalformedReceiptError(f"receipts (394) are not an array of 1 to {MAX_RECEIPTS}")
    return TransparentStatement(statement, tuple(_receipt(item) for item in value))


def _receipt(item: CborValue) -> bytes:
    match item:
        case bytes():
            return item
        case Tagged(labels.TAG_SIGN1, [bytes(protected), Mapping() as unprotected, payload, bytes(signature)]):
            return encode(Tagged(labels.TAG_SIGN1, [protected, dict(unprotected), payload, signature]))
        case _:
            raise MalformedReceiptError("an item of receipts (394) is not a receipt")
