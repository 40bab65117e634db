"""Enrolments: a key shows, in answer to a challenge, that it is bound to attested hardware, and counts for a while."""

from dataclasses import dataclass, replace

from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.conveyance.carried import Carried, carried_attestation
from counterfoil.attestation.conveyance.challenge import Challenge, verify_challenge
from counterfoil.errors import ChallengeMissingError, KeyNotBoundError, MalformedEvidenceError
from counterfoil.policy.attested import Standing, judge_carried
from counterfoil.policy.rules import Rules
from counterfoil.policy.sessions import Session
from counterfoil.statement.credential import Credential
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import SignedStatement


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolment that is admitted: the challenge that it answers, and the standing that its evidence gives."""

    challenge: Challenge
    carried: Carried
    standing: Standing


def judging_policies(rules: Rules, issuer: str, credential: Credential) -> tuple[AppraisalPolicy, ...]:
    """The appraisal policies by which evidence for an issuer's key is judged.

    A key that is the issuer's anyhow may satisfy any of them. One that nothing but its evidence speaks for has to be
    bound by it, and to satisfy one that the issuer is attested by.
    """
    named = rules.policy.issuer(issuer)
    if named is None:
        return ()
    if not credential.only_attested:
        return rules.policy.appraisals
    return tuple(
        replace(one, bindings=one.bindings - {Binding.NONE})
        for one in rules.policy.appraisals
        if one.name in named.attested_by
    )


def judge_enrolment(statement: SignedStatement, credential: Credential, rules: Rules, at: int) -> Enrolment:
    """Judge an enrolment, whose signature the key of ``credential`` has verified, at the head time ``at``.

    Raises:
        ChallengeMissingError, ChallengeForeignError, ChallengeExpiredError, ChallengeUsedError: It answers no challenge
            of this log that can still be answered.
        KeyOfAnotherIssuerError, TooManySessionsError: The key cannot be enrolled.
        RefusedError, UnverifiedError, MalformedError: As ``judge_carried``.
    """
    if statement.carried_x5chain:
        raise MalformedEvidenceError("an enrolment has its certificates in the protected header")
    carried, key = carried_attestation(statement), credential.key
    if carried is None or carried.challenge is None:
        raise ChallengeMissingError("the enrolment answers no challenge")
    service, identity = rules.genesis.keys[KeyPurpose.SERVICE], rules.genesis.identity
    challenge = verify_challenge(carried.challenge, service, identity.origin, at)
    issuer = statement.claims.issuer or ""
    rules.sessions.require_new(challenge.nonce, key.thumbprint, issuer, at)
    policies = judging_policies(rules, issuer, credential)
    standing = judge_carried(carried, policies, rules.collateral, key=key, nonce=challenge.nonce, at=at)
    return Enrolment(
        challenge,
        carried,
        replace(
            standing,
            holds_from=max(standing.holds_from, challenge.begins),
            holds_until=min(standing.holds_until, challenge.ends),
        ),
    )


def enrolled_after(rules: Rules, number: int, statement: SignedStatement, at: int) -> Rules:
    """The rules once an enrolment that was admitted at the head time ``at`` is entry ``number``.

    Raises:
        RefusedError, UnverifiedError, MalformedError: It is not admitted.
    """
    credential = find_issuer_key(statement, rules, at)
    enrolment = judge_enrolment(statement, credential, rules, at)
    appraisal = enrolment.standing.appraisal
    if appraisal is None:
        raise KeyNotBoundError("the enrolment has no appraisal")
    session = Session(
        entry=number,
        issuer=statement.claims.issuer or "",
        key=credential.key,
        only_attested=credential.only_attested,
        evidence=enrolment.carried.evidence,
        appraisal=appraisal,
        begins=at,
        ends=appraisal.ends(at),
    )
    challenge = enrolment.challenge
    return replace(rules, sessions=rules.sessions.enrol(session, challenge.nonce, challenge.ends, at))
