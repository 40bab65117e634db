"""Profiles that other distributions bring along, on a service that runs with them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from counterfoil.encoding.jcs import encode_json, parse_canonical_json
from counterfoil.errors import MalformedEventError
from counterfoil.log.fsck import check_log
from counterfoil.policy.document import ContentTypeRule, Visibility
from counterfoil.statement.profile import Profile, ProfiledEvent, register_profiles
from counterfoil.statement.signed_statement import SignedStatement, StatementHash
from counterfoil.statement.trace_event.event import EventType
from counterfoil.statement.trace_event.profile import TRACE_EVENTS
from counterfoil.storage.memory import MemoryStore
from tests.builders import START, World, issuer_of, policy_for, sign_statement
from tests.events import Cast, hash_of
from tests.http.live import Live, problem_in, running

NOTE = "application/vnd.example.note+json"


@dataclass(frozen=True)
class Notes:
    """Notes that name the entry they are about."""

    name: str = "note"
    content_types: frozenset[str] = field(default=frozenset({NOTE}))

    def read(self, statement: SignedStatement) -> ProfiledEvent:
        match parse_canonical_json(statement.message.payload or b"", max_bytes=1000):
            case {"about": str(about), "at": int(at)} if len(about) == 64:
                entry = StatementHash(bytes.fromhex(about))
                return ProfiledEvent("NOTE", None, None, None, at, None, (("about", entry),), at)
            case _:
                raise MalformedEventError("no note")


PROFILE: Profile = Notes()


def note(live: Live, about: bytes, subject: str = "notes") -> bytes:
    payload = encode_json({"about": about.hex(), "at": START * 1000 - 2500})
    return sign_statement(live.world.agent, payload, subject=subject, content_type=NOTE)


@pytest.fixture(scope="module")
def cast() -> Cast:
    return Cast()


@pytest.fixture(scope="module")
def live(cast: Cast) -> Iterator[Live]:
    world = World(MemoryStore())
    base = cast.policy(issuer_of(world.agent))
    rule = ContentTypeRule(NOTE, Visibility.PUBLIC, frozenset())
    world.policy = replace(base, content_types=(*base.content_types, rule))
    with running(world.found(), profiles=register_profiles([TRACE_EVENTS, PROFILE])) as served:
        yield served
    assert isinstance(world.store, MemoryStore)
    assert check_log(world.store) == ()


def test_what_the_profile_reads_stands_beside_the_entry(live: Live) -> None:
    live.register(note(live, b"a" * 32))
    (entry,) = live.client.get("/chains", params={"rootTraceId": "notes"}).json()["entries"]
    assert (entry["type"], entry["occurredAt"]) == ("NOTE", "2027-01-15T07:59:57.500Z")
    assert (entry["lagMilliseconds"], entry["event"]) == (2500, None)
    assert entry["references"] == [{"relation": "about", "entryId": (b"a" * 32).hex()}]
    assert entry["findings"] == []


def test_what_the_profile_does_not_take_is_refused_and_changes_nothing(live: Live) -> None:
    size = live.size()
    for statement in (note(live, b"short"), note(live, b"a" * 31), sign_note(live, b"{}")):
        problem = problem_in(live.post(statement))
        assert (problem.status, problem.code) == (400, "malformed-event")
    assert live.size() == size


def sign_note(live: Live, payload: bytes) -> bytes:
    return sign_statement(live.world.agent, payload, subject="notes", content_type=NOTE)


def test_in_an_engagement_it_is_of_another_profile(live: Live, cast: Cast) -> None:
    formed = cast.say(EventType.FORMATION)
    live.register(formed)
    live.register(note(live, hash_of(formed), cast.root))
    entries = live.client.get("/chains", params={"rootTraceId": cast.root}).json()["entries"]
    assert [[one["finding"] for one in entry["findings"]] for entry in entries] == [[], ["other-profile"]]
    assert entries[0]["annotations"] == []


def test_a_log_without_the_profile_reads_nothing_in_it() -> None:
    world = World(MemoryStore())
    base = policy_for(issuer_of(world.agent))
    world.policy = replace(
        base, content_types=(*base.content_types, ContentTypeRule(NOTE, Visibility.PUBLIC, frozenset()))
    )
    world.found()
    with running(world, profiles=register_profiles([TRACE_EVENTS])) as without:
        without.register(sign_note(without, b"anything"))
    with running(world, profiles=register_profiles([TRACE_EVENTS, PROFILE])) as later:
        (entry,) = later.client.get("/chains", params={"rootTraceId": "notes"}).json()["entries"]
    assert (entry["type"], entry["occurredAt"], entry["references"]) == (None, None, [])
