"""Quotes of trust domains under a test root: what they claim, and every way in which one does not hold."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import dcap_qvl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.anchors import INTEL_SGX_ROOT, Anchors, vendor_anchors
from counterfoil.attestation.claims import EvidenceClaims, Outcome
from counterfoil.attestation.collateral import NO_COLLATERAL, Collateral, collateral_digest
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.tdx import verify_tdx
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateRevokedError,
    CollateralInvalidError,
    CollateralMissingError,
    CollateralOutOfDateError,
    CounterfoilError,
    EvidenceAttributesError,
    EvidenceDebugError,
    EvidenceMismatchError,
    EvidencePartError,
    EvidenceSignatureError,
    EvidenceTcbError,
    EvidenceVersionError,
    MalformedCertificateError,
    MalformedCollateralError,
    MalformedEvidenceError,
    RootUnknownError,
    UnverifiedError,
)
from tests.certificates import AT, CA_USAGE, DAY, Says
from tests.intel_quotes import (
    FMSPC,
    PCE_SVN,
    PPID,
    SGX,
    TD_FIELDS,
    TDX,
    CollateralSays,
    IntelPlatform,
    Json,
    header,
    iso,
    make_platform,
    pem,
)

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


SHORT = Says(not_before=AT - 3600, not_after=AT + 3600)
SHORT_CA = Says(ca=True, usage=CA_USAGE, not_before=AT - 3600, not_after=AT + 3600)


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
