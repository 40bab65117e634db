"""Log keys that were seen the first time and are asked for ever after."""

from pathlib import Path
from typing import Final

from counterfoil.client.problem import LogKeysChangedError
from counterfoil.client.receipt_store import write_whole
from counterfoil.errors import MisconfiguredError
from counterfoil.verify import LogKeys, VerifiedHistory, parse_log_keys, verify_history

_COSE_TAG: Final = b"\xd2"


class KeyPins:
    """The key set of one log in a file, as it was when it was seen first. No other keys are believed.

    Keys that the log publishes beside them later are not: who answers in the log's place could publish his own beside
    the log's. Whoever has learnt of a new key otherwise removes the file, or replaces it by the new key set; or once
    and for all by the log's genesis statement, from which the log's own announcements are followed.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def keys(self) -> LogKeys | None:
        """The keys in the file; None where there is no file yet.

        Raises:
            MisconfiguredError: The file cannot be read.
            MalformedError, UnverifiedError: It is no key set, and no genesis statement or key history that holds.
        """
        history = self.history()
        if history is not None:
            return history.log_keys
        data = self._read()
        return None if data is None else parse_log_keys(data)

    def history(self) -> VerifiedHistory | None:
        """What the log said of its keys, where the file holds its genesis statement or its key history.

        Raises:
            MisconfiguredError, MalformedError, UnverifiedError: As ``keys``.
        """
        data = self._read()
        return verify_history(data) if data is not None and data.startswith(_COSE_TAG) else None

    def keep(self, history: bytes) -> None:
        """Keep a later history in the place of the one in the file; a key set in it stays.

        Raises:
            MisconfiguredError, MalformedError, UnverifiedError: The file cannot be read or written.
        """
        if self.history() is not None:
            write_whole(self._file, history)

    def take(self, key_set: bytes) -> LogKeys:
        """The pinned keys, if the log still publishes them; what it publishes, pinned from now on, where none are.

        Raises:
            LogKeysChangedError: The log publishes a pinned key no more. The file stays as it is.
            MisconfiguredError: The file cannot be read or written.
            MalformedError: It, or what the log publishes, is no key set.
        """
        offered, pinned = parse_log_keys(key_set), self.keys()
        if pinned is None:
            write_whole(self._file, key_set)
            return offered
        published = {one.key.thumbprint for one in offered.keys}
        for one in pinned.keys:
            if one.key.thumbprint not in published:
                detail = f"the log does not publish the pinned key {one.key.thumbprint.hex()} any more"
                raise LogKeysChangedError(detail)
        return pinned

    def _read(self) -> bytes | None:
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MisconfiguredError(f"{self._file} cannot be read: {error.strerror}") from error
