"""Detached bundles of NVIDIA's service: the platform's token, one for each GPU, and what ties them together."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.anchors import Anchors, vendor_anchors
from counterfoil.attestation.claims import EvidenceClaims, Outcome
from counterfoil.attestation.collateral import Collateral, collateral_digest
from counterfoil.attestation.evidence import MAX_SUBMODULES, Evidence, Platform
from counterfoil.attestation.passport.nvidia_nras import verify_nvidia_nras
from counterfoil.errors import (
    CertificateOutOfDateError,
    CollateralMissingError,
    CounterfoilError,
    DuplicateKeyError,
    EvidenceMismatchError,
    EvidenceOutOfDateError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceVersionError,
    MalformedCollateralError,
    MalformedEvidenceError,
    RootUnknownError,
    TokenIssuerError,
    TokenNotAffirmingError,
)
from tests.attestation_tokens import (
    KEY_ID,
    NONCE,
    NRAS_CLAIMS,
    NRAS_ISSUER,
    Issued,
    TokenIssuer,
    bundle,
    digests,
    jwk,
    key_set,
    opened,
    x5c,
)
from tests.certificates import AT, Says, issued

SERVICE, OTHER = TokenIssuer.p384(), TokenIssuer.p384()
TWO = SERVICE.nras()


def verified(given_evidence: Issued, at: int = AT) -> EvidenceClaims:
    return verify_nvidia_nras(given_evidence.evidence, at, given_evidence.anchors, given_evidence.collateral)


def with_eat(eat: bytes) -> Issued:
    return TWO.with_part("eat", eat)


def renamed(devices: dict[str, bytes], claims: dict[str, Any] | None = None) -> Issued:
    """The platform's token names these tokens of GPUs, whatever they are."""
    said = SERVICE.times() | NRAS_CLAIMS | {"eat_nonce": NONCE.hex(), "submods": digests(devices)}
    return with_eat(bundle(SERVICE.token(said, {"alg": "ES384", "kid": KEY_ID}, claims), devices))


@pytest.mark.parametrize("gpus", [1, 2, 8])
def test_a_bundle_says_of_each_gpu_what_it_is(gpus: int) -> None:
    claims = verified(SERVICE.nras(gpus=gpus))
    assert (claims.platform, claims.product, claims.signer) == (Platform.NVIDIA_NRAS, "GH100", "JWT")
    assert claims.bound == {"nonce": NONCE}
    assert not claims.debug
    assert claims.facts == {
        "issuer": NRAS_ISSUER,
        "version": "2.0",
        "subject": "NVIDIA-PLATFORM-ATTESTATION",
        "gpus": str(gpus),
    }
    assert claims.submodules.keys() == {f"GPU-{place}" for place in range(gpus)}
    gpu = claims.submodules["GPU-0"]
    assert gpu.hardware_id == sha256(b"1000").digest()
    assert gpu.bound == {"nonce": NONCE}
    expected = {"driver-version": "570.1", "vbios-version": "96.0", "measurement-result": "success"}
    assert expected.items() <= dict(gpu.facts).items()
    assert gpu.facts["secure-boot"] == "true"
    passed = {check.name for check in claims.checks if check.outcome is Outcome.PASSED}
    assert passed == {
        "token-signature",
        "token-times",
        "certificate-path",
        "submodule-digests",
        "submodule-nonces",
    }


def test_the_keys_may_come_with_the_evidence_since_their_certificates_vouch_for_them() -> None:
    carried = Issued(
        Evidence(Platform.NVIDIA_NRAS, {**TWO.evidence.parts, "keys": TWO.collateral.keys[NRAS_ISSUER]}), TWO.anchors
    )
    assert verified(carried).collateral == frozenset()
    assert verified(TWO).collateral == {collateral_digest(TWO.collateral.keys[NRAS_ISSUER])}
    in_headers = SERVICE.nras(header={"x5c": x5c(SERVICE.leaf, SERVICE.ca)})
    assert len(verified(Issued(in_headers.evidence, in_headers.anchors)).submodules) == 2


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        (key_set(jwk(SERVICE.key, kid=KEY_ID)), CollateralMissingError),
        (key_set(jwk(SERVICE.key, kid="key-2", x5c=x5c(SERVICE.leaf, SERVICE.ca))), CollateralMissingError),
        (key_set(jwk(SERVICE.key, kid=KEY_ID, x5c=x5c(SERVICE.leaf))), RootUnknownError),
        (key_set(jwk(OTHER.key, kid=KEY_ID, x5c=x5c(OTHER.leaf, OTHER.ca))), RootUnknownError),
        (key_set(jwk(OTHER.key, kid=KEY_ID, x5c=x5c(SERVICE.leaf, SERVICE.ca))), MalformedCollateralError),
        (key_set(jwk(SERVICE.key, kid=KEY_ID, use="enc", x5c=x5c(SERVICE.leaf, SERVICE.ca))), EvidenceMismatchError),
    ],
)
@pytest.mark.parametrize("carried", [True, False])
def test_a_key_that_nothing_vouches_for_is_refused(
    keys: bytes,
    error: type[CounterfoilError],
    carried: bool,  # noqa: FBT001 - a parametrised case
) -> None:
    loaded = Issued(TWO.evidence, TWO.anchors, Collateral(keys={NRAS_ISSUER: keys}))
    with pytest.raises(error):
        verified(Issued(TWO.with_part("keys", keys).evidence, TWO.anchors) if carried else loaded)


def test_without_keys_nothing_is_verified() -> None:
    for collateral in (Collateral(), Collateral(keys={"https://other.example": TWO.collateral.keys[NRAS_ISSUER]})):
        with pytest.raises(CollateralMissingError):
            verified(Issued(TWO.evidence, TWO.anchors, collateral))
    for anchors in (Anchors(frozenset()), vendor_anchors(Platform.NVIDIA_NRAS), OTHER.ca_key_pinned):
        with pytest.raises(RootUnknownError):
            verified(Issued(TWO.evidence, anchors, TWO.collateral))


def test_a_leaf_of_two_days_is_judged_at_its_time() -> None:
    late = issued(SERVICE.ca, "late", Says(not_after=AT - 1), SERVICE.key)
    keys = key_set(jwk(SERVICE.key, kid=KEY_ID, x5c=x5c(late, SERVICE.ca)))
    with pytest.raises(CertificateOutOfDateError):
        verified(TWO.with_part("keys", keys))
    soon = issued(SERVICE.ca, "soon", Says(not_after=AT + 10), SERVICE.key)
    claims = verified(TWO.with_part("keys", key_set(jwk(SERVICE.key, kid=KEY_ID, x5c=x5c(soon, SERVICE.ca)))))
    assert claims.holds_until == AT + 10


@pytest.mark.parametrize("result", [False, None])
def test_a_genuine_no_is_an_error_of_its_own(result: bool | None) -> None:  # noqa: FBT001 - a parametrised case
    with pytest.raises(TokenNotAffirmingError) as caught:
        verified(SERVICE.nras(claims={"x-nvidia-overall-att-result": result}))
    assert caught.value.code == "token-not-affirming"


@pytest.mark.parametrize(
    "claims",
    [
        {"measres": "fail"},
        {"measres": "not-run"},
        {"measres": None},
        {"x-nvidia-gpu-arch-check": False},
        {"x-nvidia-gpu-attestation-report-parsed": False},
        {"x-nvidia-gpu-attestation-report-nonce-match": False},
        {"x-nvidia-gpu-attestation-report-signature-verified": False},
    ],
)
def test_a_yes_for_the_platform_does_not_cover_a_no_for_a_gpu(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenNotAffirmingError):
        verified(SERVICE.nras(device={"GPU-1": claims}))


@pytest.mark.parametrize(
    ("status", "debug"),
    [("disabled", False), ("disabled-since-boot", False), ("enabled", True), (None, True), ("Disabled", True)],
)
def test_a_gpu_that_may_be_debugged_makes_the_machine_one(status: str | None, debug: bool) -> None:  # noqa: FBT001 - a parametrised expectation
    claims = verified(SERVICE.nras(device={"GPU-1": {"dbgstat": status}}))
    assert (claims.debug, claims.submodules["GPU-0"].debug, claims.submodules["GPU-1"].debug) == (debug, False, debug)


@pytest.mark.parametrize("nonce", [None, "", NONCE[::-1].hex(), NONCE.hex() + "00"])
def test_a_gpu_without_the_nonce_is_of_another_session(nonce: str | None) -> None:
    with pytest.raises(EvidenceMismatchError):
        verified(SERVICE.nras(device={"GPU-1": {"eat_nonce": nonce}}))


def test_the_nonce_is_digits_and_the_platform_has_one() -> None:
    assert verified(SERVICE.nras(claims={"eat_nonce": NONCE.hex().upper()})).bound == {"nonce": NONCE}
    with pytest.raises(EvidenceMismatchError):
        verified(SERVICE.nras(claims={"eat_nonce": None}))
    for nonce in ("xyz", "000", NONCE.hex() + " ", [NONCE.hex()]):
        with pytest.raises(MalformedEvidenceError):
            verified(SERVICE.nras(claims={"eat_nonce": nonce}))


PLATFORM, DEVICES = opened(TWO.evidence.parts["eat"])
SWAPPED = {"GPU-0": DEVICES["GPU-1"], "GPU-1": DEVICES["GPU-0"]}
FOREIGN = opened(SERVICE.nras(nonce=bytes(32)).evidence.parts["eat"])[1]


@pytest.mark.parametrize(
    "devices",
    [
        SWAPPED,
        {"GPU-0": DEVICES["GPU-0"]},
        {"GPU-1": DEVICES["GPU-1"]},
        {**DEVICES, "GPU-2": DEVICES["GPU-1"]},
        {"GPU-0": DEVICES["GPU-0"], "GPU-01": DEVICES["GPU-1"]},
        {"GPU-0": DEVICES["GPU-0"], "GPU-1": DEVICES["GPU-0"]},
        {"GPU-0": DEVICES["GPU-0"], "GPU-1": FOREIGN["GPU-1"]},
        {"GPU-0": DEVICES["GPU-0"], "GPU-1": PLATFORM},
    ],
)
def test_the_tokens_are_those_that_the_platform_names(devices: dict[str, bytes]) -> None:
    with pytest.raises(EvidenceMismatchError):
        verified(with_eat(bundle(PLATFORM, devices)))


def test_one_gpu_is_not_counted_twice() -> None:
    with pytest.raises(EvidenceMismatchError):
        verified(renamed({"GPU-0": DEVICES["GPU-0"], "GPU-1": DEVICES["GPU-0"]}))
    with pytest.raises(EvidenceMismatchError):
        verified(SERVICE.nras(device={"GPU-1": {"ueid": "1000"}}))
    assert len(verified(renamed(SWAPPED)).submodules) == 2


@pytest.mark.parametrize("thief", [OTHER, TokenIssuer.p256()])
def test_the_token_of_a_gpu_is_signed_itself(thief: TokenIssuer) -> None:
    forged = opened(thief.nras(1).evidence.parts["eat"])[1]["GPU-0"]
    with pytest.raises(EvidenceSignatureError):
        verified(renamed({"GPU-0": forged}))


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "https://nras.attestation-stg.nvidia.com"}, TokenIssuerError),
        ({"iss": "NVAT-LOCAL-VERIFIER"}, TokenIssuerError),
        ({"iss": None}, TokenIssuerError),
        ({"exp": AT - 60}, EvidenceOutOfDateError),
        ({"exp": None}, MalformedEvidenceError),
        ({"nbf": AT + 61}, EvidenceOutOfDateError),
        ({"hwmodel": None}, MalformedEvidenceError),
        ({"ueid": None}, MalformedEvidenceError),
        ({"ueid": ""}, MalformedEvidenceError),
        ({"secboot": "yes"}, MalformedEvidenceError),
        ({"x-nvidia-gpu-arch-check": "true"}, MalformedEvidenceError),
    ],
)
def test_a_token_of_a_gpu_that_says_something_else_is_refused(
    claims: dict[str, Any], error: type[CounterfoilError]
) -> None:
    with pytest.raises(error):
        verified(SERVICE.nras(device={"GPU-1": claims}))


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "https://nras.attestation-stg.nvidia.com"}, TokenIssuerError),
        ({"iss": NRAS_ISSUER + "/"}, TokenIssuerError),
        ({"exp": AT - 60}, EvidenceOutOfDateError),
        ({"x-nvidia-overall-att-result": "true"}, MalformedEvidenceError),
        ({"x-nvidia-overall-att-result": 1}, MalformedEvidenceError),
        ({"submods": None}, EvidenceMismatchError),
        ({"submods": []}, MalformedEvidenceError),
        ({"submods": {}}, EvidenceMismatchError),
        ({"submods": dict.fromkeys(DEVICES, "x")}, MalformedEvidenceError),
        ({"submods": {key: ["DIGEST", ["SHA-1", "00"]] for key in DEVICES}}, MalformedEvidenceError),
        ({"submods": {key: ["JWT", ["SHA-256", "00"]] for key in DEVICES}}, MalformedEvidenceError),
        ({"submods": {key: ["DIGEST", ["SHA-256", "00"]] for key in DEVICES}}, EvidenceMismatchError),
    ],
)
def test_a_token_of_a_platform_that_says_something_else_is_refused(
    claims: dict[str, Any], error: type[CounterfoilError]
) -> None:
    with pytest.raises(error):
        verified(SERVICE.nras(claims=claims))


@pytest.mark.parametrize("algorithm", ["ES256", "HS256", "none", "RS256"])
def test_the_service_signs_under_one_algorithm(algorithm: str) -> None:
    with pytest.raises(EvidenceVersionError):
        verified(SERVICE.nras(header={"alg": algorithm}))


TOKEN = PLATFORM.decode()


@pytest.mark.parametrize(
    "eat",
    [
        b"",
        PLATFORM,
        json.dumps(TOKEN).encode(),
        json.dumps([["JWT", TOKEN]]).encode(),
        json.dumps([["JWT", TOKEN], {}]).encode(),
        json.dumps([["JWT", TOKEN], []]).encode(),
        json.dumps([["CWT", TOKEN], {"GPU-0": TOKEN}]).encode(),
        json.dumps([["JWT", TOKEN, TOKEN], {"GPU-0": TOKEN}]).encode(),
        json.dumps([["JWT", TOKEN], {"GPU-0": TOKEN}, {}]).encode(),
        json.dumps([["JWT", TOKEN], {"GPU-0": 1}]).encode(),
        json.dumps([["JWT", TOKEN], {"GPU-0": ["CWT", TOKEN]}]).encode(),
        json.dumps([["JWT", TOKEN], {"GPU-0": "\u00e4"}]).encode(),
        json.dumps([["JWT", TOKEN], {f"GPU-{place}": "a" for place in range(MAX_SUBMODULES + 1)}]).encode(),
        TWO.evidence.parts["eat"] + b"x",
        TWO.evidence.parts["eat"][:-1],
    ],
)
def test_what_is_no_bundle_is_refused(eat: bytes) -> None:
    with pytest.raises(CounterfoilError):
        verified(with_eat(eat))


def test_a_bundle_with_a_gpu_twice_is_refused() -> None:
    eat = TWO.evidence.parts["eat"].replace(b'"GPU-1": ', b'"GPU-0": ')
    with pytest.raises(DuplicateKeyError):
        verified(with_eat(eat))


def test_a_bundle_has_as_many_gpus_as_are_read() -> None:
    assert len(verified(SERVICE.nras(MAX_SUBMODULES)).submodules) == MAX_SUBMODULES
    with pytest.raises(MalformedEvidenceError):
        verified(SERVICE.nras(MAX_SUBMODULES + 1))


def test_the_token_that_ends_first_ends_the_claims() -> None:
    sooner = SERVICE.nras(device={"GPU-1": {"exp": AT + 5, "nbf": AT + 30}})
    claims = verified(sooner)
    assert (claims.holds_from, claims.holds_until) == (AT - 30, AT + 64)
    assert claims.submodules["GPU-0"].holds_until == AT + 3659


def test_each_token_is_under_the_key_that_it_names() -> None:
    second = issued(SERVICE.ca, "second", key=OTHER.key)
    other = TokenIssuer(OTHER.key, second, SERVICE.ca, SERVICE.top)
    gpu = opened(other.nras(1, header={"kid": "key-2"}).evidence.parts["eat"])[1]["GPU-0"]
    keys = key_set(
        jwk(SERVICE.key, kid=KEY_ID, x5c=x5c(SERVICE.leaf, SERVICE.ca)),
        jwk(OTHER.key, kid="key-2", x5c=x5c(second, SERVICE.ca)),
    )
    mixed = renamed({"GPU-0": gpu, "GPU-1": DEVICES["GPU-1"]}).with_part("keys", keys)
    assert len(verified(mixed).submodules) == 2


def test_a_device_may_be_marked_as_a_token() -> None:
    nested = {name: ["JWT", raw.decode()] for name, raw in DEVICES.items()}
    assert len(verified(with_eat(json.dumps([["JWT", TOKEN], nested]).encode())).submodules) == 2


@given(st.integers(min_value=0, max_value=len(TWO.evidence.parts["eat"]) - 1), st.integers(1, 255))
@settings(deadline=None, max_examples=60)
def test_one_byte_that_differs_is_refused(place: int, flip: int) -> None:
    changed = bytearray(TWO.evidence.parts["eat"])
    if chr(changed[place]).isspace():
        return
    changed[place] ^= flip
    with pytest.raises(CounterfoilError):
        verified(with_eat(bytes(changed)))


@pytest.mark.parametrize("parts", [{}, {"token": b"x"}, {"eat": b"x", "more": b"x"}, {"keys": b"x"}])
def test_the_evidence_is_a_bundle_and_perhaps_keys(parts: dict[str, bytes]) -> None:
    with pytest.raises(EvidencePartError):
        verified(Issued(Evidence(Platform.NVIDIA_NRAS, parts)))
