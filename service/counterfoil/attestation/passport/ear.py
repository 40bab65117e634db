"""EAT attestation results as JSON Web Tokens (draft-ietf-rats-ear; its earlier profile of Project Veraison)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.ar4si import MAX_VALUE, MIN_VALUE, Tier, TrustworthinessClaim, tier_of
from counterfoil.attestation.claims import Check, EvidenceClaims, not_checked, passed
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.ear_names import EAR_NAMES, EarNames
from counterfoil.attestation.evidence import MAX_SUBMODULES, Evidence, Platform
from counterfoil.attestation.passport.passport import Passport, PassportRules, audience_facts, numbered, verify_passport
from counterfoil.attestation.passport.tee_claims import text_facts
from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.attestation.token.keys import TokenKey, issuers_key, key_of_chain, key_of_set, pinned_key
from counterfoil.attestation.token.token import Token
from counterfoil.cose.certificates import certificate_key
from counterfoil.errors import (
    CollateralMissingError,
    EvidenceVersionError,
    MalformedEvidenceError,
    TokenNotAffirmingError,
)

_PARTS: Final = frozenset({"token"})
_OPTIONAL: Final = frozenset({"keys"})
_ALGORITHMS: Final = frozenset({"ES256", "ES384", "ES512", "PS256", "PS384", "PS512"})
_RULES: Final = PassportRules(_ALGORITHMS, None, dated_will_do=True)
"""Veraison writes no exp at all. When an attestation result was issued it always says."""

_NOTHING: Final = TokenClaims(MappingProxyType({}))

_FACTS: Final = {"issuer": "iss", "profile": "eat_profile"}
_TIERS: Final = {tier.value: tier for tier in Tier}
_VECTOR: Final = {claim.value for claim in TrustworthinessClaim}


def verify_ear(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
    """The claims of the attestation result in the part ``token``, once it affirms each of its submodules.

    Its key is pinned, by its SubjectPublicKeyInfo or, in the part ``keys``, its RFC 7638 thumbprint; or that of
    certificates in the header which lead to what is pinned; or one of the key set that was loaded for the issuer. One
    that does not say when it expires holds by its age alone, which each appraisal policy bounds.

    Raises:
        MalformedError: The token cannot be read.
        EvidenceVersionError: It is of another profile.
        TokenNotAffirmingError: It does not affirm a submodule, or says that it does against its own vector.
        UnverifiedError: It is not genuine, not of the time ``at``, or nothing vouches for its key.
    """
    evidence.require_parts(_PARTS, _OPTIONAL)
    find = _key_finder(evidence.parts.get("keys"), at, anchors, collateral)
    passport = verify_passport(evidence.part("token"), at, _RULES, find)
    claims = passport.claims
    profile = claims.text("eat_profile") or ""
    names = EAR_NAMES.get(profile)
    if names is None:
        raise EvidenceVersionError("the attestation result is of a profile that is not read here")
    _require_whole_times(claims)
    overall = claims.text(names.status)
    if overall is not None:
        _require_affirming(overall)
    submodules = claims.nested("submods")
    if submodules is None or not 1 <= len(submodules.members) <= MAX_SUBMODULES:
        raise MalformedEvidenceError(f"an attestation result has 1 to {MAX_SUBMODULES} submodules")
    return EvidenceClaims(
        platform=Platform.EAR,
        product="EAR",
        signer="JWT",
        measurements={},
        bound=_bound(claims, names),
        debug=False,
        facts={**text_facts(claims, _FACTS), **audience_facts(claims), **_verifier(claims, names)},
        issued_at=passport.issued_at,
        holds_from=passport.holds_from,
        holds_until=passport.holds_until,
        collateral=passport.collateral,
        checks=(*passport.checks, not_checked("debug-mode", "an attestation result has no claim of it")),
        submodules={
            name: _appraisal(submodules.nested(name) or _NOTHING, names, passport) for name in submodules.members
        },
    )


def _appraisal(claims: TokenClaims, names: EarNames, passport: Passport) -> EvidenceClaims:
    _require_affirming(claims.text(names.status))
    facts, checks = _vector(claims.nested(names.vector))
    return EvidenceClaims(
        platform=Platform.EAR,
        product="EAR",
        signer="JWT",
        measurements={},
        bound=_bound(claims, names),
        debug=False,
        facts={**facts, **numbered("policy", claims.texts(names.policies)), "status": Tier.AFFIRMING.value},
        issued_at=passport.issued_at,
        holds_from=passport.holds_from,
        holds_until=passport.holds_until,
        collateral=passport.collateral,
        checks=(*checks, not_checked("debug-mode", "an attestation result has no claim of it")),
    )


def _vector(vector: TokenClaims | None) -> tuple[Mapping[str, str], tuple[Check, ...]]:
    if vector is None:
        return {}, (not_checked("trustworthiness-vector", "the attestation result has none"),)
    if not vector.members.keys() <= _VECTOR:
        raise MalformedEvidenceError("a trustworthiness vector has a member that is none of AR4SI")
    facts, checks = {}, []
    for name in vector.members:
        value = vector.integer(name)
        if value is None or not MIN_VALUE <= value <= MAX_VALUE:
            raise MalformedEvidenceError(f"{name} of a trustworthiness vector is not a value of AR4SI")
        tier = tier_of(value)
        if tier in {Tier.WARNING, Tier.CONTRAINDICATED}:
            raise TokenNotAffirmingError(f"the attestation result affirms a submodule whose {name} is {tier.value}")
        facts[name] = str(value)
        checks.append((passed if tier is Tier.AFFIRMING else not_checked)(name, f"AR4SI value {value}"))
    return facts, tuple(checks)


def _require_affirming(status: str | None) -> None:
    if status is None or status not in _TIERS:
        raise MalformedEvidenceError("the status of an attestation result is none of the tiers of AR4SI")
    if _TIERS[status] is not Tier.AFFIRMING:
        raise TokenNotAffirmingError(f"the status of the attestation result is {status}")


def _require_whole_times(claims: TokenClaims) -> None:
    """RFC 9711, section 4.3.1: times of an EAT are whole seconds; draft-ietf-rats-ear asks for iat alone."""
    if claims.integer("iat") is None or (claims.integer("exp") is None and "exp" in claims.members):
        raise MalformedEvidenceError("an attestation result says in whole seconds when it was issued and may expire")


def _bound(claims: TokenClaims, names: EarNames) -> Mapping[str, bytes]:
    attested = claims.nested(names.key)
    found = {"nonce": claims.base64("eat_nonce"), "public-key": (attested or _NOTHING).base64("akpub")}
    return {name: value for name, value in found.items() if value is not None}


def _verifier(claims: TokenClaims, names: EarNames) -> dict[str, str]:
    identity = claims.nested(names.verifier)
    developer, build = (None, None) if identity is None else (identity.text("developer"), identity.text("build"))
    if developer is None or build is None:
        raise MalformedEvidenceError("an attestation result names the developer and the build of its verifier")
    return {"verifier-developer": developer, "verifier-build": build}


def _key_finder(
    carried: bytes | None, at: int, anchors: Anchors, collateral: Collateral
) -> Callable[[Token, str], TokenKey]:
    def find(token: Token, issuer: str) -> TokenKey:
        if token.chain:
            pinned = pinned_key(certificate_key(token.chain[0]), None, anchors)
            return pinned or key_of_chain(token.chain, at, anchors, collateral)
        if carried is None:
            return issuers_key(issuer, token, collateral)
        found = key_of_set(carried, token)
        pinned = pinned_key(found.key, found.thumbprint, anchors)
        if pinned is None:
            raise CollateralMissingError("the attestation result comes with a key that is not pinned")
        return pinned

    return find
