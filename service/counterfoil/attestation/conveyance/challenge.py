"""The challenge that an enrolment answers: given by the log, kept by nobody, and checked by whoever reads the log."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.sign1 import Sign1, parse_sign1, sign_sign1, verify_sign1
from counterfoil.cose.signer import Signer
from counterfoil.encoding.cbor import Limits, decode, encode
from counterfoil.errors import (
    ChallengeExpiredError,
    ChallengeForeignError,
    MalformedError,
    MalformedEvidenceError,
    UnverifiedError,
)

CHALLENGE_SECONDS: Final = 5 * 60
"""Long enough for the slowest hardware to sign, and short enough that evidence of yesterday answers none."""

MAX_CHALLENGE_BYTES: Final = 8 * 1024
"""The largest signature of this field, ML-DSA-87, takes 4.6 KB."""

NONCE_BYTES: Final = 32
"""A nonce is a SHA-256 digest. Some fields that evidence is bound in hold no more."""

MIN_RANDOM_BYTES: Final = 16
_MAX_RANDOM_BYTES: Final = 64
_CONTENT_TYPE: Final = "application/vnd.counterfoil.challenge+cbor"
_MAX_TIME: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge: the nonce of 32 bytes that evidence has to answer, whose log gave it, and from when to when it does.

    ``begins`` and ``ends`` are in whole seconds since 1970, both included.
    """

    encoded: bytes
    origin: str
    begins: int

    @property
    def ends(self) -> int:
        """Until when it can be answered."""
        return self.begins + CHALLENGE_SECONDS

    @property
    def nonce(self) -> bytes:
        """SHA-256 of the challenge."""
        return sha256(self.encoded).digest()


def issue_challenge(signer: Signer, origin: str, at: int, random: bytes) -> Challenge:
    """A challenge of the log of that origin, signed with its service key. ``random`` are at least 16 bytes."""
    if not MIN_RANDOM_BYTES <= len(random) <= _MAX_RANDOM_BYTES:
        raise ValueError(f"{MIN_RANDOM_BYTES} to {_MAX_RANDOM_BYTES} random bytes are needed")
    payload = encode((origin, at, random))
    return Challenge(sign_sign1(signer, {labels.CONTENT_TYPE: _CONTENT_TYPE}, payload), origin, at)


def parse_challenge(encoded: bytes) -> Challenge:
    """Read a challenge. Which log gave it is what it says; nothing is verified.

    Raises:
        MalformedError: It is none.
    """
    return _parse(encoded)[1]


def verify_challenge(encoded: bytes, key: PublicKey, origin: str, at: int) -> Challenge:
    """The challenge, once it is one of the log of that origin and can be answered at the time ``at``.

    ``key`` is the log's service key.

    Raises:
        ChallengeForeignError: It is not one that this log gave.
        ChallengeExpiredError: It was given more than five minutes before, or is not given yet.
    """
    try:
        message, challenge = _parse(encoded)
        verify_sign1(message, key)
    except (MalformedError, UnverifiedError) as error:
        raise ChallengeForeignError(f"the challenge was not given by this log: {error.detail}") from error
    if challenge.origin != origin:
        raise ChallengeForeignError("the challenge was given under another origin")
    if not challenge.begins <= at <= challenge.ends:
        raise ChallengeExpiredError(f"the challenge can be answered from {challenge.begins} to {challenge.ends}")
    return challenge


def _parse(encoded: bytes) -> tuple[Sign1, Challenge]:
    message = parse_sign1(encoded, max_bytes=MAX_CHALLENGE_BYTES)
    if message.protected.get(labels.CONTENT_TYPE) != _CONTENT_TYPE or message.unprotected:
        raise MalformedEvidenceError("a signed message that is no challenge")
    match decode(message.payload or b"", Limits(max_bytes=MAX_CHALLENGE_BYTES)):
        case (str(origin), int(begins), bytes(random)) if (
            0 <= begins <= _MAX_TIME and MIN_RANDOM_BYTES <= len(random) <= _MAX_RANDOM_BYTES
        ):
            return message, Challenge(encoded, origin, int(begins))
        case _:
            raise MalformedEvidenceError("the payload is no challenge")
