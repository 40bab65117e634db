"""One signer for each algorithm and one public key of each kind, known and unknown. The private keys are worthless."""

from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, rsa, x25519

from counterfoil.cose.algorithms import ALGORITHMS, Algorithm, algorithm_named
from counterfoil.cose.private_keys import LocalSigner, PrivateMaterial
from counterfoil.cose.public_key import PublicKey, public_key_of

ALL = tuple(ALGORITHMS.values())
ECDSA_NAMES = ("ES256", "ES384", "ES512", "ESP256", "ESP384", "ESP512")
SEED = bytes(range(32))


MAKERS: dict[str, Callable[[], PrivateMaterial]] = {
    "P-256": lambda: ec.derive_private_key(0xA5A5, ec.SECP256R1()),
    "P-384": lambda: ec.derive_private_key(0xA5A5, ec.SECP384R1()),
    "P-521": lambda: ec.derive_private_key(0xA5A5, ec.SECP521R1()),
    "Ed25519": lambda: ed25519.Ed25519PrivateKey.from_private_bytes(SEED),
    "RSA": lambda: rsa.generate_private_key(public_exponent=65_537, key_size=2048),
    "ML-DSA-44": lambda: mldsa.MLDSA44PrivateKey.from_seed_bytes(SEED),
    "ML-DSA-65": lambda: mldsa.MLDSA65PrivateKey.from_seed_bytes(SEED),
    "ML-DSA-87": lambda: mldsa.MLDSA87PrivateKey.from_seed_bytes(SEED),
}
KINDS = tuple(MAKERS)


@lru_cache
def private_material(kind: str) -> PrivateMaterial:
    return MAKERS[kind]()


@lru_cache
def public_key(kind: str) -> PublicKey:
    return public_key_of(private_material(kind).public_key())


def kind_for(algorithm: Algorithm) -> str:
    return algorithm.curve or "RSA"


def signer(name: str) -> LocalSigner:
    algorithm = algorithm_named(name)
    return LocalSigner(private_material(kind_for(algorithm)), algorithm)


def unknown_materials() -> dict[str, object]:
    """Public keys that the library reads and this log does not."""
    parameters = dsa.DSAParameterNumbers(p=(1 << 2047) + 1, q=(1 << 255) + 1, g=2)
    return {
        "secp256k1": ec.derive_private_key(7, ec.SECP256K1()).public_key(),
        "P-224": ec.derive_private_key(7, ec.SECP224R1()).public_key(),
        "brainpoolP256r1": ec.derive_private_key(7, ec.BrainpoolP256R1()).public_key(),
        "Ed448": ed448.Ed448PrivateKey.generate().public_key(),
        "X25519": x25519.X25519PrivateKey.from_private_bytes(SEED).public_key(),
        "DSA": dsa.DSAPublicNumbers(y=4, parameter_numbers=parameters).public_key(),
    }


def twin_signature(order: int, signature: bytes) -> bytes:
    """The other ECDSA signature of the pair (r, s) and (r, n - s)."""
    half = len(signature) // 2
    s = int.from_bytes(signature[half:], "big")
    return signature[:half] + (order - s).to_bytes(half, "big")
