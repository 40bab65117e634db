"""An attestation result that its holder passes on: a token of a verifier elsewhere (RFC 9334, section 5.1)."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import Check, passed
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.attestation.token.keys import TokenKey, issuers_key, key_of_chain
from counterfoil.attestation.token.times import require_times
from counterfoil.attestation.token.token import Token, claimed_issuer, parse_token, verify_token
from counterfoil.errors import TokenIssuerError


@dataclass(frozen=True, slots=True)
class PassportRules:
    """The algorithms and the issuers of one platform's tokens. Without a pattern any issuer will do, and none.

    ``dated_will_do``: a token may leave out when it expires if it says when it was issued, and its age counts.
    """

    algorithms: frozenset[str]
    issuers: re.Pattern[str] | None
    dated_will_do: bool = False


@dataclass(frozen=True, slots=True)
class Passport:
    """A token that is genuine and holds, both ends included; who issued it, and what was checked."""

    claims: TokenClaims
    issuer: str
    issued_at: int | None
    holds_from: int
    holds_until: int
    collateral: frozenset[bytes]
    checks: tuple[Check, ...]


def verify_passport(raw: bytes, at: int, rules: PassportRules, find_key: Callable[[Token, str], TokenKey]) -> Passport:
    """The token that ``raw`` is, once it is of a known issuer, under the key that is found, and of the time ``at``.

    Raises:
        MalformedError: It cannot be read.
        TokenIssuerError: Its issuer is none of the platform's.
        EvidenceVersionError, EvidenceMismatchError, EvidenceSignatureError: As ``parse_token`` and ``verify_token``.
        EvidenceOutOfDateError: It is not of the time.
        UnverifiedError: Nothing vouches for its key.

    RFC 7519, section 7.2; RFC 8725, sections 3.8 to 3.10.
    """
    token = parse_token(raw, rules.algorithms)
    issuer = claimed_issuer(token)
    if rules.issuers is not None and (issuer is None or rules.issuers.fullmatch(issuer) is None):
        raise TokenIssuerError("the token is of no issuer that is known for its platform")
    trusted = find_key(token, issuer or "")
    claims = verify_token(token, trusted.key)
    times = require_times(claims, at, dated_will_do=rules.dated_will_do)
    return Passport(
        claims=claims,
        issuer=issuer or "",
        issued_at=times.issued_at,
        holds_from=max(times.holds_from, trusted.holds_from),
        holds_until=min(times.holds_until, trusted.holds_until),
        collateral=trusted.collateral,
        checks=(
            passed("token-signature", token.algorithm),
            passed("token-times", "" if "exp" in claims.members else "no expiry: its age counts"),
            *trusted.checks,
        ),
    )


def key_finder(at: int, anchors: Anchors, collateral: Collateral) -> Callable[[Token, str], TokenKey]:
    """Finds a token's key by the certificates in its header, and where it carries none in its issuer's key set."""

    def find(token: Token, issuer: str) -> TokenKey:
        if token.chain:
            return key_of_chain(token.chain, at, anchors, collateral)
        return issuers_key(issuer, token, collateral)

    return find


def audience_facts(claims: TokenClaims) -> dict[str, str]:
    """The fact ``audience`` of a token for one; of a token for several ``audience-0``, ``audience-1`` and so on.

    Raises:
        MalformedEvidenceError: The audience is neither text nor an array of texts.

    RFC 7519, section 4.1.3.
    """
    return numbered("audience", claims.texts("aud"))


def numbered(name: str, texts: tuple[str, ...]) -> dict[str, str]:
    """One text under the name itself; several under the name with 0, 1 and so on after it, and none under it alone."""
    return {name: texts[0]} if len(texts) == 1 else {f"{name}-{place}": text for place, text in enumerate(texts)}
