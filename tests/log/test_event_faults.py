"""Events when the store fails under them: nothing is lost that was promised, and nothing is decided by what is not."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from counterfoil.chain.findings import Finding
from counterfoil.errors import CounterfoilError, FindingRefusedError, NoFormationError, StoreUnavailableError
from counterfoil.log.fsck import check_log
from counterfoil.log.local_log import LocalLog
from counterfoil.register import Registration, register
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.event import EventType, Role
from tests.builders import World, issuer_of
from tests.contract.faulty_store import Call, Fault, FaultyStore, How
from tests.contract.stores import everything
from tests.events import Cast, engagement, hash_of
from tests.log.material import following, policy_statement, store_of

FORMED = 5
"""Events of the story that are on the log before the fault: to the suspension."""


async def begun(world: World, cast: Cast, **policy: Any) -> LocalLog:
    """The world's log with the cast in its policy."""
    log = world.open()
    world.policy = following(world, replace(cast.policy(issuer_of(world.agent)), **policy))
    await register(policy_statement(world, world.policy), log)
    return log


def put_fault(log: LocalLog, *faults: Fault) -> FaultyStore:
    faulty = FaultyStore(log._sequencer._store, *faults)
    log._sequencer._store = faulty
    return faulty


async def outcomes(statements: list[bytes], log: LocalLog) -> list[Registration | BaseException]:
    return await asyncio.gather(*(register(data, log) for data in statements), return_exceptions=True)


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("call", [Call.PRIOR, Call.PLACES, Call.LANDMARKS, Call.WRITE, Call.COMMIT])
def test_one_failed_call(world: World, call: Call, how: How) -> None:
    async def run() -> None:
        cast = Cast()
        log, story = await begun(world, cast), engagement(cast)
        for event in story[:FORMED]:
            await register(event, log)
        put_fault(log, Fault(call, how))
        failed = await outcomes(story[FORMED:], log)
        assert all(isinstance(outcome, StoreUnavailableError) for outcome in failed)
        assert check_log(store_of(world)) == ()
        durable = (call, how) == (Call.COMMIT, How.DONE)
        assert len(store_of(world).event_numbers()) == (len(story) if durable else FORMED)
        again = [await register(event, log) for event in story]
        assert [one.new for one in again] == [False] * FORMED + [not durable] * (len(story) - FORMED)
        assert check_log(store_of(world)) == ()
        assert len(store_of(world).event_numbers()) == len(story)

    asyncio.run(run())


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("call", [Call.PLACES, Call.NUMBERS_USED, Call.FIRST_NAMED, Call.STATEMENTS])
def test_a_strict_log_admits_nothing_whose_past_it_could_not_read(world: World, call: Call, how: How) -> None:
    async def run() -> None:
        cast = Cast()
        log, story = await begun(world, cast, refused_findings=frozenset(Finding)), engagement(cast)
        for event in story[:FORMED]:
            await register(event, log)
        first = json.loads(parse_signed_statement(story[1]).message.payload or b"")
        for turn in range(2):
            same = cast.sign(Role.AGENT, {**first, "sequence": 2 + turn, "previous": hash_of(story[4]).hex()})
            if turn:
                put_fault(log, Fault(call, how))
            (failed,) = await outcomes([same], log)
            assert isinstance(failed, StoreUnavailableError if turn else FindingRefusedError)
        assert check_log(store_of(world)) == ()
        assert len(store_of(world).event_numbers()) == FORMED

    asyncio.run(run())


@pytest.mark.parametrize("how", How)
def test_a_formation_whose_commit_fails_lets_nothing_follow_that_it_did_not(world: World, how: How) -> None:
    """What a batch in the making would have changed is not remembered when the batch does not come to be."""

    async def run() -> None:
        cast = Cast()
        log, story = await begun(world, cast), engagement(cast)
        put_fault(log, Fault(Call.COMMIT, how))
        (failed,) = await outcomes(story[:1], log)
        assert isinstance(failed, StoreUnavailableError)
        (action,) = await outcomes(story[1:2], log)
        if how is How.DONE:
            assert isinstance(action, Registration)
        else:
            assert isinstance(action, NoFormationError)
        assert check_log(store_of(world)) == ()

    asyncio.run(run())


def test_two_writers_race_for_the_formation(world: World) -> None:
    """Two processes, each of which knows nothing of the other's: one forms the engagement, in every order."""

    async def run() -> None:
        cast = Cast()
        one = await begun(world, cast)
        other = world.open()
        rivals = [cast.say(EventType.FORMATION) for _ in range(6)]
        found = await asyncio.gather(
            *(register(data, one if at % 2 else other) for at, data in enumerate(rivals)), return_exceptions=True
        )
        assert sum(isinstance(outcome, Registration) for outcome in found) == 1
        codes = {outcome.code for outcome in found if isinstance(outcome, CounterfoilError)}
        assert codes == {"formation-repeated"}
        assert check_log(store_of(world)) == ()

    asyncio.run(run())


def test_what_another_process_appended_decides_here(world: World) -> None:
    async def run() -> None:
        cast = Cast()
        one = await begun(world, cast)
        other = world.open()
        story = engagement(cast)
        for at, event in enumerate(story):
            await register(event, one if at % 2 else other)
        twice = cast.say(EventType.RUNTIME_CLEARED, refs=[("clears", hash_of(story[4]))])
        for log in (one, other):
            (outcome,) = await outcomes([twice], log)
            assert isinstance(outcome, CounterfoilError)
            assert outcome.code == "nothing-to-clear"
        assert check_log(store_of(world)) == ()
        assert len(everything(store_of(world)).events) == len(story)

    asyncio.run(run())
