"""By which collateral, under which root and at which time a quote is judged."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import dcap_qvl
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.attestation.anchors import INTEL_SGX_ROOT, Anchors, vendor_anchors
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.intel.tdx import verify_tdx
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateRevokedError,
    CollateralInvalidError,
    CollateralMissingError,
    CollateralOutOfDateError,
    CounterfoilError,
    EvidenceSignatureError,
    MalformedCollateralError,
    RootUnknownError,
    UnverifiedError,
)
from tests.certificates import AT, CA_USAGE, DAY, Says, issued, root
from tests.intel_quotes import (
    LONG_LIVED,
    SGX,
    CollateralSays,
    IntelPlatform,
    Json,
    iso,
    make_platform,
    pem,
    raw_signature,
)

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
"""Some changed certificates have a serial number that none may have."""

MACHINE, OTHER = make_platform(), make_platform()
QUOTE, DOCUMENT = MACHINE.tdx_quote(), MACHINE.collateral()
NEIGHBOUR = make_platform(above=MACHINE.root)


SHORT = Says(not_before=AT - 3600, not_after=AT + 3600)
SHORT_CA = Says(ca=True, usage=CA_USAGE, not_before=AT - 3600, not_after=AT + 3600)


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


def test_a_root_that_names_itself_as_intel_s_is_none() -> None:
    with pytest.raises(RootUnknownError):
        judged(QUOTE, DOCUMENT, anchors=OTHER.anchors)
    with pytest.raises(RootUnknownError):
        judged(QUOTE, DOCUMENT, anchors=vendor_anchors(Platform.INTEL_TDX))
    with pytest.raises(RootUnknownError):
        judged(QUOTE, DOCUMENT, anchors=Anchors(frozenset()))
    with pytest.raises(RootUnknownError):
        judged(QUOTE, DOCUMENT, anchors=Anchors(frozenset(), (MACHINE.root.der,)))


def _without_root(machine: IntelPlatform) -> tuple[bytes, bytes]:
    quote = machine.quoted(QUOTE[:632], nested=True, chain=pem(machine.pck.der, machine.pck_ca.der))
    chains: dict[str, Json] = {
        "tcb_info_issuer_chain": pem(machine.tcb_signer.der).decode(),
        "qe_identity_issuer_chain": pem(machine.tcb_signer.der).decode(),
        "pck_crl_issuer_chain": pem(machine.pck_ca.der).decode(),
    }
    return quote, machine.collateral(says=CollateralSays(members=chains))


def test_the_root_may_be_carried_by_the_quote_the_collateral_or_the_anchors() -> None:
    pin = frozenset({sha256(MACHINE.root.der).digest()})
    bare_quote, bare_document = _without_root(MACHINE)
    judged(QUOTE, bare_document, anchors=Anchors(pin))
    judged(bare_quote, DOCUMENT, anchors=Anchors(pin))
    judged(bare_quote, bare_document, anchors=MACHINE.anchors)
    judged(bare_quote, bare_document, anchors=Anchors(pin | OTHER.anchors.pins, (OTHER.root.der, MACHINE.root.der)))
    with pytest.raises(RootUnknownError):
        judged(bare_quote, bare_document, anchors=Anchors(pin))
    with pytest.raises(UnverifiedError):
        judged(bare_quote, bare_document, anchors=OTHER.anchors)


def test_a_pinned_root_of_another_name_is_not_tried() -> None:
    bare_quote, bare_document = _without_root(MACHINE)
    other = root("another root")
    with pytest.raises(RootUnknownError):
        judged(bare_quote, bare_document, anchors=Anchors(frozenset({sha256(other.der).digest()}), (other.der,)))


def test_the_dates_of_a_root_that_the_quote_carries_count() -> None:
    short = root("Test SGX Root CA", SHORT_CA)
    machine = make_platform(above=short)
    _, bare_document = _without_root(machine)
    claims = judged(machine.tdx_quote(), bare_document, anchors=machine.anchors)
    assert (claims.holds_from, claims.holds_until) == (SHORT_CA.not_before, SHORT_CA.not_after)
    for at in (claims.holds_from - 1, claims.holds_until + 1):
        with pytest.raises(CertificateOutOfDateError):
            judged(machine.tdx_quote(), bare_document, at=at, anchors=machine.anchors)


def test_the_library_sees_the_quote_and_nothing_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[bytes]()

    def instead(quote: bytes, *_: object) -> None:
        asked.append(quote)
        raise ValueError

    monkeypatch.setattr(dcap_qvl, "verify_with_root_ca", instead)
    with pytest.raises(UnverifiedError):
        judged(QUOTE + bytes(70), DOCUMENT)
    assert asked == [QUOTE]


def test_tcb_info_and_qe_identity_may_have_signers_of_their_own() -> None:
    signer = issued(MACHINE.root, "Test SGX TCB Signing", LONG_LIVED)
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    identity = json.loads(DOCUMENT)["qe_identity"]
    members: dict[str, Json] = {
        "qe_identity_issuer_chain": pem(signer.der, MACHINE.root.der).decode(),
        "qe_identity_signature": raw_signature(signer.key, identity.encode()).hex(),
    }
    by(CollateralSays(members=members))
    with pytest.raises(CollateralInvalidError):
        by(
            CollateralSays(
                members=members | {"qe_identity_issuer_chain": json.loads(DOCUMENT)["tcb_info_issuer_chain"]}
            )
        )


def test_the_root_of_the_library_counts_only_where_it_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[bytes]()

    def instead(quote: bytes, collateral: object, at: int) -> None:
        asked.append(quote)
        raise ValueError("Verification failed: ISV enclave report signature is invalid")

    monkeypatch.setattr(dcap_qvl, "verify", instead)
    bare_quote, bare_document = _without_root(MACHINE)
    with pytest.raises(RootUnknownError):
        judged(bare_quote, bare_document, anchors=Anchors(frozenset({bytes(32)})))
    assert not asked
    with pytest.raises(EvidenceSignatureError):
        judged(bare_quote, bare_document, anchors=Anchors(frozenset({INTEL_SGX_ROOT})))
    assert asked == [bare_quote]


def test_the_library_s_own_root_is_not_the_one_of_the_tests() -> None:
    bare_quote, bare_document = _without_root(MACHINE)
    with pytest.raises(UnverifiedError):
        judged(bare_quote, bare_document, anchors=Anchors(frozenset({INTEL_SGX_ROOT})))


@pytest.mark.parametrize(
    ("make", "says", "error"),
    [
        (lambda: MACHINE, CollateralSays(), CollateralOutOfDateError),
        (lambda: MACHINE, CollateralSays(crl_until=AT + 60 * DAY), CollateralOutOfDateError),
        (lambda: MACHINE, CollateralSays(crl_from=AT - 5), CollateralOutOfDateError),
        (lambda: MACHINE, CollateralSays(qe_members={"nextUpdate": iso(AT + 9)}), CollateralOutOfDateError),
        (lambda: make_platform(pck=SHORT), CollateralSays(), CertificateOutOfDateError),
        (lambda: make_platform(tcb_signer=SHORT), CollateralSays(), CollateralOutOfDateError),
        (lambda: make_platform(pck_ca=SHORT_CA), CollateralSays(), CollateralOutOfDateError),
    ],
)
def test_claims_hold_to_the_second(
    make: Callable[[], IntelPlatform], says: CollateralSays, error: type[CounterfoilError]
) -> None:
    machine = make()
    quote, document = machine.tdx_quote(), machine.collateral(says=says)
    claims = judged(quote, document, anchors=machine.anchors)
    assert claims.holds_from < AT < claims.holds_until
    for at in (claims.holds_from, claims.holds_until):
        assert judged(quote, document, at=at, anchors=machine.anchors) == claims
    for at in (claims.holds_from - 1, claims.holds_until + 1):
        with pytest.raises(error):
            judged(quote, document, at=at, anchors=machine.anchors)


def test_the_interval_is_not_wider_than_the_library_s() -> None:
    claims = judged(QUOTE, DOCUMENT)
    form = dcap_qvl.QuoteCollateralV3.from_json(DOCUMENT.decode())
    policy = dcap_qvl.QuotePolicy.claims_only(AT)
    said = json.loads(dcap_qvl.QuoteVerifier(MACHINE.root.der).verify_with_policy(QUOTE, form, AT, policy).to_json())
    assert claims.holds_from >= max(said["latest_issue_date"], said["qe_iden_latest_issue_date"])
    assert claims.holds_until <= min(said["earliest_expiration_date"], said["qe_iden_earliest_expiration_date"])


@pytest.mark.parametrize("at", [0, -1, AT - 400 * DAY, AT + 400 * DAY, 1 << 63, 1 << 70])
def test_no_time_outside_is_taken(at: int) -> None:
    with pytest.raises(CollateralOutOfDateError):
        judged(QUOTE, DOCUMENT, at=at)


@pytest.mark.parametrize("since", [AT - DAY, AT])
@pytest.mark.parametrize("which", ["pck", "pck_ca", "tcb_signer", "root"])
def test_a_revoked_certificate_is_refused(which: str, since: int) -> None:
    serial = getattr(MACHINE, which).certificate.serial_number
    by_ca = {serial: since} if which == "pck" else {}
    with pytest.raises(CertificateRevokedError):
        by(CollateralSays(revoked_by_ca=by_ca, revoked_by_root={} if by_ca else {serial: since}))


def test_another_machine_s_revocation_is_none_of_this_one() -> None:
    by(CollateralSays(revoked_by_ca={999_999: AT - DAY}, revoked_by_root={999_999: AT - DAY}))


def test_collateral_is_chosen_by_family_kind_and_ca() -> None:
    elsewhere = make_platform(fmspc=bytes(6), above=MACHINE.root)
    processor = replace(MACHINE, pck_ca=OTHER.tcb_signer)
    others = (elsewhere.collateral(), MACHINE.collateral(SGX), processor.collateral())
    assert judged(QUOTE, *others, DOCUMENT).collateral == {collateral_digest(DOCUMENT)}
    assert judged(QUOTE, DOCUMENT, *others).collateral == {collateral_digest(DOCUMENT)}
    for loaded in ((), others):
        with pytest.raises(CollateralMissingError):
            judged(QUOTE, *loaded)
    for carried in others:
        with pytest.raises(CollateralMissingError):
            judged(QUOTE, carried=carried)


def test_collateral_about_another_pce_is_none_of_this_platform() -> None:
    with pytest.raises(CollateralMissingError):
        by(CollateralSays(tcb_members={"pceId": "0001"}))


NEWER = MACHINE.collateral(says=CollateralSays(issued=AT - 60))
OLDER = MACHINE.collateral(says=CollateralSays(issued=AT - 20 * DAY, crl_from=AT - 20 * DAY, crl_until=AT - DAY))


def test_of_several_that_are_in_date_the_last_one_issued_is_used() -> None:
    for loaded in ((DOCUMENT, NEWER), (NEWER, DOCUMENT), (OLDER, NEWER, DOCUMENT)):
        assert judged(QUOTE, *loaded).collateral == {collateral_digest(NEWER)}
    assert judged(QUOTE, NEWER, DOCUMENT, at=AT - 61).collateral == {collateral_digest(DOCUMENT)}
    assert judged(QUOTE, NEWER, OLDER, at=AT - 2 * DAY).collateral == {collateral_digest(OLDER)}


def test_what_is_loaded_is_not_overruled_by_what_the_evidence_carries() -> None:
    assert judged(QUOTE, DOCUMENT, carried=NEWER).collateral == {collateral_digest(DOCUMENT)}
    assert judged(QUOTE, carried=NEWER).collateral == {collateral_digest(NEWER)}
    assert judged(QUOTE, OLDER, carried=NEWER).collateral == {collateral_digest(NEWER)}
    assert judged(QUOTE, MACHINE.collateral(SGX), carried=NEWER).collateral == {collateral_digest(NEWER)}
    with pytest.raises(CollateralOutOfDateError):
        judged(QUOTE, carried=OLDER)
    with pytest.raises(MalformedCollateralError):
        judged(QUOTE, carried=b"{}")


def test_collateral_about_one_kind_with_the_identity_of_the_other_is_refused() -> None:
    identity = json.loads(MACHINE.collateral(SGX))
    mixed = CollateralSays(members={name: identity[name] for name in ("qe_identity", "qe_identity_signature")})
    with pytest.raises(MalformedCollateralError):
        by(mixed)


NUMBERS: Json = {"sgxtcbcomponents": [{"svn": 0}] * 16, "tdxtcbcomponents": [{"svn": 0}] * 16, "pcesvn": 0}
LEVEL: Json = {"tcb": NUMBERS, "tcbDate": "", "tcbStatus": "UpToDate"}


def _text(name: str, old: str, new: str) -> CollateralSays:
    text = json.loads(DOCUMENT)[name]
    assert old in text
    return CollateralSays(members={name: text.replace(old, new)})


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(_text("tcb_info", "UpToDate", "SWHardeningNeeded"), id="TCB info"),
        pytest.param(_text("tcb_info", '"svn":3', '"svn":0'), id="an SVN"),
        pytest.param(_text("qe_identity", '"isvsvn":4', '"isvsvn":1'), id="QE identity"),
        pytest.param(CollateralSays(members={"tcb_info_signature": "01" * 64}), id="signature of the TCB info"),
        pytest.param(CollateralSays(members={"qe_identity_signature": "01" * 64}), id="signature of the QE identity"),
        pytest.param(CollateralSays(tcb_members={"version": 2}), id="TCB info of another version"),
        pytest.param(CollateralSays(qe_members={"version": 9}), id="QE identity of another version"),
        pytest.param(CollateralSays(qe_members={"tcbLevels": []}), id="a QE identity without levels"),
        pytest.param(
            CollateralSays(tcb_members={"tcbLevels": [{"tcb": LEVEL, "tcbDate": "", "tcbStatus": "UpToDate"}]}),
            id="date",
        ),
        pytest.param(CollateralSays(levels=[("Bogus", 1)]), id="a status of nobody"),
        pytest.param(CollateralSays(members={"pck_crl": json.loads(NEIGHBOUR.collateral())["pck_crl"]}), id="a CRL"),
        pytest.param(
            CollateralSays(members={"root_ca_crl": json.loads(OTHER.collateral())["root_ca_crl"]}), id="root's"
        ),
    ],
)
def test_collateral_that_intel_did_not_sign_is_refused(says: CollateralSays) -> None:
    with pytest.raises(CollateralInvalidError):
        by(says)
