"""Attestation results of a verifier elsewhere: affirmed as a whole, in each part and in each claim, or refused."""

from dataclasses import replace
from typing import Any

import pytest

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.appraise import appraise
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.claims import EvidenceClaims, Outcome
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.composite import verify_composite
from counterfoil.attestation.evidence import MAX_SUBMODULES, Evidence, Platform
from counterfoil.attestation.passport.ear import verify_ear
from counterfoil.attestation.token.keys import jwk_thumbprint
from counterfoil.errors import (
    CollateralMissingError,
    CounterfoilError,
    EvidenceMismatchError,
    EvidenceOutOfDateError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceTooOldError,
    EvidenceVersionError,
    MalformedBase64Error,
    MalformedEvidenceError,
    RootUnknownError,
    TokenNotAffirmingError,
)
from tests.attestation_tokens import EAR_CLAIMS, EAR_ISSUER, KEY_ID, NONCE, Issued, TokenIssuer, jwk, key_set, signed
from tests.certificates import AT, DAY

VERIFIER, OTHER = TokenIssuer.p256(), TokenIssuer.p256()
CPU = EAR_CLAIMS["ietf"]["submods"]["cpu"]
VECTOR = CPU["ear_trustworthiness_vector"]


def verified(issued: Issued, at: int = AT) -> EvidenceClaims:
    return verify_ear(issued.evidence, at, issued.anchors, issued.collateral)


def with_cpu(**changes: Any) -> Issued:
    cpu = {name: value for name, value in (CPU | changes).items() if value is not None}
    return VERIFIER.ear({"submods": {"cpu": cpu}})


def with_vector(**changes: Any) -> Issued:
    return with_cpu(ear_trustworthiness_vector={name.replace("_", "-"): value for name, value in changes.items()})


@pytest.mark.parametrize("profile", ["ietf", "veraison"])
def test_a_result_says_of_each_part_what_was_affirmed(profile: str) -> None:
    claims = verified(VERIFIER.ear(profile=profile))
    assert (claims.platform, claims.product, claims.signer) == (Platform.EAR, "EAR", "JWT")
    assert claims.facts["verifier-developer"] == "https://verifier.example"
    assert claims.facts["profile"] == EAR_CLAIMS[profile]["eat_profile"]
    assert claims.facts.get("issuer") == EAR_CLAIMS[profile].get("iss")
    cpu = claims.submodules["cpu"]
    assert cpu.facts == {
        "status": "affirming",
        "policy": "policy-1",
        "instance-identity": "2",
        "configuration": "3",
        "executables": "2",
        "file-system": "0",
        "hardware": "2",
    }
    assert cpu.bound["public-key"] == b"key in DER"
    outcomes = {check.name: check.outcome for check in cpu.checks}
    assert outcomes["hardware"] is Outcome.PASSED
    assert outcomes["file-system"] is Outcome.NOT_CHECKED
    assert outcomes["debug-mode"] is Outcome.NOT_CHECKED
    assert (claims.holds_from, claims.holds_until) == (AT - 60, AT + 3659)


def test_the_nonces_of_the_result_and_of_the_evidence_are_bound() -> None:
    claims = verified(VERIFIER.ear({"eat_nonce": "4wiLr_oQWjggSQJCr4Jb6BtaNiPadXU1BB9gF1C5y4I="}))
    assert claims.bound["nonce"].hex().startswith("e3088baffa10")
    assert claims.submodules["cpu"].bound["nonce"] == NONCE
    assert verified(VERIFIER.ear({"eat_nonce": "AB+/"})).bound["nonce"] == b"\x00\x1f\xbf"
    for nonce in ("4wiL=", "====", "a", "a b", "AB+/="):
        with pytest.raises(MalformedBase64Error):
            verified(VERIFIER.ear({"eat_nonce": nonce}))


def test_the_earlier_version_of_the_profile_is_read() -> None:
    assert verified(VERIFIER.ear({"eat_profile": "tag:ietf.org,2026:rats/ear#03"})).submodules.keys() == {"cpu"}


@pytest.mark.parametrize(
    "profile",
    [
        "tag:ietf.org,2026:rats/ear",
        "tag:ietf.org,2026:rats/ear#05",
        "tag:github.com,2023:veraison/ear#acme",
        "TAG:GITHUB.COM,2023:VERAISON/EAR",
        "",
        None,
    ],
)
def test_a_result_of_another_profile_is_refused(profile: str | None) -> None:
    with pytest.raises(EvidenceVersionError):
        verified(VERIFIER.ear({"eat_profile": profile}))


@pytest.mark.parametrize("profile", ["ietf", "veraison"])
def test_the_claims_of_one_profile_are_not_those_of_the_other(profile: str) -> None:
    other = EAR_CLAIMS["veraison" if profile == "ietf" else "ietf"]["submods"]
    with pytest.raises(MalformedEvidenceError):
        verified(VERIFIER.ear({"submods": other}, profile=profile))


@pytest.mark.parametrize("status", ["warning", "contraindicated", "none"])
def test_what_is_not_affirmed_is_refused(status: str) -> None:
    with pytest.raises(TokenNotAffirmingError):
        verified(with_cpu(ear_status=status))
    with pytest.raises(TokenNotAffirmingError):
        verified(VERIFIER.ear({"ear_status": status}))
    gpu = CPU | {"ear_status": status}
    with pytest.raises(TokenNotAffirmingError):
        verified(VERIFIER.ear({"submods": {"cpu": CPU, "gpu": gpu}}))


@pytest.mark.parametrize("status", ["Affirming", "affirming ", "", "trusted", 2, True, None])
def test_an_unknown_tier_is_refused(status: Any) -> None:
    with pytest.raises(MalformedEvidenceError):
        verified(with_cpu(ear_status=status))


def test_the_whole_may_have_no_tier_but_no_unknown_one() -> None:
    assert verified(VERIFIER.ear({"ear_status": None})).submodules.keys() == {"cpu"}
    with pytest.raises(MalformedEvidenceError):
        verified(VERIFIER.ear({"ear_status": "good"}))


@pytest.mark.parametrize("value", [32, 36, 95, -33, -96, 96, 99, 127, -97, -128])
def test_a_status_does_not_cover_a_claim_that_denies_it(value: int) -> None:
    with pytest.raises(TokenNotAffirmingError):
        verified(with_vector(**(VECTOR | {"hardware": value})))


@pytest.mark.parametrize("value", [-1, 0, 1])
def test_a_claim_that_is_not_made_is_one_that_was_not_checked(value: int) -> None:
    checks = verified(with_vector(hardware=value)).submodules["cpu"].checks
    assert {check.name: check.outcome for check in checks}["hardware"] is Outcome.NOT_CHECKED


def test_a_result_without_a_vector_says_so() -> None:
    checks = verified(with_cpu(ear_trustworthiness_vector=None)).submodules["cpu"].checks
    assert {check.name for check in checks} == {"trustworthiness-vector", "debug-mode"}
    assert {check.outcome for check in checks} == {Outcome.NOT_CHECKED}


@pytest.mark.parametrize(
    "vector",
    [{"hardware": 128}, {"hardware": -129}, {"hardware": 2.0}, {"hardware": "2"}, {"hardware": True}, {"hardwares": 2}],
)
def test_what_is_no_vector_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvidenceError):
        verified(with_vector(**vector))


def test_a_claim_that_is_null_is_none_of_the_vector() -> None:
    with pytest.raises(MalformedEvidenceError):
        verified(with_vector(hardware=None))


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"submods": None}, MalformedEvidenceError),
        ({"submods": {}}, MalformedEvidenceError),
        ({"submods": []}, MalformedEvidenceError),
        ({"submods": {"cpu": None}}, MalformedEvidenceError),
        ({"submods": {"cpu": "affirming"}}, MalformedEvidenceError),
        ({"submods": dict.fromkeys(map(str, range(MAX_SUBMODULES + 1)), CPU)}, MalformedEvidenceError),
        ({"ear_verifier_id": None}, MalformedEvidenceError),
        ({"ear_verifier_id": {"developer": "x"}}, MalformedEvidenceError),
        ({"ear_verifier_id": {"build": "x"}}, MalformedEvidenceError),
        ({"iat": None}, MalformedEvidenceError),
        ({"iat": None, "exp": None}, MalformedEvidenceError),
        ({"iat": AT + 0.5}, MalformedEvidenceError),
        ({"exp": AT + 10.5}, MalformedEvidenceError),
        ({"exp": AT - 60}, EvidenceOutOfDateError),
        ({"iat": AT + 61}, EvidenceOutOfDateError),
        ({"eat_nonce": 1}, MalformedEvidenceError),
    ],
)
def test_a_result_that_says_something_else_is_refused(claims: dict[str, Any], error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        verified(VERIFIER.ear(claims))


@pytest.mark.parametrize("profile", ["ietf", "veraison"])
def test_a_result_may_say_when_it_was_issued_and_not_when_it_expires(profile: str) -> None:
    claims = verified(VERIFIER.ear({"exp": None, "nbf": None}, profile=profile), AT + 365 * DAY)
    assert (claims.issued_at, claims.submodules["cpu"].issued_at, claims.holds_from) == (AT, AT, AT - 60)
    assert "its age counts" in {check.name: check.detail for check in claims.checks}["token-times"]
    with pytest.raises(EvidenceOutOfDateError):
        verified(VERIFIER.ear({"exp": None, "nbf": None}, profile=profile), AT - 61)


def test_an_expiry_or_a_date_that_is_null_is_none_that_was_left_out() -> None:
    for nulls in ({"exp": None}, {"iat": None}, {"exp": None, "iat": None}):
        token = signed(VERIFIER.times() | EAR_CLAIMS["ietf"] | nulls, {"alg": "ES256", "typ": "JWT"}, VERIFIER.key)
        with pytest.raises(MalformedEvidenceError):
            verified(VERIFIER.ear().with_part("token", token))


def test_the_policy_bounds_the_age_of_a_result_that_does_not_expire() -> None:
    issued = VERIFIER.ear({"exp": None})
    policy = AppraisalPolicy(
        name="passports",
        platforms=frozenset({Platform.EAR}),
        bindings=frozenset({Binding.NONE}),
        unchecked=frozenset({"debug-mode", "file-system"}),
        max_age_seconds=100,
    )
    claims = verified(issued, AT + 100)
    appraisal = appraise(issued.evidence, claims, policy, key=None, nonce=None, at=AT + 100)
    assert (appraisal.holds_until, appraisal.ends(AT + 50)) == (AT + 100, AT + 100)
    with pytest.raises(EvidenceTooOldError):
        appraise(issued.evidence, verified(issued, AT + 101), policy, key=None, nonce=None, at=AT + 101)


def test_beside_evidence_without_a_date_its_age_is_bounded_as_well() -> None:
    undated = replace(verified(VERIFIER.ear()), platform=Platform.TPM2, issued_at=None, submodules={})
    given = {Platform.EAR: verified(VERIFIER.ear({"exp": None}), AT + 10**6), Platform.TPM2: undated}
    machine = {"cpu": VERIFIER.ear({"exp": None}).evidence, "tpm": Evidence(Platform.TPM2, {"attest": b""})}
    claims = verify_composite(Evidence(Platform.COMPOSITE, submodules=machine), lambda one: given[one.platform])
    assert claims.issued_at == AT


def pinned(*pins: bytes | None) -> Anchors:
    return Anchors(frozenset(pin for pin in pins if pin is not None))


def test_the_key_is_pinned_however_it_comes() -> None:
    carried = VERIFIER.ear()
    by_thumbprint = Issued(carried.evidence, pinned(jwk_thumbprint(jwk(VERIFIER.key))))
    in_header = VERIFIER.ear(header={"x5c": VERIFIER.chain})
    alone = Evidence(Platform.EAR, {"token": in_header.evidence.parts["token"]})
    ways = {
        "pinned-key": [carried, by_thumbprint, Issued(alone, carried.anchors)],
        "certificate-path": [Issued(alone, VERIFIER.root_pinned), Issued(alone, VERIFIER.ca_key_pinned)],
    }
    for check, issued in ways.items():
        for one in issued:
            assert check in {held.name for held in verified(one).checks if held.outcome is Outcome.PASSED}


def test_the_key_is_one_that_was_loaded_for_the_issuer() -> None:
    issued = VERIFIER.ear(header={"kid": KEY_ID})
    alone = Evidence(Platform.EAR, {"token": issued.evidence.parts["token"]})
    assert len(verified(Issued(alone, collateral=VERIFIER.loaded(EAR_ISSUER))).collateral) == 1
    for loaded in (Collateral(), VERIFIER.loaded("https://other.example")):
        with pytest.raises(CollateralMissingError):
            verified(Issued(alone, issued.anchors, loaded))
    with pytest.raises(EvidenceSignatureError):
        verified(Issued(alone, collateral=OTHER.loaded(EAR_ISSUER)))


def test_a_key_that_is_carried_and_not_pinned_is_not_trusted() -> None:
    for anchors in (Anchors(frozenset()), OTHER.ear().anchors, VERIFIER.root_pinned):
        with pytest.raises(CollateralMissingError):
            verified(VERIFIER.ear().with_anchors(anchors))
    loaded = VERIFIER.loaded(EAR_ISSUER)
    with pytest.raises(CollateralMissingError):
        verified(Issued(VERIFIER.ear().evidence, collateral=loaded))
    with pytest.raises(RootUnknownError):
        verified(Issued(VERIFIER.ear(header={"x5c": OTHER.chain}).evidence, VERIFIER.root_pinned))
    with pytest.raises(EvidenceSignatureError):
        verified(Issued(OTHER.ear(header={"x5c": VERIFIER.chain}).evidence, VERIFIER.root_pinned))
    with pytest.raises(EvidenceSignatureError):
        verified(OTHER.ear().with_part("keys", key_set(jwk(VERIFIER.key))).with_anchors(VERIFIER.ear().anchors))


@pytest.mark.parametrize("algorithm", ["RS256", "HS256", "none", "EdDSA"])
def test_an_algorithm_that_no_verifier_uses_is_refused(algorithm: str) -> None:
    with pytest.raises(EvidenceVersionError):
        verified(VERIFIER.ear(header={"alg": algorithm}))


def test_an_algorithm_goes_with_the_key() -> None:
    with pytest.raises(EvidenceMismatchError):
        verified(VERIFIER.ear(header={"alg": "ES384"}))
    with pytest.raises(EvidenceMismatchError):
        verified(VERIFIER.ear(header={"alg": "ES384", "x5c": VERIFIER.chain}))


@pytest.mark.parametrize("parts", [{}, {"keys": b"x"}, {"token": b"x", "more": b"x"}])
def test_the_evidence_is_a_token_and_perhaps_keys(parts: dict[str, bytes]) -> None:
    with pytest.raises(EvidencePartError):
        verified(Issued(Evidence(Platform.EAR, parts)))
