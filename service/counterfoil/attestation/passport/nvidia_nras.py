"""Detached bundles of NVIDIA's Remote Attestation Service: one token for the platform, and one for each GPU.

NVIDIA, "Attestation", "Claims guide"; RFC 9711, sections 4.2.18.2 and 5.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims, passed
from counterfoil.attestation.collateral import Collateral, collateral_digest
from counterfoil.attestation.evidence import MAX_EVIDENCE_BYTES, MAX_SUBMODULES, Evidence, Platform
from counterfoil.attestation.passport.passport import Passport, PassportRules, audience_facts, verify_passport
from counterfoil.attestation.passport.tee_claims import text_facts
from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.attestation.token.keys import TokenKey, key_of_chain, key_of_set
from counterfoil.attestation.token.token import Token
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import (
    CollateralMissingError,
    EvidenceMismatchError,
    MalformedEvidenceError,
    TokenNotAffirmingError,
)

_PARTS: Final = frozenset({"eat"})
_OPTIONAL: Final = frozenset({"keys"})
_ISSUER: Final = "https://nras.attestation.nvidia.com"
_RULES: Final = PassportRules(frozenset({"ES384"}), re.compile(re.escape(_ISSUER)))
_DIGEST_NAMES: Final = frozenset({"SHA-256", "SHA256"})
_DEBUG_OFF: Final = frozenset(
    {"disabled", "disabled-since-boot", "disabled-permanently", "disabled-fully-and-permanently"}
)
_AFFIRMED: Final = (
    "x-nvidia-gpu-arch-check",
    "x-nvidia-gpu-attestation-report-parsed",
    "x-nvidia-gpu-attestation-report-nonce-match",
    "x-nvidia-gpu-attestation-report-signature-verified",
)
"""What NVIDIA says of the report itself. A token of one version or the other leaves some out, but denies none."""

_FACTS: Final = {
    "hwmodel": "hwmodel",
    "oem-id": "oemid",
    "driver-version": "x-nvidia-gpu-driver-version",
    "vbios-version": "x-nvidia-gpu-vbios-version",
    "measurement-result": "measres",
    "dbgstat": "dbgstat",
    "warning": "x-nvidia-attestation-warning",
}

_Find = Callable[[Token, str], TokenKey]


@dataclass(frozen=True, slots=True)
class _Bundle:
    platform: bytes
    devices: Mapping[str, bytes]


def verify_nvidia_nras(evidence: Evidence, at: int, anchors: Anchors, collateral: Collateral, /) -> EvidenceClaims:
    """The claims of the detached bundle in the part ``eat``, with those of each GPU among the submodules.

    The keys come with certificates that lead to a pinned key of NVIDIA's: in the tokens' headers, or in a key set, as
    the part ``keys`` or loaded for the issuer. A key without certificates is not used.

    Raises:
        MalformedError: The bundle cannot be read.
        TokenNotAffirmingError: A genuine token says that the platform, or one of the GPUs, did not pass.
        EvidenceMismatchError: A token of a GPU is not the one that the platform's token names, or bears another nonce.
        UnverifiedError: A token is not genuine, or not of the time ``at``.
    """
    evidence.require_parts(_PARTS, _OPTIONAL)
    bundle = _parse_bundle(evidence.part("eat"))
    find = _once_each(_key_finder(evidence.parts.get("keys"), at, anchors, collateral))
    platform = verify_passport(bundle.platform, at, _RULES, find)
    if platform.claims.flag("x-nvidia-overall-att-result") is not True:
        raise TokenNotAffirmingError("NVIDIA says that the platform did not pass")
    nonce = _nonce(platform.claims)
    _require_named(platform.claims, bundle)
    passports = {name: verify_passport(raw, at, _RULES, find) for name, raw in bundle.devices.items()}
    devices = {name: _device(passport, nonce) for name, passport in passports.items()}
    if len({device.hardware_id for device in devices.values()}) != len(devices):
        raise EvidenceMismatchError("the bundle counts one GPU twice")
    version = text_facts(platform.claims, {"version": "x-nvidia-ver", "subject": "sub"})
    return EvidenceClaims(
        platform=Platform.NVIDIA_NRAS,
        product="+".join(sorted({device.product for device in devices.values()})),
        signer="JWT",
        measurements={},
        bound={"nonce": nonce},
        debug=any(device.debug for device in devices.values()),
        facts={**version, **audience_facts(platform.claims), "issuer": platform.issuer, "gpus": str(len(devices))},
        issued_at=platform.issued_at,
        holds_from=max(each.holds_from for each in (platform, *passports.values())),
        holds_until=min(each.holds_until for each in (platform, *passports.values())),
        collateral=frozenset().union(*(each.collateral for each in (platform, *passports.values()))),
        checks=(*platform.checks, passed("submodule-digests"), passed("submodule-nonces")),
        submodules=devices,
    )


def _parse_bundle(data: bytes) -> _Bundle:
    match parse_json(data, max_bytes=MAX_EVIDENCE_BYTES):
        case [["JWT", str(platform)], dict(held)] if 1 <= len(held) <= MAX_SUBMODULES:
            return _Bundle(_token(platform), {name: _token(item) for name, item in held.items()})
        case _:
            raise MalformedEvidenceError(
                f"a detached bundle is the platform's token and those of 1 to {MAX_SUBMODULES} GPUs"
            )


def _token(item: JsonValue) -> bytes:
    text = item[1] if isinstance(item, list) and len(item) == len(("JWT", "token")) and item[0] == "JWT" else item
    if not isinstance(text, str) or not text.isascii():
        raise MalformedEvidenceError("a token of a bundle is not ASCII text")
    return text.encode()


def _require_named(claims: TokenClaims, bundle: _Bundle) -> None:
    """Each token of a GPU is the one whose digest the platform's token has under its name, and there are no others."""
    named = claims.nested("submods")
    if named is None or named.members.keys() != bundle.devices.keys():
        raise EvidenceMismatchError("the tokens of GPUs are not those that the platform's token names")
    for name, raw in bundle.devices.items():
        match named.members[name]:
            case ["DIGEST", [str(algorithm), str(digest)]] if algorithm in _DIGEST_NAMES:
                if digest.lower() != sha256(raw).hexdigest():
                    raise EvidenceMismatchError("the token of a GPU is not the one that the platform's token names")
            case _:
                raise MalformedEvidenceError("a submodule is named by its SHA-256 digest")


def _device(passport: Passport, nonce: bytes) -> EvidenceClaims:
    claims = passport.claims
    if _nonce(claims) != nonce:
        raise EvidenceMismatchError("the token of a GPU bears another nonce than the platform's")
    result = (claims.text("measres") or "").lower()
    if result != "success" or any(claims.flag(name) is False for name in _AFFIRMED):
        raise TokenNotAffirmingError("NVIDIA says that a GPU did not pass")
    product, identity = claims.text("hwmodel"), claims.text("ueid")
    if not product or not identity:
        raise MalformedEvidenceError("the token of a GPU names its model and its identity")
    secure_boot = claims.flag("secboot")
    facts = text_facts(claims, _FACTS)
    return EvidenceClaims(
        platform=Platform.NVIDIA_NRAS,
        product=product,
        signer="JWT",
        measurements={},
        bound={"nonce": nonce},
        debug=claims.text("dbgstat") not in _DEBUG_OFF,
        hardware_id=sha256(identity.encode()).digest(),
        facts=facts if secure_boot is None else {**facts, "secure-boot": str(secure_boot).lower()},
        issued_at=passport.issued_at,
        holds_from=passport.holds_from,
        holds_until=passport.holds_until,
        collateral=passport.collateral,
        checks=passport.checks,
    )


def _nonce(claims: TokenClaims) -> bytes:
    nonce = claims.hexadecimal("eat_nonce")
    if not nonce:
        raise EvidenceMismatchError("a token of the bundle bears no nonce")
    return nonce


def _key_finder(carried: bytes | None, at: int, anchors: Anchors, collateral: Collateral) -> _Find:
    def find(token: Token, issuer: str) -> TokenKey:
        if token.chain:
            return key_of_chain(token.chain, at, anchors, collateral)
        document = collateral.keys.get(issuer) if carried is None else carried
        if document is None:
            raise CollateralMissingError("no key set was loaded for the token's issuer, and the evidence has none")
        found = key_of_set(document, token)
        if not found.chain:
            raise CollateralMissingError("the key that the token names has no certificates")
        trusted = key_of_chain(found.chain, at, anchors, collateral)
        used = frozenset({collateral_digest(document)}) if carried is None else frozenset()
        return TokenKey(trusted.key, trusted.holds_from, trusted.holds_until, trusted.collateral | used, trusted.checks)

    return find


def _once_each(find: _Find) -> _Find:
    """The tokens of a bundle are mostly under one key, whose path is validated once."""
    found: dict[tuple[str | None, tuple[bytes, ...]], TokenKey] = {}

    def remembered(token: Token, issuer: str) -> TokenKey:
        named = token.key_id, token.chain
        if named not in found:
            found[named] = find(token, issuer)
        return found[named]

    return remembered
