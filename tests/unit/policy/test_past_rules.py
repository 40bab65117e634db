"""The rules that an entry under an enrolment was decided by, from the policies and that enrolment alone."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from counterfoil.audit.enrolled_rules import EnrolledRules, EnrolmentEntry
from counterfoil.audit.entry import AuditedEntry, audited
from counterfoil.errors import ChainInvalidError, SignatureInvalidError
from counterfoil.log.rules_source import read_genesis
from counterfoil.policy.past_rules import Enrolling, PastRules, rules_under
from counterfoil.policy.succession import read_succession
from counterfoil.register import register
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.attested import Machine, appraisal_for
from tests.attested_log import AFTER, ENROLMENT, PLATFORM, UNDER, machines_of, play
from tests.builders import World
from tests.log.material import policy_statement

STRICTER = AFTER + 1
"""A policy that admits another measurement alone: no session stands under it."""


@pytest.fixture(scope="module")
def made() -> tuple[World, tuple[Machine, Machine]]:
    world = World(MemoryStore()).found()
    machines = machines_of(world)
    asyncio.run(play(world, machines))

    async def stricter() -> None:
        log = world.open()
        policy = (await log.rules()).policy
        other = appraisal_for(PLATFORM, measurements={"mrtd": frozenset({bytes(48)})})
        await register(policy_statement(world, replace(policy, version=4, appraisals=(other,), replaces=None)), log)
        await log.close()

    asyncio.run(stricter())
    return world, machines


@pytest.fixture(scope="module")
def past(made: tuple[World, tuple[Machine, Machine]]) -> PastRules:
    return read_succession(_policies(made[0]), read_genesis(made[0].store)).past


def _policies(world: World) -> Iterator[tuple[bytes, bytes]]:
    chain = world.store.chain(chain_id(world.identity.policy_subject))
    assert chain is not None
    for entry in world.store.chain_entries(chain.number, 0, 100):
        content = world.store.content(entry.number)
        assert content is not None
        yield content.statement, entry.decision


def enrolling_of(world: World, number: int = ENROLMENT) -> Enrolling:
    content = world.store.content(number)
    assert content is not None
    return Enrolling(number, parse_signed_statement(content.statement), 1_800_000_000)


def test_the_session_is_there_until_a_policy_ends_it(
    made: tuple[World, tuple[Machine, Machine]], past: PastRules
) -> None:
    world, (machine, _) = made
    one = enrolling_of(world)
    for number in (UNDER, AFTER, STRICTER):
        assert rules_under(past, number, one).sessions.by_key.keys() == {machine.kid}
        assert rules_under(past, number, None).sessions.by_key == {}
    after = rules_under(past, STRICTER + 1, one)
    assert (after.sessions.by_key, after.policy.version) == ({}, 4)


def test_what_is_no_enrolment_before_the_entry(made: tuple[World, tuple[Machine, Machine]], past: PastRules) -> None:
    one = enrolling_of(made[0])
    for number in (ENROLMENT, ENROLMENT - 1):
        with pytest.raises(ChainInvalidError):
            rules_under(past, number, one)
    with pytest.raises(ChainInvalidError):
        rules_under(past, AFTER, enrolling_of(made[0], UNDER))


def test_an_enrolment_that_its_key_did_not_sign(made: tuple[World, tuple[Machine, Machine]], past: PastRules) -> None:
    data = enrolling_of(made[0]).statement.encoded
    forged = parse_signed_statement(data[:-1] + bytes((data[-1] ^ 1,)))
    with pytest.raises(SignatureInvalidError):
        rules_under(past, UNDER, Enrolling(ENROLMENT, forged, 1_800_000_000))


def test_an_audit_ends_sessions_with_the_policy_and_takes_no_other_statement(
    made: tuple[World, tuple[Machine, Machine]], past: PastRules
) -> None:
    world, (machine, other) = made
    store = world.store
    assert isinstance(store, MemoryStore)
    entries: dict[int, AuditedEntry] = {kept.number: audited(kept) for kept in store.kept(0, STRICTER + 1)}

    def read(number: int) -> AuditedEntry | None:
        return entries.get(number)

    numbers = (ENROLMENT, ENROLMENT + 2)
    index = [EnrolmentEntry(one, entries[one].statement_hash, 1_800_000_000) for one in numbers]
    rules = EnrolledRules(past, index, read)
    assert rules.at(STRICTER).sessions.by_key.keys() == {machine.kid, other.kid}
    assert rules.at(STRICTER + 1).sessions.by_key == {}
    wrong = EnrolledRules(past, [replace(index[0], entry_id=StatementHash(bytes(32))), index[1]], read)
    assert wrong.at(STRICTER).sessions.by_key.keys() == {other.kid}
    assert wrong.refused.keys() == {ENROLMENT}
