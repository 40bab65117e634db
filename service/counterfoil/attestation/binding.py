"""How evidence is bound to the key that signs statements: a closed list, each compared in full length."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256, sha512
from hmac import compare_digest
from typing import Final

from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.evidence import Platform
from counterfoil.cose.jwk import jwk_thumbprint
from counterfoil.cose.keys import PublicKey
from counterfoil.encoding.base64url import encode_base64url

_ENROLMENT: Final = b"counterfoil/enrol/v1"
_THUMBPRINT_BYTES: Final = 32
_REPORT_DATA_BYTES: Final = 64


class Binding(StrEnum):
    """What the attested environment put into its evidence.

    ``enrolment``: SHA-512 of the enrolment context, the log's nonce and the key's thumbprint, SHA-256 where the field
    holds 32 bytes. ``thumbprint``: the RFC 9679 thumbprint of the key, with zeros to the field's length. ``trace``: the
    RFC 7638 thumbprint of the key in the first 32 bytes of the field, as TRACE records have it; the rest is theirs.
    ``none``: nothing; the evidence shows that some genuine environment made it, and not that the key is its own.
    """

    ENROLMENT = "enrolment"
    THUMBPRINT = "thumbprint"
    TRACE = "trace"
    NONE = "none"


def enrolment_binding(nonce: bytes, thumbprint: bytes, *, size: int = _REPORT_DATA_BYTES) -> bytes:
    """What an environment puts into a field of ``size`` bytes, 64 or 32, to enrol the key of that thumbprint.

    ``nonce`` is that of the challenge, ``thumbprint`` the RFC 9679 thumbprint of the key.
    """
    bound = _ENROLMENT + nonce + thumbprint
    return sha256(bound).digest() if size == _THUMBPRINT_BYTES else sha512(bound).digest()


def is_bound(binding: Binding, claims: EvidenceClaims, key: PublicKey | None, nonce: bytes | None) -> bool:
    """Whether evidence binds a key in that way; of a composite each submodule has to. ``nonce`` is the challenge's.

    Without a key nothing but ``none`` holds.
    """
    if claims.platform is Platform.COMPOSITE:
        parts = claims.submodules.values()
        return bool(parts) and all(is_bound(binding, one, key, nonce) for one in parts)
    if key is None or binding is Binding.NONE:
        return binding is Binding.NONE
    match binding:
        case Binding.ENROLMENT:
            return nonce is not None and _holds(claims.bound, _enrolments(nonce, key.thumbprint))
        case Binding.THUMBPRINT:
            padded = key.thumbprint.ljust(_REPORT_DATA_BYTES, b"\0")
            return _holds(claims.bound, (padded, *_spellings(key.thumbprint)))
        case Binding.TRACE:
            wanted = jwk_thumbprint(key)
            return any(
                len(value) in {_THUMBPRINT_BYTES, _REPORT_DATA_BYTES}
                and compare_digest(value[:_THUMBPRINT_BYTES], wanted)
                for value in claims.bound.values()
            )


def _enrolments(nonce: bytes, thumbprint: bytes) -> tuple[bytes, ...]:
    long = enrolment_binding(nonce, thumbprint)
    short = enrolment_binding(nonce, thumbprint, size=_THUMBPRINT_BYTES)
    return *_spellings(long), *_spellings(short)


def _spellings(value: bytes) -> tuple[bytes, ...]:
    """The bytes themselves, and as tokens spell them whose nonce is a text."""
    return value, value.hex().encode(), encode_base64url(value).encode()


def _holds(bound: Mapping[str, bytes], values: tuple[bytes, ...]) -> bool:
    return any(compare_digest(field, value) for field in bound.values() for value in values)
