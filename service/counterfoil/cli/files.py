"""Reading and writing the files that a command names."""

import os
import sys
from pathlib import Path
from typing import ClassVar, Final

from counterfoil.errors import MisconfiguredError, TooLargeError

STANDARD_INPUT: Final = Path("-")
MAX_INPUT_BYTES: Final = 64 * 1024 * 1024
"""Far above every bound of the formats themselves, and far below what a machine has in memory."""


class FileUnreadableError(MisconfiguredError):
    """A file that the command names cannot be read."""

    code: ClassVar[str] = "file-unreadable"


class FileUnwritableError(MisconfiguredError):
    """A file that the command names cannot be written."""

    code: ClassVar[str] = "file-unwritable"


def read_input(path: Path, *, max_bytes: int = MAX_INPUT_BYTES) -> bytes:
    """The content of a file, or of standard input where the path is ``-``.

    Raises:
        FileUnreadableError: It is not there or not readable.
        TooLargeError: It is larger than anything a command reads.
    """
    try:
        if path == STANDARD_INPUT:
            data = sys.stdin.buffer.read(max_bytes + 1)
        else:
            with path.open("rb") as file:
                data = file.read(max_bytes + 1)
    except OSError as error:
        raise FileUnreadableError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > max_bytes:
        raise TooLargeError(f"{path} is larger than the {max_bytes} bytes that are read")
    return data


def write_output(path: Path, data: bytes) -> None:
    """Write a file, replacing one of that name; a reader never sees half of it.

    Raises:
        FileUnwritableError: It cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FileUnwritableError(f"{path} cannot be written: {error.strerror}") from error


def sync_directory(path: Path) -> None:
    """Make what was created, renamed and removed in a directory durable.

    Raises:
        FileUnwritableError: The file system refuses.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FileUnwritableError(f"{path} cannot be made durable: {error.strerror}") from error
