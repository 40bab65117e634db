"""Tokens of Azure Attestation about machines and enclaves."""

from typing import Any

import pytest

from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.passport.azure_maa import verify_azure_maa
from counterfoil.errors import (
    CollateralMissingError,
    CounterfoilError,
    EvidenceMismatchError,
    EvidenceOutOfDateError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceVersionError,
    MalformedBase64Error,
    MalformedEvidenceError,
    TokenIssuerError,
)
from tests.attestation_tokens import KEY_ID, MAA_CLAIMS, MAA_ISSUER, Issued, TokenIssuer, key_set, x5c
from tests.certificates import AT

SERVICE, OTHER = TokenIssuer.rsa(), TokenIssuer.rsa(1)
SNP = MAA_CLAIMS["sevsnpvm"]


def verified(issued: Issued, at: int = AT) -> EvidenceClaims:
    return verify_azure_maa(issued.evidence, at, issued.anchors, issued.collateral)


@pytest.mark.parametrize("kind", ["sevsnpvm", "azurevm"])
def test_a_machine_under_sev_snp_says_what_its_report_says(kind: str) -> None:
    claims = verified(SERVICE.maa(kind=kind))
    assert (claims.platform, claims.product, claims.signer) == (Platform.AZURE_MAA, "sevsnpvm", "JWT")
    assert claims.measurements == {"launch": bytes((1,) * 48)}
    assert claims.bound["report-data"] == bytes((6,) * 64)
    assert (claims.debug, claims.migratable, claims.vmpl) == (False, False, 0)
    assert claims.tcb == {"bootloader": 2, "tee": 0, "snp": 6, "microcode": 93, "guest": 2}
    assert (claims.tcb_status, claims.facts["compliance-status"]) == (None, "azure-compliant-cvm")
    assert claims.facts["host-data"] == "09" * 32
    assert claims.facts["issuer"] == MAA_ISSUER
    assert len(claims.collateral) == 1


def test_what_a_machine_and_who_asks_chose_is_bound() -> None:
    bound = verified(SERVICE.maa(kind="azurevm")).bound
    assert (bound["client-nonce"], bound["user-data"]) == (b"1234", bytes((5,) * 64))
    assert bound.keys() == {"report-data", "client-nonce", "user-data"}


def test_an_enclave_says_what_its_quote_says() -> None:
    claims = verified(SERVICE.maa(kind="sgx"))
    assert claims.product == "sgx"
    assert claims.measurements == {"mrenclave": bytes((1,) * 32), "mrsigner": bytes((2,) * 32)}
    assert claims.bound == {"report-data": bytes((6,) * 64), "held-data": b"held", "nonce": b"asked for"}
    assert (claims.debug, claims.migratable, claims.tcb) == (False, False, {"enclave": 4})


def test_a_trust_domain_says_what_its_quote_says() -> None:
    claims = verified(SERVICE.maa(kind="tdxvm"))
    assert claims.product == "tdxvm"
    registers = {"mrtd": 1, "rtmr0": 2, "rtmr1": 3, "rtmr2": 4, "rtmr3": 5}
    assert claims.measurements == {name: bytes((octet,) * 48) for name, octet in registers.items()}
    assert claims.tcb_status == "UpToDate"
    assert not claims.debug


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("sevsnpvm", "x-ms-sevsnpvm-is-debuggable"),
        ("sgx", "x-ms-sgx-is-debuggable"),
        ("tdxvm", "tdx_td_attributes_debug"),
    ],
)
@pytest.mark.parametrize("value", [True, None])
def test_what_does_not_say_that_debugging_is_off_is_a_debug_mode(kind: str, name: str, value: bool | None) -> None:  # noqa: FBT001 - a parametrised case
    assert verified(SERVICE.maa({name: value}, kind=kind)).debug


@pytest.mark.parametrize("value", [True, None])
def test_what_does_not_say_that_it_stays_may_migrate(value: bool | None) -> None:  # noqa: FBT001 - a parametrised case
    assert verified(SERVICE.maa({"x-ms-sevsnpvm-migration-allowed": value})).migratable


@pytest.mark.parametrize(
    "issuer",
    [
        "https://sharedeus.eus.attest.azure.net",
        "https://own.attest.azure.net",
        "https://own-name1.weu.attest.azure.net",
    ],
)
def test_each_provider_of_attestations_has_its_own_keys(issuer: str) -> None:
    issued = SERVICE.maa({"iss": issuer})
    claims = verified(Issued(issued.evidence, collateral=SERVICE.loaded(issuer)))
    assert claims.facts["issuer"] == issuer
    for loaded in (SERVICE.loaded("https://other.eus.attest.azure.net"), Collateral()):
        with pytest.raises(CollateralMissingError):
            verified(Issued(issued.evidence, collateral=loaded))


@pytest.mark.parametrize(
    "issuer",
    [
        "https://attest.azure.net",
        "https://.attest.azure.net",
        "https://a.attest.azure.net.example",
        "https://a.attest.azure.net/",
        "https://a.attest-azure.net",
        "http://a.attest.azure.net",
        "https://thief.example/.attest.azure.net",
        "https://thief.example#.attest.azure.net",
        "https://a\n.attest.azure.net",
        "https://a.attest.azure.net\n",
        "https://A.attest.azure.net",
        None,
    ],
)
def test_an_issuer_of_another_name_is_refused(issuer: str | None) -> None:
    loaded = Collateral(keys={issuer or "": SERVICE.loaded(MAA_ISSUER).keys[MAA_ISSUER]})
    with pytest.raises(TokenIssuerError):
        verified(Issued(SERVICE.maa({"iss": issuer}).evidence, collateral=loaded))


def test_the_key_may_stand_in_the_set_as_a_certificate_alone() -> None:
    keys = key_set({"kty": "RSA", "kid": KEY_ID, "x5c": x5c(SERVICE.leaf)})
    assert verified(Issued(SERVICE.maa().evidence, collateral=Collateral(keys={MAA_ISSUER: keys}))).debug is False
    with pytest.raises(EvidenceSignatureError):
        verified(Issued(OTHER.maa().evidence, collateral=Collateral(keys={MAA_ISSUER: keys})))


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"x-ms-attestation-type": None}, EvidenceVersionError),
        ({"x-ms-attestation-type": "tpm"}, EvidenceVersionError),
        ({"x-ms-attestation-type": "sgx"}, MalformedEvidenceError),
        ({"x-ms-isolation-tee": {}}, EvidenceVersionError),
        ({"x-ms-isolation-tee": "x"}, MalformedEvidenceError),
        ({"x-ms-sevsnpvm-launchmeasurement": None}, MalformedEvidenceError),
        ({"x-ms-sevsnpvm-launchmeasurement": "00" * 47}, MalformedEvidenceError),
        ({"x-ms-sevsnpvm-launchmeasurement": "zz" * 48}, MalformedEvidenceError),
        ({"x-ms-sevsnpvm-reportdata": None}, MalformedEvidenceError),
        ({"x-ms-sevsnpvm-reportdata": "00" * 32}, MalformedEvidenceError),
        ({"x-ms-sevsnpvm-is-debuggable": "false"}, MalformedEvidenceError),
        ({"x-ms-sevsnpvm-is-debuggable": 0}, MalformedEvidenceError),
        ({"x-ms-sevsnpvm-vmpl": True}, MalformedEvidenceError),
        ({"x-ms-sevsnpvm-snpfw-svn": 1.5}, MalformedEvidenceError),
        ({"x-ms-sgx-ehd": "a=b"}, MalformedBase64Error),
        ({"nonce": 5}, MalformedEvidenceError),
        ({"exp": None}, MalformedEvidenceError),
        ({"exp": AT - 60}, EvidenceOutOfDateError),
        ({"nbf": AT + 61}, EvidenceOutOfDateError),
    ],
)
def test_a_token_that_says_something_else_is_refused(claims: dict[str, Any], error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        verified(SERVICE.maa(claims))


@pytest.mark.parametrize("algorithm", ["PS256", "RS384", "ES256", "HS256", "none"])
def test_the_service_signs_under_one_algorithm(algorithm: str) -> None:
    with pytest.raises(EvidenceVersionError):
        verified(SERVICE.maa(header={"alg": algorithm}))


def test_a_key_for_something_else_is_refused() -> None:
    with pytest.raises(EvidenceMismatchError):
        verified(Issued(SERVICE.maa().evidence, collateral=SERVICE.loaded(MAA_ISSUER, use="enc")))


@pytest.mark.parametrize("parts", [{}, {"jwt": b"x"}, {"token": b"x", "keys": b"x"}])
def test_the_evidence_is_one_part(parts: dict[str, bytes]) -> None:
    with pytest.raises(EvidencePartError):
        verified(Issued(Evidence(Platform.AZURE_MAA, parts)))


def test_the_claims_of_a_test_are_those_of_the_documentation() -> None:
    assert SNP["iss"] == MAA_ISSUER
