"""Which key must have signed: kid, x5t and x5chain, each alone and together."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from counterfoil.cose.private_keys import LocalSigner, parse_private_key_pem
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.encoding.cbor import CborValue
from counterfoil.errors import (
    CertificateMissingError,
    ClaimMissingError,
    IssuerUnknownError,
    KeyIdentifierConflictError,
    KeyIdentifierMissingError,
    KeyOfAnotherIssuerError,
    KeyUnknownError,
    MalformedCertificateError,
    SignedByLogKeyError,
)
from counterfoil.policy.document import Issuer
from counterfoil.policy.rules import Rules
from counterfoil.signing.generate import generate_key_pem, generate_private_key
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.issuer import IssuerKey, find_issuer_key
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import ISSUER, ORIGIN, START, policy_for, sign_statement

_PEM = generate_key_pem("ES256")
AGENT = parse_private_key_pem(_PEM)
SECOND = generate_private_key("ES256")
OTHER = generate_private_key("ES256")
LOG = {purpose: generate_private_key("ES256") for purpose in KeyPurpose}


def certificate(pem: bytes) -> bytes:
    key = load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "agent")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(days=900))
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


CERTIFICATE = certificate(_PEM)
STRANGER = certificate(generate_key_pem("ES256"))
THUMBPRINT = sha256(CERTIFICATE).digest()


def rules() -> Rules:
    agent = Issuer(
        ISSUER,
        (
            IssuerKey(AGENT.public_key.thumbprint, AGENT.public_key),
            IssuerKey(b"second", SECOND.public_key),
        ),
        frozenset(),
    )
    other = Issuer("https://other.example", (IssuerKey(b"other", OTHER.public_key),), frozenset())
    genesis = Genesis(parse_origin(ORIGIN), {purpose: signer.public_key for purpose, signer in LOG.items()})
    return Rules(genesis, policy_for(agent, other), 0, 0)


def find(
    signer: LocalSigner = AGENT,
    *,
    kid: bytes | None = None,
    issuer: str | None = ISSUER,
    subject: str | None = "s",
    headers: dict[int | str, CborValue] | None = None,
    unprotected: dict[int | str, CborValue] | None = None,
) -> bytes:
    data = sign_statement(
        signer,
        issuer=issuer,
        subject=subject,
        kid=kid,
        headers=headers,
        unprotected=unprotected,
    )
    return find_issuer_key(parse_signed_statement(data), rules(), START).key.thumbprint


def without_kid(
    headers: dict[int | str, CborValue],
    unprotected: dict[int | str, CborValue] | None = None,
) -> bytes:

    data = sign_sign1(
        AGENT,
        {3: "application/json", 15: {1: ISSUER, 2: "s"}, **headers},
        b"p",
        unprotected=unprotected or {},
    )
    return find_issuer_key(parse_signed_statement(data), rules(), START).key.thumbprint


def test_kid_selects_by_thumbprint_and_by_the_issuers_own_name() -> None:
    assert find() == AGENT.public_key.thumbprint
    assert find(SECOND) == SECOND.public_key.thumbprint
    assert find(SECOND, kid=b"second") == SECOND.public_key.thumbprint


def test_a_certificate_selects_the_key_it_certifies() -> None:
    assert without_kid({33: CERTIFICATE}) == AGENT.public_key.thumbprint
    assert without_kid({33: (CERTIFICATE, STRANGER)}) == AGENT.public_key.thumbprint
    assert without_kid({34: (-16, THUMBPRINT)}, {33: CERTIFICATE}) == AGENT.public_key.thumbprint
    assert find(headers={33: CERTIFICATE, 34: (-16, THUMBPRINT)}) == AGENT.public_key.thumbprint


def test_the_logs_own_issuer_answers_with_its_operator_and_service_keys() -> None:
    issuer = parse_origin(ORIGIN).issuer
    for purpose in (KeyPurpose.OPERATOR, KeyPurpose.SERVICE):
        assert find(LOG[purpose], issuer=issuer) == LOG[purpose].public_key.thumbprint


def test_absent_claims_are_refused() -> None:
    with pytest.raises(ClaimMissingError, match="iss"):
        find(issuer=None)
    with pytest.raises(ClaimMissingError, match="sub"):
        find(subject=None)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(IssuerUnknownError):
        find(issuer=ISSUER.upper())
    with pytest.raises(KeyUnknownError):
        find(kid=b"nobody's")
    with pytest.raises(KeyOfAnotherIssuerError):
        find(kid=b"other")
    with pytest.raises(KeyOfAnotherIssuerError):
        find(kid=OTHER.public_key.thumbprint)
    with pytest.raises(KeyOfAnotherIssuerError):
        find(kid=LOG[KeyPurpose.OPERATOR].public_key.thumbprint)


@pytest.mark.parametrize("purpose", [KeyPurpose.RECEIPT, KeyPurpose.CHECKPOINT])
@pytest.mark.parametrize("issuer", [ISSUER, f"https://{ORIGIN}", "https://unknown.example"])
def test_receipt_and_checkpoint_keys_sign_no_statements(purpose: KeyPurpose, issuer: str) -> None:
    with pytest.raises(SignedByLogKeyError):
        find(LOG[purpose], issuer=issuer)


def test_no_identifier_at_all_is_refused() -> None:
    with pytest.raises(KeyIdentifierMissingError):
        without_kid({})
    with pytest.raises(KeyIdentifierMissingError):
        without_kid({}, {33: CERTIFICATE})


def test_identifiers_that_disagree_are_refused() -> None:
    with pytest.raises(KeyIdentifierConflictError):
        find(SECOND, headers={33: CERTIFICATE})
    with pytest.raises(KeyIdentifierConflictError):
        find(headers={33: STRANGER})
    with pytest.raises(KeyIdentifierConflictError):
        without_kid({33: (STRANGER, CERTIFICATE), 34: (-16, THUMBPRINT)})


def test_certificates_of_strangers_and_absent_ones_are_refused() -> None:
    with pytest.raises(KeyUnknownError):
        without_kid({33: STRANGER})
    with pytest.raises(CertificateMissingError):
        without_kid({34: (-16, THUMBPRINT)})
    with pytest.raises(CertificateMissingError):
        without_kid({34: (-16, THUMBPRINT)}, {33: STRANGER})
    with pytest.raises(MalformedCertificateError):
        without_kid({33: b"no certificate"})
