"""The policies of a log by the entries that hold them, read once."""

from functools import lru_cache, partial
from typing import Final

from counterfoil.log.ports import LogReader
from counterfoil.log.rules_source import read_policy
from counterfoil.policy.document import PolicyDocument

_MOST_KEPT: Final = 64
"""An engagement is decided by a few policies; each may be a megabyte."""


class Policies:
    """Reads policies of one log and remembers some of them. For any number of threads."""

    def __init__(self, reader: LogReader) -> None:
        self._read = lru_cache(maxsize=_MOST_KEPT)(partial(read_policy, reader))

    def of(self, number: int) -> PolicyDocument:
        """The policy document in an entry.

        Raises:
            LogCorruptError: The entry is not a policy statement.
        """
        return self._read(number)
