"""A store that does not hold what this process has seen stops it."""

import asyncio
from dataclasses import replace

import pytest

from counterfoil.errors import LogCorruptError
from counterfoil.log.local_log import LocalLog
from counterfoil.log.sequencer import Sequencer
from counterfoil.merkle.hashing import NodeHash
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.register import register
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, sign_statement


def append(world: World, seen: TreeHead) -> None:
    store = world.store
    signer = world.signers[KeyPurpose.RECEIPT]
    sequencer = Sequencer(store, world.identity, signer, world.clock, seen=seen)
    sequencer.append(list)


def head(world: World) -> TreeHead:
    found = world.store.head()
    assert found is not None
    return found.tree


def other_root(tree: TreeHead) -> TreeHead:
    return replace(tree, root=NodeHash(bytes(32)))


def test_a_store_that_went_back_since_it_was_opened_is_noticed_at_the_first_append() -> None:
    newer, older = World(MemoryStore()).found(), World(MemoryStore()).found()
    asyncio.run(register(sign_statement(newer.agent), newer.open()))
    append(newer, head(newer))
    with pytest.raises(LogCorruptError, match="does not hold any more"):
        append(older, head(newer))


def test_a_store_that_grew_again_over_another_past_is_noticed() -> None:
    world = World(MemoryStore()).found()
    before = head(world)
    asyncio.run(register(sign_statement(world.agent), world.open()))
    append(world, before)
    with pytest.raises(LogCorruptError, match="does not hold any more"):
        append(world, other_root(before))
    with pytest.raises(LogCorruptError, match="does not hold any more"):
        append(world, other_root(head(world)))


def test_others_may_append_meanwhile() -> None:
    world = World(MemoryStore()).found()
    first, second = world.open(), world.open()

    async def both() -> None:
        for log in (first, second, first, first, second):
            await register(sign_statement(world.agent), log)

    asyncio.run(both())
    assert head(world).size == 7


def test_an_opened_log_has_seen_its_head() -> None:
    world = World(MemoryStore()).found()
    log = LocalLog(world.store, world.signers[KeyPurpose.RECEIPT], world.clock)
    assert log._sequencer._last == head(world)
