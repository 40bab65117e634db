"""Evidence of Azure confidential VMs, from the bytes to the claims."""

import hashlib
from hashlib import sha256

import pytest

from counterfoil.attestation.anchors import Anchors, vendor_anchors
from counterfoil.attestation.azure.cmcp import parse_cmcp_azure
from counterfoil.attestation.azure.cvm import azure_cvm_verifier
from counterfoil.attestation.claims import EvidenceClaims, not_checked, passed
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral
from counterfoil.attestation.evidence import Evidence, Platform, parse_evidence_bundle
from counterfoil.attestation.tpm.pcrs import encode_pcr_values
from counterfoil.errors import (
    CounterfoilError,
    EvidenceKeyError,
    EvidenceMismatchError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceVersionError,
    MalformedError,
)
from tests.azure_cvms import AK, USER_DATA, VERIFY, azure, cpu_verifier, hcl_report, jwk, report, runtime_data
from tests.certificates import AT, rsa_key
from tests.tpm_quotes import CERTIFY, RSASSA, Attest, SoftKey, quote, register, registers, rsa_ak, with_parts
from tests.vectors_dir import require_shared

ANCHORS = vendor_anchors(Platform.AZURE_CVM)
RUNTIME = runtime_data()
OTHER = SoftKey(rsa_key(2048, 1), RSASSA)


def verify(evidence: Evidence) -> EvidenceClaims:
    return VERIFY(evidence, AT, ANCHORS, NO_COLLATERAL)


def test_the_claims_are_those_of_the_cpu_and_of_the_quote() -> None:
    claims = verify(azure())
    assert (claims.platform, claims.product, claims.signer) == (Platform.AZURE_CVM, "Milan", "VCEK")
    assert claims.measurements == {
        "launch": bytes(48),
        "pcr0": register("sha256", 0),
        "pcr7": register("sha256", 7),
    }
    assert claims.bound == {"extra-data": b"challenge"}
    assert (claims.debug, claims.vmpl, claims.tcb) == (True, 0, {"snp": 8})
    assert (claims.holds_from, claims.holds_until) == (AT - 1, AT + 1)
    assert claims.facts["host-data"] == "00"
    assert claims.facts["user-data"] == USER_DATA
    assert claims.facts["clock"] == "1234"
    assert claims.checks[:3] == (
        passed("cpu"),
        passed("runtime-data-bound"),
        not_checked("key-attributes", "the runtime data do not say what they are"),
    )
    assert {check.name for check in claims.checks[3:]} == {"quote-signature", "pcr-values"}


def test_the_verifier_of_the_cpu_gets_its_own_parts_alone_and_what_else_was_given() -> None:
    asked = []

    def asked_for(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
        asked.append((evidence, at, anchors, collateral))
        return cpu_verifier(evidence, at, anchors, collateral)

    collateral = Collateral(crls=(b"crl",))
    verifier = azure_cvm_verifier({Platform.AMD_SEV_SNP: asked_for})
    verifier(azure(certificates=b"chain"), AT, ANCHORS, collateral)
    cpu = Evidence(Platform.AMD_SEV_SNP, {"report": report(RUNTIME), "certificates": b"chain"})
    assert asked == [(cpu, AT, ANCHORS, collateral)]
    verifier = azure_cvm_verifier({Platform.INTEL_TDX: asked_for})
    verifier(azure(report=None, quote=report(RUNTIME), collateral=b"json"), AT, ANCHORS, collateral)
    assert asked[1][0] == Evidence(Platform.INTEL_TDX, {"quote": report(RUNTIME), "collateral": b"json"})


def test_a_cpu_of_which_there_is_no_verifier_is_refused() -> None:
    with pytest.raises(EvidenceVersionError):
        azure_cvm_verifier({})(azure(), AT, ANCHORS, NO_COLLATERAL)


FORMS = [
    azure(),
    azure(certificates=b"chain"),
    azure(pcrs=None),
    azure(report=None, runtime_data=None, hcl_report=hcl_report(report(RUNTIME), RUNTIME)),
    azure(report=None, quote=report(RUNTIME)),
    azure(report=None, runtime_data=None, quote=report(RUNTIME), hcl_report=hcl_report(b"", RUNTIME, kind=4)),
]


@pytest.mark.parametrize("evidence", FORMS)
def test_each_form_of_the_evidence_verifies(evidence: Evidence) -> None:
    is_snp = "quote" not in evidence.parts
    claims = verify(evidence)
    assert claims.product == ("Milan" if is_snp else "TDX")
    assert claims.bound == {"extra-data": b"challenge"}
    assert parse_evidence_bundle(evidence.encode()) == evidence


@pytest.mark.parametrize(("hashed", "name"), [(1, "sha256"), (2, "sha384"), (3, "sha512")])
def test_the_hash_is_the_one_that_the_hcl_report_names(hashed: int, name: str) -> None:
    good = hcl_report(report(RUNTIME, hash_name=name), RUNTIME, hashed=hashed)
    verify(azure(report=None, runtime_data=None, hcl_report=good))
    for other in {"sha256", "sha384", "sha512"} - {name}:
        bad = hcl_report(report(RUNTIME, hash_name=other), RUNTIME, hashed=hashed)
        with pytest.raises(EvidenceMismatchError):
            verify(azure(report=None, runtime_data=None, hcl_report=bad))


@pytest.mark.parametrize(
    "parts",
    [
        {"report": None},
        {"runtime_data": None},
        {"attest": None},
        {"signature": None},
        {"report": None, "runtime_data": None},
        {"quote": report(RUNTIME)},
        {"hcl_report": hcl_report(report(RUNTIME), RUNTIME)},
        {"report": None, "hcl_report": hcl_report(report(RUNTIME), RUNTIME)},
        {"public": AK.public},
        {"report": None, "quote": report(RUNTIME), "certificates": b"chain"},
        {"collateral": b"json"},
        {"certificates": b"chain", "collateral": b"json"},
        {"report": None, "runtime_data": None, "hcl_report": hcl_report(report(RUNTIME), RUNTIME), "collateral": b""},
        {"nonce": b""},
    ],
)
def test_other_parts_are_refused(parts: dict[str, bytes | None]) -> None:
    with pytest.raises(EvidencePartError):
        verify(azure(**parts))


@pytest.mark.parametrize(("kind", "quoted"), [(4, False), (2, True)])
def test_an_hcl_report_of_another_cpu_is_refused(kind: int, *, quoted: bool) -> None:
    hcl = hcl_report(report(RUNTIME), RUNTIME, kind=kind)
    with pytest.raises(EvidenceMismatchError):
        verify(azure(report=None, runtime_data=None, hcl_report=hcl, quote=report(RUNTIME) if quoted else None))


EDITED = [
    RUNTIME.replace(b'"console-enabled": true', b'"console-enabled": false'),
    RUNTIME + b" ",
    runtime_data(jwk(OTHER)),
    runtime_data(jwk(e="Aw")),
]


@pytest.mark.parametrize("data", EDITED)
def test_runtime_data_that_the_report_is_not_of_are_refused(data: bytes) -> None:
    with pytest.raises(EvidenceMismatchError):
        verify(azure(runtime_data=data))
    with pytest.raises(EvidenceMismatchError):
        verify(azure(report=None, runtime_data=None, hcl_report=hcl_report(report(RUNTIME), data)))


@pytest.mark.parametrize("tail", [b"\x01", bytes(31) + b"\x01", b"x" * 32])
def test_report_data_with_something_after_the_digest_are_refused(tail: bytes) -> None:
    with pytest.raises(EvidenceMismatchError):
        verify(azure(report=report(RUNTIME, tail=tail)))


@pytest.mark.parametrize("bound", [{}, {"report-data": b""}, {"report-data": sha256(RUNTIME).digest()}])
def test_a_cpu_that_binds_less_than_64_bytes_is_refused(bound: dict[str, bytes]) -> None:
    def without(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
        cpu = cpu_verifier(evidence, at, anchors, collateral)
        return EvidenceClaims(platform=cpu.platform, product="", signer="", measurements={}, bound=bound, debug=False)

    with pytest.raises(EvidenceMismatchError):
        azure_cvm_verifier({Platform.AMD_SEV_SNP: without})(azure(), AT, ANCHORS, NO_COLLATERAL)


def test_a_quote_of_another_key_than_the_runtime_data_name_is_refused() -> None:
    with pytest.raises(EvidenceSignatureError):
        verify(azure(OTHER))
    mine = runtime_data(jwk(OTHER), jwk(kid="HCLEkPub"))
    with pytest.raises(EvidenceSignatureError):
        verify(azure(AK, mine))
    verify(azure(OTHER, mine))


def test_an_error_of_the_cpu_is_raised_as_it_is() -> None:
    def refusing(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
        raise EvidenceVersionError("not that one")

    with pytest.raises(EvidenceVersionError, match="not that one"):
        azure_cvm_verifier({Platform.AMD_SEV_SNP: refusing})(azure(), AT, ANCHORS, NO_COLLATERAL)


def test_a_short_key_is_refused() -> None:
    short = rsa_ak(bits=1024)
    with pytest.raises(EvidenceKeyError):
        verify(azure(short, runtime_data(jwk(short))))


@pytest.mark.parametrize(
    ("attest", "error"),
    [
        (Attest(kind=CERTIFY), EvidenceVersionError),
        (Attest(magic=1), MalformedError),
        (Attest(digest=bytes(32)), EvidenceMismatchError),
    ],
)
def test_what_the_key_signed_has_to_be_a_quote_of_the_registers(attest: Attest, error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        verify(with_parts(azure(), quote(AK, attest, public=None).parts))


@pytest.mark.parametrize("name", ["attest", "signature", "pcrs", "runtime-data", "hcl-report"])
@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 64, bytes(70_000)])
def test_garbage_in_a_part_ends_in_an_error_of_ours(name: str, data: bytes) -> None:
    hcl = hcl_report(report(RUNTIME), RUNTIME)
    evidence = azure(report=None, runtime_data=None, hcl_report=hcl) if name == "hcl-report" else azure()
    with pytest.raises(CounterfoilError):
        verify(with_parts(evidence, {name: data}))


def real() -> Evidence:
    return parse_cmcp_azure(require_shared("attestation", "azure_cvm", "cmcp_evidence.bin").read_bytes())


def test_the_evidence_of_a_real_machine_verifies() -> None:
    evidence = real()
    claims = verify(evidence)
    nonce = bytes.fromhex(require_shared("attestation", "azure_cvm", "cmcp_nonce.hex").read_text())
    assert claims.bound == {"extra-data": sha256(nonce).digest()}
    assert claims.measurements.keys() == {"launch"}
    assert claims.vmpl == 0
    assert claims.facts["quoted-pcrs"] == f"sha256:16={sha256(bytes(32)).hexdigest()}"
    assert claims.facts["secure-boot"] == "true"
    assert claims.facts["user-data"] == USER_DATA
    assert not_checked("pcr-values", "none are there") in claims.checks
    with_values = with_parts(evidence, {"pcrs": encode_pcr_values({"sha256": {16: bytes(32)}})})
    assert verify(with_values).measurements["pcr16"] == bytes(32)
    with pytest.raises(EvidenceMismatchError):
        verify(with_parts(evidence, {"pcrs": encode_pcr_values({"sha256": {16: b"\x01" * 32}})}))


def test_the_same_evidence_in_an_hcl_report_verifies() -> None:
    parts = dict(real().parts)
    cpu, data = parts.pop("report"), parts.pop("runtime-data")
    evidence = Evidence(Platform.AZURE_CVM, {**parts, "hcl-report": hcl_report(cpu, data)})
    assert verify(evidence) == verify(real())


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("attest", range(145)),
        ("signature", [*range(8), *range(8, 262, 16), 261]),
        ("runtime-data", range(0, 1110, 7)),
        ("report", range(0x50, 0x90)),
    ],
)
def test_no_byte_of_it_can_be_changed(name: str, places: range | list[int]) -> None:
    evidence = real()
    part = evidence.part(name)
    for at in places:
        for flipped in (1, 0x80):
            changed = part[:at] + bytes((part[at] ^ flipped,)) + part[at + 1 :]
            with pytest.raises(CounterfoilError):
                verify(with_parts(evidence, {name: changed}))
    for changed in (part[:-1], part + b"\x00"):
        if name != "report":
            with pytest.raises(CounterfoilError):
                verify(with_parts(evidence, {name: changed}))


def test_the_quote_of_another_machine_is_refused() -> None:
    with pytest.raises(EvidenceSignatureError):
        verify(with_parts(real(), {**quote(AK, public=None, pcrs=None).parts}))
    with pytest.raises(EvidenceSignatureError):
        verify(with_parts(azure(pcrs=None), {name: real().part(name) for name in ("attest", "signature")}))


def test_registers_of_another_bank_have_names_of_their_own() -> None:
    values = {**registers(0), **registers(0, bank="sha384")}
    evidence = with_parts(azure(), quote(AK, Attest(values=values), public=None).parts)
    assert verify(evidence).measurements["sha384:pcr0"] == hashlib.sha384(b"register 0").digest()
