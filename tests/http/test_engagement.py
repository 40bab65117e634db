"""What an agent's program has written reaches the log once, in order, whatever dies in between."""

import os
import random
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from counterfoil.client import (
    Client,
    Engagement,
    Registered,
    SenderEndedError,
    ServiceRefusedError,
    ServiceUnreachableError,
    SpoolBusyError,
    UndeliveredError,
)
from counterfoil.encoding.jcs import JsonValue, encode_json, parse_json
from counterfoil.errors import ActorRoleError, CounterfoilError, MalformedError
from counterfoil.policy.document import ContentTypeRule, PolicyDocument, Visibility
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.build import sign_trace_event
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, Actor, EventType, Role
from counterfoil.storage.memory import MemoryStore
from counterfoil.verify import log_keys_of, verify_receipt
from tests.builders import ISSUER, START, World, issuer_of
from tests.events import data_of, event_id, members_of
from tests.http.live import Live, running

ACTOR = Actor("agent-1", Role.AGENT)
CALL = {"kind": "tool", "name": "search"}
PLATFORM = "https://platform.example"
PLATFORM_SIGNER = generate_private_key("ES256")
ROOT = "a root trace id that the test chose"
KILLS = 100


def trace_world() -> World:
    world = World(MemoryStore())
    rule = ContentTypeRule(TRACE_EVENT_CONTENT_TYPE, Visibility.PARTIES, frozenset())
    issuers = issuer_of(world.agent, roles=("agent",)), issuer_of(PLATFORM_SIGNER, PLATFORM, roles=("platform",))
    world.policy = PolicyDocument(1, issuers, frozenset({"ES256"}), (rule,))
    return world.found()


def formation() -> bytes:
    """The FORMATION of the tests' engagement, always the same bytes."""
    parties = [{"issuer": ISSUER, "role": "agent"}]
    members = members_of(
        EventType.FORMATION, root=ROOT, data=data_of(EventType.FORMATION, parties), eventId=event_id(0)
    )
    return sign_trace_event(PLATFORM_SIGNER, encode_json(members), issuer=PLATFORM, root_trace_id=ROOT, issued_at=START)


@contextmanager
def serving(world: World) -> Iterator[Live]:
    """The world's log, where the engagement is formed."""
    with running(world) as live:
        assert live.post(formation()).status_code == 201
        yield live


@pytest.fixture
def world() -> World:
    return trace_world()


@pytest.fixture
def live(world: World) -> Iterator[Live]:
    with serving(world) as live:
        yield live


@pytest.fixture(scope="module")
def nowhere() -> Iterator[str]:
    """Where nobody listens, and nobody else can begin to for as long as it is kept."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def engaged(url: str | Client, world: World, spool: Path, *, issuer: str = ISSUER) -> Engagement:
    return Engagement.start(url, spool=spool, signer=world.agent, issuer=issuer, actor=ACTOR, root_trace_id=ROOT)


@dataclass(frozen=True)
class Row:
    sequence: int
    statement: bytes
    receipt: bytes | None


def rows(spool: Path) -> list[Row]:
    sql = sqlite3.connect(spool)
    try:
        found = sql.execute("SELECT sequence, statement, receipt FROM spool ORDER BY place").fetchall()
    finally:
        sql.close()
    return [Row(*row) for row in found]


def require_registered_in_order(spool: Path, world: World) -> list[Row]:
    """Everything in the spool is receipted, dense, each naming the one before, and stands in the log in that order."""
    found = rows(spool)
    keys = log_keys_of(world.signers[KeyPurpose.RECEIPT].public_key)
    places: list[int] = []
    previous: str | None = None
    for number, row in enumerate(found):
        assert row.receipt is not None
        places.append(verify_receipt(row.statement, row.receipt, keys).inclusions[0].leaf_index)
        statement = parse_signed_statement(row.statement)
        assert statement.message.payload is not None
        event = parse_json(statement.message.payload, max_bytes=10_000)
        assert isinstance(event, dict)
        assert event["sequence"] == row.sequence == number
        assert event.get("previous") == previous
        previous = statement.hash.hex()
    assert places == sorted(set(places))
    return found


def _until_killed(world: World, url: str, spool: Path, said: int) -> None:
    engagement = engaged(url, world, spool)
    while True:
        os.write(said, engagement.action(CALL).entry_id)


def written_by_a_killed_process(world: World, url: str, spool: Path, seconds: float) -> list[bytes]:
    """What a process was told is safe before it was killed."""
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(heard)
            _until_killed(world, url, spool, said)
        finally:
            os._exit(1)
    os.close(said)
    first = os.read(heard, 32)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    with os.fdopen(heard, "rb") as pipe:
        told = first + pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    return [told[at : at + 32] for at in range(0, len(told), 32)]


def test_nothing_that_was_returned_for_is_lost_in_a_hundred_kills(world: World, tmp_path: Path, nowhere: str) -> None:
    chance, told, down = random.Random(7), list[bytes](), nowhere  # noqa: S311 - when to kill is no secret
    for _ in range(KILLS):
        told += written_by_a_killed_process(world, down, tmp_path / "s", chance.uniform(0, 0.01))
    assert len(told) >= KILLS
    with serving(world) as live:
        before = live.size()
        with engaged(live.url, world, tmp_path / "s") as engagement:
            engagement.flush(120)
        after = live.size()
    assert after - before == len(rows(tmp_path / "s"))
    registered = require_registered_in_order(tmp_path / "s", world)
    hashes = [parse_signed_statement(row.statement).hash for row in registered]
    assert set(told) <= set(hashes)
    assert len(set(hashes)) == len(hashes)


def test_what_was_written_without_a_log_waits_for_the_next_start(world: World, tmp_path: Path, nowhere: str) -> None:
    engagement = engaged(nowhere, world, tmp_path / "s")
    events = [engagement.action({**CALL, "callId": str(n)}) for n in range(5)]
    assert [event.sequence for event in events] == [0, 1, 2, 3, 4]
    with pytest.raises(UndeliveredError):
        engagement.flush(0.1)
    assert engagement.problem is None
    assert engagement.close() == 5
    with serving(world) as live, engaged(live.url, world, tmp_path / "s") as again:
        assert again.action(CALL).sequence == 5
        again.flush(120)
        assert again.receipt(events[0].entry_id) is not None
        assert again.waiting == 0
    require_registered_in_order(tmp_path / "s", world)


def test_a_crash_between_the_logs_commit_and_the_mark_gets_the_same_receipt(
    world: World, live: Live, tmp_path: Path, nowhere: str
) -> None:
    engagement = engaged(nowhere, world, tmp_path / "s")
    event = engagement.action(CALL)
    engagement.close()
    with Client(live.url) as client:
        registered = client.submit(rows(tmp_path / "s")[0].statement)
    with engaged(live.url, world, tmp_path / "s") as again:
        again.flush(120)
        assert again.receipt(event.entry_id) == registered.receipt


def test_a_refusal_stops_the_chain_and_keeps_everything(world: World, live: Live, tmp_path: Path) -> None:
    problems: list[CounterfoilError] = []
    engagement = Engagement.start(
        live.url,
        spool=tmp_path / "s",
        signer=generate_private_key("ES256"),
        issuer=ISSUER,
        actor=ACTOR,
        on_problem=problems.append,
    )
    size = live.size()
    for _ in range(3):
        engagement.action(CALL)
    with pytest.raises(ServiceRefusedError):
        engagement.flush(120)
    engagement.action(CALL)
    time.sleep(0.5)  # In which one that is asked again would be asked again.
    assert [type(problem) for problem in problems] == [ServiceRefusedError]
    assert engagement.problem is problems[0]
    assert engagement.close() == 4
    assert live.size() == size
    with engaged(live.url, world, tmp_path / "s") as other:
        assert other.action(CALL).sequence == 0
        with pytest.raises(ServiceRefusedError):
            other.flush(120)


class Flaky(Client):
    """Loses every third request before it is sent, and every other answer after it came."""

    calls = 0

    def submit(self, statement: bytes) -> Registered:
        self.calls += 1
        if self.calls % 3 == 0:
            raise ServiceUnreachableError("lost on the way")
        registered = super().submit(statement)
        if self.calls % 2 == 0:
            raise ServiceUnreachableError("the answer was lost")
        return registered


def test_lost_requests_and_lost_answers_change_neither_order_nor_bytes(
    world: World, live: Live, tmp_path: Path
) -> None:
    size = live.size()
    with Flaky(live.url) as client:
        with engaged(client, world, tmp_path / "s") as engagement:
            for _ in range(6):
                engagement.action(CALL)
            engagement.flush(120)
        assert client.calls > 6
    assert len(require_registered_in_order(tmp_path / "s", world)) == 6
    assert live.size() == size + 6


def test_events_wait_for_the_formation_of_their_engagement(world: World, tmp_path: Path) -> None:
    with running(world) as live, engaged(live.url, world, tmp_path / "s") as engagement:
        for _ in range(3):
            engagement.action(CALL)
        with pytest.raises(UndeliveredError):
            engagement.flush(0.5)
        assert (engagement.waiting, engagement.problem) == (3, None)
        live.register(formation())
        engagement.flush(120)
    require_registered_in_order(tmp_path / "s", world)


class Broken(Client):
    """Fails in a way that nobody foresaw."""

    def submit(self, statement: bytes) -> Registered:
        raise ZeroDivisionError(len(statement))


def test_who_waits_is_told_when_nothing_is_sent_any_more(world: World, live: Live, tmp_path: Path) -> None:
    with Broken(live.url) as client:
        engagement = engaged(client, world, tmp_path / "s")
        engagement.action(CALL)
        with pytest.raises(SenderEndedError, match="ZeroDivisionError"):
            engagement.flush(120)
        assert engagement.close() == 1
    with engaged(live.url, world, tmp_path / "s") as again:
        again.flush(120)
    assert len(require_registered_in_order(tmp_path / "s", world)) == 1


def test_one_writer_at_a_time(world: World, tmp_path: Path, nowhere: str) -> None:
    with engaged(nowhere, world, tmp_path / "s") as engagement:
        with pytest.raises(SpoolBusyError):
            engaged(nowhere, world, tmp_path / "s")
        assert engagement.action(CALL).sequence == 0


def test_what_has_no_canonical_form_is_refused_and_takes_no_number(world: World, tmp_path: Path, nowhere: str) -> None:
    with engaged(nowhere, world, tmp_path / "s") as engagement:
        bad: list[dict[str, JsonValue]] = [{**CALL, "durationMs": float("nan")}, {**CALL, "more": 1}, {}]
        for data in bad:
            with pytest.raises(MalformedError):
                engagement.action(data)
        with pytest.raises(ActorRoleError):
            engagement.formation(data_of(EventType.FORMATION))
        assert engagement.action(CALL).sequence == 0


def test_the_example_in_the_documentation_runs(
    world: World, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "agents.md").read_text()
    example = page.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    names = {"url": live.url, "signer": world.agent, "root_trace_id": ROOT}
    exec(example, names)  # noqa: S102 - the page is ours
    assert names["receipt"] is not None
    assert len(require_registered_in_order(tmp_path / "agent.spool", world)) == 2


def test_members_besides_the_data_are_signed_with_it(live: Live, world: World, tmp_path: Path) -> None:
    with engaged(live.url, world, tmp_path / "spool") as engagement:
        told = engagement.action(CALL, input={"query": "bearings"}, score=0.05, euAiActRiskLevel="limited")
        with pytest.raises(MalformedError):
            engagement.action(CALL, score=2)
        with pytest.raises(MalformedError):
            engagement.action(CALL, sequence=9)
        engagement.flush(timeout=120)
    (entry,) = [
        one
        for one in live.client.get("/chains", params={"rootTraceId": ROOT}).json()["entries"]
        if one["entryId"] == told.entry_id.hex()
    ]
    event = entry["event"]
    assert (event["input"], event["score"], event["euAiActRiskLevel"]) == ({"query": "bearings"}, 0.05, "limited")
