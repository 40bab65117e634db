"""One signature of a CA, under the algorithms that this log takes from a certificate (RFC 5280, section 4.1.1.2)."""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from counterfoil.cose.fit import MAX_RSA_BITS, MIN_RSA_BITS
from counterfoil.cose.public_key import PublicKey, parse_public_key_der
from counterfoil.cose.verify_signature import HASHES, pss
from counterfoil.errors import AlgorithmUnsupportedError, MalformedKeyError, PathInvalidError

MAX_SIGNATURE_CHECKS: Final = 64
"""An honest path needs as many as it has certificates and CRLs, twenty at most; 64 take a tenth of a second."""


class _Family(Enum):
    ECDSA = "ECDSA"
    PKCS1 = "RSASSA-PKCS1-v1_5"
    PSS = "RSASSA-PSS"
    ED25519 = "Ed25519"


@dataclass(frozen=True, slots=True)
class _Scheme:
    family: _Family
    hashed: hashes.HashAlgorithm


_HASH_BYTES: Final = {"SHA-256": 0x01, "SHA-384": 0x02, "SHA-512": 0x03}
"""How NIST's object identifiers of the hashes end: 2.16.840.1.101.3.4.2.n."""


def _pss_der(name: str, trailer: bytes) -> bytes:
    """RFC 4055, section 3.1: hash, MGF1 with the same hash, a salt as long as the hash."""
    hashed = bytes.fromhex("300d06096086480165030402") + bytes((_HASH_BYTES[name], 0x05, 0x00))
    mask = bytes.fromhex("301a06092a864886f70d010108") + hashed
    salt = bytes.fromhex("a2030201") + bytes((HASHES[name].digest_size,))
    parameters = b"\xa0\x0f" + hashed + b"\xa1\x1c" + mask + salt + trailer
    content = bytes.fromhex("06092a864886f70d01010a30") + bytes((len(parameters),)) + parameters
    return bytes((0x30, len(content))) + content


_EXPLICIT_TRAILER: Final = bytes.fromhex("a303020101")
"""The trailer field with its default value, which DER leaves out and AMD's root keys write down."""

_SCHEMES: Final = {
    **{
        bytes.fromhex("300a06082a8648ce3d0403") + bytes((end + 1,)): _Scheme(_Family.ECDSA, HASHES[name])
        for name, end in _HASH_BYTES.items()  # RFC 5758, section 3.2
    },
    **{
        bytes.fromhex("300d06092a864886f70d0101") + bytes((end + 10, 0x05, 0x00)): _Scheme(_Family.PKCS1, HASHES[name])
        for name, end in _HASH_BYTES.items()  # RFC 4055, section 5
    },
    **{
        _pss_der(name, trailer): _Scheme(_Family.PSS, HASHES[name])
        for name in _HASH_BYTES
        for trailer in (b"", _EXPLICIT_TRAILER)
    },
    bytes.fromhex("300506032b6570"): _Scheme(_Family.ED25519, HASHES["SHA-512"]),  # RFC 8410, section 3
}
"""Every admitted AlgorithmIdentifier by its whole DER: no parameter is interpreted, and SHA-1 and MD5 are not there."""


class SignatureChecks:
    """How many signatures may still be checked for one path, so that no set of certificates makes it many."""

    def __init__(self, left: int = MAX_SIGNATURE_CHECKS) -> None:
        self._left = left

    def spend(self) -> None:
        """Count one check.

        Raises:
            PathInvalidError: there were too many already.
        """
        if self._left <= 0:
            raise PathInvalidError(
                f"the certificates and CRLs ask for more than {MAX_SIGNATURE_CHECKS} signature checks"
            )
        self._left -= 1


def certified_key(spki: bytes) -> PublicKey:
    """Return the key of a SubjectPublicKeyInfo, when this log admits such a key in a path.

    Raises:
        PathInvalidError: a key of another kind or curve, or RSA of fewer than 2,048 or more than 8,192 bits.

    RFC 5280, section 4.1.2.7.
    """
    try:
        key = parse_public_key_der(spki)
    except (MalformedKeyError, AlgorithmUnsupportedError) as exc:
        raise PathInvalidError("a certificate's key is of a kind that this log does not admit") from exc
    material = key.material
    if isinstance(material, rsa.RSAPublicKey) and not MIN_RSA_BITS <= material.key_size <= MAX_RSA_BITS:
        raise PathInvalidError(f"an RSA key of {material.key_size} bits is not admitted")
    return key


authority_key: Final = lru_cache(maxsize=256)(certified_key)
"""``certified_key`` for those above a leaf: the same few stand above all."""


def verify_signed(algorithm: bytes, signature: bytes, data: bytes, key: PublicKey) -> None:
    """Return when ``signature`` is one of ``key`` over ``data`` under the AlgorithmIdentifier ``algorithm``.

    Raises:
        PathInvalidError: it is none, or the algorithm is not admitted or does not go with the key.

    RFC 5280, section 6.1.3 (a)(1).
    """
    scheme = _SCHEMES.get(algorithm)
    if scheme is None:
        raise PathInvalidError("a certificate or CRL is signed with an algorithm that is not admitted")
    try:
        _verify(scheme, signature, data, key)
    except InvalidSignature as exc:
        raise PathInvalidError("a signature is not one of the issuer's key") from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise PathInvalidError("a signature cannot be checked with the issuer's key") from exc


def _verify(scheme: _Scheme, signature: bytes, data: bytes, key: PublicKey) -> None:
    material = key.material
    match scheme.family:
        case _Family.ECDSA if isinstance(material, ec.EllipticCurvePublicKey):
            material.verify(signature, data, ec.ECDSA(scheme.hashed))
        case _Family.PKCS1 if isinstance(material, rsa.RSAPublicKey):
            material.verify(signature, data, padding.PKCS1v15(), scheme.hashed)
        case _Family.PSS if isinstance(material, rsa.RSAPublicKey):
            material.verify(signature, data, pss(scheme.hashed), scheme.hashed)
        case _Family.ED25519 if isinstance(material, ed25519.Ed25519PublicKey):
            material.verify(signature, data)
        case _:
            raise PathInvalidError("a signature algorithm does not go with the issuer's key")
