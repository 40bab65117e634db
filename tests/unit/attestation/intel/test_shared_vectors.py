"""Real quotes of TDX and SGX at the times at which they were taken, and what other software makes of them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from types import ModuleType

import dcap_qvl
import pytest

from counterfoil.attestation.anchors import INTEL_SGX_ROOT, Anchors, vendor_anchors
from counterfoil.attestation.certificate_paths.pem_chain import parse_pem_chain
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.attestation.intel.dcap_signatures import verify_dcap_collateral
from counterfoil.attestation.intel.quote import Tee, parse_intel_quote
from counterfoil.attestation.intel.sgx import verify_sgx
from counterfoil.attestation.intel.tdx import verify_tdx
from counterfoil.errors import (
    CollateralInvalidError,
    CollateralMissingError,
    CollateralOutOfDateError,
    CounterfoilError,
    EvidenceDebugError,
    EvidenceTcbError,
    EvidenceVersionError,
    MalformedCollateralError,
    MalformedEvidenceError,
    RevocationUnknownError,
    RootUnknownError,
)
from tests.vectors_dir import require_shared

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
"""Some changed certificates have a serial number that none may have."""

AT = 1_750_420_800
"""2025-06-20, 12:00 UTC."""

LATER = 1_771_587_000
"""2026-02-20: the collateral beside the outdated quote is of these weeks."""

ANCHORS = vendor_anchors(Platform.INTEL_TDX)


@lru_cache
def vector(name: str) -> bytes:
    return require_shared("attestation", *name.split("/")).read_bytes()


def domain(quote: bytes | None = None, *loaded: bytes, at: int = AT, anchors: Anchors = ANCHORS) -> EvidenceClaims:
    held = vector("tdx/tdx_quote_v4.bin") if quote is None else quote
    documents = loaded or (vector("tdx/tdx_quote_v4_collateral.json"),)
    return verify_tdx(Evidence(Platform.INTEL_TDX, {"quote": held}), at, anchors, Collateral(dcap=documents))


def enclave(quote: bytes | None = None, *, at: int = AT) -> EvidenceClaims:
    held = vector("sgx/sgx_quote.bin") if quote is None else quote
    evidence = Evidence(Platform.INTEL_SGX, {"quote": held, "collateral": vector("sgx/sgx_quote_collateral.json")})
    return verify_sgx(evidence, at, ANCHORS, NO_COLLATERAL)


def test_a_real_quote_of_a_domain_is_up_to_date_at_its_time() -> None:
    claims = domain()
    assert (claims.tcb_status, claims.advisories, claims.debug) == ("UpToDate", frozenset(), False)
    assert claims.facts["fmspc"] == "b0c06f000000"
    assert claims.measurements["mrtd"].hex().startswith("91eb2b44d141d4ece09f0c75c2c53d24")
    assert claims.measurements["rtmr3"] == bytes(48)
    assert claims.bound["report-data"].hex().startswith("9a9d48e7f6799642d3d1b34e1e5e1742")
    assert claims.tcb["pce-svn"] == 11
    assert claims.collateral == {collateral_digest(vector("tdx/tdx_quote_v4_collateral.json"))}


def test_a_real_quote_of_an_enclave_needs_configuration_and_hardening_at_its_time() -> None:
    claims = enclave()
    assert claims.tcb_status == "ConfigurationAndSWHardeningNeeded"
    assert claims.advisories == {"INTEL-SA-00289", "INTEL-SA-00615"}
    assert claims.measurements["mrenclave"].hex().startswith("33d8736db756ed49")
    assert claims.bound["report-data"].rstrip(b"\x00") == b"Hello, world!"
    assert claims.tcb["isv-svn"] == 0


def test_a_real_quote_of_version_5_is_refused_for_its_tcb_and_nothing_else() -> None:
    quote, document = vector("tdx/tdx_quote_outdated.bin"), vector("tdx/tdx_quote_outdated_collateral.json")
    assert parse_intel_quote(quote, Tee.TDX).version == 5
    with pytest.raises(EvidenceTcbError):
        domain(quote, document, at=LATER)
    with pytest.raises(CollateralOutOfDateError):
        domain(quote, document)
    with pytest.raises(CollateralMissingError):
        domain(quote)
    with pytest.raises(CounterfoilError) as raised:
        domain(quote[:100] + bytes((quote[100] ^ 1,)) + quote[101:], document, at=LATER)
    assert raised.value.code == "evidence-signature-invalid"


def test_a_real_quote_of_a_domain_for_debugging_is_refused_as_such() -> None:
    with pytest.raises(EvidenceDebugError):
        domain(vector("tdx/tdx_debug_quote.bin"))


def test_a_real_quote_is_followed_by_the_zeros_of_its_buffer() -> None:
    quote = vector("tdx/tdx_quote_v4.bin")
    exact = parse_intel_quote(quote, Tee.TDX).exact
    assert quote == exact + bytes(70)
    assert domain(exact) == domain()
    with pytest.raises(MalformedEvidenceError):
        domain(quote[:-1] + b"\x01")


@pytest.mark.parametrize("verified", [domain, enclave])
def test_real_claims_hold_to_the_second(verified: Callable[..., EvidenceClaims]) -> None:
    claims = verified()
    for at in (claims.holds_from, claims.holds_until):
        assert verified(at=at) == claims
    for at in (claims.holds_from - 1, claims.holds_until + 1, 0):
        with pytest.raises(CollateralOutOfDateError):
            verified(at=at)


def test_one_kind_is_none_of_the_other() -> None:
    with pytest.raises(EvidenceVersionError):
        domain(vector("sgx/sgx_quote.bin"))
    with pytest.raises(EvidenceVersionError):
        enclave(vector("tdx/tdx_quote_v4.bin"))
    with pytest.raises(CollateralMissingError):
        domain(None, vector("sgx/sgx_quote_collateral.json"))


def test_intel_s_root_has_to_be_pinned() -> None:
    with pytest.raises(RootUnknownError):
        domain(anchors=Anchors(frozenset()))


@pytest.mark.parametrize(
    ("name", "verified"),
    [("tdx/tdx_quote_v4.bin", domain), ("sgx/sgx_quote.bin", enclave)],
)
def test_no_byte_of_a_real_quote_may_be_another(name: str, verified: Callable[..., EvidenceClaims]) -> None:
    quote = vector(name)
    chain = quote.index(b"-----BEGIN")
    for at in {*range(0, chain, 16), *range(chain, len(quote.rstrip(b"\x00")), 71)}:
        with pytest.raises(CounterfoilError):
            verified(quote[:at] + bytes((quote[at] ^ 1,)) + quote[at + 1 :])


REFUSALS = (MalformedCollateralError, CollateralInvalidError, CollateralOutOfDateError, RevocationUnknownError)
REAL_DOCUMENTS = [
    ("tdx/tdx_quote_v4_collateral.json", AT, Tee.TDX),
    ("tdx/tdx_quote_outdated_collateral.json", LATER, Tee.TDX),
    ("sgx/sgx_quote_collateral.json", AT, Tee.SGX),
]


@pytest.mark.parametrize(("name", "at", "tee"), REAL_DOCUMENTS)
def test_real_collateral_is_signed_by_intel(name: str, at: int, tee: Tee) -> None:
    read = parse_dcap_collateral(vector(name))
    assert read.tee is tee
    assert verify_dcap_collateral(read, at, ANCHORS) is read
    with pytest.raises(CollateralInvalidError):
        verify_dcap_collateral(read, at, Anchors(frozenset({bytes(32)})))


@pytest.mark.parametrize(("name", "at", "tee"), REAL_DOCUMENTS)
@pytest.mark.parametrize("member", ["tcb_info", "qe_identity", "root_ca_crl", "pck_crl"])
def test_real_collateral_of_which_one_character_is_another_is_refused(
    name: str, at: int, tee: Tee, member: str
) -> None:
    members = json.loads(vector(name))
    text = members[member]
    for place in range(0, len(text), max(1, len(text) // 20)):
        members[member] = text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]
        with pytest.raises(REFUSALS):
            verify_dcap_collateral(parse_dcap_collateral(json.dumps(members).encode()), at, ANCHORS)


def test_the_library_finds_the_same_interval() -> None:
    claims = domain()
    document = vector("tdx/tdx_quote_v4_collateral.json")
    form, policy = dcap_qvl.QuoteCollateralV3.from_json(document.decode()), dcap_qvl.QuotePolicy.claims_only(AT)
    text = dcap_qvl.QuoteVerifier().verify_with_policy(vector("tdx/tdx_quote_v4.bin"), form, AT, policy).to_json()
    said = json.loads(text)
    assert claims.holds_from == max(said["latest_issue_date"], said["qe_iden_latest_issue_date"])
    # The library counts the second of a CRL's next update, and then refuses it.
    assert claims.holds_until + 1 == min(said["earliest_expiration_date"], said["qe_iden_earliest_expiration_date"])


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    module: ModuleType = pytest.importorskip("agent_manifest._tdx_verify")
    return module


def accepts(oracle: ModuleType, quote: bytes) -> bool:
    try:
        return bool(oracle.verify_tdx_quote(quote, verification_time=datetime.fromtimestamp(AT, UTC)))
    except oracle.TdxVerificationError:
        return False


def test_other_software_finds_the_same_quote_genuine_and_reads_the_same(oracle: ModuleType) -> None:
    quote = vector("tdx/tdx_quote_v4.bin")
    assert accepts(oracle, quote)
    read, claims = oracle.parse_tdx_quote(quote), domain()
    assert (read.mrtd, read.report_data) == (claims.measurements["mrtd"], claims.bound["report-data"])
    assert read.rtmrs == tuple(claims.measurements[f"rtmr{place}"] for place in range(4))
    assert f"{read.td_attributes:016x}" == claims.facts["td-attributes"]


def test_other_software_finds_the_quote_for_debugging_genuine(oracle: ModuleType) -> None:
    quote = vector("tdx/tdx_debug_quote.bin")
    assert accepts(oracle, quote)
    assert oracle.parse_tdx_quote(quote).td_attributes & 1


def test_what_other_software_refuses_of_changed_quotes_is_refused_here(oracle: ModuleType) -> None:
    quote = vector("tdx/tdx_quote_v4.bin")
    for at in range(0, 4900, 97):
        changed = quote[:at] + bytes((quote[at] ^ 0x10,)) + quote[at + 1 :]
        if accepts(oracle, changed):
            continue
        with pytest.raises(CounterfoilError):
            domain(changed)


def test_the_pin_is_the_root_that_other_software_pins(oracle: ModuleType) -> None:
    (root,) = parse_pem_chain(oracle.INTEL_SGX_ROOT_CA_PEM, at_most=1)
    assert sha256(root).digest() == INTEL_SGX_ROOT
