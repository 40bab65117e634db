"""Receipts kept in a directory, a file each, whole or not at all."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from counterfoil.errors import MisconfiguredError
from counterfoil.receipt.parse import MAX_RECEIPT_BYTES


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
            with self.path(entry_id).open("rb") as file:
                return file.read(MAX_RECEIPT_BYTES + 1)  # One byte too many is enough to be no receipt.
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
        with NamedTemporaryFile(dir=target.parent, prefix=".", suffix=".partial", delete=False) as file:
            partial = Path(file.name)
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                partial.replace(target)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        _sync(target.parent)
    except OSError as error:
        raise MisconfiguredError(f"{target} cannot be written: {error.strerror}") from error


def _sync(directory: Path) -> None:
    # Until the directory is on the disk too, a crash can take back the name that the file was given.
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
