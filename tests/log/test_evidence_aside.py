"""Evidence is judged beside everything else: whoever brings much of it waits, and nobody waits for him."""

import asyncio
import threading

import pytest

from counterfoil.errors import ChallengeForeignError, KeyNotBoundError, KeyUnknownError
from counterfoil.log.local_log import LocalLog
from counterfoil.log.plan import Submission
from counterfoil.register import admit, register
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.attested import attested_policy, machine_of
from tests.builders import START, World, issuer_of, sign_statement
from tests.intel_quotes import make_platform
from tests.log.material import require_clean

PLATFORM = make_platform()


def attested_world() -> World:
    world = World(MemoryStore())
    world.policy = attested_policy(PLATFORM, issuer_of(world.agent))
    return world.found()


async def hold(log: LocalLog, world: World, gate: threading.Event) -> None:
    """A decision that does not end before the gate opens, as if the log judged evidence for so long."""
    statement, rules = parse_signed_statement(sign_statement(world.agent)), await log.rules()

    def decide() -> Submission:
        gate.wait(120)
        return admit(statement, rules, START)

    await log.aside(decide)


def test_while_evidence_is_judged_other_statements_are_registered_and_other_evidence_waits() -> None:
    async def run() -> None:
        world, gate = attested_world(), threading.Event()
        log, one = world.open(), machine_of(world, PLATFORM)
        judged = asyncio.create_task(hold(log, world, gate))
        enrolling = asyncio.create_task(register(one.enrolment(one.challenge()), log))
        quoting = asyncio.create_task(register(one.carrying(one.evidence(bytes(64))), log))
        for _ in range(20):
            await register(sign_statement(world.agent), log)
            with pytest.raises(KeyUnknownError):
                await register(one.statement(), log)
        assert not judged.done()
        assert not enrolling.done()
        assert not quoting.done()
        gate.set()
        assert (await enrolling).number > 20
        with pytest.raises(KeyNotBoundError):
            await quoting
        await judged
        await register(one.statement(), log)
        require_clean(world)
        await log.close()

    asyncio.run(run())


def test_what_is_wrong_with_evidence_is_told_as_if_it_were_judged_in_line() -> None:
    async def run() -> None:
        world = attested_world()
        log, one = world.open(), machine_of(world, PLATFORM)
        foreign = machine_of(World(MemoryStore()), PLATFORM).challenge()
        with pytest.raises(ChallengeForeignError):
            await register(one.enrolment(foreign), log)
        await log.close()

    asyncio.run(run())
