"""The session of a challenge: what it says, read out of the challenge itself and of the rules; nothing is kept for it.

Its form is that of Veraison's challenge-response API, whose session is a resource of the server.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Path
from fastapi.responses import JSONResponse

from counterfoil.attestation.appraisal import Grade
from counterfoil.attestation.conveyance.challenge import Challenge, verify_challenge
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.errors import (
    ChallengeExpiredError,
    ChallengeForeignError,
    ChallengeSessionAbsentError,
    ChallengeSessionExpiredError,
    LogCorruptError,
    MalformedBase64Error,
)
from counterfoil.http.media_types import CHALLENGE_SESSION, COSE, STATEMENT
from counterfoil.http.wire import EntryName, Wire
from counterfoil.http.wiring import Service
from counterfoil.policy.rules import Rules
from counterfoil.statement.genesis import KeyPurpose

PREFIX: Final = "/challenge-response/v1"

SessionId = Annotated[
    str,
    Path(
        description="The challenge in unpadded base64url. The log signed it and keeps nothing of it; its SHA-256 is "
        "the nonce."
    ),
]


class ChallengeSession(Wire):
    """A challenge to enrol a key, and what came of it.

    ``nonce`` is in unpadded base64url, and ``expiry`` until when it can be answered (RFC 3339). Once an enrolment has
    answered it, ``status`` is complete and ``entry`` names the enrolment. While that key counts by this enrolment,
    there are also its ``grade``, ``enrolledUntil`` (in whole seconds since 1970), and the appraisal as ``result``: an
    EAR as the log makes it, unsigned. The decision record of the entry has its digest.
    """

    nonce: str
    expiry: str
    accept: list[str]
    status: Literal["waiting", "complete"]
    entry: EntryName | None = None
    grade: Grade | None = None
    enrolled_until: int | None = None
    result: dict[str, Any] | None = None


class SessionResponse(JSONResponse):
    """A session in Veraison's media type."""

    media_type = CHALLENGE_SESSION


def path_of(challenge: Challenge) -> str:
    """Where the session of a challenge is."""
    return f"{PREFIX}/session/{encode_base64url(challenge.encoded)}"


def find_challenge(service: Service, session_id: str) -> Challenge:
    """The challenge that a session is named by, while it can be answered.

    Raises:
        ChallengeSessionAbsentError: This log gave no such challenge.
        ChallengeSessionExpiredError: Its time is over.
    """
    genesis = service.log.genesis
    key, origin = genesis.keys[KeyPurpose.SERVICE], genesis.identity.origin
    try:
        return verify_challenge(decode_base64url(session_id), key, origin, service.log.head_time())
    except (MalformedBase64Error, ChallengeForeignError) as error:
        raise ChallengeSessionAbsentError("this log gave no challenge of that name") from error
    except ChallengeExpiredError as error:
        raise ChallengeSessionExpiredError(error.detail) from error


def waiting(challenge: Challenge) -> ChallengeSession:
    """The session of a challenge that nothing has answered."""
    return ChallengeSession(
        nonce=encode_base64url(challenge.nonce),
        expiry=datetime.fromtimestamp(challenge.ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        accept=[COSE, STATEMENT],
        status="waiting",
    )


def session_under(service: Service, rules: Rules, challenge: Challenge) -> ChallengeSession:
    """The session of a challenge as the rules have it; reads the store where the challenge was answered.

    Raises:
        CorruptError, UnavailableError: The entry is not there, or cannot be read.
    """
    session, answered = waiting(challenge), rules.sessions.answered.get(challenge.nonce)
    if answered is None:
        return session
    entry = service.log.store.entry(answered.entry)
    if entry is None:
        raise LogCorruptError(f"entry {answered.entry}, which answered a challenge, is not there")
    name = EntryName(number=entry.number, entry_id=entry.statement_hash.hex())
    complete = session.model_copy(update={"status": "complete", "entry": name})
    key = next((one for one in rules.sessions.by_key.values() if one.entry == answered.entry), None)
    if key is None:
        return complete
    known = {"grade": key.appraisal.grade, "enrolled_until": key.ends, "result": key.appraisal.ear(key.begins)}
    return complete.model_copy(update=known)
