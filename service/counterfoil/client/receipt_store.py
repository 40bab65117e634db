"""Receipts kept in a directory, a file each, whole or not at all."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from counterfoil.errors import MisconfiguredError


class ReceiptStore:
    """Keeps receipts by entry id, as ``ENTRY_ID.receipt``. The directory is made when it is not there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MisconfiguredError(f"{directory} cannot be made: {error.strerror}") from error

    def path(self, entry_id: bytes) -> Path:
        """Where the receipt of an entry is, or would be."""
        return self._directory / f"{entry_id.hex()}.receipt"

    def get(self, entry_id: bytes) -> bytes | None:
        """The receipt that was kept; nothing about it is verified."""
        try:
            return self.path(entry_id).read_bytes()
        except OSError:
            return None

    def put(self, entry_id: bytes, receipt: bytes) -> None:
        """Keep a receipt; when this returns it survives a crash, and a crash before leaves what was there.

        Raises:
            MisconfiguredError: The disk refuses.
        """
        write_whole(self.path(entry_id), receipt)


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it is there whole, and survives a crash, or is as it was.

    Raises:
        MisconfiguredError: The disk refuses.
    """
    try:
        with NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(target)
    except OSError as error:
        raise MisconfiguredError(f"{target} cannot be written: {error.strerror}") from error
