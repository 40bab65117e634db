"""Which algorithm goes with which key (RFC 9053, section 2)."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from counterfoil.cose.algorithms import Algorithm, Family
from counterfoil.cose.public_key import KeyKind, PublicKey
from counterfoil.errors import AlgorithmKeyMismatchError

MIN_RSA_BITS: Final = 2048
"""RFC 8230, section 6.1: shorter keys are not to be used."""

MAX_RSA_BITS: Final = 8192
"""One verification at 8,192 bits costs as much as ten of ES256; a sender chooses the key of a certificate."""

_KIND: Final = {
    Family.ECDSA: KeyKind.EC2,
    Family.EDDSA: KeyKind.OKP,
    Family.RSA_PSS: KeyKind.RSA,
    Family.ML_DSA: KeyKind.AKP,
}


def is_fit(algorithm: Algorithm, key: PublicKey) -> bool:
    """Tell whether ``algorithm`` may be used with ``key``: kind, curve or parameter set, and RSA size agree."""
    if _KIND[algorithm.family] is not key.kind or algorithm.curve != key.curve:
        return False
    if key.kind is not KeyKind.RSA:
        return True
    return isinstance(key.material, rsa.RSAPublicKey) and MIN_RSA_BITS <= key.material.key_size <= MAX_RSA_BITS


def require_fit(algorithm: Algorithm, key: PublicKey) -> None:
    """Refuse an algorithm with a key of another kind, curve, parameter set or size.

    Raises:
        AlgorithmKeyMismatchError: they do not go together.

    RFC 9053, section 2; RFC 8230, section 6.1; RFC 9964. ES256, ES384 and ES512 go with one curve each here.
    """
    if not is_fit(algorithm, key):
        named = key.curve or key.kind.name
        raise AlgorithmKeyMismatchError(f"{algorithm.name} does not fit the {named} key {key.thumbprint.hex()}")
