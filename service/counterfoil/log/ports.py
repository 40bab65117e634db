"""What the log asks of a store. Two stores implement these; one contract suite holds both."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from counterfoil.chain.ports import PastReader
from counterfoil.log.records import (
    Batch,
    ChainHead,
    ChainNumber,
    Content,
    Entry,
    EventRow,
    Head,
    KeptEntry,
    Landmark,
    Prior,
    ReferenceRow,
)
from counterfoil.merkle.tiles import Tile, TileReader
from counterfoil.receipt.tree_head import HeadSignature, TreeHead
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash

Done = TypeVar("Done")


class AppendTransaction(TileReader, PastReader, Protocol):
    """One append, while it holds the head row. What it reads cannot change before it ends."""

    @property
    def head(self) -> Head | None:
        """The head row as read under the lock; None when the log was not founded yet."""
        ...

    def prior(self, keys: Sequence[DuplicateKey], chain_ids: Sequence[ChainId], size: int | None) -> Prior:
        """What the log holds of these duplicate keys and chains, and the tree head committed at exactly ``size``.

        Keys and chains that it does not hold are left out; where ``size`` is None, no head is asked for.
        """
        ...

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        """The landmarks of each chain from that sequence number on, in the order of the chain."""
        ...

    def write(self, batch: Batch) -> None:
        """Write a batch; it becomes visible and durable together, when the transaction ends without an error."""
        ...


class LogStore(Protocol):
    """Where the log is durable."""

    def append(self) -> AbstractContextManager[AppendTransaction]:
        """Begin an append: the head row is locked first, against every other process.

        Leaving the block without an error commits, and returns only when what was written survives a crash of the
        machine. Leaving it with an error changes nothing.

        Raises:
            StoreUnavailableError: The lock was not to be had, or the store failed; whether a commit that failed is
                durable is then unknown, and sending the same statements again tells.
        """
        ...


class Appends(LogStore, Protocol):
    """Where appends run, so that whoever waits for one can go on with other work."""

    async def run(self, work: Callable[[], Done]) -> Done:
        """Do work that appends, away from the caller's event loop or woven into it; one at a time."""
        ...

    async def close(self) -> None:
        """Let go of what appends hold between them."""
        ...


class LogReader(TileReader, Protocol):
    """Reads of committed entries. All of it is immutable but the head, so no snapshot is needed across calls."""

    def head(self) -> Head | None:
        """The latest committed head; None when the log was not founded yet."""
        ...

    def entry(self, number: int) -> Entry | None:
        """The entry of that number."""
        ...

    def entry_of(self, statement_hash: StatementHash) -> Entry | None:
        """The entry of that statement."""
        ...

    def entries(self, start: int, limit: int) -> Sequence[Entry]:
        """Up to ``limit`` entries from number ``start`` on, in order."""
        ...

    def content(self, number: int) -> Content | None:
        """The statement of an entry and its evidence; None when erased."""
        ...

    def kept(self, start: int, limit: int) -> Sequence[KeptEntry]:
        """Up to ``limit`` entries from number ``start`` on, in order, each with its content."""
        ...

    def tree_head(self, size: int) -> TreeHead | None:
        """The tree head committed at exactly that size."""
        ...

    def tree_head_over(self, number: int) -> TreeHead | None:
        """The smallest committed tree head that covers the entry: the head of its batch."""
        ...

    def signatures(self, size: int) -> Sequence[HeadSignature]:
        """The signatures of the head at that size, by key thumbprint."""
        ...


class LogScan(LogReader, PastReader, Protocol):
    """Everything the store holds, for checks that trust nothing."""

    def tree_heads(self, start: int, limit: int) -> Sequence[TreeHead]:
        """Up to ``limit`` committed tree heads of size ``start`` or more, in order."""
        ...

    def all_signatures(self) -> Sequence[HeadSignature]:
        """Every head signature."""
        ...

    def all_chains(self) -> Sequence[ChainHead]:
        """Every chain, by number."""
        ...

    def all_tiles(self) -> Sequence[Tile]:
        """Every stored tile, by level and index."""
        ...

    def content_numbers(self) -> Sequence[int]:
        """The numbers of the entries whose statement is stored."""
        ...

    def evidence_numbers(self) -> Sequence[int]:
        """The numbers of the entries for which evidence is stored."""
        ...

    def event(self, number: int) -> EventRow | None:
        """What is stored of the event in that entry; None where there is nothing."""
        ...

    def references_of(self, number: int) -> Sequence[ReferenceRow]:
        """What that entry refers to, in its own order."""
        ...

    def event_numbers(self) -> Sequence[int]:
        """The numbers of the entries of which an event is stored."""
        ...

    def referring_numbers(self) -> Sequence[int]:
        """The numbers of the entries that refer to others, each once."""
        ...
