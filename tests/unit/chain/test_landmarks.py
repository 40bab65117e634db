"""Landmarks read back: as of the head that was read, and by an append only those that came since the last time."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from counterfoil.chain.landmarks import pass_landmark, standing_at
from counterfoil.chain.standing import EMPTY_STANDING, State
from counterfoil.errors import LogCorruptError
from counterfoil.log.local_log import LocalLog
from counterfoil.log.records import ChainHead, ChainNumber, EntryNumber, Landmark
from counterfoil.log.standings import Standings
from counterfoil.statement.links import chain_id
from counterfoil.storage.memory import MemoryAppend, MemoryStore
from tests.builders import World, issuer_of, sign_statement
from tests.events import Cast, engagement
from tests.log.material import register_all, submit


class Asked(MemoryAppend):
    """An append that notes which landmarks it is asked for."""

    def __init__(self, store: MemoryStore, asked: list[Mapping[ChainNumber, int]]) -> None:
        super().__init__(store)
        self._asked = asked

    def landmarks(self, since: Mapping[ChainNumber, int]) -> Sequence[Landmark]:
        self._asked.append(since)
        return super().landmarks(since)


def founded(cast: Cast) -> tuple[World, MemoryStore]:
    store = MemoryStore()
    world = World(store)
    world.policy = cast.policy(issuer_of(world.agent))
    return world.found(), store


def head_of(store: MemoryStore, cast: Cast) -> ChainHead:
    head = store.chain(chain_id(cast.root))
    assert head is not None
    return head


def register(statements: Sequence[bytes], log: LocalLog) -> None:
    for data in statements:
        asyncio.run(register_all([data], log))


def test_an_older_head_shows_the_engagement_as_it_stood_then() -> None:
    cast = Cast()
    world, store = founded(cast)
    story, log = engagement(cast), world.open()
    register(story[:5], log)
    suspended = head_of(store, cast)
    register(story[5:], log)
    assert standing_at(store, suspended).state is State.SUSPENDED
    assert standing_at(store, head_of(store, cast)).state is State.SETTLED


def test_an_append_reads_only_the_landmarks_that_came_since() -> None:
    cast = Cast()
    world, store = founded(cast)
    story, log, asked = engagement(cast), world.open(), list[Mapping[ChainNumber, int]]()
    standings = Standings()
    register(story[:5], log)
    for more in (story[5:6], [], story[6:8]):
        waiting = [submit(story[8], log), submit(sign_statement(world.agent), log)]
        head = head_of(store, cast)
        view = standings.view(Asked(store, asked), waiting, [head])
        assert view.standings == {chain_id(cast.root): standing_at(store, head)}
        register(more, log)
    number = head_of(store, cast).number
    assert asked == [{number: 0}, {number: 5}], "nothing new, nothing asked"


@pytest.mark.parametrize("statement", [None, b"", b"\xd2\x84"])
def test_a_landmark_that_is_no_event_stops_the_log(statement: bytes | None) -> None:
    with pytest.raises(LogCorruptError):
        pass_landmark(EMPTY_STANDING, Landmark(ChainNumber(0), 0, EntryNumber(7), statement))


def test_a_landmark_of_another_kind_stops_the_log() -> None:
    statement = sign_statement(World(MemoryStore()).agent)
    with pytest.raises(LogCorruptError, match="no event"):
        pass_landmark(EMPTY_STANDING, Landmark(ChainNumber(0), 0, EntryNumber(7), statement))
