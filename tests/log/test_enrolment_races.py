"""Two processes on one log: what answers a challenge first counts, and what ends a key ends it for both."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from counterfoil.errors import ChallengeUsedError, KeyUnknownError
from counterfoil.log.local_log import LocalLog
from counterfoil.register import Registration, register
from counterfoil.storage.postgres import open_postgres
from counterfoil.storage.sqlite import open_sqlite
from tests.attested import Machine, appraisal_for, attested_policy, machine_of
from tests.builders import World, issuer_of
from tests.intel_quotes import make_platform
from tests.log.material import policy_statement, require_clean

PLATFORM = make_platform()
ROUNDS = 5


@dataclass
class Pair:
    """A log whose policy admits enrolments, opened twice."""

    world: World
    one: LocalLog
    other: LocalLog

    def machine(self) -> Machine:
        return machine_of(self.world, PLATFORM)

    async def commit(self, log: LocalLog, *measured: bytes) -> Registration:
        """A new policy: with measurements, other ones than the machines have."""
        appraisal = appraisal_for(PLATFORM)
        if measured:
            appraisal = replace(appraisal, measurements={"mrtd": frozenset(measured)})
        version = (await log.rules()).policy.version + 1
        policy = attested_policy(PLATFORM, issuer_of(self.world.agent), appraisals=(appraisal,), version=version)
        return await register(policy_statement(self.world, policy), log)


@pytest.fixture(params=["sqlite", "postgres"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Pair]]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            first = stack.enter_context(closing(open_sqlite(tmp_path / "log.db", create=True)))
            world = World(first).found()
            second = replace(world, store=stack.enter_context(closing(open_sqlite(tmp_path / "log.db"))))
        else:
            url: str = request.getfixturevalue("database")
            world = World(stack.enter_context(closing(open_postgres(url)))).found()
            second = replace(world, store=stack.enter_context(closing(open_postgres(url))))
        yield lambda: Pair(world, world.open(), second.open())


def played(pair: Callable[[], Pair], act: Callable[[Pair], Coroutine[None, None, None]]) -> None:
    async def play() -> None:
        opened = pair()
        await opened.commit(opened.one)
        await act(opened)
        require_clean(opened.world)

    asyncio.run(play())


def test_of_two_processes_that_answer_one_challenge_the_loser_is_told(pair: Callable[[], Pair]) -> None:
    async def act(pair: Pair) -> None:
        for _ in range(ROUNDS):
            challenge = pair.machine().challenge(pair.world.clock())
            contenders = [pair.machine(), pair.machine()]
            made = [one.enrolment(challenge) for one in contenders]
            ways = zip(made, (pair.one, pair.other), strict=True)
            ended = await asyncio.gather(*(register(data, log) for data, log in ways), return_exceptions=True)
            assert {type(one) for one in ended} == {Registration, ChallengeUsedError}
            winner = next(place for place, one in enumerate(ended) if isinstance(one, Registration))
            for log in (pair.one, pair.other):
                keys = (await log.rules(newer_than=await log.rules())).sessions.by_key
                assert contenders[winner].kid in keys
                assert contenders[1 - winner].kid not in keys

    played(pair, act)


def test_the_same_enrolment_at_two_processes_is_one_entry(pair: Callable[[], Pair]) -> None:
    async def act(pair: Pair) -> None:
        for _ in range(ROUNDS):
            one = pair.machine()
            data = one.enrolment(one.challenge(pair.world.clock()))
            ended = await asyncio.gather(register(data, pair.one), register(data, pair.other))
            assert replace(ended[0], new=True) == replace(ended[1], new=True)
            assert [done.new for done in ended].count(True) == 1

    played(pair, act)


def test_a_policy_that_ends_a_key_ends_it_while_its_statements_race(pair: Callable[[], Pair]) -> None:
    async def act(pair: Pair) -> None:
        one = pair.machine()
        await register(one.enrolment(one.challenge(pair.world.clock())), pair.one)
        await register(one.statement(), pair.other)

        admitted, enough = list[int](), asyncio.Event()

        async def say_until_refused() -> None:
            while True:
                try:
                    admitted.append((await register(one.statement(), pair.other)).number)
                except KeyUnknownError:
                    return
                if len(admitted) >= ROUNDS:
                    enough.set()

        async def end() -> int:
            await enough.wait()
            return (await pair.commit(pair.one, bytes(48))).number

        ended, *_ = await asyncio.gather(end(), *(say_until_refused() for _ in range(4)))
        assert ended is not None
        assert max(admitted) < ended
        for log in (pair.one, pair.other):
            with pytest.raises(KeyUnknownError):
                await register(one.statement(), log)

    played(pair, act)
