"""What reading a chain asks of a store."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from counterfoil.log.records import ChainHead, ChainNumber, Entry, EntryNumber, EventRow, Landmark, Place, ReferenceRow
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import StatementHash


class PastReader(Protocol):
    """What of a chain's past findings ask for, by index only. Committed or, under the lock, about to stay."""

    def places(self, hashes: Sequence[StatementHash]) -> Mapping[StatementHash, Place]:
        """Where those of the statements stand that are on the log."""
        ...

    def numbers_used(
        self, chain_number: int, before: int, asked: Mapping[bytes, Collection[int]]
    ) -> Collection[tuple[bytes, int]]:
        """Which numbers the writers gave to events of parties among the first ``before`` entries of a chain.

        ``asked`` are numbers by writer, who is given by the SHA-256 of its name; only those are answered.
        """
        ...

    def first_named(
        self, chain_number: int, before: int, event_keys: Collection[bytes]
    ) -> Mapping[tuple[bytes, bytes], EntryNumber]:
        """By writer and event id, both as SHA-256: his first event of that id among the first ``before`` entries.

        Only events of parties are looked through.
        """
        ...

    def statements(self, numbers: Collection[int]) -> Mapping[int, bytes]:
        """The statements of those of the entries whose statement is stored."""
        ...


class ChainReader(PastReader, Protocol):
    """Chains, by index only: the cost depends on the page, never on the size of the log."""

    def chain(self, chain_id: ChainId) -> ChainHead | None:
        """A chain as its last committed entry left it."""
        ...

    def chains(self, chain_ids: Sequence[ChainId]) -> Mapping[ChainId, ChainHead]:
        """Those of the chains that have begun, each as its last committed entry left it."""
        ...

    def chain_numbered(self, number: int) -> ChainHead | None:
        """The chain of that number, as its last committed entry left it."""
        ...

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        """The landmarks of each chain from that sequence number on, in the order of the chain."""
        ...

    def chain_entries(self, chain_number: int, start: int, limit: int) -> Sequence[Entry]:
        """Up to ``limit`` entries of a chain from sequence number ``start`` on, in order."""
        ...

    def written_by(self, chain_number: int, length: int) -> Sequence[tuple[bytes, int]]:
        """Of each event by a party among the first ``length`` entries of a chain: the writer, and his own number.

        The writer is given by the SHA-256 of its name; ordered by writer and number.
        """
        ...

    def events_named(self, event_key: bytes, limit: int) -> Sequence[EventRow]:
        """Up to ``limit`` events of that event id, given by its SHA-256, by number."""
        ...

    def events_of_session(self, session_key: bytes, limit: int) -> Sequence[EventRow]:
        """Up to ``limit`` events of that session, given by the SHA-256 of its id, by number."""
        ...

    def references_to(self, numbers: Sequence[int], limit: int) -> Sequence[ReferenceRow]:
        """Up to ``limit`` references to any of those entries, by entry referred to and then by referring entry."""
        ...
