"""Log keys that were seen the first time and are asked for ever after."""

from pathlib import Path

from counterfoil.client.problem import LogKeysChangedError
from counterfoil.client.receipt_store import write_whole
from counterfoil.errors import MisconfiguredError
from counterfoil.verify import LogKeys, parse_log_keys


class KeyPins:
    """The key set of one log in a file, as it was when it was seen first. No other keys are believed.

    Keys that the log publishes beside them later are not: who answers in the log's place could publish his own beside
    the log's. Whoever has learnt of a new key otherwise removes the file, or replaces it by the new key set.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def keys(self) -> LogKeys | None:
        """The keys in the file; None where there is no file yet.

        Raises:
            MisconfiguredError: The file cannot be read.
            MalformedError: It is no key set.
        """
        try:
            return parse_log_keys(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MisconfiguredError(f"{self._file} cannot be read: {error.strerror}") from error

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
