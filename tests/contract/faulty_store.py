"""A store in which any call can fail, for tests of what happens then.

A call fails in one of two ways: *lost*, nothing was done, or *done*, it was done and the failure came after. Either way
the caller sees StoreUnavailableError. ::

    store = FaultyStore(inner, Fault(Call.COMMIT, How.DONE))
    ...                      # the first commit is durable and is reported as failed
    assert store.pending == ()
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum

from counterfoil.errors import StoreUnavailableError
from counterfoil.log.ports import AppendTransaction, LogStore
from counterfoil.log.records import Batch, ChainNumber, EntryNumber, Head, Landmark, Place, Prior
from counterfoil.merkle.hashing import LeafHash, NodeHash
from counterfoil.merkle.tiles import TileId
from counterfoil.statement.links import ChainId
from counterfoil.statement.signed_statement import DuplicateKey, StatementHash


class Call(StrEnum):
    """Everything an append asks of its store, in the usual order."""

    BEGIN = "begin"
    HEAD = "head"
    PRIOR = "prior"
    PLACES = "places"
    LANDMARKS = "landmarks"
    NUMBERS_USED = "numbers_used"
    FIRST_NAMED = "first_named"
    STATEMENTS = "statements"
    LEAF_HASHES = "leaf_hashes"
    TILE_ROOTS = "tile_roots"
    TILE = "tile"
    WRITE = "write"
    COMMIT = "commit"


class How(StrEnum):
    """How a call fails."""

    LOST = "lost"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Fault:
    """The ``nth`` call of that name, counted from 1 over all transactions, fails in that way."""

    call: Call
    how: How
    nth: int = 1


class FaultyStore:
    """Implements LogStore over another store. ``calls`` are those made so far, ``pending`` the faults still to come."""

    def __init__(self, inner: LogStore, *faults: Fault) -> None:
        self._inner = inner
        self.pending: tuple[Fault, ...] = faults
        self.calls: list[Call] = []

    @contextmanager
    def append(self) -> Iterator[AppendTransaction]:
        with ExitStack() as commit:
            with self.making(Call.BEGIN):
                transaction = commit.enter_context(self._inner.append())
            yield _FaultyAppend(transaction, self)
            reported = self._start(Call.COMMIT)  # An error here makes the inner store roll back: the commit is lost.
        self._finish(reported)

    @contextmanager
    def making(self, call: Call) -> Iterator[None]:
        """The block makes one call: it is not entered when the call is to be lost."""
        due = self._start(call)
        yield
        self._finish(due)

    def _start(self, call: Call) -> Fault | None:
        self.calls.append(call)
        nth = self.calls.count(call)
        due = next((fault for fault in self.pending if (fault.call, fault.nth) == (call, nth)), None)
        if due is not None:
            self.pending = tuple(fault for fault in self.pending if fault is not due)
            if due.how is How.LOST:
                raise StoreUnavailableError(f"{call} number {nth} was lost")
        return due

    def _finish(self, due: Fault | None) -> None:
        if due is not None:
            raise StoreUnavailableError(f"{due.call} number {due.nth} was done and is reported as failed")


class _FaultyAppend:
    def __init__(self, inner: AppendTransaction, store: FaultyStore) -> None:
        self._inner = inner
        self._store = store

    @property
    def head(self) -> Head | None:
        with self._store.making(Call.HEAD):
            return self._inner.head

    def prior(self, keys: Sequence[DuplicateKey], chain_ids: Sequence[ChainId], size: int | None) -> Prior:
        with self._store.making(Call.PRIOR):
            return self._inner.prior(keys, chain_ids, size)

    def places(self, hashes: Sequence[StatementHash]) -> Mapping[StatementHash, Place]:
        with self._store.making(Call.PLACES):
            return self._inner.places(hashes)

    def numbers_used(
        self, chain_number: int, before: int, asked: Mapping[bytes, Collection[int]]
    ) -> Collection[tuple[bytes, int]]:
        with self._store.making(Call.NUMBERS_USED):
            return self._inner.numbers_used(chain_number, before, asked)

    def first_named(
        self, chain_number: int, before: int, event_keys: Collection[bytes]
    ) -> Mapping[tuple[bytes, bytes], EntryNumber]:
        with self._store.making(Call.FIRST_NAMED):
            return self._inner.first_named(chain_number, before, event_keys)

    def statements(self, numbers: Collection[int]) -> Mapping[int, bytes]:
        with self._store.making(Call.STATEMENTS):
            return self._inner.statements(numbers)

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        with self._store.making(Call.LANDMARKS):
            return self._inner.landmarks(since)

    def leaf_hashes(self, start: int, stop: int) -> Sequence[LeafHash]:
        with self._store.making(Call.LEAF_HASHES):
            return self._inner.leaf_hashes(start, stop)

    def tile_roots(self, level: int, start: int, stop: int) -> Sequence[NodeHash]:
        with self._store.making(Call.TILE_ROOTS):
            return self._inner.tile_roots(level, start, stop)

    def tile(self, tile: TileId) -> bytes | None:
        with self._store.making(Call.TILE):
            return self._inner.tile(tile)

    def write(self, batch: Batch) -> None:
        with self._store.making(Call.WRITE):
            self._inner.write(batch)
