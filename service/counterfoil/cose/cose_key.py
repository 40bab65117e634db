"""COSE_Key in and out, public keys only (RFC 9052, section 7; RFC 9053, section 7; RFC 8230; RFC 9964)."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from counterfoil.cose import labels, ml_dsa
from counterfoil.cose.algorithms import Family, algorithm
from counterfoil.cose.fit import is_fit, require_fit
from counterfoil.cose.public_key import CURVES, Curve, PublicKey, PublicMaterial, public_key_of, required_members
from counterfoil.encoding.cbor import CborValue, Limits, decode, encode
from counterfoil.errors import MalformedKeyError

MAX_COSE_KEY_BYTES: Final = 8192
"""The largest key read is ML-DSA-87 with 2,592 bytes; the rest leaves room for members that are passed over."""

CoseKeyMap: TypeAlias = "Mapping[int | str, CborValue]"

_CURVE_BY_CRV: Final = {curve.crv: curve for curve in CURVES}


def parse_cose_key(data: bytes) -> PublicKey:
    """Return the public key that the COSE_Key ``data`` is.

    Raises:
        MalformedError: not CBOR of the size of a key.
        MalformedKeyError: as ``public_key_from_map``.
        AlgorithmUnsupportedError: an ``alg`` that this log does not know or this installation cannot compute.

    RFC 9052, section 7.
    """
    members = decode(data, Limits(MAX_COSE_KEY_BYTES))
    if not isinstance(members, Mapping):
        raise MalformedKeyError("a COSE_Key is a map")
    return public_key_from_map(members)


def public_key_from_map(members: CoseKeyMap) -> PublicKey:
    """Return the public key that the members of a COSE_Key name; members it does not need are passed over.

    Raises:
        MalformedKeyError: a member is missing or of the wrong type or size, the point is not on the curve, a private
            member is present, or ``alg`` or ``key_ops`` do not let the key verify.
        AlgorithmUnsupportedError: an ``alg`` that this log does not know or this installation cannot compute.

    RFC 9052, section 7.1; RFC 9053, section 7.
    """
    kty = _integer(members, labels.KEY_KTY)
    if kty == labels.KTY_EC2:
        material = _ec2(members)
    elif kty == labels.KTY_OKP:
        material = _okp(members)
    elif kty == labels.KTY_RSA:
        material = _rsa(members)
    elif kty == labels.KTY_AKP:
        material = _akp(members)
    else:
        raise MalformedKeyError(f"COSE key type {kty} is not known here")
    key = public_key_of(material)
    _require_common(members, key)
    return key


def cose_key_map(key: PublicKey, *, kid: bytes | None = None, alg: int | None = None) -> dict[int | str, CborValue]:
    """Return the members of ``key`` as a COSE_Key, its point uncompressed.

    Raises:
        AlgorithmUnsupportedError, AlgorithmKeyMismatchError: ``alg`` is unknown or does not fit the key.

    RFC 9052, section 7.
    """
    members = required_members(key.material)
    if kid is not None:
        members[labels.KEY_KID] = kid
    if alg is not None:
        require_fit(algorithm(alg), key)
        members[labels.KEY_ALG] = alg
    return members


def encode_cose_key(key: PublicKey, *, kid: bytes | None = None, alg: int | None = None) -> bytes:
    """Return ``key`` as a COSE_Key in deterministic CBOR (RFC 9052, section 7).

    Raises:
        AlgorithmUnsupportedError, AlgorithmKeyMismatchError: ``alg`` is unknown or does not fit the key.
    """
    return encode(cose_key_map(key, kid=kid, alg=alg))


def _require_common(members: CoseKeyMap, key: PublicKey) -> None:
    if not isinstance(members.get(labels.KEY_KID, b""), bytes):
        raise MalformedKeyError("the kid of a COSE_Key is a byte string")
    if labels.KEY_ALG in members and not is_fit(algorithm(_integer(members, labels.KEY_ALG)), key):
        raise MalformedKeyError("the COSE_Key's alg does not fit the key")
    if labels.KEY_OPS in members:
        operations = members[labels.KEY_OPS]
        # Compared by type as well: True equals 1 and 2.0 equals 2.
        if not isinstance(operations, tuple) or not any(
            type(one) is int and one == labels.KEY_OP_VERIFY for one in operations
        ):
            raise MalformedKeyError("the COSE_Key's key_ops do not include verify")


def _ec2(members: CoseKeyMap) -> PublicMaterial:
    _refuse_private(members, frozenset({labels.KEY_D}))
    curve = _CURVE_BY_CRV.get(_integer(members, labels.KEY_CRV))
    if curve is None:
        raise MalformedKeyError("a COSE_Key on a curve that is not known here")
    x, y = _bytes(members, labels.KEY_X), members.get(labels.KEY_Y)
    if isinstance(y, bool):
        point = bytes([3 if y else 2]) + x
    elif isinstance(y, bytes) and len(y) == curve.coordinate_size:
        point = b"\x04" + x + y
    else:
        raise MalformedKeyError("the COSE_Key's y is neither a coordinate nor a sign")
    if len(x) != curve.coordinate_size:
        raise MalformedKeyError("the COSE_Key's x is not of the curve's size")
    return _point(curve, point)


def _point(curve: Curve, encoded: bytes) -> PublicMaterial:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve.library, encoded)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise MalformedKeyError(f"the point is not on {curve.name}") from exc


def _okp(members: CoseKeyMap) -> PublicMaterial:
    _refuse_private(members, frozenset({labels.KEY_D}))
    if _integer(members, labels.KEY_CRV) != labels.CRV_ED25519:
        raise MalformedKeyError("an OKP key on a curve that is not known here")
    try:
        return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(members, labels.KEY_X))
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise MalformedKeyError("not an Ed25519 public key") from exc


def _rsa(members: CoseKeyMap) -> PublicMaterial:
    _refuse_private(members, labels.KEY_RSA_PRIVATE)
    n, e = _bytes(members, labels.KEY_RSA_N), _bytes(members, labels.KEY_RSA_E)
    if n[:1] in {b"", b"\x00"} or e[:1] in {b"", b"\x00"}:
        raise MalformedKeyError("an RSA number is empty or begins with a zero byte")
    try:
        return rsa.RSAPublicNumbers(int.from_bytes(e, "big"), int.from_bytes(n, "big")).public_key()
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise MalformedKeyError("not an RSA public key") from exc


def _akp(members: CoseKeyMap) -> PublicMaterial:
    _refuse_private(members, frozenset({labels.KEY_AKP_PRIV}))
    named = algorithm(_integer(members, labels.KEY_ALG))
    if named.family is not Family.ML_DSA:
        raise MalformedKeyError("an AKP key whose alg is not ML-DSA")
    return ml_dsa.public_key(named.name, _bytes(members, labels.KEY_AKP_PUB))


def _refuse_private(members: CoseKeyMap, private: frozenset[int]) -> None:
    if not private.isdisjoint(members):
        raise MalformedKeyError("the COSE_Key holds a private member")


def _integer(members: CoseKeyMap, label: int) -> int:
    value = members.get(label)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedKeyError(f"COSE_Key member {label} is missing or no integer")
    return value


def _bytes(members: CoseKeyMap, label: int) -> bytes:
    value = members.get(label)
    if not isinstance(value, bytes):
        raise MalformedKeyError(f"COSE_Key member {label} is missing or no byte string")
    return value
