"""Signers by URI."""

from pathlib import Path
from typing import Final

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.errors import SignerUnavailableError
from counterfoil.signing.file_signer import read_key_file
from counterfoil.signing.generate import generate_private_key

EPHEMERAL_SCHEME: Final = "memory"
"""A key that dies with the process: for trials; a server in production refuses it."""


def is_ephemeral(uri: str) -> bool:
    """Whether the URI names a key that would not survive a restart."""
    return uri.partition(":")[0] == EPHEMERAL_SCHEME


def open_signer(uri: str, base: Path) -> LocalSigner:
    """The signer that ``file:PATH`` or ``memory:ALGORITHM`` names; a relative path starts from ``base``.

    Raises:
        SignerUnavailableError: The scheme is unknown, or the key is not to be had.
    """
    scheme, separator, rest = uri.partition(":")
    if separator and scheme == "file":
        return read_key_file(base / rest)
    if separator and scheme == EPHEMERAL_SCHEME:
        return generate_private_key(rest)
    raise SignerUnavailableError("a signer is file:PATH or memory:ALGORITHM")
