"""One signature over bytes, in the raw form COSE gives it (RFC 9053, section 2; RFC 8230; RFC 9964)."""

from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from counterfoil.cose.algorithms import Algorithm, Family
from counterfoil.cose.fit import require_fit
from counterfoil.cose.public_key import PublicKey
from counterfoil.errors import AlgorithmUnsupportedError, SignatureInvalidError

HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
}
"""The library's hash algorithms by their names in the algorithm table."""

_ECDSA: Final = {name: ec.ECDSA(algorithm) for name, algorithm in HASHES.items()}

_ORDERS: Final = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16
    ),
    "P-521": int(
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA"
        "51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        16,
    ),
}
"""The orders of the curves' groups (SP 800-186, section 3.2.1)."""


def verify_signature(algorithm: Algorithm, key: PublicKey, signature: bytes, data: bytes) -> None:
    """Return when ``signature`` is one of ``key`` over ``data`` under ``algorithm``.

    Raises:
        AlgorithmKeyMismatchError: the algorithm does not fit the key.
        SignatureInvalidError: the signature is not one, in size, range or value.
        AlgorithmUnsupportedError: this installation cannot compute the algorithm.

    RFC 9053, section 2; RFC 8230, section 2; RFC 9964.
    """
    require_fit(algorithm, key)
    if len(signature) != _signature_size(algorithm, key):
        raise SignatureInvalidError(f"{len(signature)} bytes are no {algorithm.name} signature")
    try:
        _verify(algorithm, key, signature, data)
    except InvalidSignature as exc:
        raise SignatureInvalidError(f"not a signature of key {key.thumbprint.hex()}") from exc
    except UnsupportedAlgorithm as exc:
        raise AlgorithmUnsupportedError(f"this installation cannot compute {algorithm.name}") from exc
    except ValueError as exc:
        raise SignatureInvalidError(f"not an {algorithm.name} signature") from exc


def _signature_size(algorithm: Algorithm, key: PublicKey) -> int:
    if algorithm.signature_size is not None:
        return algorithm.signature_size
    # RFC 8017, section 8.1.2: as long as the modulus. The library also takes one without its leading zeros, and a
    # second spelling of a signature would be a second entry of the same statement.
    return (key.material.key_size + 7) // 8 if isinstance(key.material, rsa.RSAPublicKey) else 0


def normalise_signature(algorithm: Algorithm, signature: bytes) -> bytes:
    """Return the one of the two ECDSA signatures (r, s) and (r, n - s) whose s is the smaller; others unchanged.

    The two verify alike, so this is for telling duplicates, never for verifying.

    Raises:
        SignatureInvalidError: not an ECDSA signature of the algorithm's size and range.
    """
    if algorithm.family is not Family.ECDSA:
        return signature
    order, size = ecdsa_order(algorithm), len(signature) // 2
    _, s = _scalars(algorithm, signature)
    return signature if s <= order - s else signature[:size] + (order - s).to_bytes(size, "big")


def ecdsa_order(algorithm: Algorithm) -> int:
    """Return the order of the group that an ECDSA algorithm computes in (SP 800-186, section 3.2.1)."""
    return _ORDERS[algorithm.curve or ""]


def _verify(algorithm: Algorithm, key: PublicKey, signature: bytes, data: bytes) -> None:
    material = key.material
    if isinstance(material, ec.EllipticCurvePublicKey):
        r, s = _scalars(algorithm, signature)
        material.verify(encode_dss_signature(r, s), data, _ECDSA[algorithm.hash_name or ""])
    elif isinstance(material, ed25519.Ed25519PublicKey):
        material.verify(signature, data)
    elif isinstance(material, rsa.RSAPublicKey):
        hashed = HASHES[algorithm.hash_name or ""]
        material.verify(signature, data, pss(hashed), hashed)
    else:
        material.verify(signature, data)


def pss(hashed: hashes.HashAlgorithm) -> padding.PSS:
    """Return the PSS padding of COSE: MGF1 with the same hash, the salt as long as the hash (RFC 8230, section 2)."""
    return padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)


def _scalars(algorithm: Algorithm, signature: bytes) -> tuple[int, int]:
    if len(signature) != algorithm.signature_size:
        raise SignatureInvalidError(f"{len(signature)} bytes are no {algorithm.name} signature")
    half, order = len(signature) // 2, ecdsa_order(algorithm)
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    if not (0 < r < order and 0 < s < order):
        raise SignatureInvalidError("r or s is outside 1..n-1")
    return r, s
