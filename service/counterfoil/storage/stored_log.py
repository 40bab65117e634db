"""Every read of the log, as queries that any of the databases answers."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, select

from counterfoil.log.records import ChainHead, Content, Entry, EventRow, Head, KeptEntry, ReferenceRow
from counterfoil.merkle.bounds import MAX_TREE_SIZE, is_tree_number
from counterfoil.merkle.tiles import Tile
from counterfoil.receipt.tree_head import HeadSignature, TreeHead
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.storage.rows import (
    StoredRow,
    chain_of,
    content_of,
    entry_of,
    event_of,
    head_of,
    kept_of,
    reference_of,
    signature_of,
    tile_of,
    tree_head_of,
)
from counterfoil.storage.schema import (
    CHAINS,
    ENTRIES,
    EVENT_REFERENCES,
    EVENTS,
    EVIDENCE,
    HEAD_SIGNATURES,
    LOG_HEAD,
    STATEMENTS,
    TILES,
    TREE_HEADS,
)
from counterfoil.storage.stored_keys import KEYS_PER_QUERY, StoredKeys

_BY_KEY: Final = HEAD_SIGNATURES.c.key_thumbprint
_KEPT: Final = (
    select(ENTRIES.c.number, ENTRIES.c.statement_hash, ENTRIES.c.decision)
    .add_columns(STATEMENTS.c.statement, STATEMENTS.c.visibility, EVIDENCE.c.kind, EVIDENCE.c.content)
    .outerjoin_from(ENTRIES, STATEMENTS, STATEMENTS.c.number == ENTRIES.c.number)
    .outerjoin(EVIDENCE, EVIDENCE.c.number == ENTRIES.c.number)
    .order_by(ENTRIES.c.number)
)


class StoredLog(StoredKeys):
    """Implements LogReader, LogScan and ChainReader over the tables.

    Every method raises LogCorruptError for a row that no log can hold, and StoreUnavailableError when the database does
    not answer. A number no log can reach names nothing.
    """

    def head(self) -> Head | None:
        """The latest committed head; None when the log was not founded yet."""
        row = self._one(select(LOG_HEAD))
        return None if row is None else head_of(row)

    def entry(self, number: int) -> Entry | None:
        """The entry of that number."""
        row = self._numbered(ENTRIES.c.number, select(ENTRIES), number)
        return None if row is None else entry_of(row)

    def entry_of(self, statement_hash: StatementHash) -> Entry | None:
        """The entry of that statement."""
        row = self._one(select(ENTRIES).where(ENTRIES.c.statement_hash == statement_hash))
        return None if row is None else entry_of(row)

    def entries(self, start: int, limit: int) -> Sequence[Entry]:
        """Up to ``limit`` entries from number ``start`` on, in order."""
        query = select(ENTRIES).order_by(ENTRIES.c.number)
        return [entry_of(row) for row in self._range(query, "number", start, start + limit)]

    def content(self, number: int) -> Content | None:
        """The statement of an entry and its evidence; None when erased."""
        query = select(STATEMENTS, EVIDENCE.c.kind, EVIDENCE.c.content).outerjoin_from(
            STATEMENTS,
            EVIDENCE,
            STATEMENTS.c.number == EVIDENCE.c.number,
        )
        row = self._numbered(STATEMENTS.c.number, query, number)
        return None if row is None else content_of(row)

    def kept(self, start: int, limit: int) -> Sequence[KeptEntry]:
        """Up to ``limit`` entries from number ``start`` on, in order, each with its content."""
        return [kept_of(row) for row in self._range(_KEPT, "number", start, start + limit)]

    def tree_head_over(self, number: int) -> TreeHead | None:
        """The smallest committed tree head that covers the entry: the head of its batch."""
        heads = self.tree_heads(number + 1, 1) if number >= 0 else ()
        return heads[0] if heads else None

    def signatures(self, size: int) -> Sequence[HeadSignature]:
        """The signatures of the head at that size, by key thumbprint."""
        if not is_tree_number(size):
            return []
        query = select(HEAD_SIGNATURES).where(HEAD_SIGNATURES.c.size == size).order_by(_BY_KEY)
        return [signature_of(row) for row in self._fetch(query)]

    def tree_heads(self, start: int, limit: int) -> Sequence[TreeHead]:
        """Up to ``limit`` committed tree heads of size ``start`` or more, in order."""
        if start > MAX_TREE_SIZE or limit <= 0:
            return []
        size = TREE_HEADS.c.size
        query = select(TREE_HEADS).where(size >= max(start, 0)).order_by(size).limit(min(limit, MAX_TREE_SIZE))
        return [tree_head_of(row) for row in self._fetch(query)]

    def all_signatures(self) -> Sequence[HeadSignature]:
        """Every head signature."""
        query = select(HEAD_SIGNATURES).order_by(HEAD_SIGNATURES.c.size, _BY_KEY)
        return [signature_of(row) for row in self._fetch(query)]

    def all_chains(self) -> Sequence[ChainHead]:
        """Every chain, by number."""
        return [chain_of(row) for row in self._fetch(select(CHAINS).order_by(CHAINS.c.number))]

    def all_tiles(self) -> Sequence[Tile]:
        """Every stored tile, by level and index."""
        return [tile_of(row) for row in self._fetch(select(TILES).order_by(TILES.c.level, TILES.c.position))]

    def content_numbers(self) -> Sequence[int]:
        """The numbers of the entries whose statement is stored."""
        return self._numbers("statements", STATEMENTS.c.number)

    def evidence_numbers(self) -> Sequence[int]:
        """The numbers of the entries for which evidence is stored."""
        return self._numbers("evidence", EVIDENCE.c.number)

    def event(self, number: int) -> EventRow | None:
        """What is stored of the event in that entry; None where there is nothing."""
        row = self._numbered(EVENTS.c.number, select(EVENTS), number)
        return None if row is None else event_of(row)

    def references_of(self, number: int) -> Sequence[ReferenceRow]:
        """What that entry refers to, in its own order."""
        if not is_tree_number(number):
            return []
        query = select(EVENT_REFERENCES).where(EVENT_REFERENCES.c.number == number)
        return [reference_of(row) for row in self._fetch(query.order_by(EVENT_REFERENCES.c.position))]

    def event_numbers(self) -> Sequence[int]:
        """The numbers of the entries of which an event is stored."""
        return self._numbers("events", EVENTS.c.number)

    def referring_numbers(self) -> Sequence[int]:
        """The numbers of the entries that refer to others, each once."""
        return sorted(set(self._numbers("event_references", EVENT_REFERENCES.c.number)))

    def written_by(self, chain_number: int, length: int) -> Sequence[tuple[bytes, int]]:
        """Of each event by a party among the first ``length`` entries of a chain: the writer, and his own number."""
        if not is_tree_number(chain_number) or not is_tree_number(length):
            return []
        columns = EVENTS.c.number, EVENTS.c.writer, EVENTS.c.writer_sequence
        within = EVENTS.c.chain_number == chain_number, EVENTS.c.sequence < length, EVENTS.c.by_party == 1
        query = select(*columns).where(*within).order_by(EVENTS.c.writer, EVENTS.c.writer_sequence)
        rows = [StoredRow("events", str(row["number"]), row) for row in self._fetch(query)]
        return [(row.hash("writer"), row.number("writer_sequence")) for row in rows]

    def events_named(self, event_key: bytes, limit: int) -> Sequence[EventRow]:
        """Up to ``limit`` events of that event id, given by its SHA-256, by number."""
        return self._events_by(EVENTS.c.event_key, event_key, limit)

    def events_of_session(self, session_key: bytes, limit: int) -> Sequence[EventRow]:
        """Up to ``limit`` events of that session, given by the SHA-256 of its id, by number."""
        return self._events_by(EVENTS.c.session_key, session_key, limit)

    def references_to(self, numbers: Sequence[int], limit: int) -> Sequence[ReferenceRow]:
        """Up to ``limit`` references to any of those entries, by entry referred to and then by referring entry."""
        target, found = EVENT_REFERENCES.c.target, list[ReferenceRow]()
        asked = sorted(number for number in set(numbers) if is_tree_number(number))
        for start in range(0, len(asked), KEYS_PER_QUERY):
            query = select(EVENT_REFERENCES).where(target.in_(asked[start : start + KEYS_PER_QUERY]))
            ordered = query.order_by(target, EVENT_REFERENCES.c.number, EVENT_REFERENCES.c.position)
            found += [reference_of(row) for row in self._fetch(ordered.limit(max(0, limit - len(found))))]
        return found

    def _events_by(self, column: Column[Any], key: bytes, limit: int) -> Sequence[EventRow]:
        query = select(EVENTS).where(column == key).order_by(EVENTS.c.number).limit(max(0, limit))
        return [event_of(row) for row in self._fetch(query)]

    def chain(self, chain_id: ChainId) -> ChainHead | None:
        """A chain as its last committed entry left it."""
        return self.chains([chain_id]).get(chain_id)

    def chain_numbered(self, number: int) -> ChainHead | None:
        """The chain of that number, as its last committed entry left it."""
        row = self._numbered(CHAINS.c.number, select(CHAINS), number)
        return None if row is None else chain_of(row)

    def chain_entries(self, chain_number: int, start: int, limit: int) -> Sequence[Entry]:
        """Up to ``limit`` entries of a chain from sequence number ``start`` on, in order."""
        if not is_tree_number(chain_number):
            return []
        query = select(ENTRIES).where(ENTRIES.c.chain_number == chain_number).order_by(ENTRIES.c.sequence)
        return [entry_of(row) for row in self._range(query, "sequence", start, start + limit)]

    def _numbers(self, table: str, column: Column[Any]) -> list[int]:
        rows = self._fetch(select(column).order_by(column))
        return [StoredRow(table, str(row["number"]), row).number("number") for row in rows]
