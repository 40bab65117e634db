"""Real statements of Microsoft's attested signing service, decided at the times at which they were made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from counterfoil.attestation.anchors import vendor_anchors
from counterfoil.attestation.appraisal import Grade, Status
from counterfoil.attestation.appraisal_policy import AppraisalPolicy, Endorser
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.claims import Endorsed, EvidenceClaims
from counterfoil.attestation.collateral import NO_COLLATERAL
from counterfoil.attestation.conveyance.carried import Carried, carried_attestation
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.snp.endorsement import verify_endorsement
from counterfoil.attestation.snp.verify import verify_snp
from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.encoding.cbor import CborValue
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    CertificateOutOfDateError,
    CounterfoilError,
    EndorsementNotAdmittedError,
    EvidenceMismatchError,
    FactNotAdmittedError,
    IssuerUnknownError,
    KeyNotBoundError,
    KeyUnknownError,
    MalformedEvidenceError,
    RootUnknownError,
    SignatureInvalidError,
    UncheckedNotAdmittedError,
)
from counterfoil.policy.attested import judge_carried
from counterfoil.policy.decision import Decision
from counterfoil.policy.rules import Rules
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from tests.attested_services import appraisal, decided, flipped, rebuilt, rules
from tests.snp_reports import UVM_FEED
from tests.vectors_dir import require_shared

DID = "did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:1.3.6.1.4.1.311.76.59.1.2"
POLICY = appraisal(vendor_anchors(Platform.AMD_SEV_SNP), Endorser(DID, UVM_FEED, 104))
OF_2025 = "msft-css-dev"


@dataclass(frozen=True, slots=True)
class Real:
    """A real statement and what stands in its header, by the label that it has there."""

    statement: SignedStatement
    label: str

    @property
    def issued_at(self) -> int:
        assert self.statement.claims.issued_at is not None
        return int(self.statement.claims.issued_at)

    @property
    def held(self) -> dict[int | str, CborValue]:
        found = self.statement.message.protected[self.label]
        assert isinstance(found, Mapping)
        return dict(found)

    def part(self, name: str) -> bytes:
        found = self.held[name]
        assert isinstance(found, bytes)
        return found

    @property
    def evidence(self) -> Evidence:
        names = {"report": "attestation", "certificates": "snp_endorsements", "endorsement": "uvm_endorsements"}
        return Evidence(Platform.AMD_SEV_SNP, {part: self.part(name) for part, name in names.items()})

    def verified(self, *, at: int | None = None, **parts: bytes) -> EvidenceClaims:
        evidence = Evidence(Platform.AMD_SEV_SNP, {**self.evidence.parts, **parts})
        moment = self.issued_at if at is None else at
        return verify_snp(evidence, moment, vendor_anchors(Platform.AMD_SEV_SNP), NO_COLLATERAL)

    def under(self, policy: AppraisalPolicy = POLICY, **said: Any) -> Rules:
        known = {"issuer": self.statement.claims.issuer, "content_type": self.statement.content_type}
        return rules(policy, **{**known, **said})

    def decided(self, under: Rules | None = None, statement: SignedStatement | None = None) -> Decision:
        return decided(statement or self.statement, under or self.under(), self.issued_at)

    def with_held(self, **members: CborValue) -> SignedStatement:
        """The statement with other members in its header, under the signature that it had."""
        held = self.held
        held.update(members)
        return rebuilt(self.statement, {self.label: held})


def real(name: str, label: str) -> Real:
    data = require_shared("attestation", "attested_statement", f"css-attested-{name}.cose").read_bytes()
    return Real(parse_signed_statement(data), label)


@pytest.fixture
def current() -> Real:
    return real("20260302", labels.ATTESTED_SERVICE)


@pytest.fixture
def older() -> Real:
    return real("20250812", OF_2025)


def test_the_evidence_of_both_is_genuine_when_they_were_made(current: Real, older: Real) -> None:
    for one, product, svn in ((current, "Genoa", 104), (older, "Milan", 101)):
        claims = one.verified()
        assert (claims.product, claims.signer, claims.debug, claims.migratable) == (product, "VCEK", False, False)
        assert claims.endorsed == Endorsed(DID, UVM_FEED, svn)
        kid = one.statement.kid
        assert kid is not None
        assert claims.bound == {"report-data": kid + bytes(32)}
        assert claims.holds_from <= one.issued_at <= claims.holds_until


def test_the_endorsement_bounds_what_holds(current: Real, older: Real) -> None:
    for one in (current, older):
        claims = one.verified()
        alone = verify_endorsement(one.part("uvm_endorsements"), claims.measurements["launch"], one.issued_at)
        assert claims.holds_until == alone.holds_until
        for at in (claims.holds_from, claims.holds_until):
            assert one.verified(at=at) == claims
        for at in (claims.holds_from - 1, claims.holds_until + 1):
            with pytest.raises(CertificateOutOfDateError):
                one.verified(at=at)


def test_a_statement_is_admitted_when_it_was_made(current: Real) -> None:
    standing = current.decided().standing
    assert (standing.grade, standing.appraised_by) == (Grade.KEY_BOUND, "signing-service")
    assert standing.appraisal is not None
    assert standing.appraisal.status is Status.AFFIRMING
    assert standing.appraisal.binding is Binding.THUMBPRINT
    carried = carried_attestation(current.statement)
    assert carried is not None
    assert carried.evidence == current.evidence


def test_the_older_form_is_not_read(older: Real) -> None:
    """Its header has another name, which its crit names: nothing in this log speaks for the key."""
    assert older.statement.message.protected[labels.CRIT] == (OF_2025,)
    assert carried_attestation(older.statement) is None
    with pytest.raises(KeyUnknownError):
        older.decided()
    renamed = rebuilt(older.statement, {labels.ATTESTED_SERVICE: older.held})
    with pytest.raises(EvidenceMismatchError):
        older.decided(statement=renamed)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"issuer": "did:attestedsvc:css-cts-ppe::other"}, IssuerUnknownError),
        ({"attested_by": ""}, KeyUnknownError),
        ({"policy": {"endorser": Endorser(DID.replace("I__i", "I__j"), UVM_FEED, 104)}}, EndorsementNotAdmittedError),
        ({"policy": {"endorser": Endorser(DID, "ContainerPlat-AMD", 104)}}, EndorsementNotAdmittedError),
        ({"policy": {"endorser": Endorser(DID, UVM_FEED, 105)}}, EndorsementNotAdmittedError),
        ({"policy": {"facts": {"host-data": frozenset({"00" * 32})}}}, FactNotAdmittedError),
        ({"policy": {"unchecked": frozenset()}}, UncheckedNotAdmittedError),
        ({"policy": {"pins": frozenset({bytes(32)})}}, RootUnknownError),
    ],
)
def test_it_is_refused_under_another_policy(current: Real, said: dict[str, Any], error: type[CounterfoilError]) -> None:
    changes = said.pop("policy", {})
    policy = appraisal(**{"anchors": vendor_anchors(Platform.AMD_SEV_SNP), "endorser": POLICY.endorsers[0], **changes})
    with pytest.raises(error):
        current.decided(current.under(policy, **said))


def test_it_is_admitted_with_the_host_data_that_are_its_own(current: Real) -> None:
    found = current.part("attestation")[0xC0:0xE0].hex()
    policy = appraisal(
        vendor_anchors(Platform.AMD_SEV_SNP), POLICY.endorsers[0], facts={"host-data": frozenset({found})}
    )
    assert current.decided(current.under(policy)).standing.grade is Grade.KEY_BOUND


def test_another_signature_is_refused(current: Real) -> None:
    with pytest.raises(SignatureInvalidError):
        current.decided(statement=flipped(current.statement))
    with pytest.raises(SignatureInvalidError):
        current.decided(statement=rebuilt(current.statement, {"more": b"x"}))


def test_another_kid_is_refused(current: Real) -> None:
    for kid in (bytes(32), b"kid"):
        with pytest.raises(KeyUnknownError):
            current.decided(statement=rebuilt(current.statement, {labels.KID: kid}))


def test_another_algorithm_is_refused(current: Real) -> None:
    with pytest.raises(AlgorithmKeyMismatchError):
        current.decided(statement=rebuilt(current.statement, {labels.ALG: -7}))


@pytest.mark.parametrize("crit", [("attestedsvc", 4), (4,)])
def test_another_crit_is_refused(current: Real, crit: tuple[int | str, ...]) -> None:
    with pytest.raises(MalformedEvidenceError, match="crit"):
        current.decided(statement=rebuilt(current.statement, {labels.CRIT: crit}))


def test_the_service_of_another_issuer_is_refused(current: Real) -> None:
    with pytest.raises(EvidenceMismatchError):
        current.decided(statement=current.with_held(svc_id="css-cts"))


def test_the_evidence_of_the_other_statement_is_refused(current: Real, older: Real) -> None:
    names = ("attestation", "snp_endorsements", "uvm_endorsements")
    for some in (names, names[:1], names[1:2], names[2:]):
        with pytest.raises(SignatureInvalidError):
            current.decided(statement=current.with_held(**{name: older.held[name] for name in some}))
    least = appraisal(vendor_anchors(Platform.AMD_SEV_SNP), Endorser(DID, UVM_FEED, 0))
    key, mine = carried_key(current), Carried(current.evidence)
    judged = judge_carried(mine, [least], NO_COLLATERAL, key=key, nonce=None, at=current.issued_at)
    assert judged == current.decided(current.under(least)).standing
    with pytest.raises(KeyNotBoundError):
        judge_carried(Carried(older.evidence), [least], NO_COLLATERAL, key=key, nonce=None, at=older.issued_at)
    with pytest.raises(CertificateOutOfDateError):
        current.verified(endorsement=older.part("uvm_endorsements"))
    with pytest.raises(EvidenceMismatchError):
        current.verified(report=older.part("attestation"))
    with pytest.raises(EvidenceMismatchError):
        current.verified(certificates=older.part("snp_endorsements"))


def carried_key(one: Real) -> PublicKey:
    carried = carried_attestation(one.statement)
    assert carried is not None
    assert carried.key is not None
    return carried.key


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize(("name", "step"), [("report", 37), ("certificates", 67), ("endorsement", 131)])
def test_no_byte_of_the_evidence_may_be_another(current: Real, name: str, step: int) -> None:
    part, unprotected = current.evidence.part(name), current.part("uvm_endorsements").find(b"rfc3161")
    good = current.verified()
    for at in range(0, len(part), step):
        changed = part[:at] + bytes((part[at] ^ 1,)) + part[at + 1 :]
        try:
            claims = current.verified(at=None, **{name: changed})
        except CounterfoilError:
            continue
        # The time stamp of an endorsement is not looked at, nor the CR of a line of PEM.
        assert claims == good
        assert name == "endorsement"
        assert at > unprotected
