"""The log in memory: the strict referee of the tests, and the store of dry runs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Final

from counterfoil.errors import StoreUnavailableError
from counterfoil.log.records import Batch, ChainNumber, EntryNumber, Head, Landmark, Place, Prior
from counterfoil.merkle.hashing import LeafHash, NodeHash
from counterfoil.merkle.tiles import TileId
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash
from counterfoil.storage.memory_log import MemoryLog
from counterfoil.storage.referee import BrokenRuleError, require_lawful

DEFAULT_LOCK_TIMEOUT_SECONDS: Final = 10.0
"""As long as the SQLite store waits; a test whose append waits that long has locked itself out."""


class MemoryAppend:
    """One append; implements AppendTransaction.

    Every method raises BrokenRuleError once the transaction has ended or its batch is written: what a database would
    answer then is not promised.
    """

    def __init__(self, log: MemoryLog) -> None:
        self._log: MemoryLog | None = log
        self._head = log.head()
        self.batch: Batch | None = None

    @property
    def head(self) -> Head | None:
        """The head row as read under the lock; None when the log was not founded yet."""
        self._open()
        return self._head

    def prior(self, keys: Sequence[DuplicateKey], chain_ids: Sequence[ChainId], size: int | None) -> Prior:
        """What the log holds of these keys and chains, and the tree head of that size."""
        log = self._open()
        return Prior(log.registered(keys), log.chains(chain_ids), None if size is None else log.tree_head(size))

    def places(self, hashes: Sequence[StatementHash]) -> Mapping[StatementHash, Place]:
        """Where those of the statements stand that are on the log."""
        return self._open().places(hashes)

    def numbers_used(
        self, chain_number: int, before: int, asked: Mapping[bytes, Collection[int]]
    ) -> Collection[tuple[bytes, int]]:
        """Which numbers the writers gave to events of parties among the first ``before`` entries of a chain."""
        return self._open().numbers_used(chain_number, before, asked)

    def first_named(
        self, chain_number: int, before: int, event_keys: Collection[bytes]
    ) -> Mapping[tuple[bytes, bytes], EntryNumber]:
        """By writer and event id, both as SHA-256: his first event of that id among the first ``before`` entries."""
        return self._open().first_named(chain_number, before, event_keys)

    def statements(self, numbers: Collection[int]) -> Mapping[int, bytes]:
        """The statements of those of the entries whose statement is stored."""
        return self._open().statements(numbers)

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        """The landmarks of each chain from that sequence number on, in the order of the chain."""
        return self._open().landmarks(since)

    def leaf_hashes(self, start: int, stop: int) -> Sequence[LeafHash]:
        """The leaf hashes of the committed entries from start up to stop."""
        return self._open().leaf_hashes(start, stop)

    def tile_roots(self, level: int, start: int, stop: int) -> Sequence[NodeHash]:
        """The roots of the full stored tiles of a level, from index start up to stop."""
        return self._open().tile_roots(level, start, stop)

    def tile(self, tile: TileId) -> bytes | None:
        """The 8,192 bytes of a full stored tile, or None where there is none."""
        return self._open().tile(tile)

    def write(self, batch: Batch) -> None:
        """Write a batch; it becomes visible when the transaction ends without an error."""
        require_lawful(self._open(), batch)
        self.batch = batch

    def end(self) -> None:
        """Refuse every later use."""
        self._log = None

    def _open(self) -> MemoryLog:
        if self._log is None:
            raise BrokenRuleError("the transaction is used after its end")
        if self.batch is not None:
            raise BrokenRuleError("the transaction is used after its write")
        return self._log


class MemoryStore(MemoryLog):
    """Implements LogStore, LogReader, LogScan and ChainReader; durable as long as the process lives.

    It believes nothing: a batch that breaks a rule of the log is a BrokenRuleError in whoever wrote it.
    """

    def __init__(self, *, lock_timeout: float = DEFAULT_LOCK_TIMEOUT_SECONDS) -> None:
        super().__init__()
        self._appending = Lock()
        self._lock_timeout = lock_timeout

    @contextmanager
    def append(self) -> Iterator[MemoryAppend]:
        """Begin an append, as LogStore promises it.

        Raises:
            StoreUnavailableError: Another append holds the head.
        """
        if not self._appending.acquire(timeout=self._lock_timeout):
            raise StoreUnavailableError(f"another append held the head for {self._lock_timeout:g} seconds")
        try:
            yield from self._transaction()
        finally:
            self._appending.release()

    def _transaction(self) -> Iterator[MemoryAppend]:
        transaction = MemoryAppend(self)
        try:
            yield transaction
        finally:
            transaction.end()
        if transaction.batch is not None:
            self._publish(transaction.batch)
