"""Statements and receipts that others published or use in production, read where they lie beside the project."""

import json
from pathlib import Path

import pytest

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey, certificate_digest, certificate_key, parse_public_key_pem
from counterfoil.errors import (
    MalformedError,
    NotSign1Error,
    ReceiptAsStatementError,
    SignatureInvalidError,
    StructureUnsupportedError,
    UnverifiedError,
)
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.receipt.verify import verify_inclusion_receipt
from counterfoil.statement.hash_envelope import HashEnvelope
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement, verify_statement
from tests.interop.receipt_mutations import flip
from tests.vectors_dir import require_shared

RECEIPTS = (
    "valid-es256",
    "valid-eddsa",
    "valid-ccf-vds2",
    "fail-bad-statement-sig",
    "fail-tampered-path",
    "fail-unsupported-vds",
)
OF_CCF = {"valid-ccf-vds2", "fail-unsupported-vds"}
"""Receipts of another structure: here the reason to refuse them is that alone, whatever they would prove."""

STATEMENTS = {
    "css-attested-20250812": "attestation/attested_statement/css-attested-20250812.cose",
    "css-attested-20260302": "attestation/attested_statement/css-attested-20260302.cose",
    "cosesign1tool": "scitt/ccf-payloads/cosesign1tool-scitt-a3be7e5.cose",
    "cts-hashv": "scitt/ccf-payloads/cts-hashv-cwtclaims-b64url.cose",
    "manifest.spdx": "scitt/ccf-payloads/manifest.spdx.json.sha384.digest.cose",
    "uvm": "scitt/transparent_statements/uvm_0.2.10.cose",
}
TAGGED_DATES = {"css-attested-20250812", "cts-hashv", "manifest.spdx", "uvm"}
BY_CERTIFICATE = ("cosesign1tool", "cts-hashv", "manifest.spdx", "uvm")


@pytest.mark.parametrize("name", RECEIPTS)
class TestReceipts:
    def test_the_statement(self, name: str) -> None:
        statement, key = _statement(name), _key(name, "issuer-key.pub")
        assert statement.hash.hex() == _expected(name)["leaf_entry"]
        if _expected(name)["statement_signature_valid"]:
            verify_statement(statement, key)
            return
        with pytest.raises(SignatureInvalidError):
            verify_statement(statement, key)

    def test_the_receipt(self, name: str) -> None:
        data, leaf, key = _read(name, "receipt.cose"), statement_leaf(_statement(name).hash), _key(name, "log-key.pub")
        expected = _expected(name)
        if name in OF_CCF:
            with pytest.raises(StructureUnsupportedError):
                parse_receipt(data)
        elif expected["receipt_valid"]:
            verified = verify_inclusion_receipt(parse_receipt(data), leaf, key)
            assert verified.head.root.hex() == expected["reconstructed_root"]
            assert (verified.leaf_index, verified.head.size) == (expected["leaf_index"], expected["tree_size"])
        else:
            with pytest.raises(UnverifiedError):
                verify_inclusion_receipt(parse_receipt(data), leaf, key)

    def test_the_receipt_with_another_leaf_or_key(self, name: str) -> None:
        leaf, key = statement_leaf(_statement(name).hash), _key(name, "log-key.pub")
        for other_leaf, other_key in ((type(leaf)(flip(leaf)), key), (leaf, _key(name, "issuer-key.pub"))):
            with pytest.raises(UnverifiedError):
                verify_inclusion_receipt(parse_receipt(_read(name, "receipt.cose")), other_leaf, other_key)

    def test_the_verdict_on_both(self, name: str) -> None:
        expected_here = "INVALID" if name in OF_CCF else _expected(name)["result"]
        assert _verdict(name) == expected_here


@pytest.mark.parametrize("name", STATEMENTS)
class TestStatementsOfOthers:
    def test_parses_and_keeps_what_is_signed(self, name: str) -> None:
        data = require_shared(STATEMENTS[name]).read_bytes()
        statement = parse_signed_statement(data)
        assert statement.claims.issuer is not None
        assert statement.claims.subject is not None
        assert statement.claims.issued_at is not None
        assert statement.claims.tagged_dates == (name in TAGGED_DATES)
        again = parse_signed_statement(statement.encoded)
        assert (again.hash, dict(again.message.unprotected)) == (statement.hash, {})
        assert again.message.protected_bytes == statement.message.protected_bytes

    def test_any_shorter_message_is_malformed(self, name: str) -> None:
        data = require_shared(STATEMENTS[name]).read_bytes()
        for size in [*range(0, len(data), 97), len(data) - 1]:
            with pytest.raises(MalformedError):
                parse_signed_statement(data[:size])


@pytest.mark.parametrize("name", BY_CERTIFICATE)
class TestCertificates:
    def test_x5t_names_the_first_and_its_key_signed(self, name: str) -> None:
        statement = _real(name)
        assert statement.x5t is not None
        hash_algorithm, digest = statement.x5t
        assert hash_algorithm == labels.SHA256
        assert certificate_digest(statement.x5chain[0], hash_algorithm) == digest
        verify_statement(statement, certificate_key(statement.x5chain[0]))

    def test_no_other_certificate_of_the_chain_signed(self, name: str) -> None:
        statement = _real(name)
        for certificate in statement.x5chain[1:]:
            with pytest.raises(UnverifiedError):
                verify_statement(statement, certificate_key(certificate))


def test_a_hash_envelope() -> None:
    statement = _real("uvm")
    assert statement.hash_envelope == HashEnvelope(labels.SHA384, "application/octet-stream", None)
    assert (statement.content_type, len(statement.message.payload or b"")) == (None, 48)


def test_the_receipt_of_a_production_statement_is_of_another_structure() -> None:
    transparent = parse_transparent_statement(require_shared(STATEMENTS["uvm"]).read_bytes())
    (receipt,) = transparent.receipts
    with pytest.raises(StructureUnsupportedError):
        parse_receipt(receipt)


def test_the_receipt_of_an_early_release_is_no_cose_message() -> None:
    """What stands under 394 there is from before RFC 9942; the statement around it is read all the same."""
    transparent = parse_transparent_statement(require_shared(STATEMENTS["cts-hashv"]).read_bytes())
    (receipt,) = transparent.receipts
    with pytest.raises(NotSign1Error):
        parse_receipt(receipt)


class TestExamplesOfRfc9942:
    def test_inclusion(self) -> None:
        receipt = parse_receipt(require_shared("scitt/rfc9942-examples/inclusion-receipt.cbor").read_bytes())
        (proof,) = receipt.inclusion
        assert (proof.size, proof.position, len(proof.path), receipt.consistency) == (5, 3, 3, ())
        assert (receipt.kid, receipt.claims.issuer) == (b"test-key-1", "https://transparency-service.example.com")

    def test_consistency(self) -> None:
        receipt = parse_receipt(require_shared("scitt/rfc9942-examples/consistency-receipt.cbor").read_bytes())
        (proof,) = receipt.consistency
        assert (proof.position, proof.size, len(proof.path), receipt.inclusion) == (3, 5, 4, ())
        assert receipt.message.payload is None

    @pytest.mark.parametrize("name", ["inclusion-receipt.cbor", "consistency-receipt.cbor"])
    def test_a_receipt_is_no_statement(self, name: str) -> None:
        data = require_shared("scitt/rfc9942-examples", name).read_bytes()
        with pytest.raises(ReceiptAsStatementError):
            parse_signed_statement(data)


def _verdict(name: str) -> str:
    try:
        verify_statement(_statement(name), _key(name, "issuer-key.pub"))
        receipt = parse_receipt(_read(name, "receipt.cose"))
        verify_inclusion_receipt(receipt, statement_leaf(_statement(name).hash), _key(name, "log-key.pub"))
    except UnverifiedError:
        return "INVALID"
    return "VALID"


def _folder(name: str) -> Path:
    return require_shared("scitt", "receipts-v1", name)


def _read(name: str, file: str) -> bytes:
    return (_folder(name) / file).read_bytes()


def _key(name: str, file: str) -> PublicKey:
    return parse_public_key_pem(_read(name, file))


def _statement(name: str) -> SignedStatement:
    return parse_signed_statement(_read(name, "statement.cose"))


def _real(name: str) -> SignedStatement:
    return parse_signed_statement(require_shared(STATEMENTS[name]).read_bytes())


def _expected(name: str) -> dict[str, object]:
    expected: dict[str, object] = json.loads(_read(name, "expected.json"))
    return expected
