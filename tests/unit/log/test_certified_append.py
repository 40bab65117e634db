"""No append rests on a certificate that has run out, or on a revocation list that has."""

import asyncio
from dataclasses import replace

import pytest

from counterfoil.errors import CertificateOutOfDateError
from counterfoil.log.fsck import check_log
from counterfoil.log.plan import Placed, Stale
from counterfoil.register import register
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, issuer_of, policy_for
from tests.certificates import NOT_AFTER, pki
from tests.certified import X5CHAIN, anchors, pin, pinned, signed, x5chain
from tests.log.material import submit

MADE = pki()
NAME = "https://certified.example"


def statement(payload: bytes) -> bytes:
    return signed(MADE.leaf, {X5CHAIN: x5chain(MADE.leaf, MADE.ca)}, issuer=NAME, payload=payload)


def test_what_was_decided_in_time_is_decided_again_when_it_comes_too_late() -> None:
    store = MemoryStore()
    world = World(store)
    policy = policy_for(issuer_of(world.agent), pinned(pin(MADE.ca), name=NAME))
    world.policy = replace(policy, roots=anchors(MADE.root))
    log = world.found().open()

    async def play() -> None:
        in_time, late = submit(statement(b"1"), log), submit(statement(b"2"), log)
        world.clock.now = NOT_AFTER
        assert isinstance((await log.append(in_time))[0], Placed)
        world.clock.now = NOT_AFTER + 1
        assert isinstance((await log.append(late))[0], Stale)
        with pytest.raises(CertificateOutOfDateError):
            await register(statement(b"2"), log)
        await log.close()

    asyncio.run(play())
    assert log.head().tree.size == 3
    assert check_log(store) == ()
