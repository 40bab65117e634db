"""The key that a token is verified with, and what vouches for it (RFC 7517; RFC 7638; RFC 5280, section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import Check, not_checked, passed
from counterfoil.attestation.collateral import Collateral, collateral_digest
from counterfoil.attestation.token.claims import TokenClaims
from counterfoil.attestation.token.token import Token, fits_token, parse_chain
from counterfoil.cose.certificates import certificate_key
from counterfoil.cose.jwk import public_key_of_jwk
from counterfoil.cose.public_key import PublicKey, public_key_der
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.cose.x509_path.purpose import NotChecked, PathPurpose
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.encoding.jcs import encode_json, parse_json
from counterfoil.errors import (
    CollateralMissingError,
    EvidenceMismatchError,
    MalformedCollateralError,
    MalformedError,
    UnverifiedError,
)
from counterfoil.statement.claims import MAX_NUMERIC_DATE

MAX_KEY_SET_BYTES: Final = 256 * 1024
"""NVIDIA's set of 32 keys with their certificates takes 81 KB."""

MAX_KEYS: Final = 256
_THUMBPRINT_MEMBERS: Final = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that is trusted from ``holds_from`` to ``holds_until``, the collateral it came from, what was checked."""

    key: PublicKey
    holds_from: int = 0
    holds_until: int = MAX_NUMERIC_DATE
    collateral: frozenset[bytes] = frozenset()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class SetKey:
    """A key of a set for one token, with the certificates in DER that the set has of it; nothing vouches for it yet."""

    key: PublicKey
    chain: tuple[bytes, ...]
    thumbprint: bytes | None


def key_of_chain(chain: tuple[bytes, ...], at: int, anchors: Anchors, collateral: Collateral) -> TokenKey:
    """The key of the first certificate, when a path leads from it to a certificate or a key of a CA that is pinned.

    The leaf itself is never the pinned one. Of a CA whose key is pinned neither dates nor extensions count.

    Raises:
        MalformedError: A certificate or a CRL cannot be read.
        RootUnknownError, CertificateOutOfDateError, CertificateRevokedError, PathInvalidError: As ``validate_path``.
    """
    above = (*chain[1:], *anchors.certificates)
    certificates = tuple(der for der in above if anchors.is_pinned(der))
    keys = () if certificates else tuple(der for der in above if anchors.is_pinned(parse_certificate(der).spki))
    purpose = PathPurpose(anchors_are_bare_keys=bool(keys), crl_may_be_missing=True)
    path = validate_path(chain, certificates or keys, at, purpose=purpose, crls=collateral.crls)
    revocable = NotChecked.REVOCATION not in path.not_checked
    checks = [(passed if revocable else not_checked)("certificate-revocation")]
    if NotChecked.ANCHOR in path.not_checked:
        checks.append(not_checked("certificate-anchor", "its key is pinned, so neither its dates nor extensions count"))
    return TokenKey(
        path.leaf_key,
        path.holds_from,
        path.holds_until,
        frozenset(map(collateral_digest, collateral.crls)) if revocable else frozenset(),
        (passed("certificate-path", sha256(path.certificates[-1]).hexdigest()), *checks),
    )


def key_of_set(document: bytes, token: Token) -> SetKey:
    """The key of a set whose identifier the token names; where it names none, the only one of the set.

    Raises:
        MalformedCollateralError: It is no set of keys, or has several of that identifier, or the key and its
            certificate differ.
        CollateralMissingError: It has no such key.
        EvidenceMismatchError: The key is not for the token's algorithm, or not for signatures.

    RFC 7517, sections 4 and 5.
    """
    entries = [entry for entry in _entries(document) if token.key_id in {None, entry.members.get("kid")}]
    if not entries:
        raise CollateralMissingError("the issuer's key set has no key of the identifier that the token names")
    if len(entries) > 1:
        raise MalformedCollateralError("the issuer's key set has several keys that the token may mean")
    try:
        found = _set_key(entries[0])
        algorithm, use, operations = entries[0].text("alg"), entries[0].text("use"), entries[0].texts("key_ops")
    except (MalformedError, UnverifiedError) as error:
        raise MalformedCollateralError("a key of the issuer's set cannot be read") from error
    if algorithm not in {None, token.algorithm} or use not in {None, "sig"} or not fits_token(token, found.key):
        raise EvidenceMismatchError("the key that the token names is not for its algorithm, or not for signatures")
    if "key_ops" in entries[0].members and "verify" not in operations:
        raise EvidenceMismatchError("the key that the token names is not for signatures")
    return found


def issuers_key(issuer: str, token: Token, collateral: Collateral) -> TokenKey:
    """The key of the set that was loaded for the issuer; that it was loaded is what vouches for it.

    Certificates that the set has of it, as Azure Attestation's do, are read for the key and judged no further.

    Raises:
        CollateralMissingError: No set was loaded for the issuer, or it has no such key.
        MalformedCollateralError, EvidenceMismatchError: As ``key_of_set``.
    """
    document = collateral.keys.get(issuer)
    if document is None:
        raise CollateralMissingError("no key set was loaded for the token's issuer")
    found, digest = key_of_set(document, token), collateral_digest(document)
    checks = (
        passed("issuer-key-set", digest.hex()),
        not_checked("certificate-path", "the key set was loaded as it is"),
    )
    return TokenKey(found.key, collateral=frozenset({digest}), checks=checks)


def pinned_key(key: PublicKey, thumbprint: bytes | None, anchors: Anchors) -> TokenKey | None:
    """The key, when it is itself pinned, by its SubjectPublicKeyInfo or its RFC 7638 thumbprint; None otherwise."""
    if anchors.is_pinned(public_key_der(key)) or thumbprint in anchors.pins:
        return TokenKey(key, checks=(passed("pinned-key", sha256(public_key_der(key)).hexdigest()),))
    return None


def jwk_thumbprint(jwk: Mapping[str, object]) -> bytes | None:
    """The SHA-256 thumbprint of a JWK; None where it lacks a member that counts (RFC 7638, section 3)."""
    names = _THUMBPRINT_MEMBERS.get(str(jwk.get("kty")), ())
    members = {name: value for name in names if isinstance(value := jwk.get(name), str)}
    return sha256(encode_json(members)).digest() if names and len(members) == len(names) else None


def _entries(document: bytes) -> list[TokenClaims]:
    try:
        value = parse_json(document, max_bytes=MAX_KEY_SET_BYTES)
    except MalformedError as error:
        raise MalformedCollateralError("a key set is not JSON that can be read") from error
    match value:
        case {"keys": list(keys)} if 1 <= len(keys) <= MAX_KEYS and all(isinstance(key, dict) for key in keys):
            return [TokenClaims(key) for key in keys if isinstance(key, dict)]
        case _:
            raise MalformedCollateralError(f"a key set is an object with 1 to {MAX_KEYS} keys")


def _set_key(entry: TokenClaims) -> SetKey:
    chain = parse_chain(entry)
    certified = certificate_key(chain[0]) if chain else None
    if certified is not None and not {"n", "x"} & entry.members.keys():
        return SetKey(certified, chain, None)
    key = public_key_of_jwk(entry.members)
    if certified is not None and certified != key:
        raise MalformedCollateralError("a key and its certificate in one key set differ")
    return SetKey(key, chain, jwk_thumbprint(entry.members))
