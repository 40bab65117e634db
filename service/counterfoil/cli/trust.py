"""Trusted keys as a command is given them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from counterfoil.cli.files import read_input
from counterfoil.cose.keys import KeyKind, PublicKey, parse_cose_key, parse_public_key_pem
from counterfoil.errors import MisconfiguredError
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.verify import LogKeys, VerifiedHistory, parse_log_keys, verify_history

_COSE_TAG: Final = b"\xd2"


@dataclass(frozen=True, slots=True)
class Trust:
    """What the user trusts: receipt keys, the checkpoint key where there is one, and the log's name where known.

    ``history`` is what was given, where that is the log's genesis statement, or its key history.
    """

    log_keys: LogKeys
    checkpoint_key: PublicKey | None
    origin: str | None
    issuer: str | None
    history: VerifiedHistory | None = None

    @property
    def genesis(self) -> Genesis | None:
        """What the log's genesis statement says, where it was given."""
        return None if self.history is None else self.history.genesis


def read_trust(path: Path, origin: str | None) -> Trust:
    """Read what ``--keys`` and ``--origin`` say.

    Raises:
        MalformedError, UnverifiedError: The file holds no keys, or is a genesis statement or a key history that does
            not hold.
        UnsafeConfigurationError: The origin is none.
    """
    issuer = expected_issuer(origin)
    data = read_input(path)
    if data.startswith(_COSE_TAG):
        history = verify_history(data)
        identity = history.genesis.identity
        key = history.genesis.keys[KeyPurpose.CHECKPOINT]
        return Trust(history.log_keys, key, origin or identity.origin, issuer or identity.issuer, history)
    keys = parse_log_keys(data)
    candidates = [trusted.key for trusted in keys.keys if trusted.key.kind is KeyKind.OKP]
    return Trust(keys, candidates[0] if len(candidates) == 1 else None, origin, issuer)


def expected_issuer(origin: str | None) -> str | None:
    """The ``iss`` that goes with an origin."""
    return None if origin is None else parse_origin(origin).issuer


def read_public_key(path: Path) -> PublicKey:
    """Read a public key in PEM, or a COSE_Key.

    Raises:
        MisconfiguredError: It is a private key.
        MalformedError: It is no key.
    """
    data = read_input(path)
    if b"PRIVATE KEY-----" in data:
        raise MisconfiguredError(f"{path} is a private key; give the public one, which keygen wrote beside it as .pub")
    return parse_public_key_pem(data) if data.lstrip().startswith(b"-----BEGIN ") else parse_cose_key(data)
