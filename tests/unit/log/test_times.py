"""Refusals rest on the head's time as it is, not as this process last saw it."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from counterfoil.errors import FromTheFutureError
from counterfoil.log.local_log import LocalLog
from counterfoil.log.plan import Submission
from counterfoil.log.sequencer import Appended
from counterfoil.register import register
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from tests.builders import START, Clock, World, sign_statement


def test_a_statement_that_is_not_from_the_future_of_the_log_is_taken() -> None:
    world = World(MemoryStore()).found()
    behind = world.open()
    ahead = LocalLog(world.store, world.signers[KeyPurpose.RECEIPT], Clock(START + 1000))

    async def run() -> None:
        await register(sign_statement(world.agent), ahead)
        late = sign_statement(world.agent, claims={6: START + 1200})
        assert (await register(late, behind)).number == 3
        with pytest.raises(FromTheFutureError):
            await register(sign_statement(world.agent, claims={6: START + 1301}), behind)

    asyncio.run(run())


def test_who_stops_waiting_for_the_end_leaves_the_commit_alone() -> None:
    world = World(MemoryStore()).found()
    log = world.open()
    append, gate = log._commits._append, threading.Event()

    def slow(drain: Callable[[], Sequence[Submission]]) -> Appended:
        assert gate.wait(120)
        return append(drain)

    log._commits._append = slow

    async def run() -> None:
        posting = asyncio.create_task(register(sign_statement(world.agent), log))
        for _ in range(20):
            await asyncio.sleep(0)
        closing = asyncio.create_task(log.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.sleep(0)
        gate.set()
        assert (await asyncio.wait_for(posting, 10)).number == 2

    asyncio.run(run())
