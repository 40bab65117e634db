"""Messages that others wrote: production statements, receipts and published vectors. Skipped where they are absent."""

import json
from pathlib import Path

import pytest

from counterfoil.cose import labels
from counterfoil.cose.certificates import certificate_digest, certificate_key
from counterfoil.cose.public_key import PublicKey, parse_public_key_pem, public_key_of
from counterfoil.cose.sign1 import Sign1, encode_sign1, parse_sign1, verify_sign1
from counterfoil.encoding.cbor import Tagged
from counterfoil.errors import NotSign1Error, SignatureInvalidError
from tests.vectors_dir import require_shared

ROOM = 1 << 20
V1 = (
    "fail-bad-statement-sig",
    "fail-tampered-path",
    "fail-unsupported-vds",
    "valid-ccf-vds2",
    "valid-eddsa",
    "valid-es256",
)
CERTIFIED = (
    ("scitt", "ccf-payloads", "cosesign1tool-scitt-a3be7e5.cose"),
    ("scitt", "ccf-payloads", "cts-hashv-cwtclaims-b64url.cose"),
    ("scitt", "ccf-payloads", "manifest.spdx.json.sha384.digest.cose"),
    ("scitt", "transparent_statements", "uvm_0.2.10.cose"),
)


def read(*parts: str) -> Sign1:
    return parse_sign1(require_shared(*parts).read_bytes(), max_bytes=ROOM)


def key_in(path: Path) -> PublicKey:
    return parse_public_key_pem(path.read_bytes())


@pytest.mark.parametrize("parts", CERTIFIED, ids=lambda parts: parts[-1])
def test_a_production_statement_verifies_with_its_own_certificate(parts: tuple[str, ...]) -> None:
    message = read(*parts)
    chain = message.protected[labels.X5CHAIN]
    leaf = chain[0] if isinstance(chain, tuple) else chain
    assert isinstance(leaf, bytes)
    verify_sign1(message, certificate_key(leaf))
    named = message.protected[labels.X5T]
    assert isinstance(named, tuple)
    assert isinstance(named[0], int)
    assert certificate_digest(leaf, named[0]) == named[1]
    spoiled = encode_sign1(message.protected_bytes, {}, (message.payload or b"") + b"x", message.signature)
    with pytest.raises(SignatureInvalidError):
        verify_sign1(parse_sign1(spoiled, max_bytes=ROOM), certificate_key(leaf))


def test_receipts_in_a_transparent_statement_are_messages() -> None:
    receipts = read("scitt", "transparent_statements", "uvm_0.2.10.cose").unprotected[labels.RECEIPTS]
    assert isinstance(receipts, tuple)
    assert receipts
    for receipt in receipts:
        assert isinstance(receipt, bytes)
        assert parse_sign1(receipt, max_bytes=ROOM).protected[labels.VDS] == labels.VDS_CCF


def test_a_receipt_of_the_time_before_the_rfc_is_carried_and_is_no_message() -> None:
    receipts = read("scitt", "ccf-payloads", "cts-hashv-cwtclaims-b64url.cose").unprotected[labels.RECEIPTS]
    assert isinstance(receipts, tuple)
    assert isinstance(receipts[0], bytes)
    with pytest.raises(NotSign1Error):
        parse_sign1(receipts[0], max_bytes=ROOM)


@pytest.mark.parametrize("name", ["css-attested-20250812.cose", "css-attested-20260302.cose"])
def test_an_attested_statement_with_its_19_kb_header_is_read(name: str) -> None:
    message = read("attestation", "attested_statement", name)
    assert len(message.protected_bytes) > 18_000
    assert any(isinstance(label, str) for label in message.protected)


def test_tagged_dates_are_found_where_production_tools_write_them() -> None:
    tagged = 0
    for parts in CERTIFIED:
        claims = read(*parts).protected[labels.CWT_CLAIMS]
        assert isinstance(claims, dict)
        tagged += isinstance(claims.get(labels.CWT_IAT), Tagged)
    assert tagged == 3


@pytest.mark.parametrize("name", V1)
def test_the_statements_of_the_receipt_vectors(name: str) -> None:
    folder = require_shared("scitt", "receipts-v1", name)
    expected = json.loads((folder / "expected.json").read_bytes())
    assert expected
    message = parse_sign1((folder / "statement.cose").read_bytes(), max_bytes=ROOM)
    key = key_in(folder / "issuer-key.pub")
    payload = (folder / "payload.bin").read_bytes() if message.payload is None else None
    if name == "fail-bad-statement-sig":
        with pytest.raises(SignatureInvalidError):
            verify_sign1(message, key, payload=payload)
    else:
        verify_sign1(message, key, payload=payload)


@pytest.mark.parametrize("name", V1)
def test_the_receipts_of_the_receipt_vectors_are_read(name: str) -> None:
    message = read("scitt", "receipts-v1", name, "receipt.cose")
    assert labels.VDS in message.protected
    assert labels.VDP in message.unprotected


@pytest.mark.parametrize("name", ["inclusion-receipt.cbor", "consistency-receipt.cbor"])
def test_the_receipts_of_rfc_9942_are_read(name: str) -> None:
    message = read("scitt", "rfc9942-examples", name)
    assert message.protected[labels.VDS] == labels.VDS_RFC9162_SHA256
    assert isinstance(message.unprotected[labels.VDP], dict)


def test_an_untagged_production_message_is_refused() -> None:
    data = require_shared("attestation", "nitro", "debug_doc.cbor").read_bytes()
    with pytest.raises(NotSign1Error):
        parse_sign1(data, max_bytes=ROOM)


def test_a_key_from_the_vectors_is_the_librarys() -> None:
    key = key_in(require_shared("scitt", "receipts-v1", "valid-es256", "log-key.pub"))
    assert public_key_of(key.material) == key
