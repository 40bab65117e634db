"""The chain of policies read as one: every policy in its order, and nothing that does not belong there."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from counterfoil.errors import ChainInvalidError, CounterfoilError
from counterfoil.log.founding import sign_own_statement
from counterfoil.policy.anchors import Replaced
from counterfoil.policy.document import POLICY_CONTENT_TYPE
from counterfoil.policy.succession import Succession, read_succession
from counterfoil.register import register
from counterfoil.statement.claims import RootTraceId
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE, Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.builders import START, World, sign_statement
from tests.log.material import next_policy

Chain = list[tuple[bytes, bytes]]


async def grow(world: World) -> None:
    """Three policies, at entries 0, 3 and 4, with time between them."""
    log = world.open()
    await register(sign_statement(world.agent), log)
    for _ in range(2):
        world.clock.now += 60
        await register(next_policy(world), log)
    await register(sign_statement(world.agent), log)
    await log.close()


@pytest.fixture(scope="module")
def world() -> World:
    store = MemoryStore()
    world = World(store).found()
    asyncio.run(grow(world))
    return world


@pytest.fixture(scope="module")
def genesis(world: World) -> Genesis:
    return Genesis(world.identity, {purpose: signer.public_key for purpose, signer in world.signers.items()})


@pytest.fixture
def chain(world: World) -> Chain:
    assert isinstance(world.store, MemoryStore)
    head = world.store.chain(chain_id(world.identity.policy_subject))
    assert head is not None
    found: Chain = []
    for entry in world.store.chain_entries(head.number, 0, 100):
        content = world.store.content(entry.number)
        assert content is not None
        found.append((content.statement, entry.decision))
    return found


def test_every_policy_is_read_with_its_entry_and_its_time(world: World, genesis: Genesis, chain: Chain) -> None:
    policies = read_succession(chain, genesis).policies
    assert [(one.number, one.document.version, one.head_time) for one in policies] == [
        (0, 1, START),
        (3, 2, START + 60),
        (4, 3, START + 120),
    ]
    assert [one.entry_id for one in policies] == [
        parse_signed_statement(statement).hash for place, (statement, _) in enumerate(chain) if place != 1
    ]
    assert policies[-1].document == world.policy


@pytest.mark.parametrize(("number", "ruling"), [(0, 0), (1, 0), (2, 0), (3, 0), (4, 3), (5, 4), (10**9, 4)])
def test_an_entry_is_decided_by_the_last_policy_before_it(
    number: int, ruling: int, genesis: Genesis, chain: Chain
) -> None:
    assert read_succession(chain, genesis).policy_for(number).number == ruling


def test_before_all_policies_there_is_none(genesis: Genesis, chain: Chain) -> None:
    whole = read_succession(chain, genesis)
    with pytest.raises(ChainInvalidError):
        Succession(whole.policies[1:], whole.rules[1:], whole.times[1:]).policy_for(3)


def record(chain: Chain, place: int, **changes: Any) -> tuple[bytes, bytes]:
    """An entry with another decision record."""
    statement, decision = chain[place]
    return statement, replace(parse_decision_record(decision), **changes).encode()


Change = Callable[[Chain], Chain]


@pytest.mark.parametrize(
    "change",
    [
        lambda _: [],
        lambda chain: chain[:1],
        lambda chain: chain[1:],
        lambda chain: [chain[0], *chain[2:]],
        lambda chain: [*chain[:2], chain[3]],
        lambda chain: [*chain[:2], chain[3], chain[2]],
        lambda chain: [*chain, chain[-1]],
        lambda chain: [chain[0], chain[0], *chain[1:]],
        lambda chain: [chain[1], chain[0], *chain[2:]],
        lambda chain: [*chain[:2], record(chain, 2, number=1), chain[3]],
        lambda chain: [record(chain, 0, number=1), *chain[1:]],
        lambda chain: [*chain[:3], record(chain, 3, number=3)],
        lambda chain: [*chain[:3], record(chain, 3, policy_entry=0)],
        lambda chain: [*chain[:2], record(chain, 2, policy_entry=2), chain[3]],
        lambda chain: [*chain[:2], record(chain, 2, key_thumbprint=bytes(32)), chain[3]],
        lambda chain: [*chain[:2], (chain[3][0], chain[2][1]), chain[3]],
    ],
)
def test_a_chain_with_anything_left_out_exchanged_or_decided_otherwise_is_none(
    change: Change, genesis: Genesis, chain: Chain
) -> None:
    with pytest.raises(ChainInvalidError):
        read_succession(change(chain), genesis)


def test_of_the_last_ones_a_chain_itself_cannot_tell(genesis: Genesis, chain: Chain) -> None:
    assert len(read_succession(chain[:-1], genesis).policies) == 2


def own(
    world: World, purpose: KeyPurpose, content_type: str, payload: bytes, subject: RootTraceId | None = None
) -> bytes:
    about = world.identity.policy_subject if subject is None else subject
    return sign_own_statement(world.signers[purpose], world.identity, about, content_type, payload, START)


def test_another_statement_in_its_place_does_not_belong_there(world: World, genesis: Genesis, chain: Chain) -> None:
    assert world.policy is not None
    replaced = Replaced(0, parse_signed_statement(chain[0][0]).hash)
    following = replace(world.policy, version=2, replaces=replaced).encode()
    operator, service = KeyPurpose.OPERATOR, KeyPurpose.SERVICE
    strangers = [
        own(world, service, POLICY_CONTENT_TYPE, following),
        own(world, operator, POLICY_CONTENT_TYPE, following, world.identity.page_subject),
        own(world, operator, "text/plain", following),
        own(world, operator, GENESIS_CONTENT_TYPE, genesis.encode()),
        own(world, operator, POLICY_CONTENT_TYPE, replace(world.policy, version=3, replaces=replaced).encode()),
        own(world, operator, POLICY_CONTENT_TYPE, replace(world.policy, version=2).encode()),
        own(world, operator, POLICY_CONTENT_TYPE, b"{}"),
        sign_statement(world.agent, following, subject=world.identity.policy_subject, content_type=POLICY_CONTENT_TYPE),
        chain[2][0][:-1] + bytes([chain[2][0][-1] ^ 1]),
        b"",
    ]
    for stranger in strangers:
        with pytest.raises(CounterfoilError):
            read_succession([*chain[:2], (stranger, chain[2][1])], genesis)
    good = own(world, operator, POLICY_CONTENT_TYPE, following)
    assert len(read_succession([*chain[:2], (good, chain[2][1])], genesis).policies) == 2


def test_another_logs_genesis_makes_nothing_of_it(world: World, genesis: Genesis, chain: Chain) -> None:
    other = World(MemoryStore())
    keys = {purpose: signer.public_key for purpose, signer in other.signers.items()}
    same_operator = {**keys, KeyPurpose.OPERATOR: genesis.keys[KeyPurpose.OPERATOR]}
    strangers = [replace(genesis, keys=keys), replace(genesis, keys=same_operator)]
    for stranger in (*strangers, replace(genesis, identity=parse_origin("log.example/other"))):
        with pytest.raises(CounterfoilError):
            read_succession(chain, stranger)
    assert read_succession(chain, genesis).policies
