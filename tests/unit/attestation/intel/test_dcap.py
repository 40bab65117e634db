"""What the library itself says, past the checks that come before it: its words become our errors."""

from dataclasses import replace

import dcap_qvl
import pytest

from counterfoil.attestation.intel.dcap import verify_with_dcap
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateRevokedError,
    CollateralInvalidError,
    CollateralOutOfDateError,
    CounterfoilError,
    EvidenceAttributesError,
    EvidenceCertificateError,
    EvidenceDebugError,
    EvidenceVersionError,
    MalformedEvidenceError,
    PathInvalidError,
    RevocationUnknownError,
    RootUnknownError,
    UnverifiedError,
)
from tests.certificates import AT, CA_USAGE, DAY, Says
from tests.intel_quotes import LONG_LIVED, SGX, CollateralSays, IntelPlatform, iso, make_platform

MACHINE, OTHER = make_platform(), make_platform()
LASTING = CollateralSays(crl_until=AT + 90 * DAY)
DEBUG = bytes.fromhex("0100001000000000")


def judged(
    quote: bytes,
    says: CollateralSays = LASTING,
    at: int = AT,
    machine: IntelPlatform = MACHINE,
    *,
    kind: int | None = None,
) -> str:
    document = machine.collateral(says=says) if kind is None else machine.collateral(kind, says)
    return verify_with_dcap(quote, parse_dcap_collateral(document), machine.root.der, at).tcb_status


@pytest.mark.parametrize(
    ("says", "at"),
    [
        pytest.param(LASTING, AT - DAY - 1, id="before the TCB info"),
        pytest.param(LASTING, AT + 29 * DAY + 1, id="after the TCB info"),
        pytest.param(CollateralSays(), AT + 28 * DAY, id="at the next CRL"),
        pytest.param(replace(LASTING, qe_members={"nextUpdate": iso(AT - 1)}), AT, id="after the QE identity"),
        pytest.param(replace(LASTING, qe_members={"issueDate": iso(AT + 1)}), AT, id="before the QE identity"),
        pytest.param(LASTING, 0, id="at no time"),
    ],
)
def test_collateral_of_another_time(says: CollateralSays, at: int) -> None:
    assert judged(MACHINE.tdx_quote(), LASTING) == "UpToDate"
    with pytest.raises(CollateralOutOfDateError):
        judged(MACHINE.tdx_quote(), says, at)


def test_a_time_that_no_clock_shows() -> None:
    for at in (-1, 1 << 64):
        with pytest.raises(UnverifiedError):
            judged(MACHINE.tdx_quote(), at=at)


@pytest.mark.parametrize(
    "machine",
    [
        make_platform(pck=Says(not_before=AT - 9, not_after=AT - 1)),
        make_platform(pck=Says(not_before=AT + 1, not_after=AT + 9)),
        make_platform(pck_ca=Says(ca=True, usage=CA_USAGE, not_before=AT - 9, not_after=AT - 1)),
        make_platform(tcb_signer=Says(not_before=AT + 1, not_after=AT + 9)),
    ],
)
def test_a_certificate_of_another_time(machine: IntelPlatform) -> None:
    with pytest.raises(CertificateOutOfDateError):
        judged(machine.tdx_quote(), machine=machine)


def test_a_chain_through_a_certificate_that_is_no_ca_s() -> None:
    machine = make_platform(pck_ca=LONG_LIVED)
    with pytest.raises((PathInvalidError, CollateralInvalidError)):
        judged(machine.tdx_quote(), machine=machine)


@pytest.mark.parametrize(
    ("quote", "kind", "error"),
    [
        pytest.param(MACHINE.tdx_quote(td_attributes=DEBUG), None, EvidenceDebugError, id="a domain for debugging"),
        pytest.param(
            MACHINE.sgx_quote(attributes=b"\x02" + bytes(15)), SGX, EvidenceDebugError, id="an enclave for it"
        ),
        pytest.param(MACHINE.tdx_quote()[:-1], None, MalformedEvidenceError, id="too short"),
        pytest.param(b"", None, MalformedEvidenceError, id="nothing"),
        pytest.param(MACHINE.tdx_quote(6), None, MalformedEvidenceError, id="version 6"),
        pytest.param(
            MACHINE.quoted(MACHINE.tdx_quote()[:632], nested=True, kind=4), None, EvidenceVersionError, id="4"
        ),
        pytest.param(MACHINE.sgx_quote(4), SGX, UnverifiedError, id="SGX of version 4"),
        pytest.param(MACHINE.sgx_quote(), None, CollateralInvalidError, id="SGX by collateral for TDX"),
        pytest.param(MACHINE.tdx_quote(), SGX, CollateralInvalidError, id="TDX by collateral for SGX"),
        pytest.param(OTHER.tdx_quote(), None, UnverifiedError, id="another platform"),
    ],
)
def test_a_quote_that_the_library_does_not_take(quote: bytes, kind: int | None, error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        judged(quote, kind=kind)


def test_another_root() -> None:
    collateral = parse_dcap_collateral(MACHINE.collateral())
    for der in (OTHER.root.der, b"", b"\x30\x00"):
        with pytest.raises(UnverifiedError):
            verify_with_dcap(MACHINE.tdx_quote(), collateral, der, AT)
    with pytest.raises(UnverifiedError):
        verify_with_dcap(MACHINE.tdx_quote(), collateral, None, AT)


def test_a_family_that_the_collateral_is_not_about() -> None:
    elsewhere = make_platform(fmspc=bytes(6), above=MACHINE.root)
    swapped = replace(MACHINE, fmspc=elsewhere.fmspc)
    with pytest.raises(UnverifiedError):
        judged(MACHINE.tdx_quote(), machine=swapped)


CHAIN = "Failed to verify certificate chain\n\nCaused by:\n    "


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (CHAIN + "UnknownIssuer", RootUnknownError),
        (CHAIN + "UnknownRevocationStatus", RevocationUnknownError),
        (CHAIN + "CertRevoked", CertificateRevokedError),
        (CHAIN + "InvalidSignatureForPublicKey", PathInvalidError),
        ("Failed to parse TCB Info leaf certificate\n\nCaused by:\n    BadDer", CollateralInvalidError),
        ("Failed to parse PCK certificate\n\nCaused by:\n    BadDer", EvidenceCertificateError),
        ("Failed to decode QeIdentity\n\nCaused by:\n    expected value", CollateralInvalidError),
        ("Invalid TCB level tcbDate\n\nCaused by:\n    Failed to parse RFC3339 datetime", CollateralInvalidError),
        ("Invalid TDX module tcbDate", CollateralInvalidError),
        ("SGX component count mismatch: expected 16, got 15", CollateralInvalidError),
        ("SGX quote with non-SGX TCB info in the collateral", CollateralInvalidError),
        ("Invalid QE auth data length", MalformedEvidenceError),
        ("SERVTD_EXT is enabled", EvidenceAttributesError),
    ],
)
def test_what_the_library_says_is_one_of_our_errors(
    text: str, error: type[CounterfoilError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError(f"Verification failed: {text}")

    monkeypatch.setattr(dcap_qvl, "verify_with_root_ca", refuse)
    with pytest.raises(error) as raised:
        judged(MACHINE.tdx_quote())
    assert type(raised.value) is error
