"""Statements as they arrive: the stored bytes, the hash, the duplicate key, the headers."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.cose import labels
from counterfoil.cose.sign1 import encode_sign1, parse_sign1
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.errors import (
    AlgorithmMissingError,
    CounterfoilError,
    CriticalHeaderError,
    MalformedHeaderError,
    PayloadMissingError,
    ReceiptAsStatementError,
    SignatureInvalidError,
    TooLargeError,
)
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import parse_signed_statement, verify_statement
from tests.builders import CONTENT_TYPE, sign_statement

SIGNER = generate_private_key("ES256")
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def twin(statement: bytes) -> bytes:
    """The same statement with the other ECDSA signature of the pair."""
    message = parse_sign1(statement, max_bytes=len(statement))
    r, s = message.signature[:32], int.from_bytes(message.signature[32:], "big")
    return encode_sign1(message.protected_bytes, {}, message.payload, r + (_ORDER - s).to_bytes(32, "big"))


def raw(protected: dict[int | str, CborValue], unprotected: dict[int | str, CborValue] | None = None) -> bytes:
    """A COSE_Sign1 that no signer of ours would make."""
    return encode_sign1(encode({labels.ALG: -7, **protected}), unprotected or {}, b"payload", bytes(64))


def test_the_stored_bytes_have_an_empty_unprotected_header() -> None:
    plain = sign_statement(SIGNER, b"x")
    dressed = sign_statement(SIGNER, b"x", unprotected={"note": "carried"})
    assert dressed != plain
    statement = parse_signed_statement(dressed)
    assert statement.encoded == plain
    assert statement.hash == sha256(plain).digest()
    assert statement.hash == parse_signed_statement(plain).hash


def test_the_protected_header_and_payload_are_kept_to_the_byte() -> None:
    # A long-form length is legal CBOR and not deterministic; it is signed, so it must survive.
    protected = bytes.fromhex("a1 18 01 26".replace(" ", ""))
    data = b"\xd2\x84" + b"\x58\x04" + protected + b"\xa0" + b"\x58\x01x" + b"\x58\x40" + bytes(64)
    statement = parse_signed_statement(data)
    assert statement.message.protected_bytes == protected
    assert statement.encoded == encode_sign1(protected, {}, b"x", bytes(64))


def test_both_signatures_of_a_pair_have_one_duplicate_key() -> None:
    data = sign_statement(SIGNER, b"x")
    one, other = parse_signed_statement(data), parse_signed_statement(twin(data))
    verify_statement(other, SIGNER.public_key)
    assert one.hash != other.hash
    assert one.duplicate_key == other.duplicate_key
    assert bytes(one.duplicate_key) in {bytes(one.hash), bytes(other.hash)}


def test_a_statement_of_another_family_is_its_own_duplicate_key() -> None:
    statement = parse_signed_statement(sign_statement(generate_private_key("EdDSA")))
    assert bytes(statement.duplicate_key) == bytes(statement.hash)


def test_headers_are_read() -> None:
    statement = parse_signed_statement(
        raw(
            {3: CONTENT_TYPE, 4: b"kid", 33: (b"a", b"b"), 34: (-16, b"d")},
            {},
        ),
    )
    assert statement.content_type == CONTENT_TYPE
    assert statement.kid == b"kid"
    assert statement.x5chain == (b"a", b"b")
    assert statement.x5t == (-16, b"d")
    assert parse_signed_statement(raw({}, {33: b"c"})).carried_x5chain == (b"c",)


@pytest.mark.parametrize("label", [labels.VDS, labels.VDP])
def test_a_receipt_is_no_statement(label: int) -> None:
    with pytest.raises(ReceiptAsStatementError):
        parse_signed_statement(raw({label: 1}))
    with pytest.raises(ReceiptAsStatementError):
        parse_signed_statement(raw({}, {label: 1}))


@pytest.mark.parametrize(
    "protected",
    [
        {3: b"bytes"},
        {3: True},
        {3: -1},
        {3: 70000},
        {4: "text"},
        {4: b""},
        {4: b"x" * 513},
        {33: "text"},
        {33: ()},
        {33: (b"one",)},
        {33: (b"one", "two")},
        {34: b"digest"},
        {34: (-16,)},
        {34: ("sha-256", "text")},
        {258: -16, 3: "text/plain"},
        {258: 99},
        {258: -16},
        {259: "text/plain"},
        {260: "https://content.example"},
        {258: -16, 259: b"x"},
        {258: -16, 260: 5},
    ],
    ids=repr,
)
def test_malformed_headers_are_refused(protected: dict[int | str, CborValue]) -> None:
    with pytest.raises(MalformedHeaderError):
        parse_signed_statement(raw(protected))


@pytest.mark.parametrize("label", [258, 259, 260])
def test_a_hash_envelope_must_be_protected(label: int) -> None:
    with pytest.raises(MalformedHeaderError):
        parse_signed_statement(raw({}, {label: "x"}))


@pytest.mark.parametrize(("code", "size"), [(-16, 32), (-43, 48), (-44, 64)])
def test_a_hash_envelope_is_understood(code: int, size: int) -> None:
    data = sign_statement(
        SIGNER,
        bytes(size),
        content_type=None,
        headers={258: code, 259: "text/plain", 260: "https://content.example/1"},
    )
    envelope = parse_signed_statement(data).hash_envelope
    assert envelope is not None
    assert (envelope.hash_algorithm, envelope.preimage_content_type) == (code, "text/plain")
    with pytest.raises(MalformedHeaderError):
        parse_signed_statement(sign_statement(SIGNER, bytes(size + 1), content_type=None, headers={258: code}))


@pytest.mark.parametrize("value", [True, False, -1, 70000, b"text/plain"])
def test_a_preimage_content_type_is_text_or_a_content_format(value: CborValue) -> None:
    data = sign_statement(SIGNER, bytes(32), content_type=None, headers={258: -16, 259: value})
    with pytest.raises(MalformedHeaderError):
        parse_signed_statement(data)


def test_a_detached_payload_is_understood_and_must_be_supplied() -> None:
    statement = parse_signed_statement(sign_statement(SIGNER, b"elsewhere", detached=True))
    assert statement.message.payload is None
    verify_statement(statement, SIGNER.public_key, payload=b"elsewhere")
    with pytest.raises(PayloadMissingError):
        verify_statement(statement, SIGNER.public_key)
    with pytest.raises(SignatureInvalidError):
        verify_statement(statement, SIGNER.public_key, payload=b"another")


def test_a_critical_label_that_nobody_processes_is_refused_at_verification() -> None:
    data = sign_statement(SIGNER, headers={labels.CRIT: ("private",), "private": 1})
    statement = parse_signed_statement(data)
    with pytest.raises(CriticalHeaderError):
        verify_statement(statement, SIGNER.public_key)


def test_a_critical_label_that_registration_processes_is_fine() -> None:
    data = sign_statement(SIGNER, headers={labels.CRIT: (labels.CONTENT_TYPE,)})
    verify_statement(parse_signed_statement(data), SIGNER.public_key)


def test_a_statement_without_an_algorithm_has_no_verdict() -> None:
    data = encode_sign1(encode({labels.KID: b"k"}), {}, b"p", bytes(64))
    statement = parse_signed_statement(data)
    with pytest.raises(AlgorithmMissingError):
        verify_statement(statement, SIGNER.public_key)


def test_one_byte_over_the_limit_is_too_large() -> None:
    data = sign_statement(SIGNER)
    parse_signed_statement(data, max_bytes=len(data))
    with pytest.raises(TooLargeError):
        parse_signed_statement(data, max_bytes=len(data) - 1)


def test_no_flipped_bit_leaves_a_statement_that_verifies() -> None:
    data = sign_statement(SIGNER, b"content")
    original = parse_signed_statement(data)
    for position in range(len(data)):
        for bit in range(8):
            changed = data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]
            try:
                statement = parse_signed_statement(changed)
                verify_statement(statement, SIGNER.public_key)
            except CounterfoilError:
                continue
            assert statement.hash == original.hash


def test_the_curve_order_of_this_file_is_the_curves() -> None:
    assert ec.SECP256R1().group_order == _ORDER
