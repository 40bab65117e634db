"""A public key with the name that this log knows it by: its thumbprint (RFC 9679)."""

import hashlib
from base64 import b64decode
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from counterfoil.cose import labels, ml_dsa
from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.ed25519_points import require_signer_point
from counterfoil.cose.spki import key_algorithm, require_admitted_kind
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.errors import AlgorithmUnsupportedError, MalformedKeyError

PublicMaterial: TypeAlias = (
    "ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey | ml_dsa.MlDsaPublicKey"
)


class KeyKind(Enum):
    """The COSE key type (RFC 9053, section 7; RFC 8230; RFC 9964)."""

    OKP = labels.KTY_OKP
    EC2 = labels.KTY_EC2
    RSA = labels.KTY_RSA
    AKP = labels.KTY_AKP


@dataclass(frozen=True, slots=True)
class Curve:
    """A NIST curve by its names here, in COSE and in the library (RFC 9053, section 7.1)."""

    name: str
    crv: int
    library: ec.EllipticCurve
    coordinate_size: int


CURVES: Final = (
    Curve("P-256", labels.CRV_P256, ec.SECP256R1(), 32),
    Curve("P-384", labels.CRV_P384, ec.SECP384R1(), 48),
    Curve("P-521", labels.CRV_P521, ec.SECP521R1(), 66),
)
ED25519: Final = "Ed25519"

_CURVE_BY_LIBRARY_NAME: Final = {curve.library.name: curve for curve in CURVES}


@dataclass(frozen=True, eq=False)
class PublicKey:
    """A public key. Two are equal when their thumbprints are.

    ``curve`` names the curve, or the parameter set of ML-DSA; RSA has none.
    """

    material: PublicMaterial = field(repr=False)
    kind: KeyKind
    curve: str | None

    @cached_property
    def thumbprint(self) -> bytes:
        """The SHA-256 COSE Key Thumbprint (RFC 9679): 32 bytes, computed once, of a key that is asked for its name."""
        return hashlib.sha256(encode(required_members(self.material))).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.thumbprint == other.thumbprint

    def __hash__(self) -> int:
        return hash(self.thumbprint)


def public_key_of(material: object) -> PublicKey:
    """Return the key that the library's object ``material`` is.

    Raises:
        MalformedKeyError: it is of a kind or on a curve that this log does not know, or no sound point.
    """
    if isinstance(material, ec.EllipticCurvePublicKey):
        return PublicKey(material, KeyKind.EC2, _curve_of(material).name)
    if isinstance(material, ed25519.Ed25519PublicKey):
        require_signer_point(material.public_bytes_raw())
        return PublicKey(material, KeyKind.OKP, ED25519)
    if isinstance(material, rsa.RSAPublicKey):
        return PublicKey(material, KeyKind.RSA, None)
    if ml_dsa.is_public_key(material):
        return PublicKey(material, KeyKind.AKP, ml_dsa.parameter_set(material))
    raise MalformedKeyError("a key of a kind that this log does not know")


def required_members(material: PublicMaterial) -> dict[int | str, CborValue]:
    """Return the COSE_Key members that the thumbprint is computed over (RFC 9679, section 4; RFC 9964)."""
    if isinstance(material, ec.EllipticCurvePublicKey):
        curve = _curve_of(material)
        point = material.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        x, y = point[1 : 1 + curve.coordinate_size], point[1 + curve.coordinate_size :]
        return {labels.KEY_KTY: labels.KTY_EC2, labels.KEY_CRV: curve.crv, labels.KEY_X: x, labels.KEY_Y: y}
    if isinstance(material, ed25519.Ed25519PublicKey):
        x = material.public_bytes_raw()
        return {labels.KEY_KTY: labels.KTY_OKP, labels.KEY_CRV: labels.CRV_ED25519, labels.KEY_X: x}
    if isinstance(material, rsa.RSAPublicKey):
        numbers = material.public_numbers()
        n, e = _unsigned(numbers.n), _unsigned(numbers.e)
        return {labels.KEY_KTY: labels.KTY_RSA, labels.KEY_RSA_N: n, labels.KEY_RSA_E: e}
    alg = algorithm_named(ml_dsa.parameter_set(material)).code
    pub = material.public_bytes_raw()
    return {labels.KEY_KTY: labels.KTY_AKP, labels.KEY_ALG: alg, labels.KEY_AKP_PUB: pub}


def parse_public_key_pem(pem: bytes | str) -> PublicKey:
    """Return the one public key in a PEM text of the kind "PUBLIC KEY" (RFC 7468, section 13).

    Raises:
        MalformedKeyError: no such text, more than one, or a key of a kind this log does not know.
        AlgorithmUnsupportedError: a key that this installation cannot compute with.
    """
    data = pem.encode("utf-8", "replace") if isinstance(pem, str) else pem
    if data.count(b"-----BEGIN ") != 1 or b"-----BEGIN PUBLIC KEY-----" not in data:
        raise MalformedKeyError("not one PEM block of the kind PUBLIC KEY")
    _, _, rest = data.partition(b"-----BEGIN PUBLIC KEY-----")
    body, end, _ = rest.partition(b"-----END PUBLIC KEY-----")
    try:
        der = b64decode(b"".join(body.split()), validate=True)
    except ValueError as exc:
        raise MalformedKeyError("not a public key in PEM") from exc
    if not end:
        raise MalformedKeyError("not a public key in PEM")
    return parse_public_key_der(der)


def parse_public_key_der(der: bytes) -> PublicKey:
    """Return the public key that the SubjectPublicKeyInfo ``der`` holds (RFC 5280, section 4.1.2.7).

    Raises:
        MalformedKeyError: no SubjectPublicKeyInfo, or a key of a kind this log does not know.
        AlgorithmUnsupportedError: a key that this installation cannot compute with.
    """
    require_admitted_kind(key_algorithm(der))
    try:
        material = serialization.load_der_public_key(der)
    except UnsupportedAlgorithm as exc:
        raise AlgorithmUnsupportedError("this installation cannot use a key of that kind") from exc
    except (ValueError, TypeError) as exc:
        raise MalformedKeyError("not a public key in DER") from exc
    key = public_key_of(material)
    # The library also reads the bare PKCS #1 form, which does not say what the key is for.
    if key.kind is KeyKind.RSA and public_key_der(key) != der:
        raise MalformedKeyError("not a SubjectPublicKeyInfo")
    return key


def public_key_der(key: PublicKey) -> bytes:
    """Return ``key`` as a DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7)."""
    return key.material.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_key_pem(key: PublicKey) -> str:
    """Return ``key`` as a PEM text of the kind "PUBLIC KEY" (RFC 7468, section 13)."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.material.public_bytes(encoding, form).decode("ascii")


def _curve_of(material: ec.EllipticCurvePublicKey) -> Curve:
    curve = _CURVE_BY_LIBRARY_NAME.get(material.curve.name)
    if curve is None:
        raise MalformedKeyError("a key on a curve that this log does not know")
    return curve


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
