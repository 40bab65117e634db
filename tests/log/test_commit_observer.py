"""Whoever watches commits is told of each, in order, and of nothing that did not happen."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from counterfoil.errors import StoreUnavailableError
from counterfoil.log.group_commit import GroupCommit
from counterfoil.log.local_log import LocalLog
from counterfoil.log.sequencer import Appended, Sequencer
from counterfoil.register import register
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryAppend, MemoryStore
from tests.builders import World
from tests.log.material import register_all, statements_of


class Watcher:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str | int] = []

    def begun(self) -> None:
        self.told.append("begun")

    def locked(self) -> None:
        self.told.append("locked")

    def committed(self, entries: int) -> None:
        self.told.append(entries)


class Unsteady(MemoryStore):
    """A store that fails while it is told to, before the lock or after it."""

    before = False
    after = False

    @contextmanager
    def append(self) -> Iterator[MemoryAppend]:
        if self.before:
            raise StoreUnavailableError("no lock")
        with super().append() as transaction:
            yield transaction
            if self.after:
                raise StoreUnavailableError("no commit")


def watched(store: MemoryStore) -> tuple[World, LocalLog, Watcher]:
    world, watcher = World(store).found(), Watcher()
    return world, LocalLog(store, world.signers[KeyPurpose.RECEIPT], world.clock, observer=watcher), watcher


def test_a_batch_is_begun_locked_and_committed_with_what_is_new() -> None:
    async def run() -> None:
        world, log, watcher = watched(MemoryStore())
        statements = statements_of(world, 5)
        await register_all(statements, log)
        assert watcher.told == ["begun", "locked", 5]
        watcher.told.clear()
        await register_all([*statements, *statements_of(world, 1)], log)
        assert watcher.told == ["begun", "locked", 1]
        watcher.told.clear()
        await register(statements[0], log)
        assert watcher.told == ["begun", "locked", 0]

    asyncio.run(run())


@pytest.mark.parametrize(("fault", "told"), [("before", ["begun"]), ("after", ["begun", "locked"])])
def test_what_failed_was_not_committed(fault: str, told: list[str]) -> None:
    async def run() -> None:
        store = Unsteady()
        world, log, watcher = watched(store)
        setattr(store, fault, True)
        (statement,) = statements_of(world, 1)
        with pytest.raises(StoreUnavailableError):
            await register(statement, log)
        assert watcher.told == told
        setattr(store, fault, False)
        assert (await register(statement, log)).new
        assert watcher.told == [*told, "begun", "locked", 1]

    asyncio.run(run())


def test_the_queue_is_as_long_as_what_waits() -> None:
    async def run() -> None:
        world, log, _ = watched(MemoryStore())
        opened, lengths = asyncio.Event(), list[int]()

        async def held_back(append: Callable[[], Appended]) -> Appended:
            appended = append()
            lengths.append(log.queue_length)
            await opened.wait()
            return appended

        sequencer = Sequencer(world.store, world.identity, world.signers[KeyPurpose.RECEIPT], world.clock)
        log._commits = GroupCommit(sequencer.append, held_back)
        tasks = [asyncio.create_task(register(data, log)) for data in statements_of(world, 1)]
        await settled(lambda: len(lengths) == 1)
        tasks += [asyncio.create_task(register(data, log)) for data in statements_of(world, 3)]
        await settled(lambda: log.queue_length == 3)
        opened.set()
        await asyncio.gather(*tasks)
        assert log.queue_length == 0

    asyncio.run(run())


async def settled(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        await asyncio.sleep(0)
        if condition():
            return
    pytest.fail("it did not come")
