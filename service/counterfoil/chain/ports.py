"""What reading a chain asks of a store."""

from collections.abc import Sequence
from typing import Protocol

from counterfoil.log.records import ChainHead, Entry
from counterfoil.statement.links import ChainId


class ChainReader(Protocol):
    """Chains, by index only: the cost depends on the page, never on the size of the log."""

    def chain(self, chain_id: ChainId) -> ChainHead | None:
        """A chain as its last committed entry left it."""
        ...

    def chain_entries(self, chain_number: int, start: int, limit: int) -> Sequence[Entry]:
        """Up to ``limit`` entries of a chain from sequence number ``start`` on, in order."""
        ...
