"""The policies of a log by the entries that hold them, read once."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from counterfoil.log.ports import LogReader
from counterfoil.log.rules_source import read_policy
from counterfoil.policy.document import PolicyDocument

_MOST_KEPT: Final = 64
"""An engagement is decided by a few policies; each may be a megabyte."""


class Policies:
    """Reads policies of one log and remembers some of them. For any number of threads."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._known: OrderedDict[int, PolicyDocument] = OrderedDict()
        self._lock = Lock()

    def of(self, number: int) -> PolicyDocument:
        """The policy document in an entry.

        Raises:
            LogCorruptError: The entry is not a policy statement.
        """
        with self._lock:
            if number in self._known:
                self._known.move_to_end(number)
                return self._known[number]
        policy = read_policy(self._reader, number)
        with self._lock:
            self._known[number] = policy
            while len(self._known) > _MOST_KEPT:
                self._known.popitem(last=False)
        return policy
