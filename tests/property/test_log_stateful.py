"""A log under a random life - appends, twins, crashes, policies, pages, proofs - against a plain list."""

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from counterfoil.errors import ContentTypeNotAdmittedError, PolicyVersionError, SignatureTwinError
from counterfoil.log.fsck import check_log
from counterfoil.log.local_log import LocalLog
from counterfoil.merkle.hashing import LeafHash, NodeHash
from counterfoil.merkle.tree import root_of
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.verify import verify_consistency_receipt, verify_inclusion_receipt
from counterfoil.register import Registration, register
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.builders import World, sign_statement
from tests.contract.stores import Store
from tests.log.material import next_policy, page_statement, twin_of

_T = TypeVar("_T")


@dataclass
class Registered:
    """One entry as the plain list keeps it."""

    data: bytes
    hash: StatementHash
    subject: str
    receipt: bytes


class LogMachine(RuleBasedStateMachine):
    """Drives one log; ``model`` is what must be on it, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model: list[Registered] = []
        self.sizes: list[int] = []

    def make_store(self) -> Store:
        return MemoryStore()

    def reopen_store(self, store: Store) -> Store:
        return store

    @initialize()
    def found(self) -> None:
        self.store = self.make_store()
        self.world = World(self.store).found()
        self.log: LocalLog = self.world.open()
        for number in range(2):
            content = self.store.content(number)
            assert content is not None
            self.remember(content.statement, self.log.receipts.stable(number))

    @rule(subjects=st.lists(st.integers(0, 4), min_size=1, max_size=5))
    def append(self, subjects: list[int]) -> None:
        statements = [sign_statement(self.world.agent, subject=f"trace-{subject}") for subject in subjects]
        # Where the rules have changed some are decided again, and then they may take places in another order.
        found = zip(self.register_all(statements), statements, strict=True)
        for registration, data in sorted(found, key=lambda one: one[0].number):
            assert registration.new
            assert registration.number == len(self.model)
            self.remember(data, registration.receipt)

    @rule(place=st.integers(0, 10**6))
    def append_again(self, place: int) -> None:
        number = place % len(self.model)
        known = self.model[number]
        assert self.register_all([known.data]) == [Registration(known.hash, number, known.receipt, new=False)]

    @rule(place=st.integers(0, 10**6))
    def append_twin(self, place: int) -> None:
        known = self.model[place % len(self.model)]
        # A policy or genesis that would not be admitted any more is refused before anybody looks for twins.
        with pytest.raises((SignatureTwinError, PolicyVersionError, ContentTypeNotAdmittedError)) as caught:
            self.register_all([twin_of(known.data)])
        if isinstance(caught.value, SignatureTwinError):
            assert caught.value.entry_id == known.hash
        else:
            assert known.subject == self.world.identity.policy_subject

    @rule(seconds=st.integers(-5, 100))
    def tick(self, seconds: int) -> None:
        self.world.clock.now += seconds

    @rule()
    def crash(self) -> None:
        self.store = self.world.store = self.reopen_store(self.store)
        self.log = self.world.open()

    @rule()
    def change_policy(self) -> None:
        self.append_own(next_policy(self.world))

    @precondition(lambda self: self.log.head().next_page < len(self.model))
    @rule()
    def turn_page(self) -> None:
        self.append_own(page_statement(self.world, self.log))

    @rule(place=st.integers(0, 10**6), fresh=st.booleans())
    def fetch_receipt(self, place: int, fresh: bool) -> None:  # noqa: FBT001 - Hypothesis passes by name
        number = place % len(self.model)
        receipt = self.log.receipts.fresh(number) if fresh else self.log.receipts.stable(number)
        key = self.log.genesis.keys[KeyPurpose.RECEIPT]
        verified = verify_inclusion_receipt(parse_receipt(receipt), statement_leaf(self.model[number].hash), key)
        assert verified.leaf_index == number
        assert verified.head.size == (len(self.model) if fresh else next(s for s in self.sizes if s > number))
        if not fresh:
            assert receipt == self.model[number].receipt

    @precondition(lambda self: len(self.sizes) > 1)
    @rule(first=st.integers(1, 10**6), second=st.integers(0, 10**6))
    def prove_consistency(self, first: int, second: int) -> None:
        size = self.sizes[1 + second % (len(self.sizes) - 1)]
        older = 1 + first % (size - 1)
        receipt = parse_receipt(self.log.receipts.consistency(older, size))
        key = self.log.genesis.keys[KeyPurpose.RECEIPT]
        verified = verify_consistency_receipt(receipt, self.root(older), key)
        assert (verified.head.size, verified.head.root) == (size, self.root(size))

    @invariant()
    def nothing_disagrees(self) -> None:
        if self.model:
            assert check_log(self.store) == ()
            assert [head.size for head in self.store.tree_heads(0, 10**6)] == self.sizes

    @invariant()
    def the_log_is_the_list(self) -> None:
        entries = self.store.entries(0, 10**6)
        assert [entry.statement_hash for entry in entries] == [one.hash for one in self.model]
        for subject in {one.subject for one in self.model}:
            chain = self.store.chain(chain_id(subject))
            assert chain is not None
            links = self.store.chain_entries(chain.number, 0, 10**6)
            assert [link.statement_hash for link in links] == [one.hash for one in self.model if one.subject == subject]

    def teardown(self) -> None:
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

    def append_own(self, data: bytes) -> None:
        (registration,) = self.register_all([data])
        assert registration.new
        self.remember(data, registration.receipt)

    def remember(self, data: bytes, receipt: bytes) -> None:
        statement = parse_signed_statement(data)
        self.model.append(Registered(data, statement.hash, str(statement.claims.subject), receipt))
        size = parse_receipt(receipt).inclusion[0].size
        if size not in self.sizes:
            self.sizes.append(size)

    def root(self, size: int) -> NodeHash:
        leaves: list[LeafHash] = [statement_leaf(one.hash) for one in self.model[:size]]
        return root_of(leaves)

    def register_all(self, statements: list[bytes]) -> list[Registration]:
        async def together() -> list[Registration]:
            return list(await asyncio.gather(*(register(data, self.log) for data in statements)))

        return self.run(together())

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self.loop.run_until_complete(work)


class SqliteLogMachine(LogMachine):
    """The same over a file that a crash reopens."""

    def make_store(self) -> Store:
        self.folder = tempfile.TemporaryDirectory()
        return open_sqlite(Path(self.folder.name) / "log.db", create=True)

    def reopen_store(self, store: Store) -> Store:
        assert isinstance(store, SqliteStore)
        store.close()
        return open_sqlite(Path(self.folder.name) / "log.db")

    def teardown(self) -> None:
        super().teardown()
        if isinstance(self.store, SqliteStore):
            self.store.close()
        self.folder.cleanup()


TestLogInMemory = LogMachine.TestCase
TestLogInMemory.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
TestLogInSqlite = SqliteLogMachine.TestCase
TestLogInSqlite.settings = settings(max_examples=2, stateful_step_count=15, deadline=None)
