"""Tokens of Google Cloud Attestation, as Confidential Space gives them to a workload.

Google Cloud, "Confidential Space", reference "Attestation token claims" and "Validate PKI tokens".
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.passport.passport import (
    PassportRules,
    audience_facts,
    key_finder,
    numbered,
    verify_passport,
)
from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import EvidenceVersionError, MalformedEvidenceError

_PARTS: Final = frozenset({"token"})
_RULES: Final = PassportRules(
    frozenset({"RS256"}), re.compile(re.escape("https://confidentialcomputing.googleapis.com"))
)
_MAX_NONCES: Final = 6
_NOTHING: Final = TokenClaims(MappingProxyType({}))
_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_ATTRIBUTE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}")
_DEBUG_OFF: Final = "disabled-since-boot"

_TOP_FACTS: Final = {
    "subject": "sub",
    "profile": "eat_profile",
    "hwmodel": "hwmodel",
    "swname": "swname",
    "dbgstat": "dbgstat",
}
_CONTAINER_FACTS: Final = {"image-reference": "image_reference", "restart-policy": "restart_policy"}
_INSTANCE_FACTS: Final = {
    "zone": "zone",
    "project-id": "project_id",
    "project-number": "project_number",
    "instance-name": "instance_name",
    "instance-id": "instance_id",
}
_OVERRIDES: Final = {"arguments": "args", "command-override": "cmd_override", "environment-override": "env_override"}


def verify_gcp_confidential_space(
    evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /
) -> EvidenceClaims:
    """The claims of a token of Google Cloud Attestation in the part ``token``.

    Its key is that of the certificates in its header (a PKI token), or one of the issuer's key set (an OIDC token).

    Raises:
        MalformedError: The token cannot be read.
        UnverifiedError: It is not genuine, not of the time ``at``, or its certificates lead to no pinned root.
    """
    evidence.require_parts(_PARTS)
    passport = verify_passport(evidence.part("token"), at, _RULES, key_finder(at, anchors, collateral))
    claims = passport.claims
    product = claims.text("hwmodel")
    if product is None:
        raise EvidenceVersionError("the token names no hardware model")
    submodules = claims.nested("submods") or _NOTHING
    container = submodules.nested("container") or _NOTHING
    tcb = claims.nested("tdx") or _NOTHING
    return EvidenceClaims(
        platform=Platform.GCP_CONFIDENTIAL_SPACE,
        product=product,
        signer="JWT",
        measurements=_measurements(container),
        bound=_nonces(claims),
        debug=claims.text("dbgstat") != _DEBUG_OFF,
        tcb_status=tcb.text("gcp_attester_tcb_status"),
        facts={"issuer": passport.issuer, **audience_facts(claims), **_facts(claims, submodules, container)},
        issued_at=passport.issued_at,
        holds_from=passport.holds_from,
        holds_until=passport.holds_until,
        collateral=passport.collateral,
        checks=passport.checks,
    )


def _measurements(container: TokenClaims) -> Mapping[str, bytes]:
    found = {}
    for register, name in {"image": "image_digest", "image-id": "image_id"}.items():
        text = container.text(name)
        if text is None:
            continue
        digest = _DIGEST.fullmatch(text)
        if digest is None:
            raise MalformedEvidenceError(f"claim {name} is not a SHA-256 digest of an image")
        found[register] = bytes.fromhex(digest[1])
    return found


def _nonces(claims: TokenClaims) -> Mapping[str, bytes]:
    nonces = claims.texts("eat_nonce")
    if len(nonces) > _MAX_NONCES:
        raise MalformedEvidenceError(f"a token has up to {_MAX_NONCES} nonces")
    return {f"nonce-{place}" if place else "nonce": nonce.encode() for place, nonce in enumerate(nonces)}


def _facts(claims: TokenClaims, submodules: TokenClaims, container: TokenClaims) -> dict[str, str]:
    instance = submodules.nested("gce") or _NOTHING
    space = submodules.nested("confidential_space") or _NOTHING
    sources = ((claims, _TOP_FACTS), (container, _CONTAINER_FACTS), (instance, _INSTANCE_FACTS))
    facts = {fact: text for source, names in sources for fact, name in names.items() if (text := source.text(name))}
    for fact, name in _OVERRIDES.items():
        if container.members.get(name) is not None:
            facts[fact] = encode_json(container.members[name]).decode()
    secure_boot = claims.flag("secboot")
    if secure_boot is not None:
        facts["secure-boot"] = str(secure_boot).lower()
    facts |= numbered("software-version", claims.texts("swversion"))
    facts |= numbered("attester-tcb", claims.texts("attester_tcb"))
    facts |= numbered("service-account", claims.texts("google_service_accounts"))
    return facts | _support(space)


def _support(space: TokenClaims) -> dict[str, str]:
    attributes = space.texts("support_attributes")
    if not all(_ATTRIBUTE.fullmatch(attribute) for attribute in attributes):
        raise MalformedEvidenceError("a support attribute is a word in capital letters")
    return {f"support-{attribute.lower()}": "true" for attribute in attributes}
