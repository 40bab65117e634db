"""The genesis statement: entry 1, which names the log and every key it signs with."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from counterfoil.cose.keys import PublicKey, parse_public_key_pem, public_key_pem
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue, encode_json, parse_canonical_json
from counterfoil.errors import MalformedGenesisError, UnsafeConfigurationError
from counterfoil.statement.identity import LogIdentity, parse_origin

GENESIS_CONTENT_TYPE: Final = "application/vnd.counterfoil.genesis+json"
GENESIS_ENTRY: Final = 1
MAX_GENESIS_BYTES: Final = 64 * 1024
_FORMAT: Final = 1


class KeyPurpose(StrEnum):
    """What a key of the log signs; no key has two purposes (RFC 9943, section 9.4)."""

    RECEIPT = "receipt"
    CHECKPOINT = "checkpoint"
    OPERATOR = "operator"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Genesis:
    """A log's identity and its keys, one per purpose."""

    identity: LogIdentity
    keys: Mapping[KeyPurpose, PublicKey]

    def encode(self) -> bytes:
        """The payload of the genesis statement, in RFC 8785 form."""
        keys: list[JsonValue] = [
            {"purpose": purpose.value, "kid": encode_base64url(key.thumbprint), "publicKey": public_key_pem(key)}
            for purpose, key in sorted(self.keys.items())
        ]
        return encode_json(
            {
                "format": _FORMAT,
                "origin": self.identity.origin,
                "issuer": self.identity.issuer,
                "logName": self.identity.log_name,
                "hash": "RFC9162_SHA256",
                "keys": keys,
            },
        )


def parse_genesis(payload: bytes) -> Genesis:
    """Read the payload of a genesis statement.

    Raises:
        MalformedError: It is not a genesis document, a purpose is missing, or two purposes share a key.
    """
    match parse_canonical_json(payload, max_bytes=MAX_GENESIS_BYTES):
        case {"format": 1, "origin": str(origin), "keys": list(listed)} if len(listed) == len(KeyPurpose):
            keys = dict(_key(item) for item in listed)
        case _:
            raise MalformedGenesisError("the payload is not a genesis document of format 1")
    if set(keys) != set(KeyPurpose):
        raise MalformedGenesisError("the genesis document does not name one key for each purpose")
    if len({key.thumbprint for key in keys.values()}) != len(keys):
        raise MalformedGenesisError("two purposes share a key")
    try:
        genesis = Genesis(parse_origin(origin), keys)
    except UnsafeConfigurationError as error:
        raise MalformedGenesisError(error.detail) from error
    if genesis.encode() != payload:
        raise MalformedGenesisError("the genesis document holds something that its origin and keys do not imply")
    return genesis


def _key(value: JsonValue) -> tuple[KeyPurpose, PublicKey]:
    match value:
        case {"purpose": ("receipt" | "checkpoint" | "operator" | "service") as purpose, "publicKey": str(pem)}:
            return KeyPurpose(purpose), parse_public_key_pem(pem)
        case _:
            raise MalformedGenesisError("a key of the genesis document has no known purpose or no public key")
