"""Pages of a chain: what is said of an entry does not depend on which page it is on."""

import asyncio
from collections.abc import Sequence

import pytest

from counterfoil.chain.findings import Finding
from counterfoil.chain.history import MAX_PAGE, ChainPage, read_page
from counterfoil.errors import MalformedParameterError
from counterfoil.register import register
from counterfoil.statement.links import chain_id
from counterfoil.statement.trace_event.event import EventType
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, issuer_of, sign_statement
from tests.events import Cast
from tests.log.material import register_all


def logged(cast: Cast, statements: Sequence[bytes], world: World) -> World:
    world.policy = cast.policy(issuer_of(world.agent))
    log = world.found().open()

    async def one_by_one() -> None:
        for statement in statements:
            await register(statement, log)

    asyncio.run(one_by_one())
    return world


def page(world: World, cast: Cast, start: int, limit: int) -> ChainPage:
    head = world.store.chain(chain_id(cast.root))
    assert head is not None
    return read_page(world.store, lambda _policy: 300, head, start, limit)


def test_what_came_before_the_formation_is_an_intruder_on_a_page_of_its_own_too() -> None:
    cast, world = Cast(), World(MemoryStore())
    early = sign_statement(world.agent, subject=cast.root)
    logged(cast, [early, cast.say(EventType.FORMATION)], world)
    for limit in (1, 2):
        first = page(world, cast, 0, limit).entries[0]
        assert [remark.finding for remark in first.remarks] == [Finding.OTHER_PROFILE]


def test_a_page_ends_early_where_statements_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.chain.history.MAX_PAGE_BYTES", 1000)
    cast, world = Cast(), World(MemoryStore())
    large = [sign_statement(world.agent, b'"%s"' % (b"x" * 700), subject=cast.root, claims={6: at}) for at in range(5)]
    logged(cast, large, world)
    shown, start = [], 0
    while True:
        one = page(world, cast, start, 100)
        shown.append(len(one.entries))
        if one.next_sequence is None:
            break
        start = one.next_sequence
    assert shown == [2, 2, 1]


def test_a_page_has_no_more_than_others_can_wait_for() -> None:
    cast, world = Cast(), World(MemoryStore())
    logged(cast, [], world)
    log = world.open()
    statements = [sign_statement(world.agent, subject=cast.root) for _ in range(260)]
    asyncio.run(register_all(statements, log))
    first = page(world, cast, 0, MAX_PAGE)
    assert (len(first.entries), first.next_sequence) == (250, 250)
    assert page(world, cast, 250, MAX_PAGE).next_sequence is None


@pytest.mark.parametrize(("start", "limit"), [(-1, 1), (0, 0), (0, MAX_PAGE + 1)])
def test_pages_that_are_none(start: int, limit: int) -> None:
    cast, world = Cast(), World(MemoryStore())
    logged(cast, [cast.say(EventType.FORMATION)], world)
    with pytest.raises(MalformedParameterError):
        page(world, cast, start, limit)
