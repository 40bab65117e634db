"""Quotes of enclaves under a test root."""

import json
from hashlib import sha256

import pytest

from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.intel.sgx import verify_sgx
from counterfoil.attestation.verifier import Verifier
from counterfoil.errors import (
    CertificateRevokedError,
    CollateralMissingError,
    CollateralOutOfDateError,
    CounterfoilError,
    EvidenceDebugError,
    EvidenceMismatchError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceTcbError,
    EvidenceVersionError,
    MalformedEvidenceError,
    RootUnknownError,
)
from tests.certificates import AT, DAY
from tests.intel_quotes import ENCLAVE_FIELDS, FMSPC, PCE_SVN, PPID, SGX, CollateralSays, make_platform

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
"""Some changed certificates have a serial number that none may have."""

VERIFIER: Verifier = verify_sgx
MACHINE, OTHER = make_platform(), make_platform()
QUOTE, DOCUMENT = MACHINE.sgx_quote(), MACHINE.collateral(SGX)
FRAME = 436 + 128


def judged(quote: bytes = QUOTE, document: bytes = DOCUMENT, at: int = AT) -> EvidenceClaims:
    evidence = Evidence(Platform.INTEL_SGX, {"quote": quote})
    return verify_sgx(evidence, at, MACHINE.anchors, Collateral(dcap=(document,)))


def test_an_enclave_s_claims_are_those_of_its_quote_and_its_platform() -> None:
    claims = judged()
    assert (claims.platform, claims.product, claims.signer) == (Platform.INTEL_SGX, "SGX", "PCK")
    assert claims.measurements == {"mrenclave": b"\x21" * 32, "mrsigner": b"\x22" * 32}
    assert claims.bound == {"report-data": ENCLAVE_FIELDS["report_data"]}
    assert (claims.debug, claims.migratable, claims.tcb_status) == (False, False, "UpToDate")
    assert claims.tcb == {"pce-svn": PCE_SVN, "tcb-evaluation": 17, "isv-svn": 4}
    assert claims.facts == {
        "fmspc": FMSPC.hex(),
        "quote-version": "3",
        "isv-prod-id": "7",
        "sgx-attributes": "0500000000000000e700000000000000",
    }
    assert claims.hardware_id == sha256(PPID).digest()
    assert claims.collateral == {collateral_digest(DOCUMENT)}
    assert (claims.holds_from, claims.holds_until) == (AT - DAY, AT + 28 * DAY - 1)
    assert "tcb-level" in {check.name for check in claims.checks}


def test_the_evidence_may_carry_its_collateral() -> None:
    evidence = Evidence(Platform.INTEL_SGX, {"quote": QUOTE, "collateral": DOCUMENT})
    assert verify_sgx(evidence, AT, MACHINE.anchors, NO_COLLATERAL) == judged()


@pytest.mark.parametrize("attributes", ["0700000000000000e700000000000000", "0200000000000000e700000000000000"])
def test_an_enclave_for_debugging_is_refused_as_such(attributes: str) -> None:
    evidence = Evidence(Platform.INTEL_SGX, {"quote": MACHINE.sgx_quote(attributes=bytes.fromhex(attributes))})
    for collateral in (NO_COLLATERAL, Collateral(dcap=(DOCUMENT,))):
        with pytest.raises(EvidenceDebugError):
            verify_sgx(evidence, AT, MACHINE.anchors, collateral)


@pytest.mark.parametrize(
    ("at", "error"),
    [
        (8, EvidenceSignatureError),
        (48, EvidenceSignatureError),
        (112, EvidenceSignatureError),
        (431, EvidenceSignatureError),
        (436, EvidenceSignatureError),
        (500, EvidenceMismatchError),
        (563, EvidenceMismatchError),
        (FRAME, EvidenceSignatureError),
        (FRAME + 320, EvidenceSignatureError),
        (FRAME + 447, EvidenceSignatureError),
        (FRAME + 450, EvidenceMismatchError),
        (432, MalformedEvidenceError),
    ],
)
def test_a_quote_of_which_one_bit_is_another_is_refused(at: int, error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        judged(QUOTE[:at] + bytes((QUOTE[at] ^ 1,)) + QUOTE[at + 1 :])


def test_no_byte_of_a_quote_may_be_another() -> None:
    chain = QUOTE.index(b"-----BEGIN")
    for at in {*range(0, chain, 16), *range(chain, len(QUOTE), 53)}:
        with pytest.raises(CounterfoilError):
            judged(QUOTE[:at] + bytes((QUOTE[at] ^ 1,)) + QUOTE[at + 1 :])


def test_bytes_after_the_quote_are_refused() -> None:
    with pytest.raises(MalformedEvidenceError):
        judged(QUOTE + b"x")


@pytest.mark.parametrize("quote", [MACHINE.tdx_quote(), MACHINE.tdx_quote(5, 3), MACHINE.sgx_quote(4)])
def test_a_quote_that_is_none_of_an_enclave_is_refused(quote: bytes) -> None:
    with pytest.raises(EvidenceVersionError):
        judged(quote)


def test_collateral_for_tdx_is_none_for_sgx() -> None:
    with pytest.raises(CollateralMissingError):
        judged(document=MACHINE.collateral())


@pytest.mark.parametrize("at", [0, AT - DAY - 1, AT + 28 * DAY])
def test_collateral_of_another_time_is_refused(at: int) -> None:
    with pytest.raises(CollateralOutOfDateError):
        judged(at=at)


def test_a_revoked_platform_is_refused() -> None:
    says = CollateralSays(revoked_by_ca={MACHINE.pck.certificate.serial_number: AT - DAY})
    with pytest.raises(CertificateRevokedError):
        judged(document=MACHINE.collateral(SGX, says))


@pytest.mark.parametrize("levels", [[("UpToDate", 99)], [("Revoked", 1)]])
def test_a_platform_at_no_level_of_its_vendor_is_refused_for_its_tcb(levels: list[tuple[str, int]]) -> None:
    with pytest.raises(EvidenceTcbError):
        judged(document=MACHINE.collateral(SGX, CollateralSays(levels=levels)))


def test_the_tcb_status_is_a_claim_with_its_advisories() -> None:
    claims = judged(document=MACHINE.collateral(SGX, CollateralSays(levels=[("OutOfDate", 1)], advisories=["SA"])))
    assert claims.tcb_status == "OutOfDate"
    assert claims.advisories == {"SA"}


def test_another_root_is_refused() -> None:
    evidence = Evidence(Platform.INTEL_SGX, {"quote": QUOTE, "collateral": DOCUMENT})
    with pytest.raises(RootUnknownError):
        verify_sgx(evidence, AT, OTHER.anchors, NO_COLLATERAL)


@pytest.mark.parametrize("parts", [{}, {"quote": QUOTE, "nonce": b""}, {"collateral": DOCUMENT}])
def test_other_parts_are_refused(parts: dict[str, bytes]) -> None:
    with pytest.raises(EvidencePartError):
        verify_sgx(Evidence(Platform.INTEL_SGX, parts), AT, MACHINE.anchors, NO_COLLATERAL)


def test_the_documents_of_both_kinds_are_about_one_family() -> None:
    texts = [json.loads(json.loads(MACHINE.collateral(kind))["tcb_info"]) for kind in (0x81, SGX)]
    assert [text["id"] for text in texts] == ["TDX", "SGX"]
