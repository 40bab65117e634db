"""did:key: an identifier that is a key (did:key method, version 0.9; Multikey of Controlled Identifiers 1.0)."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from counterfoil.cose.public_key import PublicKey, public_key_of
from counterfoil.errors import MalformedDidError

DID_KEY: Final = "did:key:"
MAX_MULTIKEY_CHARACTERS: Final = 128
"""A key on P-521 with its codec takes 69 bytes, in base58 95 characters."""

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS: Final = {letter: value for value, letter in enumerate(_BASE58)}
_ED25519: Final = b"\xed\x01"
_COMPRESSED: Final = frozenset({2, 3})
_CURVES: Final[dict[bytes, ec.EllipticCurve]] = {
    b"\x80\x24": ec.SECP256R1(),
    b"\x81\x24": ec.SECP384R1(),
    b"\x82\x24": ec.SECP521R1(),
}
"""By the codec, an unsigned varint, that stands before a compressed point (multicodec table)."""


def is_did_key(text: str) -> bool:
    """Whether a text claims to be a did:key."""
    return text.startswith(DID_KEY)


def parse_did_key(text: str) -> PublicKey:
    """The key that a did:key is: Ed25519, or a point on P-256, P-384 or P-521.

    Raises:
        MalformedDidError: It is none, or one of another kind.
        MalformedKeyError: The point is not sound.
    """
    if not is_did_key(text):
        raise MalformedDidError("not a did:key identifier")
    return parse_multikey(text.removeprefix(DID_KEY))


def method_of_did_key(did: str) -> str:
    """The id of the one verification method in the DID document that a did:key stands for."""
    return f"{did}#{did.removeprefix(DID_KEY)}"


def parse_multikey(text: str) -> PublicKey:
    """The key in a publicKeyMultibase: z, and in base58 the codec of its kind and its bytes.

    Raises:
        MalformedDidError: It is not that, or of another kind.
        MalformedKeyError: The point is not sound.
    """
    if not text.startswith("z") or len(text) > MAX_MULTIKEY_CHARACTERS:
        raise MalformedDidError("a key in a DID is not in base58btc")
    data = _base58(text[1:])
    codec, content = data[:2], data[2:]
    try:
        if codec == _ED25519:
            return public_key_of(ed25519.Ed25519PublicKey.from_public_bytes(content))
        if codec in _CURVES and content[:1] and content[0] in _COMPRESSED:
            return public_key_of(ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[codec], content))
    except ValueError as exc:
        raise MalformedDidError("a key in a DID has another length than its kind, or is no point") from exc
    raise MalformedDidError("a key in a DID is neither Ed25519 nor a compressed point on a NIST curve")


def _base58(text: str) -> bytes:
    number = 0
    for letter in text:
        if letter not in _DIGITS:
            raise MalformedDidError("a key in a DID is not in base58btc")
        number = number * len(_BASE58) + _DIGITS[letter]
    # Each leading one is a leading zero byte, and no codec begins with that.
    zeros = len(text) - len(text.lstrip(_BASE58[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
