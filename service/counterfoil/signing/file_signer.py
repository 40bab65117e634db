"""Keys in PEM files of the operator's."""

import os
import stat
from pathlib import Path

from counterfoil.cose.private_keys import LocalSigner, parse_private_key_pem
from counterfoil.errors import MalformedKeyError, SignerUnavailableError

_OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR


def read_key_file(path: Path) -> LocalSigner:
    """The signer whose private key is in a PEM file that only its owner can read.

    Raises:
        SignerUnavailableError: The file cannot be read, is open to others, or holds no private key.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        pem = path.read_bytes()
    except OSError as error:
        raise SignerUnavailableError(f"the key file {path} cannot be read: {error.strerror}") from error
    if mode & ~_OWNER_ONLY:
        raise SignerUnavailableError(f"the key file {path} is open to others (mode {mode:04o}); chmod 600 it")
    try:
        return parse_private_key_pem(pem)
    except MalformedKeyError as error:
        raise SignerUnavailableError(f"the key file {path} holds no usable private key") from error


def write_key_file(path: Path, pem: bytes) -> None:
    """Write a private key to a new file that only its owner can read, durably.

    Raises:
        SignerUnavailableError: The file is there already or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise SignerUnavailableError(f"the key file {path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
