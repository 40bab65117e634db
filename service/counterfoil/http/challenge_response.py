"""Enrolling a key: a challenge, and the enrolment that answers it (RFC 9334, section 10; Veraison's API)."""

import asyncio
import secrets
from typing import Final

from fastapi import APIRouter, Request, Response

from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE, carried_attestation
from counterfoil.attestation.conveyance.challenge import NONCE_BYTES, Challenge, issue_challenge
from counterfoil.errors import ChallengeMismatchError, CounterfoilError, MalformedParameterError
from counterfoil.http.body import read_body
from counterfoil.http.challenge_session import (
    PREFIX,
    ChallengeSession,
    SessionId,
    SessionResponse,
    find_challenge,
    path_of,
    session_under,
    waiting,
)
from counterfoil.http.described import ENROLMENT_BODY, ENTRY_LOCATION, PROBLEMS, SESSION_LOCATION, problems
from counterfoil.http.media_types import is_identity, is_statement
from counterfoil.http.problems import ENROLMENT_MEDIA_TYPE, ProblemError
from counterfoil.http.registration import asked_in
from counterfoil.http.wire import NonceSize
from counterfoil.http.wiring import Service, Wired
from counterfoil.policy.decision import largest_statement
from counterfoil.register import Registration, register
from counterfoil.statement.signed_statement import parse_signed_statement

router = APIRouter(prefix=PREFIX, tags=["enrolment"], responses=PROBLEMS)

_RANDOM_BYTES: Final = 32
_LEAD_SECONDS: Final = 2
"""A challenge begins so long before it is given: a server beside this one whose clock is behind takes it at once."""


@router.post(
    "/newSession",
    status_code=201,
    response_model_exclude_none=True,
    response_class=SessionResponse,
    responses={201: {"description": "The session of a new challenge.", "headers": SESSION_LOCATION}},
)
def new_session(
    request: Request,
    response: Response,
    service: Wired,
    _nonce_size: NonceSize = NONCE_BYTES,
) -> ChallengeSession:
    """A challenge to enrol a key, and the session in which it is answered within five minutes.

    The log keeps nothing of it. The nonce is the log's own: with a parameter ``nonce`` there is no session.
    """
    if "nonce" in request.query_params:
        raise MalformedParameterError("the log gives the nonce; it takes none")
    begins = max(0, service.log.head_time() - _LEAD_SECONDS)
    origin = service.log.genesis.identity.origin
    challenge = issue_challenge(service.service_signer, origin, begins, secrets.token_bytes(_RANDOM_BYTES))
    service.metrics.challenged()
    response.headers["Location"] = path_of(challenge)
    response.headers["Cache-Control"] = "no-store"
    return waiting(challenge)


@router.get(
    "/session/{session_id}",
    response_model_exclude_none=True,
    response_class=SessionResponse,
    responses={200: {"description": "The session as it is."}, **problems(404, 410)},
)
def get_session(response: Response, service: Wired, session_id: SessionId) -> ChallengeSession:
    """The session of a challenge: waiting, or complete once an enrolment has answered it."""
    challenge = find_challenge(service, session_id)
    response.headers["Cache-Control"] = "no-store"
    return session_under(service, service.log.current_rules(), challenge)


@router.post(
    "/session/{session_id}",
    response_model_exclude_none=True,
    response_class=SessionResponse,
    responses={
        200: {"description": "The key is enrolled; its receipt is at the location.", "headers": ENTRY_LOCATION},
        **problems(404, 409, 410, 413, 415, 429),
    },
    openapi_extra=ENROLMENT_BODY,
)
async def answer_session(
    request: Request, response: Response, service: Wired, session_id: SessionId
) -> ChallengeSession:
    """Enrol a key: a Signed Statement by it, with evidence that answers the challenge of this session.

    It is registered as any statement is; posting the same bytes again is harmless. Its receipt is had at its location.
    """
    challenge = find_challenge(service, session_id)
    try:
        registration = await _register(request, service, challenge)
    except CounterfoilError as error:
        service.metrics.enrolled(error.code)
        raise
    service.metrics.enrolled("enrolled" if registration.new else "repeated")
    if not registration.new:
        service.metrics.duplicate()
    response.headers["Location"] = f"/entries/{registration.entry_id.hex()}"
    response.headers["Cache-Control"] = "no-store"
    rules = await asyncio.to_thread(service.log.current_rules)
    return await asyncio.to_thread(session_under, service, rules, challenge)


@router.delete(
    "/session/{session_id}",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Nothing is kept of it, and nothing was."}, **problems(404, 410)},
)
def delete_session(service: Wired, session_id: SessionId) -> None:
    """Be done with a session. What was enrolled in it stays enrolled."""
    find_challenge(service, session_id)


async def _register(request: Request, service: Service, challenge: Challenge) -> Registration:
    asked = asked_in(request.scope)
    if not is_statement(asked.content_types) or not is_identity(asked.content_encodings):
        raise ProblemError(ENROLMENT_MEDIA_TYPE)
    most = largest_statement(await service.registering.rules())
    with service.bodies.hold() as held:
        body = await read_body(request.receive, asked.content_length, held, most, service.body_seconds)
        service.failure.require_none()
        _require_answer(body, challenge, most)
        return await register(body, service.registering)


def _require_answer(body: bytes, challenge: Challenge, most: int) -> None:
    statement = parse_signed_statement(body, max_bytes=most)
    carried = carried_attestation(statement) if statement.content_type == ENROLMENT_CONTENT_TYPE else None
    if carried is None or carried.challenge != challenge.encoded:
        raise ChallengeMismatchError("the statement is no enrolment that answers the challenge of this session")
