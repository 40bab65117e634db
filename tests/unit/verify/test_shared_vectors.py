"""Receipts that others made: they verify, or fail for the reason their makers name."""

import pytest

from counterfoil.cose.keys import PublicKey, parse_public_key_pem
from counterfoil.errors import LogKeyUnknownError, SignatureInvalidError, StructureUnsupportedError, UnverifiedError
from counterfoil.receipt.parse import parse_receipt
from counterfoil.signing.generate import generate_private_key
from counterfoil.verify import (
    LogKey,
    LogKeys,
    SignatureChecked,
    SignatureNotChecked,
    VerifiedStatement,
    not_established,
    parse_log_keys,
    verify_receipt,
    verify_transparent_statement,
)
from tests.vectors_dir import require_shared


def _verify(name: str, *, with_issuer: bool = True) -> VerifiedStatement:
    folder = require_shared("scitt", "receipts-v1", name)
    return verify_receipt(
        (folder / "statement.cose").read_bytes(),
        (folder / "receipt.cose").read_bytes(),
        parse_log_keys((folder / "log-key.pub").read_bytes()),
        issuer_key=_issuer_key(name) if with_issuer else None,
    )


def _issuer_key(name: str) -> PublicKey:
    folder = require_shared("scitt", "receipts-v1", name)
    return parse_public_key_pem((folder / "issuer-key.pub").read_bytes())


@pytest.mark.parametrize("name", ["valid-es256", "valid-eddsa"])
def test_receipts_by_another_implementation_verify(name: str) -> None:
    result = _verify(name)
    assert result.issuer_signature == SignatureChecked(_issuer_key(name).thumbprint)
    assert (result.inclusion.leaf_index, result.inclusion.tree_size) == (2, 8)
    assert not_established.NO_TIME in result.not_established


def test_a_tampered_path_leads_to_another_root_than_the_signed_one() -> None:
    with pytest.raises(SignatureInvalidError):
        _verify("fail-tampered-path")


def test_a_bad_statement_signature_is_found_only_with_the_issuers_key() -> None:
    result = _verify("fail-bad-statement-sig", with_issuer=False)
    assert result.issuer_signature == SignatureNotChecked()
    assert not_established.ISSUER_UNCHECKED in result.not_established
    with pytest.raises(SignatureInvalidError):
        _verify("fail-bad-statement-sig")


@pytest.mark.parametrize("name", ["fail-unsupported-vds", "valid-ccf-vds2"])
def test_another_structure_is_unsupported_however_valid(name: str) -> None:
    with pytest.raises(StructureUnsupportedError):
        _verify(name)


def test_a_production_statement_with_receipts_of_another_structure_shows_nothing() -> None:
    data = require_shared("scitt", "transparent_statements", "uvm_0.2.10.cose").read_bytes()
    key = generate_private_key("ES384").public_key
    with pytest.raises(StructureUnsupportedError):
        verify_transparent_statement(data, LogKeys((LogKey(key),)))


@pytest.mark.parametrize("name", ["inclusion-receipt.cbor", "consistency-receipt.cbor"])
def test_the_examples_of_the_rfc_are_read(name: str) -> None:
    receipt = parse_receipt(require_shared("scitt", "rfc9942-examples", name).read_bytes())
    assert receipt.kid == b"test-key-1"
    assert receipt.claims.issuer == "https://transparency-service.example.com"
    assert len(receipt.inclusion) + len(receipt.consistency) == 1


def test_the_key_set_says_which_key_the_examples_name() -> None:
    statement = require_shared("scitt", "receipts-v1", "valid-es256", "statement.cose").read_bytes()
    receipt = require_shared("scitt", "rfc9942-examples", "inclusion-receipt.cbor").read_bytes()
    key = generate_private_key("ES256").public_key
    with pytest.raises(LogKeyUnknownError):
        verify_receipt(statement, receipt, LogKeys((LogKey(key),)))
    with pytest.raises(UnverifiedError):
        verify_receipt(statement, receipt, LogKeys((LogKey(key, b"test-key-1"),)))
