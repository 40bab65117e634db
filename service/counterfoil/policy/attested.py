"""How well the key of a statement is bound to attested hardware, by its own evidence or by an enrolment before it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from counterfoil.attestation.appraisal import Appraisal, Grade, Status
from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.appraise import appraise, require_admitted, require_satisfied
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.conveyance.carried import Carried
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import (
    AttestationNotAskedError,
    CounterfoilError,
    KeyIdentifierConflictError,
    PlatformNotAdmittedError,
    RefusedError,
)
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.sessions import Session
from counterfoil.statement.claims import MAX_NUMERIC_DATE
from counterfoil.statement.decision_record import Attested, RecordedGrade, RecordedStatus

_GRADES: Final = {
    Grade.PLATFORM_ATTESTED: RecordedGrade.PLATFORM_ATTESTED,
    Grade.KEY_BOUND: RecordedGrade.KEY_BOUND,
}
_STATUSES: Final = {Status.AFFIRMING: RecordedStatus.AFFIRMING, Status.WARNING: RecordedStatus.WARNING}


@dataclass(frozen=True, slots=True)
class Standing:
    """How well a key is attested, and the head times in which it is: whole seconds since 1970, both included.

    ``appraisal`` is None of a key that is not; ``enrolment`` is the entry that it was made for, None where the
    statement carries the evidence itself.
    """

    appraisal: Appraisal | None = None
    enrolment: int | None = None
    holds_from: int = 0
    holds_until: int = MAX_NUMERIC_DATE

    @property
    def grade(self) -> Grade:
        """The grade."""
        return Grade.UNATTESTED if self.appraisal is None else self.appraisal.grade

    @property
    def appraised_by(self) -> str | None:
        """The name of the appraisal policy that is satisfied."""
        return None if self.appraisal is None else self.appraisal.appraised_by

    @property
    def recorded(self) -> Attested | None:
        """What of it the decision record says."""
        if self.appraisal is None:
            return None
        return Attested(_GRADES[self.appraisal.grade], _STATUSES[self.appraisal.status], self.enrolment)

    @property
    def appraisal_digest(self) -> bytes | None:
        """The digest of the appraisal, as the decision record has it."""
        return None if self.appraisal is None else self.appraisal.digest

    @property
    def collateral_digest(self) -> bytes | None:
        """The digest of the collateral that was used, as the decision record has it."""
        return None if self.appraisal is None else self.appraisal.collateral_digest


UNATTESTED: Final = Standing()


def standing_of(session: Session) -> Standing:
    """The standing that an enrolment gives to later statements."""
    return Standing(session.appraisal, session.entry, session.begins, session.ends)


def judge_carried(
    carried: Carried,
    policies: Sequence[AppraisalPolicy],
    collateral: Collateral,
    *,
    key: PublicKey,
    nonce: bytes | None,
    at: int,
) -> Standing:
    """The standing that carried evidence gives to the key that signed, at the time ``at``.

    The first of the policies that it satisfies counts.

    Raises:
        AttestationNotAskedError: There is no policy to judge it by.
        KeyIdentifierConflictError: The key that it carries is another than the one that signed.
        RefusedError, UnverifiedError, MalformedError: It satisfies none. The error is that of the first under which it
            is genuine, or else of the first that admits its platform.
    """
    if carried.key is not None and carried.key != key:
        raise KeyIdentifierConflictError("the evidence carries another key than the one that signed")
    if not policies:
        raise AttestationNotAskedError("no appraisal policy of the log judges evidence of this issuer")
    from counterfoil.attestation.verify_evidence import verify_evidence  # noqa: PLC0415 - few logs judge evidence, and loading all platforms takes long

    failure: CounterfoilError | None = None
    for policy in policies:
        try:
            require_admitted(carried.evidence, policy)
            claims = verify_evidence(carried.evidence, at, policy.anchors, collateral)
            appraisal = appraise(carried.evidence, claims, policy, key=key, nonce=nonce, at=at)
        except CounterfoilError as error:
            failure = error if _distance(error) > _distance(failure) else failure
        else:
            return Standing(appraisal, None, appraisal.holds_from, appraisal.holds_until)
    raise failure or AttestationNotAskedError("no appraisal policy of the log judges evidence of this issuer")


def _distance(failure: CounterfoilError | None) -> int:
    """How far evidence came under a policy before it failed."""
    if failure is None or isinstance(failure, PlatformNotAdmittedError):
        return 0 if failure is None else 1
    return 3 if isinstance(failure, RefusedError) else 2


def stands_under(policy: PolicyDocument) -> Callable[[Session], bool]:
    """Whether a session still stands once a policy is in force: its recorded claims are appraised again.

    A key that nothing else speaks for counts as long as its issuer is attested by the appraisal policy of that name.
    """

    def stands(session: Session) -> bool:
        issuer, appraisal = policy.issuer(session.issuer), policy.appraisal(session.appraisal.appraised_by)
        if issuer is None or appraisal is None or session.appraisal.binding not in appraisal.bindings:
            return False
        if session.only_attested and appraisal.name not in issuer.attested_by:
            return False
        try:
            require_satisfied(session.appraisal.claims, appraisal)
        except RefusedError:
            return False
        return True

    return stands


def ends_under(policy: PolicyDocument) -> Callable[[Session], int]:
    """When a session ends by the age that a policy admits."""

    def ends(session: Session) -> int:
        appraisal = policy.appraisal(session.appraisal.appraised_by)
        age = session.appraisal.max_age_seconds if appraisal is None else appraisal.max_age_seconds
        return replace(session.appraisal, max_age_seconds=age).ends(session.begins)

    return ends


def changed_anchors(before: PolicyDocument, after: PolicyDocument) -> frozenset[str]:
    """The names of the appraisal policies that trust others than they did."""
    trusted = ({one.name: (one.pins, one.certificates) for one in policy.appraisals} for policy in (before, after))
    was, now = trusted
    return frozenset(name for name, anchors in now.items() if was.get(name) != anchors)


def stands_by(policy: PolicyDocument, collateral: Collateral, at: int) -> Callable[[Session], bool]:
    """Whether a session still stands by the collateral that is there from the time ``at`` on."""
    from counterfoil.attestation.verify_evidence import verify_evidence  # noqa: PLC0415 - as above

    def stands(session: Session) -> bool:
        appraisal = policy.appraisal(session.appraisal.appraised_by)
        if appraisal is None or at > session.ends:
            return False
        try:
            require_satisfied(verify_evidence(session.evidence, at, appraisal.anchors, collateral), appraisal)
        except CounterfoilError:
            return False
        return True

    return stands
