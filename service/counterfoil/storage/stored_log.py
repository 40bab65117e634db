"""Every read of the log, as queries that any of the databases answers."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, select

from counterfoil.log.records import ChainHead, Content, Entry, Head
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
    head_of,
    signature_of,
    tile_of,
    tree_head_of,
)
from counterfoil.storage.schema import (
    CHAINS,
    ENTRIES,
    EVIDENCE,
    HEAD_SIGNATURES,
    LOG_HEAD,
    STATEMENTS,
    TILES,
    TREE_HEADS,
)
from counterfoil.storage.stored_keys import StoredKeys

_BY_KEY: Final = HEAD_SIGNATURES.c.key_thumbprint


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

    def chain(self, chain_id: ChainId) -> ChainHead | None:
        """A chain as its last committed entry left it."""
        return self.chains([chain_id]).get(chain_id)

    def chain_entries(self, chain_number: int, start: int, limit: int) -> Sequence[Entry]:
        """Up to ``limit`` entries of a chain from sequence number ``start`` on, in order."""
        if not is_tree_number(chain_number):
            return []
        query = select(ENTRIES).where(ENTRIES.c.chain_number == chain_number).order_by(ENTRIES.c.sequence)
        return [entry_of(row) for row in self._range(query, "sequence", start, start + limit)]

    def _numbers(self, table: str, column: Column[Any]) -> list[int]:
        rows = self._fetch(select(column).order_by(column))
        return [StoredRow(table, str(row["number"]), row).number("number") for row in rows]
