"""The log keys that a verifier trusts, whatever they come in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey, parse_cose_key, parse_public_key_pem, public_key_from_map
from counterfoil.encoding.cbor import CborValue, Limits, decode
from counterfoil.errors import (
    AlgorithmUnsupportedError,
    LogKeyUnknownError,
    MalformedError,
    MalformedKeyError,
    TooLargeError,
)
from counterfoil.statement.genesis import Genesis, KeyPurpose

MAX_KEY_SET_BYTES: Final = 256 * 1024
"""Some thousand elliptic keys, or a hundred of ML-DSA: more than any log uses in its life."""

_END: Final = b"-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class LogKey:
    """A trusted key and the identifier its key set gives it; None where it goes by its thumbprint alone."""

    key: PublicKey
    kid: bytes | None = None

    def identifiers(self) -> frozenset[bytes]:
        """Everything a receipt may call the key."""
        return frozenset({self.key.thumbprint} if self.kid is None else {self.key.thumbprint, self.kid})


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Receipt keys that the verifier trusts, from wherever it got them. How it got them is what its trust rests on.

    ``issuer`` is the ``iss`` that receipts by these keys must name; None where the source of the keys names none.

    Raises:
        MalformedKeyError: There is no key, or one identifier names two different keys.
    """

    keys: tuple[LogKey, ...]
    issuer: str | None = None

    def __post_init__(self) -> None:
        if not self.keys:
            raise MalformedKeyError("no usable log key was given")
        owners: dict[bytes, PublicKey] = {}
        for trusted in self.keys:
            for identifier in trusted.identifiers():
                if owners.setdefault(identifier, trusted.key) != trusted.key:
                    raise MalformedKeyError(f"the identifier {identifier.hex()} names two different log keys")

    def find(self, kid: bytes | None) -> PublicKey:
        """The trusted key that a receipt with that ``kid`` must be verified with.

        Raises:
            LogKeyUnknownError: None of that identifier is trusted, or the receipt names none and several are.
        """
        if kid is None:
            thumbprints = {trusted.key.thumbprint for trusted in self.keys}
            if len(thumbprints) == 1:
                return self.keys[0].key
            raise LogKeyUnknownError(f"the receipt names no key and {len(thumbprints)} are trusted")
        for trusted in self.keys:
            if kid in trusted.identifiers():
                return trusted.key
        raise LogKeyUnknownError(f"the receipt names the key {kid.hex()}, and no trusted key goes by that")


def log_keys_of(*keys: PublicKey, issuer: str | None = None) -> LogKeys:
    """The trust in these very keys; errors as for ``LogKeys``."""
    return LogKeys(tuple(LogKey(key) for key in keys), issuer)


def log_keys_of_genesis(genesis: Genesis) -> LogKeys:
    """The trust in the receipt key that a genesis statement names, and in no other log than that one."""
    return log_keys_of(genesis.keys[KeyPurpose.RECEIPT], issuer=genesis.identity.issuer)


def parse_log_keys(data: bytes) -> LogKeys:
    """Read log keys: a COSE Key Set as logs publish it, one COSE_Key, or public keys in PEM one after another.

    A key of a set that cannot be read or used here is passed over; one given by itself is not.

    Raises:
        MalformedError: It is none of these, or holds no usable key.
        AlgorithmUnsupportedError: This installation cannot compute with the key.

    Spec: RFC 9052, section 7; SCRAPI, section 2.1.1; RFC 7468, section 13.
    """
    if len(data) > MAX_KEY_SET_BYTES:
        raise TooLargeError(f"{len(data)} bytes of log keys where {MAX_KEY_SET_BYTES} are read")
    if data.lstrip().startswith(b"-----BEGIN "):
        return log_keys_of(*_pem_keys(data))
    value = decode(data, Limits(MAX_KEY_SET_BYTES))
    if isinstance(value, Mapping):
        return LogKeys((LogKey(parse_cose_key(data), _kid(value)),))
    if not isinstance(value, (tuple, list)):
        raise MalformedKeyError("neither a COSE Key Set nor a COSE_Key nor public keys in PEM")
    usable = (_usable(item) for item in value if isinstance(item, Mapping))
    return LogKeys(tuple(key for key in usable if key is not None))


def _pem_keys(data: bytes) -> tuple[PublicKey, ...]:
    *blocks, rest = data.split(_END)
    if rest.strip():
        raise MalformedKeyError("the text does not end with a public key in PEM")
    return tuple(parse_public_key_pem(block.lstrip() + _END + b"\n") for block in blocks)


def _usable(members: Mapping[int | str, CborValue]) -> LogKey | None:
    # RFC 9052, section 7: each key of a set is read by itself, and one that is not understood is ignored.
    try:
        return LogKey(public_key_from_map(members), _kid(members))
    except (MalformedError, AlgorithmUnsupportedError):
        return None


def _kid(members: Mapping[int | str, CborValue]) -> bytes | None:
    kid = members.get(labels.KEY_KID)
    return kid if isinstance(kid, bytes) else None
