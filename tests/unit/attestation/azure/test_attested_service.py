"""Statements of an attested signing service: the evidence in their header, and whether a log admits them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from counterfoil.attestation.anchors import Anchors, vendor_anchors
from counterfoil.attestation.appraisal import Grade, Status
from counterfoil.attestation.appraisal_policy import Endorser
from counterfoil.attestation.azure.attested_service import AttestedService, parse_attested_service
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.claims import Endorsed
from counterfoil.attestation.collateral import NO_COLLATERAL
from counterfoil.attestation.conveyance.carried import carried_attestation
from counterfoil.attestation.evidence import Platform
from counterfoil.attestation.snp.verify import verify_snp
from counterfoil.cose import labels
from counterfoil.cose.cose_key import cose_key_map
from counterfoil.encoding.cbor import CborValue
from counterfoil.errors import (
    AttestationNotAskedError,
    CounterfoilError,
    DebugNotAdmittedError,
    EndorsementNotAdmittedError,
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceVersionError,
    FactNotAdmittedError,
    IssuerUnknownError,
    KeyNotBoundError,
    KeyUnknownError,
    MalformedEvidenceError,
    MigrationNotAdmittedError,
    PlatformNotAdmittedError,
    RefusedError,
    RootUnknownError,
    SignatureInvalidError,
    UncheckedNotAdmittedError,
    UnverifiedError,
)
from counterfoil.policy.rules import Rules
from counterfoil.signing.generate import generate_private_key
from tests.attested_services import (
    CHIP,
    HOST_DATA,
    ISSUER,
    MEASUREMENT,
    SERVICE,
    SIGNER,
    UVM,
    appraisal,
    decided,
    flipped,
    header,
    rules,
    statement,
)
from tests.builders import START
from tests.snp_reports import UVM_FEED, make_amd, make_chip, make_uvm_signer

STRANGER = generate_private_key("ES384")


@pytest.mark.parametrize("algorithm", ["ES256", "ES384"])
def test_a_statement_of_an_attested_service_is_admitted_by_its_own_evidence(algorithm: str) -> None:
    decision = decided(statement(signer=generate_private_key(algorithm)))
    standing = decision.standing
    assert (standing.grade, standing.appraised_by, standing.enrolment) == (Grade.KEY_BOUND, "signing-service", None)
    assert standing.appraisal is not None
    assert standing.appraisal.status is Status.AFFIRMING
    assert standing.appraisal.claims.endorsed == Endorsed(UVM.did, UVM_FEED, 104)


def test_its_evidence_is_what_it_carries() -> None:
    said = header()
    carried = carried_attestation(statement(said))
    assert carried is not None
    assert (carried.key, carried.challenge) == (SIGNER.public_key, None)
    assert carried.evidence.parts == {
        "report": said["attestation"],
        "certificates": said["snp_endorsements"],
        "endorsement": said["uvm_endorsements"],
    }
    assert verify_snp(carried.evidence, START, CHIP.anchors, NO_COLLATERAL).signer == "VCEK"


@pytest.mark.parametrize(
    "under",
    [
        rules(issuer=ISSUER + "x"),
        rules(issuer="did:attestedsvc:test-service"),
    ],
)
def test_it_is_refused_where_its_issuer_is_not_named(under: Rules) -> None:
    with pytest.raises(IssuerUnknownError):
        decided(statement(), under)


@pytest.mark.parametrize(
    ("under", "error"),
    [
        (rules(attested_by=""), KeyUnknownError),
        (rules(attested_by="other"), AttestationNotAskedError),
        (rules(algorithms=frozenset({"ES256"})), RefusedError),
        (rules(appraisal(endorser=Endorser(make_uvm_signer().did, UVM_FEED, 104))), EndorsementNotAdmittedError),
        (rules(appraisal(endorser=Endorser(UVM.did, "ContainerPlat", 104))), EndorsementNotAdmittedError),
        (rules(appraisal(endorser=Endorser(UVM.did, UVM_FEED, 105))), EndorsementNotAdmittedError),
        (rules(appraisal(facts={"host-data": frozenset({"00" * 32})})), FactNotAdmittedError),
        (rules(appraisal(unchecked=frozenset())), UncheckedNotAdmittedError),
        (rules(appraisal(bindings=frozenset({Binding.ENROLMENT}))), KeyNotBoundError),
        (rules(appraisal(platforms=frozenset({Platform.AWS_NITRO}))), PlatformNotAdmittedError),
        (rules(appraisal(anchors=make_chip(amd=make_amd()).anchors)), UnverifiedError),
        (rules(appraisal(anchors=vendor_anchors(Platform.AMD_SEV_SNP))), RootUnknownError),
        (rules(appraisal(minimum_tcb={"Milan": {"snp": 25}})), RefusedError),
        (rules(appraisal(signers=frozenset({"VLEK"}))), RefusedError),
    ],
)
def test_it_is_refused_under_a_policy_that_asks_for_something_else(under: Rules, error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        decided(statement(), under)


@pytest.mark.parametrize(
    "changes",
    [
        {"facts": {"host-data": frozenset({HOST_DATA.hex(), "00" * 32})}},
        {"endorser": Endorser(UVM.did, UVM_FEED, 0)},
        {"minimum_tcb": {"Milan": {"snp": 24, "microcode": 219}}},
        {"measurements": {"launch": frozenset({MEASUREMENT})}},
    ],
)
def test_it_is_admitted_under_a_policy_that_asks_for_what_is_there(changes: dict[str, Any]) -> None:
    assert decided(statement(), rules(appraisal(**changes))).standing.grade is Grade.KEY_BOUND


def reporting(**fields: bytes | int) -> Mapping[int | str, CborValue]:
    said: dict[str, bytes | int] = {"report_data": SIGNER.public_key.thumbprint + bytes(32), **fields}
    return header(attestation=CHIP.report(3, **said))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (reporting(report_data=SIGNER.public_key.thumbprint + b"\x01" + bytes(31)), KeyNotBoundError),
        (reporting(report_data=SIGNER.public_key.thumbprint + bytes(31) + b"\x01"), KeyNotBoundError),
        (reporting(report_data=bytes(32) + SIGNER.public_key.thumbprint), KeyNotBoundError),
        (reporting(report_data=STRANGER.public_key.thumbprint + bytes(32)), KeyNotBoundError),
        (reporting(report_data=bytes(64)), KeyNotBoundError),
        (reporting(measurement=b"\x3f" * 48), EvidenceMismatchError),
        (reporting(policy=0xA_0000), DebugNotAdmittedError),
        (reporting(policy=0x6_0000), MigrationNotAdmittedError),
        (reporting(vmpl=1), RefusedError),
        (reporting(vmpl=4), MalformedEvidenceError),
        (reporting(keys=7 << 2), EvidenceVersionError),
        (header(uvm_endorsements=make_uvm_signer().endorse(MEASUREMENT, 104)), EndorsementNotAdmittedError),
        (header(uvm_endorsements=UVM.endorse(MEASUREMENT, 103)), EndorsementNotAdmittedError),
        (header(uvm_endorsements=UVM.endorse(MEASUREMENT, header={"feed": "other"})), EndorsementNotAdmittedError),
        (header(uvm_endorsements=UVM.endorse(b"\x3f" * 48)), EvidenceMismatchError),
        (header(snp_endorsements=make_chip(amd=make_amd()).certificates()), RootUnknownError),
        (header(snp_endorsements=make_chip().certificates()), EvidenceSignatureError),
        (header(svc_id="other"), EvidenceMismatchError),
        (header(svc_id="test"), EvidenceMismatchError),
        (header(svc_id=None), EvidenceMismatchError),
        (header(cose_key=cose_key_map(STRANGER.public_key)), KeyUnknownError),
        (header(STRANGER), KeyUnknownError),
        (header(STRANGER, cose_key=cose_key_map(SIGNER.public_key)), KeyNotBoundError),
    ],
)
def test_a_statement_whose_evidence_is_not_its_own_is_refused(
    said: Mapping[int | str, CborValue], error: type[CounterfoilError]
) -> None:
    with pytest.raises(error):
        decided(statement(said), rules(appraisal(anchors=Anchors(CHIP.anchors.pins))))


def test_a_name_that_only_begins_like_the_service_s_is_another() -> None:
    for issuer in (f"did:attestedsvc:{SERVICE}", f"did:attestedsvc:{SERVICE}x::y", f"did:other:{SERVICE}::y"):
        with pytest.raises(EvidenceMismatchError):
            decided(statement(issuer=issuer), rules(issuer=issuer))
    read = AttestedService(SERVICE, SIGNER.public_key, CHIP.evidence())
    assert read.speaks_for(ISSUER)
    assert not replace(read, service=None).speaks_for("did:attestedsvc:None:x")


@pytest.mark.parametrize("crit", [None, (labels.ATTESTED_SERVICE, labels.CONTENT_TYPE), (labels.CONTENT_TYPE,)])
def test_crit_names_the_header_and_nothing_else(crit: CborValue) -> None:
    with pytest.raises(MalformedEvidenceError, match="crit"):
        decided(statement(crit=crit))


@pytest.mark.parametrize("kid", [b"junk", bytes(32), STRANGER.public_key.thumbprint, SIGNER.public_key.thumbprint[:-1]])
def test_the_kid_is_the_thumbprint_of_the_key(kid: bytes) -> None:
    with pytest.raises(KeyUnknownError):
        decided(statement(kid=kid))


def test_evidence_is_carried_once() -> None:
    with pytest.raises(MalformedEvidenceError, match="once"):
        decided(statement(headers={labels.ATTESTATION: b""}))


def test_another_signature_is_refused() -> None:
    with pytest.raises(SignatureInvalidError):
        decided(flipped(statement()))


@pytest.mark.parametrize("value", [None, b"", "text", 5, ()])
def test_what_is_no_header_of_one(value: CborValue) -> None:
    with pytest.raises(MalformedEvidenceError):
        parse_attested_service(value)


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"attestation_type": "SEV-SNP:other"}, EvidenceVersionError),
        ({"attestation_type": None}, EvidenceVersionError),
        ({"attestation_type": b"SEV-SNP:ContainerPlat-AMD-UVM"}, EvidenceVersionError),
        ({"ver": 1}, EvidenceVersionError),
        ({"ver": None}, EvidenceVersionError),
        ({"ver": "0"}, EvidenceVersionError),
        ({"ver": False}, EvidenceVersionError),
        ({"attestation": None}, MalformedEvidenceError),
        ({"attestation": "text"}, MalformedEvidenceError),
        ({"snp_endorsements": None}, MalformedEvidenceError),
        ({"snp_endorsements": "text"}, MalformedEvidenceError),
        ({"uvm_endorsements": None}, MalformedEvidenceError),
        ({"uvm_endorsements": "text"}, MalformedEvidenceError),
        ({"cose_key": None}, MalformedEvidenceError),
        ({"cose_key": b"x"}, MalformedEvidenceError),
        ({"cose_key": {}}, CounterfoilError),
        ({"cose_key": {1: 2, -1: 2, -2: bytes(48), -3: bytes(48)}}, CounterfoilError),
        ({"svc_id": b"x"}, MalformedEvidenceError),
        ({"svc_id": ""}, MalformedEvidenceError),
        ({"svc_id": "a:b"}, MalformedEvidenceError),
        ({"svc_id": 5}, MalformedEvidenceError),
    ],
)
def test_members_that_are_not_those_of_one(members: dict[str, CborValue], error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        parse_attested_service(header(SIGNER, CHIP, **members))


def test_members_that_nobody_knows_are_passed_over() -> None:
    said = header()
    assert parse_attested_service({**said, "more": b"x"}) == parse_attested_service(said)
