"""Tokens of Intel Trust Authority about trust domains and enclaves."""

from typing import Any

import pytest

from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.passport.intel_ita import verify_intel_ita
from counterfoil.errors import (
    CollateralMissingError,
    CounterfoilError,
    EvidenceOutOfDateError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceVersionError,
    MalformedBase64Error,
    MalformedEvidenceError,
    TokenIssuerError,
    TokenNotAffirmingError,
)
from tests.attestation_tokens import ITA_CLAIMS, ITA_ISSUER, Issued, TokenIssuer
from tests.certificates import AT

SERVICE, OTHER = TokenIssuer.rsa(), TokenIssuer.rsa(1)
TDX, SGX = ITA_CLAIMS["tdx"]["tdx"], ITA_CLAIMS["sgx"]["sgx"]


def verified(issued: Issued, at: int = AT) -> EvidenceClaims:
    return verify_intel_ita(issued.evidence, at, issued.anchors, issued.collateral)


@pytest.mark.parametrize("kind", ["tdx", "tdx-1", "tdx-gpus"])
@pytest.mark.parametrize("algorithm", ["PS384", "RS256"])
def test_a_trust_domain_says_what_its_quote_says(kind: str, algorithm: str) -> None:
    claims = verified(SERVICE.ita(kind=kind, header={"alg": algorithm}))
    assert (claims.platform, claims.product, claims.signer) == (Platform.INTEL_ITA, "tdx", "JWT")
    registers = {"mrtd": 1, "rtmr0": 2, "rtmr1": 3, "rtmr2": 4, "rtmr3": 5}
    assert claims.measurements == {name: bytes((octet,) * 48) for name, octet in registers.items()}
    assert claims.bound == {"report-data": bytes((6,) * 64), "held-data": b"held by the attester"}
    assert not claims.debug
    assert (claims.tcb, claims.tcb_status) == ({"seam": 3}, "UpToDate")
    assert claims.advisories == {"INTEL-SA-00001"}
    assert claims.facts["mr-config-id"] == "08" * 48
    assert claims.facts["issuer"] == ITA_ISSUER
    assert claims.facts.get("gpus") == ("affirmed" if kind == "tdx-gpus" else None)
    assert claims.facts.get("policy-matched") == ("policy-1" if kind == "tdx" else None)
    assert len(claims.collateral) == 1


def test_an_enclave_says_what_its_quote_says() -> None:
    claims = verified(SERVICE.ita(kind="sgx"))
    assert claims.product == "sgx"
    assert claims.measurements == {"mrenclave": bytes((1,) * 32), "mrsigner": bytes((2,) * 32)}
    assert claims.bound == {"report-data": bytes((6,) * 64)}
    assert (claims.debug, claims.tcb, claims.tcb_status) == (False, {"enclave": 5}, "OutOfDate")
    assert claims.advisories == frozenset()


@pytest.mark.parametrize("flags", [{"tdx_is_debuggable": True}, {"tdx_is_debuggable": None}])
def test_what_does_not_say_that_debugging_is_off_is_a_debug_mode(flags: dict[str, Any]) -> None:
    assert verified(SERVICE.ita({"tdx": TDX | flags})).debug
    contradiction = {"tdx_is_debuggable": False, "tdx_td_attributes_debug": True}
    assert verified(SERVICE.ita({"tdx": TDX | contradiction})).debug
    assert verified(SERVICE.ita({"sgx": SGX | {"sgx_is_debuggable": flags["tdx_is_debuggable"]}}, kind="sgx")).debug


def test_a_kind_that_is_not_named_is_that_of_its_object() -> None:
    assert verified(SERVICE.ita({"tdx": TDX | {"attester_type": None}})).product == "tdx"


@pytest.mark.parametrize("result", [False, None])
def test_a_no_for_the_gpus_is_a_no(result: bool | None) -> None:  # noqa: FBT001 - a parametrised case
    with pytest.raises(TokenNotAffirmingError):
        verified(SERVICE.ita({"nvgpu": {"x-nvidia-overall-att-result": result}}))


def test_a_region_has_its_own_keys() -> None:
    issuer = "https://portal.eu.trustauthority.intel.com"
    issued = SERVICE.ita({"iss": issuer})
    assert verified(Issued(issued.evidence, collateral=SERVICE.loaded(issuer))).facts["issuer"] == issuer
    for loaded in (SERVICE.loaded(ITA_ISSUER), Collateral()):
        with pytest.raises(CollateralMissingError):
            verified(Issued(issued.evidence, collateral=loaded))


@pytest.mark.parametrize(
    "issuer",
    [
        "https://portal.pilot.trustauthority.intel.com",
        "https://portal.trustauthority.intel.com/",
        "https://portal-trustauthority.intel.com",
        "https://portal.trustauthority.intel.com.example",
        "http://portal.trustauthority.intel.com",
        "Trust Authority",
        None,
    ],
)
def test_an_issuer_of_another_name_is_refused(issuer: str | None) -> None:
    loaded = Collateral(keys={issuer or "": SERVICE.loaded(ITA_ISSUER).keys[ITA_ISSUER]})
    with pytest.raises(TokenIssuerError):
        verified(Issued(SERVICE.ita({"iss": issuer}).evidence, collateral=loaded))


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"tdx": None}, EvidenceVersionError),
        ({"tdx": "x"}, MalformedEvidenceError),
        ({"sgx": SGX}, MalformedEvidenceError),
        ({"tdx": SGX}, MalformedEvidenceError),
        ({"tdx": TDX | {"attester_type": "SEVSNP"}}, MalformedEvidenceError),
        ({"tdx": TDX | {"tdx_mrtd": None}}, MalformedEvidenceError),
        ({"tdx": TDX | {"tdx_rtmr3": "00" * 32}}, MalformedEvidenceError),
        ({"tdx": TDX | {"tdx_report_data": None}}, MalformedEvidenceError),
        ({"tdx": TDX | {"tdx_report_data": "00" * 63}}, MalformedEvidenceError),
        ({"tdx": TDX | {"tdx_is_debuggable": "no"}}, MalformedEvidenceError),
        ({"tdx": TDX | {"attester_held_data": "a"}}, MalformedBase64Error),
        ({"tdx": TDX | {"attester_held_data": "AB+="}}, MalformedBase64Error),
        ({"tdx": TDX | {"attester_held_data": 1}}, MalformedEvidenceError),
        ({"tdx": TDX | {"attester_advisory_ids": [1]}}, MalformedEvidenceError),
        ({"tdx": TDX | {"attester_tcb_status": 1}}, MalformedEvidenceError),
        ({"tdx": TDX | {"tdx_seamsvn": "3"}}, MalformedEvidenceError),
        ({"exp": None}, MalformedEvidenceError),
        ({"exp": AT - 60}, EvidenceOutOfDateError),
        ({"iat": AT + 61}, EvidenceOutOfDateError),
    ],
)
def test_a_token_that_says_something_else_is_refused(claims: dict[str, Any], error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        verified(SERVICE.ita(claims))


def test_a_flat_token_of_an_unknown_kind_is_refused() -> None:
    for kind in ("SEVSNP", None):
        with pytest.raises(EvidenceVersionError):
            verified(SERVICE.ita({"attester_type": kind}, kind="tdx-1"))


@pytest.mark.parametrize("algorithm", ["PS256", "RS384", "ES384", "HS256", "none"])
def test_the_service_signs_under_two_algorithms(algorithm: str) -> None:
    with pytest.raises(EvidenceVersionError):
        verified(SERVICE.ita(header={"alg": algorithm}))


def test_a_token_under_another_key_is_refused() -> None:
    with pytest.raises(EvidenceSignatureError):
        verified(Issued(OTHER.ita().evidence, collateral=SERVICE.loaded(ITA_ISSUER)))


@pytest.mark.parametrize("parts", [{}, {"jwt": b"x"}, {"token": b"x", "keys": b"x"}])
def test_the_evidence_is_one_part(parts: dict[str, bytes]) -> None:
    with pytest.raises(EvidencePartError):
        verified(Issued(Evidence(Platform.INTEL_ITA, parts)))
