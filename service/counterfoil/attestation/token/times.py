"""When a token holds, by what it says itself (RFC 7519, section 4.1)."""

import math
from dataclasses import dataclass
from typing import Final

from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.errors import EvidenceOutOfDateError, MalformedEvidenceError
from counterfoil.statement.claims import MAX_NUMERIC_DATE

CLOCK_SKEW_SECONDS: Final = 60
"""RFC 7519 leaves a small leeway to whoever judges; the services that issue tokens keep their clocks to the second."""


@dataclass(frozen=True, slots=True)
class TokenTimes:
    """When a token was issued, and from when to when it holds, both included and with the leeway for clocks."""

    issued_at: int | None
    holds_from: int
    holds_until: int


def require_times(claims: TokenClaims, at: int, *, dated_will_do: bool = False) -> TokenTimes:
    """When the token holds, once it does at the time ``at``. Times may be whole or fractions of seconds.

    Where ``dated_will_do``, a token that does not say when it expires holds for ever if it says when it was issued: how
    old it may be is for the appraisal policy to say.

    Raises:
        MalformedEvidenceError: A time is no NumericDate, or nothing that is needed says how long the token may count.
        EvidenceOutOfDateError: It has expired, is not valid yet, or is issued later than ``at``.

    RFC 7519, sections 2 and 4.1.4 to 4.1.6.
    """
    expires, not_before, issued = (_numeric_date(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None and (issued is None or not dated_will_do):
        raise MalformedEvidenceError("the token does not say when it expires")
    holds_until = MAX_NUMERIC_DATE if expires is None else math.ceil(expires) - 1 + CLOCK_SKEW_SECONDS
    begins = [math.ceil(time) - CLOCK_SKEW_SECONDS for time in (not_before, issued) if time is not None]
    holds_from = max([0, *begins])
    if at > holds_until:
        raise EvidenceOutOfDateError(f"the token expired at {expires}")
    if at < holds_from:
        raise EvidenceOutOfDateError(f"the token does not hold before {holds_from}")
    return TokenTimes(None if issued is None else math.floor(issued), holds_from, holds_until)


def _numeric_date(claims: TokenClaims, name: str) -> float | None:
    found = claims.members.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found <= MAX_NUMERIC_DATE:
        raise MalformedEvidenceError(f"claim {name} is not a time in seconds since 1970")
    return found
