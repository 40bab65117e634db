"""Two processes on one file: the loser of a race is told, and what one commits is in force for the other."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from counterfoil.errors import (
    IssuerUnknownError,
    PageSupersededError,
    PolicyVersionError,
    SignatureInvalidError,
)
from counterfoil.register import register
from counterfoil.signing.generate import generate_private_key
from counterfoil.storage.sqlite import SqliteStore
from tests.builders import World, issuer_of, policy_for, sign_statement
from tests.log.material import (
    page_statement,
    policy_statement,
    register_all,
    require_clean,
    statements_of,
)

SqliteWorld = tuple[World, Callable[[], SqliteStore]]


def test_of_two_processes_that_race_a_page_the_loser_is_told(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, other = world.open(), replace(world, store=reopen()).open()
        await register_all(statements_of(world, 3), one)
        first = page_statement(world, one)
        world.clock.now += 1
        second = page_statement(world, other)
        assert first != second
        winner = await register(first, one)
        with pytest.raises(PageSupersededError):
            await register(second, other)
        assert await register(first, other) == replace(winner, new=False)
        assert (await register(page_statement(world, other), other)).number == winner.number + 1
        require_clean(world)

    asyncio.run(run())


def test_of_two_processes_that_race_a_policy_the_loser_is_told(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, other = world.open(), replace(world, store=reopen()).open()
        mine = policy_statement(world, policy_for(issuer_of(world.agent), version=2))
        theirs = policy_statement(world, policy_for(version=2))
        await register(mine, one)
        with pytest.raises(PolicyVersionError):
            await register(theirs, other)
        assert (await other.rules()).policy.version == 2
        require_clean(world)

    asyncio.run(run())


def test_both_processes_append_to_one_log(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        logs = [world.open(max_batch=3), replace(world, store=reopen()).open(max_batch=3)]
        statements = statements_of(world, 40)
        work = [register(data, logs[place % 2]) for place, data in enumerate(statements)]
        work += [register(data, logs[place % 2]) for place, data in enumerate(statements, start=1)]
        found = await asyncio.gather(*work)
        assert sorted(one.number for one in found if one.new) == list(range(2, 42))
        assert [one.receipt for one in found[:40]] == [one.receipt for one in found[40:]]
        require_clean(world)

    asyncio.run(run())


def test_a_policy_committed_by_one_is_in_force_for_the_other_at_once(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, other = world.open(), replace(world, store=reopen()).open()
        newcomer = generate_private_key("ES256")
        policy = policy_for(issuer_of(newcomer, "https://new.example"), version=2)
        old = await register(sign_statement(world.agent), one)
        await register(policy_statement(world, policy), one)
        with pytest.raises(IssuerUnknownError):
            await register(sign_statement(world.agent), other)
        assert (await register(sign_statement(newcomer, issuer="https://new.example"), other)).number == 4
        assert old.number == 2
        require_clean(world)

    asyncio.run(run())


def test_a_key_replaced_under_its_old_name_is_in_force_for_the_other_at_once(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, replaced = world.open(), generate_private_key("ES256")
        await register(policy_statement(world, policy_for(issuer_of(world.agent, kid=b"k"), version=2)), one)
        before = sign_statement(world.agent, kid=b"k")
        registered = await register(before, one)
        other = replace(world, store=reopen()).open()
        await register(policy_statement(world, policy_for(issuer_of(replaced, kid=b"k"), version=3)), one)
        assert (await register(sign_statement(replaced, kid=b"k"), other)).new
        for log in (one, other):
            assert await register(before, log) == replace(registered, new=False)
            with pytest.raises(SignatureInvalidError):
                await register(sign_statement(world.agent, kid=b"k"), log)
        require_clean(world)

    asyncio.run(run())


def test_a_larger_limit_is_in_force_for_the_other_at_once(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, other = world.open(), replace(world, store=reopen()).open()
        policy = replace(policy_for(issuer_of(world.agent), version=2), max_statement_bytes=3 * 2**20)
        await register(policy_statement(world, policy), one)
        assert (await register(sign_statement(world.agent, bytes(2 * 2**20)), other)).new

    asyncio.run(run())
