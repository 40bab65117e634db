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
    ReceiptKeyCompromisedError,
    ReceiptKeyNotInForceError,
    TooLargeError,
)
from counterfoil.statement.genesis import Genesis, KeyPurpose

MAX_KEY_SET_BYTES: Final = 256 * 1024
"""Some thousand elliptic keys, or a hundred of ML-DSA: more than any log uses in its life."""

_END: Final = b"-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class LogKey:
    """A trusted key and the identifier its key set gives it; None where it goes by its thumbprint alone.

    ``first_size`` and ``last_size`` are the sizes of the first and of the last tree that the log can have signed with
    it, as far as that is known: a key that was retired signs no tree which holds its retirement.
    """

    key: PublicKey
    kid: bytes | None = None
    first_size: int = 0
    last_size: int | None = None

    def identifiers(self) -> frozenset[bytes]:
        """Everything a receipt may call the key."""
        return frozenset({self.key.thumbprint} if self.kid is None else {self.key.thumbprint, self.kid})

    def require_in_force(self, size: int) -> None:
        """Check that the log can have signed a tree of that size with the key.

        Raises:
            ReceiptKeyNotInForceError: It cannot.
        """
        if size < self.first_size or (self.last_size is not None and size > self.last_size):
            span = f"from size {self.first_size}" + ("" if self.last_size is None else f" to {self.last_size}")
            raise ReceiptKeyNotInForceError(
                f"the log signed trees {span} with the key {self.key.thumbprint.hex()}, and this is of {size} entries"
            )


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Receipt keys that the verifier trusts, from wherever it got them. How it got them is what its trust rests on.

    ``issuer`` is the ``iss`` that receipts by these keys must name; None where the source of the keys names none.
    ``compromised`` are keys of the log that somebody else has, as the log itself says: what they signed is believed
    only with a proof that leads to a tree signed with a trusted one.

    Raises:
        MalformedKeyError: There is no key, one identifier names two different keys, or one is trusted and compromised.
    """

    keys: tuple[LogKey, ...]
    issuer: str | None = None
    compromised: tuple[PublicKey, ...] = ()

    def __post_init__(self) -> None:
        if not self.keys:
            raise MalformedKeyError("no usable log key was given")
        owners: dict[bytes, PublicKey] = {}
        for trusted in self.keys:
            for identifier in trusted.identifiers():
                if owners.setdefault(identifier, trusted.key) != trusted.key:
                    raise MalformedKeyError(f"the identifier {identifier.hex()} names two different log keys")
        for key in self.compromised:
            if key.thumbprint in owners:
                raise MalformedKeyError(f"the log key {key.thumbprint.hex()} is trusted, and said to be compromised")

    def find(self, kid: bytes | None) -> PublicKey:
        """The trusted key that a receipt with that ``kid`` must be verified with; errors as for ``named``."""
        return self.named(kid).key

    def find_compromised(self, kid: bytes | None) -> PublicKey | None:
        """The compromised key that goes by that ``kid``."""
        return next((key for key in self.compromised if key.thumbprint == kid), None)

    def named(self, kid: bytes | None) -> LogKey:
        """The trusted key that a receipt with that ``kid`` names, with the sizes of the trees it can have signed.

        Raises:
            ReceiptKeyCompromisedError: It names a compromised one.
            LogKeyUnknownError: None of that identifier is trusted, or the receipt names none and several are.
        """
        if kid is None:
            thumbprints = {trusted.key.thumbprint for trusted in self.keys}
            if len(thumbprints) == 1:
                return self.keys[0]
            raise LogKeyUnknownError(f"the receipt names no key and {len(thumbprints)} are trusted")
        for trusted in self.keys:
            if kid in trusted.identifiers():
                return trusted
        if self.find_compromised(kid) is not None:
            raise ReceiptKeyCompromisedError(f"the log says that its key {kid.hex()} is compromised")
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
