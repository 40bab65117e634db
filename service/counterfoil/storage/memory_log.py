"""A log held in memory, as its readers see it."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from threading import RLock
from typing import TypeVar

from counterfoil.log.records import (
    Batch,
    ChainHead,
    ChainNumber,
    Content,
    Entry,
    EntryNumber,
    EventRow,
    Head,
    KeptEntry,
    Landmark,
    Place,
    ReferenceRow,
    Registered,
)
from counterfoil.merkle.hashing import LeafHash, NodeHash
from counterfoil.merkle.tile_geometry import MAX_TILE_LEVEL
from counterfoil.merkle.tiles import Tile, TileId
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.tree_head import HeadSignature, TreeHead
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash

Row = TypeVar("Row")


class MemoryLog:
    """Implements LogReader, LogScan and ChainReader, and the lookups of an append, for any number of threads."""

    def __init__(self) -> None:
        # Readers see all of a batch or none of it.
        self._whole = RLock()
        self._head: Head | None = None
        self._entries: list[Entry] = []
        self._contents: dict[int, Content] = {}
        self._chains: list[ChainHead] = []
        self._tiles: dict[TileId, Tile] = {}
        self._tree_heads: list[TreeHead] = []
        self._signatures: dict[int, list[HeadSignature]] = {}
        self._by_hash: dict[StatementHash, Entry] = {}
        self._by_duplicate_key: dict[DuplicateKey, Entry] = {}
        self._by_chain: dict[int, list[Entry]] = {}
        self._by_chain_id: dict[ChainId, ChainHead] = {}
        self._events: dict[int, EventRow] = {}
        self._references: list[ReferenceRow] = []

    def head(self) -> Head | None:
        """The latest committed head; None when the log was not founded yet."""
        with self._whole:
            return self._head

    def entry(self, number: int) -> Entry | None:
        """The entry of that number."""
        return next(iter(self.entries(number, 1)), None)

    def entry_of(self, statement_hash: StatementHash) -> Entry | None:
        """The entry of that statement."""
        with self._whole:
            return self._by_hash.get(statement_hash)

    def entries(self, start: int, limit: int) -> Sequence[Entry]:
        """Up to ``limit`` entries from number ``start`` on, in order."""
        with self._whole:
            return _page(self._entries, start, limit)

    def content(self, number: int) -> Content | None:
        """The statement of an entry and its evidence."""
        with self._whole:
            return self._contents.get(number)

    def kept(self, start: int, limit: int) -> Sequence[KeptEntry]:
        """Up to ``limit`` entries from number ``start`` on, in order, each with its content."""
        with self._whole:
            return [
                KeptEntry(entry.number, entry.statement_hash, entry.decision, self._contents.get(entry.number))
                for entry in _page(self._entries, start, limit)
            ]

    def tree_head(self, size: int) -> TreeHead | None:
        """The tree head committed at exactly that size."""
        return next((head for head in self.tree_heads(size, 1) if head.size == size), None)

    def tree_head_over(self, number: int) -> TreeHead | None:
        """The smallest committed tree head that covers the entry: the head of its batch."""
        return next(iter(self.tree_heads(number + 1, 1)), None) if number >= 0 else None

    def signatures(self, size: int) -> Sequence[HeadSignature]:
        """The signatures of the head at that size, by key thumbprint."""
        with self._whole:
            return sorted(self._signatures.get(size, ()), key=lambda made: made.key_thumbprint)

    def tree_heads(self, start: int, limit: int) -> Sequence[TreeHead]:
        """Up to ``limit`` committed tree heads of size ``start`` or more, in order."""
        with self._whole:
            return _page(self._tree_heads, bisect_left(self._tree_heads, start, key=lambda head: head.size), limit)

    def all_signatures(self) -> Sequence[HeadSignature]:
        """Every head signature."""
        with self._whole:
            sizes = list(self._signatures)
        return list(chain.from_iterable(self.signatures(size) for size in sizes))

    def all_chains(self) -> Sequence[ChainHead]:
        """Every chain, by number."""
        with self._whole:
            return list(self._chains)

    def all_tiles(self) -> Sequence[Tile]:
        """Every stored tile, by level and index."""
        with self._whole:
            return sorted(self._tiles.values(), key=lambda tile: (tile.id.level, tile.id.index))

    def content_numbers(self) -> Sequence[int]:
        """The numbers of the entries whose statement is stored."""
        with self._whole:
            return list(self._contents)

    def evidence_numbers(self) -> Sequence[int]:
        """The numbers of the entries for which evidence is stored."""
        with self._whole:
            return [number for number, content in self._contents.items() if content.evidence is not None]

    def chain(self, chain_id: ChainId) -> ChainHead | None:
        """A chain as its last committed entry left it."""
        return self.chains([chain_id]).get(chain_id)

    def chain_numbered(self, number: int) -> ChainHead | None:
        """The chain of that number, as its last committed entry left it."""
        with self._whole:
            return self._chains[number] if 0 <= number < len(self._chains) else None

    def chain_entries(self, chain_number: int, start: int, limit: int) -> Sequence[Entry]:
        """Up to ``limit`` entries of a chain from sequence number ``start`` on, in order."""
        with self._whole:
            return _page(self._by_chain.get(chain_number, ()), start, limit)

    def event(self, number: int) -> EventRow | None:
        """What is stored of the event in that entry; None where there is nothing."""
        with self._whole:
            return self._events.get(number)

    def references_of(self, number: int) -> Sequence[ReferenceRow]:
        """What that entry refers to, in its own order."""
        with self._whole:
            found = [reference for reference in self._references if reference.number == number]
        return sorted(found, key=lambda reference: reference.position)

    def event_numbers(self) -> Sequence[int]:
        """The numbers of the entries of which an event is stored."""
        with self._whole:
            return sorted(self._events)

    def referring_numbers(self) -> Sequence[int]:
        """The numbers of the entries that refer to others, each once."""
        with self._whole:
            return sorted({reference.number for reference in self._references})

    def written_by(self, chain_number: int, length: int) -> Sequence[tuple[bytes, int]]:
        """Of each event by a party among the first ``length`` entries of a chain: the writer, and his own number."""
        with self._whole:
            found = [event for event in self._events.values() if event.by_party]
        return sorted(
            (event.writer, event.writer_sequence)
            for event in found
            if event.chain_number == chain_number and event.sequence < length
        )

    def events_named(self, event_key: bytes, limit: int) -> Sequence[EventRow]:
        """Up to ``limit`` events of that event id, given by its SHA-256, by number."""
        with self._whole:
            return _page([event for event in self._events.values() if event.event_key == event_key], 0, limit)

    def events_of_session(self, session_key: bytes, limit: int) -> Sequence[EventRow]:
        """Up to ``limit`` events of that session, given by the SHA-256 of its id, by number."""
        with self._whole:
            return _page([event for event in self._events.values() if event.session_key == session_key], 0, limit)

    def references_to(self, numbers: Sequence[int], limit: int) -> Sequence[ReferenceRow]:
        """Up to ``limit`` references to any of those entries, by entry referred to and then by referring entry."""
        with self._whole:
            found = [reference for reference in self._references if reference.target in set(numbers)]
        return _page(sorted(found, key=lambda one: (one.target, one.number, one.position)), 0, limit)

    def places(self, hashes: Sequence[StatementHash]) -> Mapping[StatementHash, Place]:
        """Where those of the statements stand that are on the log."""
        with self._whole:
            found = [self._by_hash[key] for key in hashes if key in self._by_hash]
        return {entry.statement_hash: Place(entry.number, entry.chain_number, entry.sequence) for entry in found}

    def numbers_used(
        self, chain_number: int, before: int, asked: Mapping[bytes, Collection[int]]
    ) -> Collection[tuple[bytes, int]]:
        """Which numbers the writers gave to events of parties among the first ``before`` entries of a chain."""
        return {
            (event.writer, event.writer_sequence)
            for event in self._of_parties(chain_number, before)
            if event.writer_sequence in asked.get(event.writer, ())
        }

    def first_named(
        self, chain_number: int, before: int, event_keys: Collection[bytes]
    ) -> Mapping[tuple[bytes, bytes], EntryNumber]:
        """By writer and event id, both as SHA-256: his first event of that id among the first ``before`` entries."""
        found: dict[tuple[bytes, bytes], EntryNumber] = {}
        for event in self._of_parties(chain_number, before):
            if event.event_key in event_keys:
                found.setdefault((event.writer, event.event_key), event.number)
        return found

    def statements(self, numbers: Collection[int]) -> Mapping[int, bytes]:
        """The statements of those of the entries whose statement is stored."""
        with self._whole:
            return {number: self._contents[number].statement for number in numbers if number in self._contents}

    def _of_parties(self, chain_number: int, before: int) -> list[EventRow]:
        with self._whole:
            events = list(self._events.values())
        return [
            event
            for event in events
            if event.by_party and event.chain_number == chain_number and event.sequence < before
        ]

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        """The landmarks of each chain from that sequence number on, in the order of the chain."""
        with self._whole:
            found = [event for event in self._events.values() if event.landmark]
            kept = {number: content.statement for number, content in self._contents.items()}
        return [
            Landmark(event.chain_number, event.sequence, event.number, kept.get(event.number))
            for chain_number, start in since.items()
            for event in found
            if event.chain_number == chain_number and event.sequence >= start
        ]

    def registered(self, keys: Sequence[DuplicateKey]) -> Mapping[DuplicateKey, Registered]:
        """Those of the duplicate keys that are on the log."""
        with self._whole:
            found = [self._by_duplicate_key[key] for key in keys if key in self._by_duplicate_key]
        return {entry.duplicate_key: Registered(EntryNumber(entry.number), entry.statement_hash) for entry in found}

    def chains(self, chain_ids: Sequence[ChainId]) -> Mapping[ChainId, ChainHead]:
        """Those of the chains that have begun."""
        with self._whole:
            return {key: self._by_chain_id[key] for key in chain_ids if key in self._by_chain_id}

    def leaf_hashes(self, start: int, stop: int) -> Sequence[LeafHash]:
        """The leaf hashes of the committed entries from start up to stop."""
        return [statement_leaf(entry.statement_hash) for entry in self.entries(start, stop - start)]

    def tile_roots(self, level: int, start: int, stop: int) -> Sequence[NodeHash]:
        """The roots of the full stored tiles of a level, from index start up to stop."""
        if not 0 <= level <= MAX_TILE_LEVEL or start < 0:
            return []
        with self._whole:
            # No level has more tiles than there are tiles.
            indexes = range(start, min(stop, len(self._tiles)))
            found = [self._tiles.get(TileId(level, index)) for index in indexes]
        return [tile.root for tile in found if tile is not None]

    def tile(self, tile: TileId) -> bytes | None:
        """The 8,192 bytes of a full stored tile, or None where there is none."""
        with self._whole:
            stored = self._tiles.get(tile)
        return None if stored is None else stored.hashes

    def _publish(self, batch: Batch) -> None:
        with self._whole:
            self._publish_entries(batch)
            self._publish_chains(batch.chains)
            self._events.update((event.number, event) for event in batch.events)
            self._references.extend(batch.references)
            self._tiles.update((tile.id, tile) for tile in batch.tiles)
            self._tree_heads.append(batch.head.tree)
            self._signatures.setdefault(batch.signature.size, []).append(batch.signature)
            self._head = batch.head

    def _publish_entries(self, batch: Batch) -> None:
        self._entries.extend(batch.entries)
        self._contents.update((content.number, content) for content in batch.contents)
        for entry in batch.entries:
            self._by_hash[entry.statement_hash] = entry
            self._by_duplicate_key[entry.duplicate_key] = entry
            self._by_chain.setdefault(entry.chain_number, []).append(entry)

    def _publish_chains(self, chains: Sequence[ChainHead]) -> None:
        for head in sorted(chains, key=lambda head: head.number):
            self._chains[head.number : head.number + 1] = [head]
            self._by_chain_id[head.chain_id] = head


def _page(rows: Sequence[Row], start: int, limit: int) -> Sequence[Row]:
    # A negative start would count from the end.
    return list(rows[start : start + max(limit, 0)]) if start >= 0 else []
