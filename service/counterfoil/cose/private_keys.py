"""Signing with a private key that lies in this process's memory; reading one from a file is not done here."""

from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from counterfoil.cose import ml_dsa
from counterfoil.cose.algorithms import Algorithm, algorithm_named
from counterfoil.cose.fit import require_fit
from counterfoil.cose.public_key import PublicKey, public_key_of
from counterfoil.cose.verify_signature import HASHES, pss
from counterfoil.errors import AlgorithmUnsupportedError, MalformedKeyError

PrivateMaterial: TypeAlias = (
    "ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ml_dsa.MlDsaPrivateKey"
)

_DEFAULT_NAMES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA", None: "PS256"}
"""The older code points, which every verifier in the field knows; the key of ML-DSA names its algorithm itself."""


class LocalSigner:
    """A ``Signer`` over a private key in memory.

    ECDSA, Ed25519 and ML-DSA keys are used as they are; RSASSA-PSS and ML-DSA salt each signature, so only ECDSA and
    Ed25519 sign the same bytes the same way twice.
    """

    __slots__ = ("_algorithm", "_material", "_public_key")

    def __init__(self, material: PrivateMaterial, algorithm: Algorithm) -> None:
        """Take ``material`` into use with ``algorithm``.

        Raises:
            MalformedKeyError: a key of a kind or on a curve that this log does not know.
            AlgorithmKeyMismatchError: the two do not go together.
        """
        self._public_key = public_key_of(material.public_key())
        require_fit(algorithm, self._public_key)
        self._material = material
        self._algorithm = algorithm

    def __repr__(self) -> str:
        return f"<LocalSigner {self._algorithm.name} {self._public_key.thumbprint.hex()}>"

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies what this signer signs."""
        return self._public_key

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm it signs with."""
        return self._algorithm

    def sign(self, data: bytes) -> bytes:
        """Return the raw COSE signature of ``data``.

        Raises:
            AlgorithmUnsupportedError: this installation cannot compute the algorithm, RFC 6979 included.

        RFC 9053, section 2; RFC 8230, section 2; RFC 9964.
        """
        try:
            return self._sign(data)
        except UnsupportedAlgorithm as exc:
            raise AlgorithmUnsupportedError(f"this installation cannot compute {self._algorithm.name}") from exc

    def _sign(self, data: bytes) -> bytes:
        material = self._material
        if isinstance(material, ec.EllipticCurvePrivateKey):
            return self._sign_ecdsa(material, data)
        if isinstance(material, ed25519.Ed25519PrivateKey):
            return material.sign(data)
        if isinstance(material, rsa.RSAPrivateKey):
            hashed = HASHES[self._algorithm.hash_name or ""]
            return material.sign(data, pss(hashed), hashed)
        return material.sign(data)

    def _sign_ecdsa(self, material: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
        hashed = HASHES[self._algorithm.hash_name or ""]
        r, s = decode_dss_signature(material.sign(data, ec.ECDSA(hashed, deterministic_signing=True)))
        half = (self._algorithm.signature_size or 0) // 2
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def default_algorithm(key: PublicKey) -> Algorithm:
    """Return the algorithm that ``key`` is used with when nobody chose one.

    Raises:
        AlgorithmKeyMismatchError: an RSA key of a size that is not used.
    """
    algorithm = algorithm_named(_DEFAULT_NAMES.get(key.curve, key.curve or ""))
    require_fit(algorithm, key)
    return algorithm


def parse_private_key_pem(pem: bytes, *, algorithm: Algorithm | None = None) -> LocalSigner:
    """Return a signer over the unencrypted private key in ``pem``, with its default algorithm unless one is given.

    Raises:
        MalformedKeyError: no private key, an encrypted one, or one of a kind this log does not know.
        AlgorithmUnsupportedError: a key that this installation cannot compute with.
        AlgorithmKeyMismatchError: the algorithm does not fit the key.

    RFC 7468, section 10.
    """
    try:
        material = serialization.load_pem_private_key(pem, password=None)
    except UnsupportedAlgorithm as exc:
        raise AlgorithmUnsupportedError("this installation cannot use a private key of that kind") from exc
    except (ValueError, TypeError) as exc:
        raise MalformedKeyError("not an unencrypted private key in PEM") from exc
    if not (
        isinstance(material, (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, rsa.RSAPrivateKey))
        or ml_dsa.is_private_key(material)
    ):
        raise MalformedKeyError("a private key of a kind that this log does not know")
    chosen = algorithm or default_algorithm(public_key_of(material.public_key()))
    return LocalSigner(material, chosen)
