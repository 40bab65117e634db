"""Collateral as it is loaded: what a document says of itself, in one form, and signed by whom Intel lets sign it."""

import json
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.intel.dcap_collateral import MAX_COLLATERAL_BYTES, parse_dcap_collateral
from counterfoil.attestation.intel.dcap_signatures import verify_dcap_collateral
from counterfoil.attestation.intel.quote import Tee
from counterfoil.errors import (
    CertificateRevokedError,
    CollateralInvalidError,
    CollateralOutOfDateError,
    MalformedCollateralError,
    RevocationUnknownError,
)
from tests.certificates import AT, CA_USAGE, DAY, Entity, Says, authority, crl
from tests.intel_quotes import FMSPC, SGX, TDX, CollateralSays, Json, iso, make_platform, pem, raw_signature

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
"""Some changed certificates have a serial number that none may have."""

MACHINE = make_platform()
DOCUMENT = MACHINE.collateral()
OTHER = make_platform()


def edited(**members: Json) -> bytes:
    return json.dumps(json.loads(DOCUMENT) | members).encode()


def said(**members: Json) -> bytes:
    return MACHINE.collateral(says=CollateralSays(tcb_members=members))


@pytest.mark.parametrize(("kind", "tee"), [(TDX, Tee.TDX), (SGX, Tee.SGX)])
def test_a_document_says_what_it_is_about_and_when_it_holds(kind: int, tee: Tee) -> None:
    document = MACHINE.collateral(kind)
    read = parse_dcap_collateral(document)
    assert (read.tee, read.fmspc, read.pce_id, read.evaluation) == (tee, FMSPC, bytes(2), 17)
    assert (read.issued, read.next_update) == (AT - DAY, AT + 29 * DAY)
    assert (read.holds_from, read.holds_until) == (AT - DAY, AT + 28 * DAY - 1)
    assert read.digest == sha256(document).digest()
    assert read.is_in_date(read.holds_from)
    assert read.is_in_date(read.holds_until)
    assert not read.is_in_date(read.holds_from - 1)
    assert not read.is_in_date(read.holds_until + 1)


LATE, EARLY = AT - 3600, AT + 3600


@pytest.mark.parametrize(
    ("says", "begins", "ends"),
    [
        pytest.param(CollateralSays(issued=LATE), LATE, AT + 28 * DAY - 1, id="issued"),
        pytest.param(CollateralSays(crl_from=LATE), LATE, AT + 28 * DAY - 1, id="CRL from"),
        pytest.param(CollateralSays(crl_until=EARLY), AT - DAY, EARLY - 1, id="CRL until"),
        pytest.param(CollateralSays(next_update=EARLY), AT - DAY, EARLY, id="next update"),
        pytest.param(CollateralSays(tcb_members={"nextUpdate": iso(EARLY)}), AT - DAY, EARLY, id="TCB info"),
        pytest.param(CollateralSays(qe_members={"nextUpdate": iso(EARLY)}), AT - DAY, EARLY, id="QE identity"),
        pytest.param(
            CollateralSays(tcb_members={"issueDate": iso(LATE)}), LATE, AT + 28 * DAY - 1, id="TCB info issued"
        ),
        pytest.param(CollateralSays(qe_members={"issueDate": iso(LATE)}), LATE, AT + 28 * DAY - 1, id="QE issued"),
    ],
)
def test_it_holds_as_long_as_all_of_it_does(says: CollateralSays, begins: int, ends: int) -> None:
    read = parse_dcap_collateral(MACHINE.collateral(says=says))
    assert (read.holds_from, read.holds_until) == (begins, ends)


@pytest.mark.parametrize(("name", "ca"), [("root_ca_crl", MACHINE.root), ("pck_crl", MACHINE.pck_ca)])
def test_it_holds_as_long_as_each_of_its_lists(name: str, ca: Entity) -> None:
    read = parse_dcap_collateral(edited(**{name: crl(ca, this_update=LATE, next_update=EARLY).hex()}))
    assert (read.holds_from, read.holds_until) == (LATE, EARLY - 1)


@pytest.mark.parametrize("which", ["tcb_signer", "pck_ca"])
def test_it_holds_as_long_as_its_certificates_do(which: str) -> None:
    is_ca = which == "pck_ca"
    short = Says(ca=is_ca, usage=CA_USAGE if is_ca else ("digital_signature",), not_before=LATE, not_after=EARLY)
    made = make_platform(pck_ca=short) if is_ca else make_platform(tcb_signer=short)
    read = parse_dcap_collateral(made.collateral())
    assert (read.holds_from, read.holds_until) == (LATE, EARLY)


def test_the_chain_of_one_platform_is_read_over() -> None:
    for chain in (None, "anything"):
        read = parse_dcap_collateral(edited(pck_certificate_chain=chain))
        assert read.members == parse_dcap_collateral(DOCUMENT).members


MEMBERS = sorted(json.loads(DOCUMENT))


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("value", [None, 5, "", "zz", "0", "00", [], {}, "{}", "[]"])
def test_a_member_of_another_form_is_refused(name: str, value: Json) -> None:
    with pytest.raises(MalformedCollateralError):
        parse_dcap_collateral(edited(**{name: value}))


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_is_missing_or_there_twice_is_refused(name: str) -> None:
    members = json.loads(DOCUMENT)
    once = json.dumps({name: members[name]})[1:-1].encode()
    with pytest.raises(MalformedCollateralError):
        parse_dcap_collateral(DOCUMENT[:-1] + b"," + once + b"}")
    del members[name]
    with pytest.raises(MalformedCollateralError):
        parse_dcap_collateral(json.dumps(members).encode())


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        DOCUMENT + b"x",
        DOCUMENT[:-1],
        edited(further="member"),
        edited(tcb_info_issuer_chain=pem(MACHINE.tcb_signer.der, MACHINE.root.der, MACHINE.root.der).decode()),
        edited(pck_crl_issuer_chain=pem(OTHER.tcb_signer.der, OTHER.root.der).decode()),
        edited(tcb_info_issuer_chain=pem(MACHINE.pck.der, MACHINE.pck_ca.der).decode()),
        edited(qe_identity_issuer_chain=pem(MACHINE.pck.der, MACHINE.pck_ca.der).decode()),
        edited(qe_identity=json.loads(MACHINE.collateral(SGX))["qe_identity"]),
        edited(tcb_info_signature="00" * 63),
        edited(tcb_info_signature="00" * 65),
        edited(root_ca_crl="é0"),
        DOCUMENT + b" " * (MAX_COLLATERAL_BYTES + 1 - len(DOCUMENT)),
    ],
)
def test_what_is_no_collateral_is_refused(document: bytes) -> None:
    with pytest.raises(MalformedCollateralError):
        parse_dcap_collateral(document)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "TDY"),
        ("id", "SGX"),
        ("id", None),
        ("fmspc", "00906ED5000"),
        ("fmspc", "00906ED500000"),
        ("fmspc", "00906ED5 000"),
        ("fmspc", 5),
        ("pceId", "00"),
        ("issueDate", "2026-01-01T00:00:00.000Z"),
        ("issueDate", "2026-01-01T00:00:00+00:00"),
        ("issueDate", "2026-01-01T00:00:00"),
        ("issueDate", "2026-02-30T00:00:00Z"),
        ("issueDate", 5),
        ("nextUpdate", "1969-12-31T23:59:59Z"),
        ("nextUpdate", None),
        ("tcbEvaluationDataNumber", "17"),
        ("tcbEvaluationDataNumber", -1),
        ("tcbEvaluationDataNumber", True),
        ("tcbEvaluationDataNumber", 1.5),
    ],
)
def test_tcb_info_in_another_form_is_refused(name: str, value: Json) -> None:
    with pytest.raises(MalformedCollateralError):
        parse_dcap_collateral(said(**{name: value}))


def test_a_list_that_never_ends_is_refused() -> None:
    # No builder leaves the next update out, so it is cut from a list: the outer lengths shrink with it.
    signed = crl(MACHINE.root, this_update=AT - DAY, next_update=AT + DAY)
    dates = [at for at in range(len(signed)) if signed[at : at + 2] == b"\x17\x0d"]
    assert len(dates) == 2
    cut = bytearray(signed[: dates[1]] + signed[dates[1] + 15 :])
    cut[2:4] = (int.from_bytes(cut[2:4], "big") - 15).to_bytes(2, "big") if cut[1] == 0x82 else cut[2:4]
    if cut[1] == 0x81:
        cut[2] -= 15
    inner = 4 if cut[1] == 0x82 else 3
    if cut[inner + 1] == 0x81:
        cut[inner + 2] -= 15
    else:
        cut[inner + 1] -= 15
    with pytest.raises(MalformedCollateralError):
        parse_dcap_collateral(edited(root_ca_crl=bytes(cut).hex()))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(DOCUMENT) - 1), st.integers(0, 255))
def test_a_byte_that_changes_is_read_or_refused_by_name(at: int, value: int) -> None:
    changed = DOCUMENT[:at] + bytes((value,)) + DOCUMENT[at + 1 :]
    if changed == DOCUMENT:
        return
    try:
        read = parse_dcap_collateral(changed)
        verify_dcap_collateral(read, AT, MACHINE.anchors)
    except (MalformedCollateralError, CollateralInvalidError, CollateralOutOfDateError, RevocationUnknownError):
        return
    # Spellings of JSON and PEM, and a root that is carried and not needed, are not signed by anybody.
    before = parse_dcap_collateral(DOCUMENT)
    assert (read.tcb_info.text, read.qe_identity.text) == (before.tcb_info.text, before.qe_identity.text)
    assert (read.root_crl, read.pck_crl, read.pck_ca_chain[0]) == (
        before.root_crl,
        before.pck_crl,
        before.pck_ca_chain[0],
    )


@pytest.mark.parametrize("kind", [TDX, SGX])
def test_collateral_that_is_signed_under_a_pinned_root_holds(kind: int) -> None:
    read = parse_dcap_collateral(MACHINE.collateral(kind))
    for at in (read.holds_from, AT, read.holds_until):
        assert verify_dcap_collateral(read, at, MACHINE.anchors) is read


@pytest.mark.parametrize("at", [0, AT - DAY - 1, AT + 28 * DAY, AT + 29 * DAY])
def test_collateral_of_another_time_does_not_hold(at: int) -> None:
    with pytest.raises(CollateralOutOfDateError):
        verify_dcap_collateral(parse_dcap_collateral(DOCUMENT), at, MACHINE.anchors)


@pytest.mark.parametrize("anchors", [Anchors(frozenset()), OTHER.anchors, Anchors(frozenset(), (MACHINE.root.der,))])
def test_collateral_under_no_pinned_root_does_not_hold(anchors: Anchors) -> None:
    with pytest.raises(CollateralInvalidError):
        verify_dcap_collateral(parse_dcap_collateral(DOCUMENT), AT, anchors)


def test_the_root_need_not_be_carried() -> None:
    alone = edited(
        pck_crl_issuer_chain=pem(MACHINE.pck_ca.der).decode(),
        tcb_info_issuer_chain=pem(MACHINE.tcb_signer.der).decode(),
        qe_identity_issuer_chain=pem(MACHINE.tcb_signer.der).decode(),
    )
    verify_dcap_collateral(parse_dcap_collateral(alone), AT, MACHINE.anchors)


def _signed_by(key: ec.EllipticCurvePrivateKey, name: str) -> bytes:
    text = json.loads(DOCUMENT)[name]
    return edited(**{f"{name}_signature": raw_signature(key, text.encode()).hex()})


def _other_ca() -> bytes:
    """A CA of the same name under the same root, and a list of the one that issued the platforms' certificates."""
    twin = authority(MACHINE.root, "Test SGX PCK Platform CA", Says(ca=True, usage=CA_USAGE))
    return edited(pck_crl_issuer_chain=pem(twin.der, MACHINE.root.der).decode())


def _ca_that_signs_no_lists() -> bytes:
    made = make_platform(pck_ca=Says(ca=True, usage=("key_cert_sign",)), above=MACHINE.root)
    return made.collateral()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(edited(tcb_info=json.loads(DOCUMENT)["tcb_info"].replace("UpToDate", "OutOfDate")), id="TCB info"),
        pytest.param(edited(tcb_info=json.loads(DOCUMENT)["tcb_info"] + " "), id="a space"),
        pytest.param(
            edited(qe_identity=json.loads(DOCUMENT)["qe_identity"].replace('"isvsvn":4', '"isvsvn":1')), id="QE"
        ),
        pytest.param(edited(tcb_info_signature="00" * 64), id="zero signature"),
        pytest.param(edited(qe_identity_signature=json.loads(DOCUMENT)["tcb_info_signature"]), id="swapped signature"),
        pytest.param(_signed_by(OTHER.attestation_key, "tcb_info"), id="another key for TCB info"),
        pytest.param(_signed_by(OTHER.attestation_key, "qe_identity"), id="another key for the QE identity"),
        pytest.param(edited(tcb_info_issuer_chain=pem(OTHER.tcb_signer.der, MACHINE.root.der).decode()), id="a signer"),
        pytest.param(_other_ca(), id="another CA of the name"),
        pytest.param(_ca_that_signs_no_lists(), id="a CA that signs no lists"),
        pytest.param(
            edited(pck_crl=crl(MACHINE.pck_ca, key=OTHER.pck_ca.key).hex()), id="a list that another key signed"
        ),
    ],
)
def test_collateral_that_somebody_else_signed_does_not_hold(document: bytes) -> None:
    with pytest.raises(CollateralInvalidError):
        verify_dcap_collateral(parse_dcap_collateral(document), AT, MACHINE.anchors)


def test_collateral_whose_list_of_the_root_is_another_s_says_nothing_of_revocation() -> None:
    document = edited(root_ca_crl=json.loads(OTHER.collateral())["root_ca_crl"])
    with pytest.raises(RevocationUnknownError):
        verify_dcap_collateral(parse_dcap_collateral(document), AT, MACHINE.anchors)


@pytest.mark.parametrize("which", ["tcb_signer", "pck_ca"])
def test_collateral_of_a_revoked_certificate_does_not_hold(which: str) -> None:
    serial = getattr(MACHINE, which).certificate.serial_number
    document = MACHINE.collateral(says=CollateralSays(revoked_by_root={serial: AT - DAY}))
    with pytest.raises(CertificateRevokedError):
        verify_dcap_collateral(parse_dcap_collateral(document), AT, MACHINE.anchors)
