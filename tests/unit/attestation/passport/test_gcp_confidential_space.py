"""Tokens of Confidential Space: a real one, and ones of a test's own service."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from counterfoil.attestation.anchors import Anchors, vendor_anchors
from counterfoil.attestation.claims import EvidenceClaims, Outcome
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.passport.gcp_confidential_space import verify_gcp_confidential_space
from counterfoil.errors import (
    CertificateOutOfDateError,
    CollateralMissingError,
    CounterfoilError,
    EvidenceOutOfDateError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceVersionError,
    MalformedEvidenceError,
    RootUnknownError,
    TokenIssuerError,
    UnverifiedError,
)
from tests.attestation_tokens import GCP_CLAIMS, GCP_ISSUER, NONCE, Issued, TokenIssuer, x5c
from tests.certificates import AT, NOT_AFTER, Says, issued, rsa_key
from tests.vectors_dir import require_shared

REAL_ISSUED = 1_757_060_250
PINNED = vendor_anchors(Platform.GCP_CONFIDENTIAL_SPACE)
SERVICE, OTHER = TokenIssuer.rsa(), TokenIssuer.rsa(1)


def real() -> bytes:
    return require_shared("attestation", "gcp", "confidential_space.jwt").read_bytes()


def judged(raw: bytes, at: int = REAL_ISSUED, anchors: Anchors = PINNED) -> EvidenceClaims:
    return verify_gcp_confidential_space(
        Evidence(Platform.GCP_CONFIDENTIAL_SPACE, {"token": raw}), at, anchors, NO_COLLATERAL
    )


def verified(given: Issued, at: int = AT) -> EvidenceClaims:
    return verify_gcp_confidential_space(given.evidence, at, given.anchors, given.collateral)


def test_a_real_token_is_genuine_at_its_time() -> None:
    claims = judged(real())
    assert (claims.platform, claims.product, claims.signer) == (
        Platform.GCP_CONFIDENTIAL_SPACE,
        "GCP_INTEL_TDX",
        "JWT",
    )
    digest = "e2e5e3672f416ac9ca71aa639abf86db0b713729a48c125a925af6c808b20b5d"
    assert claims.measurements["image"].hex() == digest
    assert claims.bound == {"nonce": b"75a91c8dbe289f190d5e70ab1cb70c93cc14d7243f0ef3ff5326a622ead220a6"}
    assert not claims.debug
    assert claims.tcb_status == "UpToDate"
    assert claims.issued_at == REAL_ISSUED
    assert (claims.holds_from, claims.holds_until) == (REAL_ISSUED - 60, REAL_ISSUED + 3659)
    expected = {
        "issuer": GCP_ISSUER,
        "audience": "z08381475938604996746",
        "hwmodel": "GCP_INTEL_TDX",
        "swname": "CONFIDENTIAL_SPACE",
        "zone": "us-west1-b",
        "project-id": "oak-examples-477357",
        "secure-boot": "true",
        "support-stable": "true",
        "restart-policy": "Never",
        "arguments": '["/usr/local/bin/ctf_sha2"]',
    }
    assert expected.items() <= dict(claims.facts).items()
    outcomes = {check.name: check.outcome for check in claims.checks}
    assert outcomes.pop("certificate-revocation") is Outcome.NOT_CHECKED
    assert outcomes == dict.fromkeys(("token-signature", "token-times", "certificate-path"), Outcome.PASSED)


def test_the_real_root_is_found_where_it_is_supplied() -> None:
    pem = require_shared("attestation", "gcp", "confidential_space_root.pem").read_bytes()
    root = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert judged(real(), anchors=Anchors(PINNED.pins, (root,))).product == "GCP_INTEL_TDX"


@pytest.mark.parametrize(
    ("at", "error"),
    [
        (REAL_ISSUED - 61, EvidenceOutOfDateError),
        (REAL_ISSUED + 3660, EvidenceOutOfDateError),
        (REAL_ISSUED + 70 * 86_400, CertificateOutOfDateError),
        (0, CertificateOutOfDateError),
    ],
)
def test_a_real_token_is_of_its_time(at: int, error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        judged(real(), at)


def test_a_real_token_leads_to_no_other_root() -> None:
    for anchors in (Anchors(frozenset()), SERVICE.root_pinned, vendor_anchors(Platform.NVIDIA_NRAS)):
        with pytest.raises(RootUnknownError):
            judged(real(), anchors=anchors)


def test_no_byte_of_a_real_token_can_be_another() -> None:
    raw = real()
    dots = [place for place, octet in enumerate(raw) if octet == ord(".")]
    edges = {place + by for place in (0, *dots, len(raw) - 1) for by in (-2, -1, 0, 1, 2)}
    for place in sorted(set(range(0, len(raw), 48)) | {edge for edge in edges if 0 <= edge < len(raw)}):
        for octet in {ord("A"), raw[place] ^ 0x01, ord("="), 0xFF} - {raw[place]}:
            with pytest.raises(CounterfoilError):
                judged(raw[:place] + bytes((octet,)) + raw[place + 1 :])


def test_no_byte_of_a_real_token_can_be_left_out_or_added() -> None:
    raw = real()
    for place in range(0, len(raw) + 1, 301):
        for changed in (raw[:place] + raw[place + 1 :], raw[:place], raw[:place] + b"A" + raw[place:]):
            if changed != raw:
                with pytest.raises(CounterfoilError):
                    judged(changed)


def test_a_token_of_a_test_says_what_it_says() -> None:
    claims = verified(SERVICE.gcp())
    assert claims.bound == {"nonce": NONCE.hex().encode()}
    assert claims.measurements == {"image": bytes((7,) * 32)}
    assert claims.facts["service-account"] == "agent@example"
    assert claims.tcb_status is None


@pytest.mark.parametrize(
    ("status", "debug"),
    [
        ("disabled-since-boot", False),
        ("enabled", True),
        ("disabled", True),
        ("Disabled-since-boot", True),
        ("", True),
        (None, True),
    ],
)
def test_what_does_not_say_that_debugging_was_off_is_a_debug_mode(status: str | None, debug: bool) -> None:  # noqa: FBT001 - a parametrised expectation
    assert verified(SERVICE.gcp({"dbgstat": status})).debug is debug


def test_several_nonces_stand_beside_one_another() -> None:
    claims = verified(SERVICE.gcp({"eat_nonce": ["first nonce", "zweite für uns"]}))
    assert claims.bound == {"nonce": b"first nonce", "nonce-1": "zweite für uns".encode()}
    assert verified(SERVICE.gcp({"eat_nonce": None})).bound == {}


def test_a_token_for_several_is_not_one_for_one() -> None:
    assert verified(SERVICE.gcp({"aud": ["us"]})).facts["audience"] == "us"
    facts = verified(SERVICE.gcp({"aud": ["us", "them"]})).facts
    assert (facts["audience-0"], facts["audience-1"]) == ("us", "them")
    assert "audience" not in facts
    assert "audience" not in verified(SERVICE.gcp({"aud": None})).facts


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "https://confidentialcomputing.googleapis.com/"}, TokenIssuerError),
        ({"iss": "https://confidentialcomputing-googleapis.com"}, TokenIssuerError),
        ({"iss": "https://confidentialcomputing.googleapis.com.example"}, TokenIssuerError),
        ({"iss": GCP_ISSUER + "\n"}, TokenIssuerError),
        ({"iss": None}, TokenIssuerError),
        ({"iss": [GCP_ISSUER]}, MalformedEvidenceError),
        ({"exp": None}, MalformedEvidenceError),
        ({"exp": AT - 60}, EvidenceOutOfDateError),
        ({"nbf": AT + 61}, EvidenceOutOfDateError),
        ({"iat": AT + 61}, EvidenceOutOfDateError),
        ({"hwmodel": None}, EvidenceVersionError),
        ({"hwmodel": 1}, MalformedEvidenceError),
        ({"dbgstat": False}, MalformedEvidenceError),
        ({"secboot": "true"}, MalformedEvidenceError),
        ({"eat_nonce": 1}, MalformedEvidenceError),
        ({"eat_nonce": ["a", 1]}, MalformedEvidenceError),
        ({"eat_nonce": ["a"] * 7}, MalformedEvidenceError),
        ({"aud": {"a": 1}}, MalformedEvidenceError),
        ({"submods": []}, MalformedEvidenceError),
        ({"submods": {"container": "x"}}, MalformedEvidenceError),
        ({"submods": {"container": {"image_digest": "00" * 32}}}, MalformedEvidenceError),
        ({"submods": {"container": {"image_digest": "sha256:" + "00" * 31}}}, MalformedEvidenceError),
        ({"submods": {"container": {"image_digest": "sha512:" + "00" * 32}}}, MalformedEvidenceError),
        ({"submods": {"confidential_space": {"support_attributes": ["stable,latest"]}}}, MalformedEvidenceError),
    ],
)
def test_a_token_that_says_something_else_is_refused(claims: dict[str, Any], error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        verified(SERVICE.gcp(claims))


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ({"alg": "PS256"}, EvidenceVersionError),
        ({"alg": "none"}, EvidenceVersionError),
        ({"crit": ["x"]}, EvidenceVersionError),
        ({"x5c": None}, CollateralMissingError),
        ({"x5c": x5c(SERVICE.leaf)}, RootUnknownError),
        ({"x5c": x5c(SERVICE.top, SERVICE.ca, SERVICE.leaf)}, UnverifiedError),
        ({"x5c": x5c(OTHER.leaf, OTHER.ca, OTHER.top)}, RootUnknownError),
        ({"x5c": x5c(OTHER.leaf, OTHER.ca, SERVICE.top)}, UnverifiedError),
    ],
)
def test_a_header_that_says_something_else_is_refused(header: dict[str, Any], error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        verified(SERVICE.gcp(header=header))


def test_a_certificate_of_the_service_does_not_lend_its_name_to_another_key() -> None:
    thief = TokenIssuer(rsa_key(2048, 1), SERVICE.leaf, SERVICE.ca, SERVICE.top)
    with pytest.raises(EvidenceSignatureError):
        verified(thief.gcp())


def test_a_token_without_certificates_is_under_a_key_that_was_loaded() -> None:
    bare = SERVICE.gcp(header={"x5c": None}).evidence
    claims = verified(Issued(bare, collateral=SERVICE.loaded(GCP_ISSUER)))
    assert claims.product == GCP_CLAIMS["hwmodel"]
    assert len(claims.collateral) == 1
    for loaded in (SERVICE.loaded("https://other.example"), Collateral()):
        with pytest.raises(CollateralMissingError):
            verified(Issued(bare, collateral=loaded))
    with pytest.raises(EvidenceSignatureError):
        verified(Issued(bare, collateral=OTHER.loaded(GCP_ISSUER)))


def test_certificates_that_lead_nowhere_are_not_made_good_by_a_key_that_was_loaded() -> None:
    with pytest.raises(RootUnknownError):
        verified(Issued(SERVICE.gcp().evidence, collateral=SERVICE.loaded(GCP_ISSUER)))


@pytest.mark.parametrize("parts", [{}, {"jwt": b"x"}, {"token": b"x", "more": b"x"}])
def test_the_evidence_is_one_part(parts: dict[str, bytes]) -> None:
    with pytest.raises(EvidencePartError):
        verified(Issued(Evidence(Platform.GCP_CONFIDENTIAL_SPACE, parts)))


def test_the_shorter_of_token_and_certificates_ends_the_claims() -> None:
    assert verified(SERVICE.gcp({"exp": AT + 10**9})).holds_until == NOT_AFTER
    young = issued(SERVICE.ca, "young", Says(not_before=AT - 30), SERVICE.key)
    claims = verified(SERVICE.gcp(header={"x5c": x5c(young, SERVICE.ca, SERVICE.top)}))
    assert (claims.holds_from, claims.holds_until) == (AT - 30, AT + 3659)
