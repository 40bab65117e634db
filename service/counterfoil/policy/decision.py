"""The decision on a statement: pure, dated, and repeatable by an auditor."""

import math
from typing import Final

from counterfoil.attestation.appraisal import Grade
from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE, carried_attestation
from counterfoil.chain.findings import Finding
from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.sign1 import require_algorithm
from counterfoil.errors import (
    ActorRoleError,
    AlgorithmNotAdmittedError,
    AttestationNotAskedError,
    AudienceMismatchError,
    ContentTypeNotAdmittedError,
    ExpiredError,
    FromTheFutureError,
    IssuerUnknownError,
    KeyRevokedError,
    NotYetValidError,
    PayloadMissingError,
    RoleNotAdmittedError,
    StatementTooLargeError,
    SubjectReservedError,
)
from counterfoil.frozen import frozen
from counterfoil.policy.asked import Asked
from counterfoil.policy.attested import UNATTESTED, Standing, judge_carried, standing_of
from counterfoil.policy.demands import acting_roles, asked_of, concerning, require_met
from counterfoil.policy.document import Visibility, narrower
from counterfoil.policy.enrolment import judge_enrolment, judging_policies
from counterfoil.policy.own_statements import Effect, decide_own
from counterfoil.policy.parse import MAX_POLICY_BYTES
from counterfoil.policy.rules import Rules
from counterfoil.statement.claims import MAX_NUMERIC_DATE, Claims
from counterfoil.statement.credential import Credential
from counterfoil.statement.decision_record import DecisionRecord
from counterfoil.statement.evidence import carried_evidence, evidence_digest
from counterfoil.statement.identity import LogIdentity
from counterfoil.statement.signed_statement import SignedStatement, is_critical
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, Formation, TraceEvent
from counterfoil.statement.trace_event.parse import parse_trace_event

FOREVER: Final = MAX_NUMERIC_DATE
MAX_POLICY_STATEMENT_BYTES: Final = MAX_POLICY_BYTES + 16 * 1024
"""The largest policy document with its header and signature."""


@frozen
class Decision:
    """A verdict to admit, the rules it was made under, and the head times in which it holds.

    ``holds_from`` and ``holds_until`` are whole seconds since 1970, both included. ``effect`` is what the entry will
    change for those after it. ``event`` is what a statement of the trace profile says, read once; what of it needs the
    chain is asked by the append, as are the findings that the policy refuses. ``max_lag`` is in whole seconds.
    ``head_signers`` are the thumbprints of the receipt keys with which a tree head over the entry may be signed, and
    ``follows`` is the number of an entry that it must come after. ``standing`` says how well the key is attested.
    """

    rules_entry: int
    policy_entry: int
    key_thumbprint: bytes
    visibility: Visibility
    holds_from: int
    holds_until: int
    effect: Effect
    evidence_digest: bytes | None
    event: TraceEvent | None = None
    max_lag: int = 0
    refused: frozenset[Finding] = frozenset()
    head_signers: frozenset[bytes] = frozenset()
    follows: int = -1
    standing: Standing = UNATTESTED

    def record(self, number: int, head_time: int) -> DecisionRecord:
        """The record of the decision on entry ``number``, at the head time of its registration."""
        if self.standing is UNATTESTED:
            return DecisionRecord(
                number, self.policy_entry, self.key_thumbprint, head_time, evidence_digest=self.evidence_digest
            )
        return DecisionRecord(
            number=number,
            policy_entry=self.policy_entry,
            key_thumbprint=self.key_thumbprint,
            head_time=head_time,
            appraisal_digest=self.standing.appraisal_digest,
            evidence_digest=self.evidence_digest,
            collateral_digest=self.standing.collateral_digest,
            attested=self.standing.recorded,
        )

    def holds(self, rules_entry: int, head_time: int) -> bool:
        """Whether the append may rest on this decision under these rules at this time."""
        return self.rules_entry == rules_entry and self.holds_from <= head_time <= self.holds_until


def decide(statement: SignedStatement, credential: Credential, rules: Rules, head_time: int) -> Decision:
    """Decide whether a statement, whose signature the key of ``credential`` has verified, is registered at that time.

    Raises:
        RefusedError: One of its leaves, by the rule that does not admit it.
        MalformedError: Its content type says that it is a trace event, or an event of another profile, and it is none.
        PayloadMissingError: The payload is detached; this log keeps what it registers.

    Spec: RFC 9943, sections 5.1.1 and 6.3.
    """
    identity = rules.genesis.identity
    if statement.message.payload is None:
        raise PayloadMissingError("the payload is detached; post the statement with its payload")
    require_admitted_size(statement, rules)
    audience = statement.claims.audience
    if audience is not None and not identity.is_addressed_by(audience):
        raise AudienceMismatchError("the CWT claim aud (3) names other recipients than this log")
    event: TraceEvent | None = None
    refused: frozenset[Finding] = frozenset()
    effect, head_signers, follows = Effect.NONE, rules.receipt_keys.in_force, -1
    visibility, skew = Visibility.PUBLIC, rules.policy.clock_skew_seconds
    standing = UNATTESTED
    if statement.claims.issuer == identity.issuer:
        own = decide_own(statement, credential.key, rules, head_time)
        effect, head_signers, follows = own.effect, own.head_signers, own.follows
    else:
        require_unrevoked(credential.key, rules)
        visibility, event, asked = _admit(statement, rules)
        refused, skew = asked.refused_findings, asked.clock_skew_seconds
        enrols = statement.content_type == ENROLMENT_CONTENT_TYPE
        if enrols or rules.policy.appraisals or asked.attestation is not Grade.UNATTESTED:
            standing = _standing(statement, credential, rules, head_time)
            asked.require_attested(standing.grade, standing.appraised_by)
        elif is_critical(statement, labels.ATTESTATION, labels.ATTESTED_SERVICE):
            raise AttestationNotAskedError("evidence is critical, and the log has no appraisal policy to judge it by")
        effect = Effect.RULES if enrols else effect
    holds_from, holds_until = _interval(statement.claims, skew, head_time)
    return Decision(
        rules_entry=rules.rules_entry,
        policy_entry=rules.policy_entry,
        key_thumbprint=credential.key.thumbprint,
        visibility=visibility,
        holds_from=max(holds_from, credential.holds_from, standing.holds_from),
        holds_until=min(holds_until, credential.holds_until, standing.holds_until),
        effect=effect,
        evidence_digest=evidence_digest(carried_evidence(statement)),
        event=event,
        max_lag=rules.policy.max_lag_seconds,
        refused=refused,
        head_signers=head_signers,
        follows=follows,
        standing=standing,
    )


def _standing(statement: SignedStatement, credential: Credential, rules: Rules, at: int) -> Standing:
    """How well the key is attested: by what the statement carries, or else by an enrolment before it."""
    if statement.content_type == ENROLMENT_CONTENT_TYPE:
        return judge_enrolment(statement, credential, rules, at).standing
    issuer = statement.claims.issuer or ""
    carried = carried_attestation(statement)
    if carried is not None:
        policies = judging_policies(rules, issuer, credential)
        return judge_carried(carried, policies, rules.collateral, key=credential.key, nonce=None, at=at)
    session = rules.sessions.find(credential.key.thumbprint, issuer, at)
    return UNATTESTED if session is None else standing_of(session)


def largest_statement(rules: Rules) -> int:
    """How many bytes of a message are worth reading under these rules.

    A policy statement may be larger than what the policy in force admits from others, or a small limit could never be
    lifted again.
    """
    return max(rules.policy.max_statement_bytes, MAX_POLICY_STATEMENT_BYTES)


def require_admitted_size(statement: SignedStatement, rules: Rules) -> None:
    """Check the size of a statement and its evidence as the log would store them; cheap, so asked before cryptography.

    A demand may admit less of some: that is asked in the decision, once it is known whose statement it is.

    Raises:
        StatementTooLargeError: The policy in force admits less.
    """
    own = statement.claims.issuer == rules.genesis.identity.issuer
    if not own and statement.stored_bytes > rules.policy.max_statement_bytes:
        raise StatementTooLargeError(f"the policy admits {rules.policy.max_statement_bytes} bytes")


def require_unrevoked(key: PublicKey, rules: Rules) -> None:
    """Check that no entry has revoked an issuer's key.

    Raises:
        KeyRevokedError: One has.
    """
    revocation = rules.revocations.get(key.thumbprint)
    if revocation is not None:
        raise KeyRevokedError(f"the key is revoked; entries by it up to {revocation.last_valid_entry} stay valid")


def effective_content_type(statement: SignedStatement) -> str | int | None:
    """The content type a policy looks at: header 3, or header 259 of a hash envelope (RFC 9995, section 3)."""
    if statement.hash_envelope is not None:
        return statement.hash_envelope.preimage_content_type
    return statement.content_type


def _admit(statement: SignedStatement, rules: Rules) -> tuple[Visibility, TraceEvent | None, Asked]:
    policy = rules.policy
    if require_algorithm(statement.message).name not in policy.algorithms:
        raise AlgorithmNotAdmittedError("the registration policy does not admit the algorithm")
    rule = policy.content_type(effective_content_type(statement))
    if rule is None:
        raise ContentTypeNotAdmittedError("the registration policy does not admit the content type")
    issuer = policy.issuer(statement.claims.issuer or "")
    if issuer is None:
        raise IssuerUnknownError("the registration policy in force names no issuer of that name")
    if rule.roles and not rule.roles & issuer.roles:
        raise RoleNotAdmittedError("the issuer holds none of the roles that may register this content type")
    _require_subject(statement, rules.genesis.identity)
    event: TraceEvent | None = None
    # A hash envelope of an event names its type in another header: there is no event in it to read.
    if statement.content_type == TRACE_EVENT_CONTENT_TYPE:
        event = parse_trace_event(statement)
        if event.actor.role not in issuer.roles:
            raise ActorRoleError(f"the registration policy does not give the issuer the role {event.actor.role}")
    else:
        rules.profiles.read(statement)  # One that is none of its profile is refused; what it says is asked on reading.
    asked = asked_of(policy, concerning(rule, acting_roles(issuer, event)))
    require_met(statement, asked)
    return _narrowed(rule.visibility, event), event, asked


def _require_subject(statement: SignedStatement, identity: LogIdentity) -> None:
    subject = statement.claims.subject or ""
    if statement.content_type == ENROLMENT_CONTENT_TYPE:
        if subject != identity.enrolment_subject:
            raise SubjectReservedError(f"enrolments belong into the chain {identity.enrolment_subject}")
    elif identity.is_reserved(subject):
        raise SubjectReservedError("the subject is kept for this log's own statements")


def _narrowed(visibility: Visibility, event: TraceEvent | None) -> Visibility:
    if event is None or not isinstance(event.data, Formation) or event.data.visibility is None:
        return visibility
    return narrower(visibility, Visibility(event.data.visibility))


def _interval(claims: Claims, skew: int, head_time: int) -> tuple[int, int]:
    issued_from = 0 if claims.issued_at is None else max(0, math.ceil(claims.issued_at) - skew)
    valid_from = 0 if claims.not_before is None else max(0, math.ceil(claims.not_before) - skew)
    # RFC 8392, section 3.1.4: on or after exp the claims must not be accepted; the skew is for writers' clocks only.
    valid_until = FOREVER if claims.expires is None else math.ceil(claims.expires) - 1
    if head_time < issued_from:
        raise FromTheFutureError(f"iat (6) is more than {skew} seconds later than now")
    if head_time < valid_from:
        raise NotYetValidError("nbf (5) has not come yet")
    if head_time > valid_until:
        raise ExpiredError("exp (4) has passed")
    return max(issued_from, valid_from), valid_until
