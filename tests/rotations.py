"""A log whose receipt key was exchanged for another one, and what a thief of the old one can make of it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from counterfoil.case.source import sign_notes
from counterfoil.chain.history import chain_as_of
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.log.local_log import LocalLog
from counterfoil.log.records import ChainHead
from counterfoil.merkle.hashing import NodeHash, TreeSize
from counterfoil.merkle.tree import NodeId
from counterfoil.receipt.issue import SignedHead
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.receipt.tree_head import TreeHead, sign_head
from counterfoil.register import register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.links import chain_id
from counterfoil.storage.memory import MemoryStore
from tests.builders import START, World, sign_statement
from tests.case_scenes import path_by_letter, root_by_letter
from tests.key_notices import announcement, compromise, retirement
from tests.log.material import next_policy

Nodes = Callable[[Sequence[NodeId]], list[NodeHash]]

ANNOUNCED, RETIRED, COMPROMISED = 3, 6, 8
"""Entries that say so; others are statements of an agent, but for the second policy, entry 5."""


@dataclass
class Rotated:
    """A log, and its receipt keys: the first, and the one that was announced in entry 3.

    ``founded`` is the genesis statement with a receipt by the first key, as it was given out at the beginning.
    """

    world: World = field(default_factory=lambda: World(MemoryStore()).found())
    second: LocalSigner = field(default_factory=lambda: generate_private_key("ES256"))
    receipts: dict[int, bytes] = field(default_factory=dict)
    founded: bytes = b""

    @property
    def first(self) -> LocalSigner:
        return self.world.signers[KeyPurpose.RECEIPT]

    def open(self, key: LocalSigner | None = None) -> LocalLog:
        """The log in a process that signs with that key, the second one unless it is named."""
        by = self.second if key is None else key
        return replace(self.world, signers={**self.world.signers, KeyPurpose.RECEIPT: by}).open()

    def add(self, key: LocalSigner, data: bytes) -> None:
        """Register a statement through a process that signs with that key."""
        self.world.clock.now += 60
        done = asyncio.run(register(data, self.open(key)))
        self.receipts[done.number] = done.receipt

    def statement(self, number: int) -> bytes:
        content = self.world.store.content(number)
        assert content is not None
        return content.statement

    def item(self, number: int, size: int) -> bytes:
        """An entry as a Transparent Statement, with its receipt at that size."""
        return attach_receipts(self.statement(number), [self.open().receipts.at(number, size)])

    def chain(self, size: int) -> list[bytes]:
        """The chain of policies as of a tree, as Transparent Statements."""
        head = self._head(size)
        entries = self.world.store.chain_entries(head.number, 0, head.length)
        return [self.item(entry.number, size) for entry in entries]

    def decisions(self, size: int) -> list[bytes]:
        """The decision records of that chain."""
        head = self._head(size)
        return [entry.decision for entry in self.world.store.chain_entries(head.number, 0, head.length)]

    def signed_head(self, size: int) -> str:
        """The log's signed note about that chain."""
        tree = self.world.store.tree_head(size)
        assert tree is not None
        return sign_notes(
            self.world.signers[KeyPurpose.CHECKPOINT], self.world.identity.origin, tree, self._head(size)
        ).chain_head

    def _head(self, size: int) -> ChainHead:
        head = self.world.store.chain(chain_id(self.world.identity.policy_subject))
        assert head is not None
        chain = chain_as_of(self.world.store, head, size)
        assert chain is not None
        return chain

    def history(self, size: int | None = None) -> bytes:
        return b"".join(self.chain(self.world.head().tree.size if size is None else size))

    def play(self, *, compromised: bool = False) -> "Rotated":
        """Announce the second key, use both, retire the first one, and say that it is compromised if wanted."""
        world, agent = self.world, self.world.agent
        log = world.open()
        self.founded = attach_receipts(self.statement(1), [log.receipts.at(1, 2)])
        self.add(self.first, sign_statement(agent))
        self.add(self.first, announcement(world, self.second))
        self.add(self.second, sign_statement(agent))
        self.add(self.first, next_policy(world))
        self.add(self.second, retirement(world, self.first))
        self.add(self.second, sign_statement(agent))
        if compromised:
            self.add(self.second, compromise(world, self.first))
            self.add(self.second, sign_statement(agent))
        return self


def signed_tree(world: World, key: LocalSigner, statements: Sequence[bytes], time: int = START) -> SignedHead:
    """The head of a tree of any statements, as whoever has a key can sign it."""
    leaves = [sha256(data).digest() for data in statements]
    tree = TreeHead(TreeSize(len(leaves)), root_by_letter(leaves), time)
    return SignedHead(world.identity, tree, key.public_key, sign_head(key, world.identity, tree))


def forged_receipt(world: World, key: LocalSigner, statements: Sequence[bytes], index: int, time: int = START) -> bytes:
    """The receipt of one of the statements in a tree of them."""
    leaves = [sha256(data).digest() for data in statements]
    return signed_tree(world, key, statements, time).inclusion_receipt(index, path_by_letter(leaves, index))


def nodes_of(statements: Sequence[bytes]) -> Nodes:
    """The nodes of a tree of any statements, as proofs are made from them."""
    leaves = [sha256(data).digest() for data in statements]

    def nodes(wanted: Sequence[NodeId]) -> list[NodeHash]:
        return [root_by_letter(leaves[one.place << one.level : (one.place + 1) << one.level]) for one in wanted]

    return nodes
