"""The hash envelope: a statement about content that it carries only the digest of (RFC 9995)."""

from dataclasses import dataclass
from hashlib import sha256, sha384, sha512
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.sign1 import Sign1
from counterfoil.errors import MalformedHeaderError

MAX_CONTENT_FORMAT: Final = 0xFFFF
"""CoAP content formats are 16-bit numbers (RFC 7252, section 12.3)."""

_HASHES: Final = {labels.SHA256: sha256, labels.SHA384: sha384, labels.SHA512: sha512}
_LABELS: Final = frozenset({labels.PAYLOAD_HASH_ALG, labels.PREIMAGE_CONTENT_TYPE, labels.PAYLOAD_LOCATION})


@dataclass(frozen=True, slots=True)
class HashEnvelope:
    """What the payload is the digest of. ``location`` is noted and never fetched."""

    hash_algorithm: int
    preimage_content_type: str | int | None
    location: str | None


def parse_hash_envelope(message: Sign1) -> HashEnvelope | None:
    """Read headers 258 to 260; None where the payload is not a digest.

    Raises:
        MalformedHeaderError: They stand in the unprotected header, contradict header 3, name an unknown hash, or the
            payload is not a digest of that hash.

    Spec: RFC 9995, section 3.
    """
    if not _LABELS.isdisjoint(message.unprotected):
        raise MalformedHeaderError("headers 258, 259 and 260 belong into the protected header")
    if _LABELS.isdisjoint(message.protected):
        return None
    hash_algorithm = message.protected.get(labels.PAYLOAD_HASH_ALG)
    if not isinstance(hash_algorithm, int) or hash_algorithm not in _HASHES:
        raise MalformedHeaderError("payload-hash-alg (258) is absent or not SHA-256, SHA-384 or SHA-512")
    if labels.CONTENT_TYPE in message.protected:
        raise MalformedHeaderError("content type (3) must not stand beside payload-hash-alg (258)")
    if message.payload is not None and len(message.payload) != _HASHES[hash_algorithm]().digest_size:
        raise MalformedHeaderError("the payload is not a digest of the hash that payload-hash-alg (258) names")
    return HashEnvelope(hash_algorithm, _preimage_content_type(message), _location(message))


def _preimage_content_type(message: Sign1) -> str | int | None:
    value = message.protected.get(labels.PREIMAGE_CONTENT_TYPE)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_CONTENT_FORMAT:
        return value
    raise MalformedHeaderError("preimage content type (259) is neither text nor a CoAP content format")


def _location(message: Sign1) -> str | None:
    value = message.protected.get(labels.PAYLOAD_LOCATION)
    if value is None or isinstance(value, str):
        return value
    raise MalformedHeaderError("payload-location (260) is not a text string")
