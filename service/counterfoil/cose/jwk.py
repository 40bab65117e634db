"""A public key as a JWK (RFC 7517, RFC 7518, RFC 8037)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.cose_key import public_key_from_map
from counterfoil.cose.public_key import PublicKey, required_members
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.encoding.cbor import CborValue
from counterfoil.encoding.jcs import JsonValue, encode_json
from counterfoil.errors import AlgorithmUnsupportedError, MalformedKeyError

_CURVES: Final = {
    ("EC", "P-256"): labels.CRV_P256,
    ("EC", "P-384"): labels.CRV_P384,
    ("EC", "P-521"): labels.CRV_P521,
    ("OKP", "Ed25519"): labels.CRV_ED25519,
}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def public_key_of_jwk(value: JsonValue) -> PublicKey:
    """Return the public key that a JWK is: EC on a NIST curve, Ed25519 or RSA. What it does not need is passed over.

    Raises:
        MalformedKeyError: a key of another kind, a private one, or no sound key.
        MalformedBase64Error: a member is not in base64url.
    """
    if not isinstance(value, Mapping):
        raise MalformedKeyError("a JWK is an object")
    if _PRIVATE & value.keys():
        raise MalformedKeyError("a JWK holds a private key")
    members: dict[int | str, CborValue]
    match value:
        case {"kty": "EC", "crv": str(crv), "x": str(x), "y": str(y)} if ("EC", crv) in _CURVES:
            members = {labels.KEY_KTY: labels.KTY_EC2, labels.KEY_CRV: _CURVES["EC", crv]}
            members |= {labels.KEY_X: decode_base64url(x), labels.KEY_Y: decode_base64url(y)}
        case {"kty": "OKP", "crv": str(crv), "x": str(x)} if ("OKP", crv) in _CURVES:
            members = {labels.KEY_KTY: labels.KTY_OKP, labels.KEY_CRV: _CURVES["OKP", crv]}
            members[labels.KEY_X] = decode_base64url(x)
        case {"kty": "RSA", "n": str(n), "e": str(e)}:
            members = {labels.KEY_KTY: labels.KTY_RSA}
            members |= {labels.KEY_RSA_N: decode_base64url(n), labels.KEY_RSA_E: decode_base64url(e)}
        case _:
            raise MalformedKeyError("a JWK of a kind that this log does not know, or one that lacks a member")
    return public_key_from_map(members)


def jwk_thumbprint(key: PublicKey) -> bytes:
    """The SHA-256 thumbprint of a key as a JWK: 32 bytes (RFC 7638, section 3; RFC 8037, section 2).

    Raises:
        AlgorithmUnsupportedError: No JWK of such a key is known.
    """
    members = required_members(key.material)
    spelled: dict[str, JsonValue]
    match members[labels.KEY_KTY]:
        case labels.KTY_RSA:
            spelled = {"kty": "RSA", "n": _text(members[labels.KEY_RSA_N]), "e": _text(members[labels.KEY_RSA_E])}
        case labels.KTY_EC2:
            spelled = {"kty": "EC", "crv": _curve(members), "x": _text(members[labels.KEY_X])}
            spelled["y"] = _text(members[labels.KEY_Y])
        case labels.KTY_OKP:
            spelled = {"kty": "OKP", "crv": _curve(members), "x": _text(members[labels.KEY_X])}
        case _:
            raise AlgorithmUnsupportedError("a key of that kind has no JWK thumbprint here")
    return sha256(encode_json(spelled)).digest()


def _curve(members: Mapping[int | str, CborValue]) -> str:
    return next(name for (_, name), crv in _CURVES.items() if crv == members[labels.KEY_CRV])


def _text(value: CborValue) -> str:
    return encode_base64url(value if isinstance(value, bytes) else b"")
