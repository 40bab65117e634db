"""Log keys that were seen the first time and are asked for ever after."""

from pathlib import Path

from counterfoil.client.problem import LogKeysChangedError
from counterfoil.client.receipt_store import write_whole
from counterfoil.errors import MisconfiguredError
from counterfoil.verify import LogKeys, parse_log_keys


class KeyPins:
    """The key set of one log in a file: no other keys are believed but those in it, and new ones beside them."""

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
        """Believe a key set that the log publishes: the first one, or one that holds all keys of the file.

        Raises:
            LogKeysChangedError: It lacks a key of the file. The file stays as it is.
        """
        offered, pinned = parse_log_keys(key_set), self.keys()
        there = {one.key.thumbprint for one in offered.keys}
        for one in pinned.keys if pinned is not None else ():
            if one.key.thumbprint not in there:
                raise LogKeysChangedError(
                    f"the log does not publish the pinned key {one.key.thumbprint.hex()} any more"
                )
        write_whole(self._file, key_set)
        return offered
