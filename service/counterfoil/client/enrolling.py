"""How a key is enrolled: a challenge, evidence that is bound to both, and the entry that comes of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.attestation.binding import enrolment_binding
from counterfoil.attestation.conveyance.challenge import NONCE_BYTES, Challenge, parse_challenge
from counterfoil.attestation.conveyance.sign_enrolment import sign_enrolment
from counterfoil.attestation.evidence import Evidence
from counterfoil.client.asking import Ask, Conversation, ask, work
from counterfoil.client.chain import ChainConversations
from counterfoil.client.problem import ServiceAnswerError
from counterfoil.client.reading import COSE
from counterfoil.client.submitting import Registered, entry_id_of
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.signer import Signer
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import CounterfoilError, IssuerMismatchError
from counterfoil.statement.identity import LogIdentity

_SESSION: Final = "application/vnd.veraison.challenge-response-session+json"
_NEW_SESSION: Final = "challenge-response/v1/newSession"
_SESSIONS: Final = "challenge-response/v1/session/"
_MAX_SESSION_BYTES: Final = 1024 * 1024
"""The appraisal of a machine with sixteen submodules, with all of their measurements in hexadecimal."""


@dataclass(frozen=True, slots=True)
class ToBind:
    """What evidence has to hold: ``long`` in a field of 64 bytes, ``short`` in one of 32.

    Where a platform has a field of its own for the challenge beside that, ``nonce`` belongs into it.
    """

    nonce: bytes
    long: bytes
    short: bytes


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A key is enrolled: the receipt of its enrolment, verified, and what the log says of it, which is not.

    ``number`` is that of the entry. ``grade``, ``until`` (when the enrolment ends, in whole seconds since 1970) and
    ``result`` (the appraisal as an EAR) are None where the key counts no more by this enrolment. The decision record of
    the entry has the digest of the result.
    """

    registered: Registered
    number: int
    grade: str | None
    until: int | None
    result: Mapping[str, JsonValue] | None


MakeEvidence = Callable[[ToBind], Evidence]
"""Asks the hardware for evidence that holds what is to be bound."""


def to_bind(challenge: Challenge, key: PublicKey) -> ToBind:
    """What evidence has to hold to enrol a key in answer to a challenge."""
    long = enrolment_binding(challenge.nonce, key.thumbprint)
    return ToBind(challenge.nonce, long, enrolment_binding(challenge.nonce, key.thumbprint, size=NONCE_BYTES))


class Enrolling(ChainConversations):
    """Everything of ``ChainConversations``, and enrolling a key."""

    def challenge(self) -> Conversation[Challenge]:
        """A new challenge of the log."""
        until = self._patience.until()
        answer = yield from ask(Ask("POST", _NEW_SESSION, _SESSION, _MAX_SESSION_BYTES, until))
        try:
            challenge = parse_challenge(decode_base64url((answer.location or "").rpartition("/session/")[2]))
            said = _members(answer.body).get("nonce")
        except CounterfoilError as error:
            raise ServiceAnswerError(f"the service's challenge cannot be read: {error.detail}") from error
        if said != encode_base64url(challenge.nonce):
            raise ServiceAnswerError("the service's nonce is not that of its challenge")
        if self._issuer not in {None, LogIdentity(challenge.origin).issuer}:
            raise IssuerMismatchError(f"the challenge is one of {challenge.origin}")
        return challenge

    def answer_challenge(self, challenge: Challenge, enrolment: bytes) -> Conversation[Enrolled]:
        """Answer a challenge with a signed enrolment."""
        return (yield from self.following(lambda: self._answer(challenge, enrolment)))

    def enrol(self, signer: Signer, issuer: str, make_evidence: MakeEvidence) -> Conversation[Enrolled]:
        """Enrol the signer's key for an issuer."""
        challenge = yield from self.challenge()
        evidence = yield from work(lambda: make_evidence(to_bind(challenge, signer.public_key)))
        enrolment = sign_enrolment(signer, issuer, challenge, evidence, issued_at=int(time.time()))
        return (yield from self.answer_challenge(challenge, enrolment))

    def _answer(self, challenge: Challenge, enrolment: bytes) -> Conversation[Enrolled]:
        keys, entry_id, until = (yield from self.keys()), entry_id_of(enrolment), self._patience.until()
        path = _SESSIONS + encode_base64url(challenge.encoded)
        answer = yield from ask(Ask("POST", path, _SESSION, _MAX_SESSION_BYTES, until, {}, COSE, enrolment))
        said = _members(answer.body)
        match said:
            case {"status": "complete", "entry": {"number": int(number), "entryId": str(named)}}:
                pass
            case _:
                raise ServiceAnswerError("the service's answer names no entry")
        if named != entry_id.hex():
            raise ServiceAnswerError(f"the service answered with entry {named} instead")
        registered = yield from self._fetched(enrolment, entry_id, keys, until)
        if registered.verified.inclusion.leaf_index != number:
            raise ServiceAnswerError(f"the service answered with number {number} instead")
        return _enrolled(registered, number, said)


def _members(body: bytes) -> Mapping[str, JsonValue]:
    try:
        value = parse_json(body, max_bytes=_MAX_SESSION_BYTES)
    except CounterfoilError as error:
        raise ServiceAnswerError(f"the service's answer cannot be read: {error.detail}") from error
    if not isinstance(value, Mapping):
        raise ServiceAnswerError("the service's answer is no session of a challenge")
    return value


def _enrolled(registered: Registered, number: int, said: Mapping[str, JsonValue]) -> Enrolled:
    match said:
        case {"grade": str(grade), "enrolledUntil": int(until), "result": dict(result)}:
            return Enrolled(registered, number, grade, until, result)
        case _:
            return Enrolled(registered, number, None, None, None)
