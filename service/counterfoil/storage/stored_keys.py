"""What an append looks up before it decides where statements go."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Select, select, text

from counterfoil.log.records import ChainHead, ChainNumber, EntryNumber, Landmark, Place, Registered
from counterfoil.merkle.bounds import is_tree_number
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash
from counterfoil.storage.rows import Found, StoredRow, chain_of, landmark_of, place_of, tree_head_of
from counterfoil.storage.schema import CHAINS, ENTRIES, EVENTS, STATEMENTS, TREE_HEADS
from counterfoil.storage.stored_tiles import StoredTiles

KEYS_PER_QUERY: Final = 512
"""SQLite allows 999 parameters in a statement before version 3.32, and 32,766 since."""


class StoredKeys(StoredTiles):
    """The lookups by key over the tables; errors as for the tiles."""

    def chains(self, chain_ids: Sequence[ChainId]) -> Mapping[ChainId, ChainHead]:
        """Those of the chains that have begun."""
        chains = (chain_of(row) for row in self._any_of(select(CHAINS), CHAINS.c.chain_id, chain_ids))
        return {chain.chain_id: chain for chain in chains}

    def places(self, hashes: Sequence[StatementHash]) -> Mapping[StatementHash, Place]:
        """Where those of the statements stand that are on the log."""
        query = select(ENTRIES.c.number, ENTRIES.c.statement_hash, ENTRIES.c.chain_number, ENTRIES.c.sequence)
        return dict(place_of(row) for row in self._any_of(query, ENTRIES.c.statement_hash, hashes))

    def numbers_used(
        self, chain_number: int, before: int, asked: Mapping[bytes, Collection[int]]
    ) -> Collection[tuple[bytes, int]]:
        """Which numbers the writers gave to events of parties among the first ``before`` entries of a chain."""
        found: set[tuple[bytes, int]] = set()
        for writer, numbers in asked.items():
            query = _of_parties(select(EVENTS.c.writer_sequence).distinct(), chain_number, before)
            rows = self._any_of(query.where(EVENTS.c.writer == writer), EVENTS.c.writer_sequence, sorted(numbers))
            found |= {(writer, int(row["writer_sequence"])) for row in rows}
        return found

    def first_named(
        self, chain_number: int, before: int, event_keys: Collection[bytes]
    ) -> Mapping[tuple[bytes, bytes], EntryNumber]:
        """By writer and event id, both as SHA-256: his first event of that id among the first ``before`` entries."""
        names = EVENTS.c.event_key, EVENTS.c.number
        # A sum is looked up in no index: by that of the chain the database would read all of it, and not a few names.
        in_chain = EVENTS.c.chain_number + 0 == chain_number
        within = select(EVENTS.c.writer, *names).where(in_chain, EVENTS.c.sequence < before, EVENTS.c.by_party == 1)
        query = within.order_by(*names)
        found: dict[tuple[bytes, bytes], EntryNumber] = {}
        for row in self._any_of(query, EVENTS.c.event_key, sorted(event_keys)):
            stored = StoredRow("events", str(row["number"]), row)
            name = stored.hash("writer"), stored.hash("event_key")
            found.setdefault(name, EntryNumber(stored.number("number")))
        return found

    def statements(self, numbers: Collection[int]) -> Mapping[int, bytes]:
        """The statements of those of the entries whose statement is stored."""
        asked = sorted(number for number in numbers if is_tree_number(number))
        rows = self._any_of(select(STATEMENTS.c.number, STATEMENTS.c.statement), STATEMENTS.c.number, asked)
        stored = [StoredRow("statements", str(row["number"]), row) for row in rows]
        return {row.number("number"): row.data("statement") for row in stored}

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        """The landmarks of each chain from that sequence number on, in the order of the chain."""
        return [landmark_of(row) for chain, start in since.items() for row in self._fetch(_landmarks(chain, start))]

    def tree_head(self, size: int) -> TreeHead | None:
        """The tree head committed at exactly that size."""
        row = self._numbered(TREE_HEADS.c.size, select(TREE_HEADS), size)
        return None if row is None else tree_head_of(row)

    def _any_of(self, query: Select[Any], column: Column[Any], keys: Sequence[bytes | int]) -> Iterator[Found]:
        for start in range(0, len(keys), KEYS_PER_QUERY):
            yield from self._fetch(query.where(column.in_(keys[start : start + KEYS_PER_QUERY])))

    def _numbered(self, column: Column[Any], query: Select[Any], number: int) -> Found | None:
        return self._one(query.where(column == number)) if is_tree_number(number) else None

    def _one(self, query: Select[Any]) -> Found | None:
        rows = self._fetch(query)
        return rows[0] if rows else None


def registered_of(row: Found) -> tuple[DuplicateKey, Registered]:
    """A row of ``entries`` as the duplicate key it holds and the entry that holds it."""
    stored = StoredRow("entries", str(row["number"]), row)
    number, statement_hash = EntryNumber(stored.number("number")), StatementHash(stored.hash("statement_hash"))
    return DuplicateKey(stored.hash("duplicate_key")), Registered(number, statement_hash)


def _of_parties(query: Select[Any], chain_number: int, before: int) -> Select[Any]:
    return query.where(EVENTS.c.chain_number == chain_number, EVENTS.c.sequence < before, EVENTS.c.by_party == 1)


def _landmarks(chain: ChainNumber, start: int) -> Select[Any]:
    beside = EVENTS.outerjoin(STATEMENTS, STATEMENTS.c.number == EVENTS.c.number)
    return (
        select(EVENTS.c.number, EVENTS.c.chain_number, EVENTS.c.sequence, STATEMENTS.c.statement)
        .select_from(beside)
        .where(text("events.landmark = 1"), EVENTS.c.chain_number == chain, EVENTS.c.sequence >= start)
        .order_by(EVENTS.c.sequence)
    )
