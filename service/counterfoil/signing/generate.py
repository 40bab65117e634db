"""New private keys, from the operating system's randomness."""

from importlib import import_module

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from counterfoil.cose import ml_dsa
from counterfoil.cose.algorithms import Algorithm, Family, algorithm_named
from counterfoil.cose.private_keys import LocalSigner, PrivateMaterial, parse_private_key_pem
from counterfoil.errors import AlgorithmUnsupportedError

_CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_RSA_BITS = 3072
_RSA_EXPONENT = 65537


def generate_key_pem(algorithm_name: str) -> bytes:
    """A new private key that fits the algorithm, as unencrypted PKCS #8 in PEM.

    Raises:
        AlgorithmUnsupportedError: The algorithm is unknown, or this installation cannot compute it.
    """
    algorithm = algorithm_named(algorithm_name)
    try:
        material = _material(algorithm)
    except UnsupportedAlgorithm as error:
        raise AlgorithmUnsupportedError(f"this installation cannot compute {algorithm.name}") from error
    return material.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def generate_private_key(algorithm_name: str) -> LocalSigner:
    """A signer over a new key that nobody keeps.

    Raises:
        AlgorithmUnsupportedError: The algorithm is unknown, or this installation cannot compute it.
    """
    return parse_private_key_pem(generate_key_pem(algorithm_name), algorithm=algorithm_named(algorithm_name))


def _material(algorithm: Algorithm) -> PrivateMaterial:
    match algorithm.family:
        case Family.ECDSA:
            return ec.generate_private_key(_CURVES[algorithm.curve or ""])
        case Family.EDDSA:
            return ed25519.Ed25519PrivateKey.generate()
        case Family.RSA_PSS:
            return rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS)
        case Family.ML_DSA:
            return _ml_dsa(algorithm)


def _ml_dsa(algorithm: Algorithm) -> PrivateMaterial:
    try:
        library = import_module("cryptography.hazmat.primitives.asymmetric.mldsa")
    except ImportError as error:
        raise AlgorithmUnsupportedError(f"this installation cannot compute {algorithm.name}") from error
    material = getattr(library, f"MLDSA{algorithm.name.removeprefix('ML-DSA-')}PrivateKey").generate()
    if not ml_dsa.is_private_key(material):
        raise AlgorithmUnsupportedError(f"this installation cannot compute {algorithm.name}")
    return material
