"""Quotes of trust domains under a test root: what they claim, and every way in which one does not hold."""

from hashlib import sha256

import dcap_qvl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims, Outcome
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.intel.tdx import verify_tdx
from counterfoil.attestation.verifier import Verifier
from counterfoil.errors import (
    CounterfoilError,
    EvidenceAttributesError,
    EvidenceDebugError,
    EvidenceMismatchError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceTcbError,
    EvidenceVersionError,
    MalformedCertificateError,
    MalformedEvidenceError,
    UnverifiedError,
)
from tests.certificates import AT, DAY
from tests.intel_quotes import (
    FMSPC,
    PCE_SVN,
    PPID,
    SGX,
    TD_FIELDS,
    TDX,
    CollateralSays,
    Json,
    header,
    iso,
    make_platform,
    pem,
)

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
"""Some changed certificates have a serial number that none may have."""

VERIFIER: Verifier = verify_tdx
MACHINE, OTHER = make_platform(), make_platform()
QUOTE, DOCUMENT = MACHINE.tdx_quote(), MACHINE.collateral()
NEIGHBOUR = make_platform(above=MACHINE.root)


def judged(
    quote: bytes = QUOTE,
    *loaded: bytes,
    at: int = AT,
    anchors: Anchors = MACHINE.anchors,
    carried: bytes | None = None,
) -> EvidenceClaims:
    parts = {"quote": quote} | ({} if carried is None else {"collateral": carried})
    return verify_tdx(Evidence(Platform.INTEL_TDX, parts), at, anchors, Collateral(dcap=loaded))


def by(says: CollateralSays, quote: bytes = QUOTE, at: int = AT) -> EvidenceClaims:
    return judged(quote, MACHINE.collateral(says=says), at=at)


def test_a_domain_s_claims_are_those_of_its_quote_and_its_platform() -> None:
    claims = judged(QUOTE, DOCUMENT)
    assert (claims.platform, claims.product, claims.signer) == (Platform.INTEL_TDX, "TDX", "PCK")
    assert claims.measurements == {name: value for name, value in TD_FIELDS.items() if name.startswith(("mr", "rtmr"))}
    assert claims.bound == {"report-data": TD_FIELDS["report_data"]}
    assert (claims.debug, claims.migratable) == (False, False)
    assert (claims.tcb_status, claims.advisories) == ("UpToDate", frozenset())
    assert claims.tcb == {
        "pce-svn": PCE_SVN,
        "tcb-evaluation": 17,
        "tdx-module-svn": 5,
        "tdx-module-version": 1,
        "seam-loader-svn": 2,
    }
    assert claims.hardware_id == sha256(PPID).digest()
    assert claims.facts == {
        "fmspc": FMSPC.hex(),
        "quote-version": "4",
        "td-attributes": "0000000010000000",
        "xfam": "e702060000000000",
    }
    assert claims.collateral == {collateral_digest(DOCUMENT)}
    assert (claims.holds_from, claims.holds_until) == (AT - DAY, AT + 28 * DAY - 1)
    assert {check.outcome for check in claims.checks} == {Outcome.PASSED}
    assert [check.name for check in claims.checks] == [
        "certificate-path",
        "collateral-signatures",
        "quote-signature",
        "quoting-enclave",
        "revocation",
        "tcb-level",
    ]


def test_a_quote_of_version_5_holds_with_either_report() -> None:
    first, second = judged(MACHINE.tdx_quote(5, 2), DOCUMENT), judged(MACHINE.tdx_quote(5, 3), DOCUMENT)
    assert first.facts["quote-version"] == second.facts["quote-version"] == "5"
    assert first.measurements == judged(QUOTE, DOCUMENT).measurements
    assert second.measurements == {**first.measurements, "mrservicetd": bytes(48)}
    assert (second.tcb["current-tdx-module-svn"], second.tcb["current-tdx-module-version"]) == (5, 1)


def test_a_platform_without_an_id_names_no_hardware() -> None:
    made = make_platform(ppid=bytes(16))
    assert judged(made.tdx_quote(), made.collateral(), anchors=made.anchors).hardware_id is None


@pytest.mark.parametrize(
    "status",
    [
        "UpToDate",
        "SWHardeningNeeded",
        "ConfigurationNeeded",
        "ConfigurationAndSWHardeningNeeded",
        "OutOfDate",
        "OutOfDateConfigurationNeeded",
    ],
)
def test_the_tcb_status_is_a_claim_with_its_advisories(status: str) -> None:
    claims = by(CollateralSays(levels=[("UpToDate", 12), (status, 11)], advisories=["INTEL-SA-1", "INTEL-SA-2"]))
    assert claims.tcb_status == status
    assert claims.advisories == {"INTEL-SA-1", "INTEL-SA-2"}


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(CollateralSays(levels=[("UpToDate", 12)]), id="no level"),
        pytest.param(CollateralSays(levels=[]), id="no levels at all"),
        pytest.param(CollateralSays(levels=[("Revoked", 11)]), id="revoked"),
        pytest.param(CollateralSays(levels=[("TDRelaunchAdvised", 11)]), id="a status of another list"),
        pytest.param(CollateralSays(tcb_members={"tdxModuleIdentities": [
            {"id": "TDX_01", "mrsigner": "0" * 96, "attributes": "0" * 16, "attributesMask": "F" * 16, "tcbLevels": [
                {"tcb": {"isvsvn": 6}, "tcbDate": iso(AT), "tcbStatus": "UpToDate"}]}]}), id="an older module"),
        pytest.param(CollateralSays(tcb_members={"tdxModuleIdentities": [
            {"id": "TDX_03", "mrsigner": "0" * 96, "attributes": "0" * 16, "attributesMask": "F" * 16, "tcbLevels": []}
        ]}), id="an unknown module"),
        pytest.param(CollateralSays(qe_members={"tcbLevels": [
            {"tcb": {"isvsvn": 7}, "tcbDate": iso(AT), "tcbStatus": "UpToDate"}]}), id="an older quoting enclave"),
    ],
)  # fmt: skip
def test_a_platform_at_no_level_of_its_vendor_is_refused_for_its_tcb(says: CollateralSays) -> None:
    with pytest.raises(EvidenceTcbError):
        by(says)


def test_a_module_that_fell_back_under_the_domain_is_refused_for_its_tcb() -> None:
    judged(MACHINE.tdx_quote(5, 3, tee_tcb_svn2=bytes((7, 1, 2)) + bytes(13)), DOCUMENT)
    with pytest.raises(EvidenceTcbError):
        judged(MACHINE.tdx_quote(5, 3, tee_tcb_svn2=bytes((1, 1, 2)) + bytes(13)), DOCUMENT)


@pytest.mark.parametrize("loaded", [(), (DOCUMENT,)])
@pytest.mark.parametrize("quote", [
    MACHINE.tdx_quote(td_attributes=bytes.fromhex("0100001000000000")),
    MACHINE.tdx_quote(5, 3, td_attributes=bytes.fromhex("0100001000000000")),
])  # fmt: skip
def test_a_domain_for_debugging_is_refused_as_such_whatever_is_loaded(quote: bytes, loaded: tuple[bytes, ...]) -> None:
    with pytest.raises(EvidenceDebugError):
        judged(quote, *loaded)


@pytest.mark.parametrize("bit", [1, 4, 28, 29, 40])
def test_attributes_of_a_domain_that_are_not_verified_are_refused_as_such(bit: int) -> None:
    attributes = ((1 << 28) ^ (1 << bit)).to_bytes(8, "little")
    with pytest.raises(EvidenceAttributesError):
        judged(MACHINE.tdx_quote(td_attributes=attributes), DOCUMENT)


def test_a_domain_that_is_bound_to_a_service_domain_is_refused() -> None:
    with pytest.raises(EvidenceAttributesError):
        judged(MACHINE.tdx_quote(5, 3, mrservicetd=b"\x01" * 48), DOCUMENT)


def flipped(at: int, quote: bytes = QUOTE) -> bytes:
    return quote[:at] + bytes((quote[at] ^ 1,)) + quote[at + 1 :]


FRAME = 636 + 134
"""Where the QE report begins in a quote of version 4."""


@pytest.mark.parametrize(
    ("at", "error"),
    [
        pytest.param(8, EvidenceSignatureError, id="header"),
        pytest.param(47, EvidenceSignatureError, id="user data"),
        pytest.param(48, EvidenceSignatureError, id="tee_tcb_svn"),
        pytest.param(184, EvidenceSignatureError, id="mrtd"),
        pytest.param(631, EvidenceSignatureError, id="report data"),
        pytest.param(636, EvidenceSignatureError, id="signature r"),
        pytest.param(699, EvidenceSignatureError, id="signature s"),
        pytest.param(700, EvidenceMismatchError, id="attestation key x"),
        pytest.param(763, EvidenceMismatchError, id="attestation key y"),
        pytest.param(FRAME, EvidenceSignatureError, id="QE report"),
        pytest.param(FRAME + 320, EvidenceSignatureError, id="QE report data"),
        pytest.param(FRAME + 383, EvidenceSignatureError, id="QE report end"),
        pytest.param(FRAME + 384, EvidenceSignatureError, id="QE signature r"),
        pytest.param(FRAME + 447, EvidenceSignatureError, id="QE signature s"),
        pytest.param(FRAME + 450, EvidenceMismatchError, id="authentication data"),
        pytest.param(FRAME + 481, EvidenceMismatchError, id="authentication data end"),
        pytest.param(4, EvidenceVersionError, id="tee type"),
        pytest.param(FRAME + 482, EvidenceVersionError, id="certification type"),
        pytest.param(FRAME + 488, MalformedCertificateError, id="chain"),
    ],
)
def test_a_quote_of_which_one_bit_is_another_is_refused(at: int, error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        judged(flipped(at), DOCUMENT)


@pytest.mark.parametrize("version", [(4, 2), (5, 2), (5, 3)])
def test_no_byte_of_a_quote_may_be_another(version: tuple[int, int]) -> None:
    quote = MACHINE.tdx_quote(*version)
    chain = quote.index(b"-----BEGIN")
    for at in {*range(0, chain, 16), *range(chain, len(quote), 53)}:
        with pytest.raises(CounterfoilError):
            judged(flipped(at, quote), DOCUMENT)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_garbage_is_refused_by_name(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(QUOTE) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=40))
    changed = QUOTE[:start] + junk + QUOTE[start + len(junk) :]
    if changed.rstrip(b"\x00") == QUOTE.rstrip(b"\x00"):
        return
    with pytest.raises(CounterfoilError):
        judged(changed, DOCUMENT)


def test_bytes_after_the_quote_are_refused_although_the_library_takes_them() -> None:
    with pytest.raises(MalformedEvidenceError):
        judged(QUOTE + b"\x01", DOCUMENT)
    assert judged(QUOTE + bytes(70), DOCUMENT) == judged(QUOTE, DOCUMENT)


@pytest.mark.parametrize(
    ("quote", "error"),
    [
        (NEIGHBOUR.quoted(QUOTE[:632], nested=True, chain=MACHINE.pck_chain), EvidenceSignatureError),
        (MACHINE.quoted(QUOTE[:632], nested=True, chain=pem(MACHINE.pck.der)), CounterfoilError),
        (MACHINE.quoted(QUOTE[:632], nested=True, chain=pem(MACHINE.pck_ca.der, MACHINE.root.der)), CounterfoilError),
        (MACHINE.quoted(QUOTE[:632], nested=True, chain=b""), MalformedCertificateError),
    ],
)
def test_a_quote_with_another_chain_is_refused(quote: bytes, error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        judged(quote, DOCUMENT)


@pytest.mark.parametrize("name", ["mrsigner", "attributes", "miscselect", "isvprodid"])
def test_a_quoting_enclave_that_intel_does_not_name_is_refused(name: str) -> None:
    other: dict[str, Json] = {
        "mrsigner": "11" * 32,
        "attributes": "13" + "0" * 30,
        "miscselect": "01000000",
        "isvprodid": 1,
    }
    with pytest.raises(EvidenceMismatchError):
        by(CollateralSays(qe_members={name: other[name]}))


@pytest.mark.parametrize("parts", [{}, {"collateral": DOCUMENT}, {"quote": QUOTE, "further": b""}, {"Quote": QUOTE}])
def test_other_parts_are_refused(parts: dict[str, bytes]) -> None:
    with pytest.raises(EvidencePartError):
        verify_tdx(Evidence(Platform.INTEL_TDX, parts), AT, MACHINE.anchors, NO_COLLATERAL)


@pytest.mark.parametrize(
    "quote",
    [
        MACHINE.sgx_quote(),
        MACHINE.quoted(header(6, TDX) + QUOTE[48:632], nested=True),
        MACHINE.quoted(header(4, SGX) + QUOTE[48:632], nested=True),
        MACHINE.quoted(header(4, TDX, key_type=3) + QUOTE[48:632], nested=True),
    ],
)
def test_a_quote_that_is_none_of_a_domain_is_refused(quote: bytes) -> None:
    with pytest.raises(EvidenceVersionError):
        judged(quote, DOCUMENT)


def test_a_refusal_that_nobody_foresaw_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (ValueError("something new"), OverflowError("x"), TypeError("y"), ValueError("")):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(dcap_qvl, "verify_with_root_ca", fail)
        with pytest.raises(UnverifiedError) as raised:
            judged(QUOTE, DOCUMENT)
        assert raised.value.code == "unverified"
        assert raised.value.__cause__ is error
