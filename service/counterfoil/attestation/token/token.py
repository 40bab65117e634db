"""Compact JSON Web Signatures: read strictly, verified under the algorithms of one platform (RFC 7515, RFC 8725)."""

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey, RSAKey

from counterfoil.attestation.evidence import MAX_EVIDENCE_BYTES
from counterfoil.attestation.token.claims import TokenClaims, parse_base64
from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.fit import MAX_RSA_BITS, MIN_RSA_BITS, is_fit
from counterfoil.cose.public_key import PublicKey
from counterfoil.cose.x509_path.validate import MAX_CERTIFICATES
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import parse_json
from counterfoil.errors import (
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    EvidenceVersionError,
    MalformedEvidenceError,
)

MAX_TOKEN_BYTES: Final = MAX_EVIDENCE_BYTES
"""The largest of this field is one of Confidential Space with its certificates: 11 KB."""

MAX_HEADER_BYTES: Final = 24 * 1024
"""In base64url. Three certificates with RSA keys of 4,096 bits take 8.7 KB, since they are in base64 twice over."""

_MAX_SIGNATURE_BYTES: Final = (MAX_RSA_BITS // 8 + 2) // 3 * 4
_SEGMENTS: Final = 3
_RS256: Final = "RS256"
_UNSUPPORTED: Final = frozenset({"crit", "b64", "zip"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token of which nothing is verified yet.

    ``chain`` are the certificates of its header in DER, none where it carries none. What else a header can name of
    keys, ``jwk``, ``jku`` and ``x5u``, is passed over.
    """

    raw: bytes
    algorithm: str
    key_id: str | None
    chain: tuple[bytes, ...]
    payload: bytes
    signature: bytes


def parse_token(raw: bytes, algorithms: frozenset[str]) -> Token:
    """Read a compact JWS whose algorithm is one of ``algorithms``.

    Raises:
        EvidenceTooLargeError: It is longer than ``MAX_TOKEN_BYTES``, or its header than ``MAX_HEADER_BYTES``.
        EvidenceVersionError: It is under another algorithm, or has an extension that is critical.
        MalformedError: It is none: not three segments, not canonical base64url, no JSON object as its header, or a
            member of that of another type.

    RFC 7515, sections 3.1, 4.1 and 5.2; RFC 8725, section 3.1.
    """
    if len(raw) > MAX_TOKEN_BYTES:
        raise EvidenceTooLargeError(f"a token of {len(raw)} bytes where {MAX_TOKEN_BYTES} are read")
    segments = raw.split(b".", _SEGMENTS)
    if len(segments) != _SEGMENTS or not all(segments):
        raise MalformedEvidenceError("a token is three segments with a dot between each")
    if len(segments[0]) > MAX_HEADER_BYTES:
        raise EvidenceTooLargeError(f"a token's header of {len(segments[0])} bytes where {MAX_HEADER_BYTES} are read")
    header_bytes, payload, signature = (decode_base64url(segment.decode("latin-1")) for segment in segments)
    header = _object(header_bytes)
    if _UNSUPPORTED & header.members.keys():
        raise EvidenceVersionError("the token has an extension that is critical, and none is understood here")
    algorithm = header.text("alg")
    if algorithm is None:
        raise MalformedEvidenceError("the token names no algorithm")
    if algorithm not in algorithms:
        raise EvidenceVersionError("the token is under an algorithm that its platform does not use")
    return Token(raw, algorithm, header.text("kid"), parse_chain(header), payload, signature)


def parse_chain(holder: TokenClaims) -> tuple[bytes, ...]:
    """The certificates in DER that a header, or a key of a set, carries as ``x5c``; none where it has no such member.

    Raises:
        MalformedEvidenceError: The member is not an array of texts, is empty, or longer than any chain.
        MalformedBase64Error: One is not in base64.

    RFC 7515, section 4.1.6; RFC 7517, section 4.7.
    """
    if "x5c" not in holder.members:
        return ()
    certificates = holder.texts("x5c")
    if not isinstance(holder.members["x5c"], list) or not 1 <= len(certificates) <= MAX_CERTIFICATES:
        raise MalformedEvidenceError(f"x5c is an array of 1 to {MAX_CERTIFICATES} certificates")
    return tuple(map(parse_base64, certificates))


def claimed_issuer(token: Token) -> str | None:
    """The issuer that an unverified token names, to find its key by; None where it names none.

    Raises:
        MalformedError: The payload is not a JSON object, or the issuer is not text.
    """
    return _object(token.payload).text("iss")


def fits_token(token: Token, key: PublicKey) -> bool:
    """Whether the token's algorithm goes with a key: kind, curve and size (RFC 7518, section 3.1)."""
    if token.algorithm == _RS256:
        material = key.material
        return isinstance(material, rsa.RSAPublicKey) and MIN_RSA_BITS <= material.key_size <= MAX_RSA_BITS
    return is_fit(algorithm_named(token.algorithm), key)


def verify_token(token: Token, key: PublicKey) -> TokenClaims:
    """The claims of a token, once its signature is one of ``key``.

    Raises:
        EvidenceMismatchError: Its algorithm does not go with the key.
        EvidenceSignatureError: The signature is none of the key.
        MalformedError: The payload is not a JSON object, or the header has a member that is not of its type.

    RFC 7515, section 5.2; RFC 7518, sections 3.3 to 3.5.
    """
    if not fits_token(token, key):
        raise EvidenceMismatchError(f"{token.algorithm} does not go with key {key.thumbprint.hex()}")
    if isinstance(key.material, rsa.RSAPublicKey) and len(token.signature) != (key.material.key_size + 7) // 8:
        raise EvidenceSignatureError("the token's signature is not as long as its key")
    registry = _Registry(algorithms=[token.algorithm], strict_check_header=False)
    try:
        verified = jws.deserialize_compact(token.raw, _library_key(key), registry=registry)
    except BadSignatureError as error:
        raise EvidenceSignatureError(f"the token's signature is none of key {key.thumbprint.hex()}") from error
    except (JoseError, ValueError) as error:
        raise MalformedEvidenceError("the token's header is not one of JWS") from error
    return _object(verified.payload)


class _Registry(jws.JWSRegistry):
    """The library's limits are below what real headers take."""

    max_header_length = MAX_HEADER_BYTES
    max_payload_length = MAX_TOKEN_BYTES
    max_signature_length = _MAX_SIGNATURE_BYTES


def _library_key(key: PublicKey) -> ECKey | RSAKey:
    material = key.material
    if isinstance(material, rsa.RSAPublicKey):
        return RSAKey(material, material)
    if isinstance(material, ec.EllipticCurvePublicKey):
        return ECKey(material, material)
    raise EvidenceMismatchError("a key of a kind that no token here is signed with")


def _object(data: bytes) -> TokenClaims:
    value = parse_json(data, max_bytes=MAX_TOKEN_BYTES)
    if not isinstance(value, dict):
        raise MalformedEvidenceError("a header and a payload of a token are JSON objects")
    return TokenClaims(value)
