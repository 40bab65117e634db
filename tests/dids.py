"""DIDs for tests, written by what reads none of them."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from counterfoil.cose.keys import PublicKey

BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_CODECS: Final = {"P-256": b"\x80\x24", "P-384": b"\x81\x24", "P-521": b"\x82\x24", "Ed25519": b"\xed\x01"}


def multibase(data: bytes) -> str:
    """Bytes in base58btc."""
    number, letters = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        letters = BASE58[digit] + letters
    return "z" + "1" * (len(data) - len(data.lstrip(b"\x00"))) + letters


def multikey(key: PublicKey) -> str:
    """A key as publicKeyMultibase."""
    if isinstance(key.material, ec.EllipticCurvePublicKey):
        content = key.material.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    else:
        assert isinstance(key.material, ed25519.Ed25519PublicKey)
        content = key.material.public_bytes_raw()
    return multibase(_CODECS[key.curve or ""] + content)


def did_key_of(key: PublicKey) -> str:
    """The did:key of a key."""
    return f"did:key:{multikey(key)}"
