"""The keys of an issuer of tokens, as it publishes them: what is asked before an operator loads them (RFC 7517)."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.cose.certificates import certificate_key
from counterfoil.cose.jwk import public_key_of_jwk
from counterfoil.cose.public_key import PublicKey
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import MalformedCollateralError, MalformedError, UnverifiedError

MAX_KEY_SET_BYTES: Final = 256 * 1024
"""The largest set of this field, one of 32 keys with their certificates, takes 81 KB."""

MAX_KEYS: Final = 256
_SECRET: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of a set that signatures can be verified with, and how many it has besides."""

    keys: tuple[PublicKey, ...]
    others: int


def parse_key_set(document: bytes) -> KeySet:
    """Read a key set. Keys of a kind that is not known here are counted and passed over.

    Raises:
        MalformedCollateralError: It is none, holds a private or symmetric key, or no key that can be used.

    RFC 7517, sections 4 and 5.
    """
    try:
        value = parse_json(document, max_bytes=MAX_KEY_SET_BYTES)
    except MalformedError as error:
        raise MalformedCollateralError("a key set is not JSON that can be read") from error
    match value:
        case {"keys": list(members)} if 1 <= len(members) <= MAX_KEYS:
            found = [_key(member) for member in members]
        case _:
            raise MalformedCollateralError(f"a key set is an object with 1 to {MAX_KEYS} keys")
    keys = tuple(key for key in found if key is not None)
    if not keys:
        raise MalformedCollateralError("the key set has no key that can be used")
    return KeySet(keys, len(found) - len(keys))


def _key(member: JsonValue) -> PublicKey | None:
    if not isinstance(member, Mapping):
        raise MalformedCollateralError("a key of a set is an object")
    if _SECRET & member.keys():
        raise MalformedCollateralError("the key set holds a key that is not public")
    if member.get("use", "sig") != "sig":
        return None
    try:
        match member:
            case {"x5c": [str(first), *_]} if not {"n", "x"} & member.keys():
                return certificate_key(b64decode(first, validate=True))
            case _:
                return public_key_of_jwk(member)
    except (MalformedError, UnverifiedError, ValueError):
        return None
