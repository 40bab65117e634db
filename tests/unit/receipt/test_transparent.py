"""Transparent Statements: receipts in header 394."""

import pytest

from counterfoil.cose.sign1 import encode_sign1, parse_sign1
from counterfoil.encoding.cbor import CborValue, Tagged
from counterfoil.errors import MalformedReceiptError, ReceiptAsStatementError
from counterfoil.receipt.transparent import attach_receipts, parse_transparent_statement
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import MAX_STATEMENT_BYTES_LIMIT, parse_signed_statement
from tests.builders import sign_statement
from tests.unit.receipt.test_receipts import inclusion

STATEMENT = sign_statement(generate_private_key("ES256"))


def with_394(value: CborValue) -> bytes:
    message = parse_sign1(STATEMENT, max_bytes=4096)
    return encode_sign1(message.protected_bytes, {394: value}, message.payload, message.signature)


def test_receipts_come_out_as_they_went_in() -> None:
    receipts = (inclusion(1), inclusion(2))
    transparent = parse_transparent_statement(attach_receipts(STATEMENT, receipts))
    assert transparent.receipts == receipts
    assert transparent.statement.encoded == STATEMENT


def test_attaching_changes_neither_id_nor_bytes() -> None:
    attached = attach_receipts(STATEMENT, [inclusion(1)])
    assert parse_signed_statement(attached).hash == parse_signed_statement(STATEMENT).hash
    assert attach_receipts(attached, [inclusion(1)]) == attached


def test_a_statement_without_receipts_is_read() -> None:
    assert parse_transparent_statement(STATEMENT).receipts == ()


def test_a_receipt_that_is_not_wrapped_is_read() -> None:
    message = parse_sign1(inclusion(1), max_bytes=4096)
    item = Tagged(18, (message.protected_bytes, dict(message.unprotected), None, message.signature))
    assert parse_transparent_statement(with_394((item,))).receipts == (inclusion(1),)


@pytest.mark.parametrize("value", [(), b"receipt", None, 5, (5,), ("x",), ((b"",),), tuple([b"x"] * 17)], ids=repr)
def test_malformed_receipt_lists_are_refused(value: CborValue) -> None:
    with pytest.raises(MalformedReceiptError):
        parse_transparent_statement(with_394(value))


def test_receipts_in_the_protected_header_are_refused() -> None:
    data = sign_statement(generate_private_key("ES256"), headers={394: (b"r",)})
    with pytest.raises(MalformedReceiptError):
        parse_transparent_statement(data)


def test_a_receipt_is_no_transparent_statement() -> None:
    with pytest.raises(ReceiptAsStatementError):
        parse_transparent_statement(inclusion(1))


def test_a_statement_as_large_as_any_policy_admits_is_read() -> None:
    data = sign_statement(generate_private_key("EdDSA"), bytes(MAX_STATEMENT_BYTES_LIMIT - 1024))
    assert parse_transparent_statement(attach_receipts(data, [inclusion(1)])).receipts == (inclusion(1),)
