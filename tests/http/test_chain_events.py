"""A chain followed over a real port while it grows: nothing is left out, and nobody waits for who follows it."""

import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from counterfoil.chain.history import ChainEntry
from counterfoil.errors import LogCorruptError, StoreUnavailableError
from counterfoil.http import chain_events, chain_watch, protocol
from counterfoil.http import server as server_module
from counterfoil.http.problems import ProblemError
from counterfoil.http.server import running_server, wire_service
from counterfoil.log.local_log import Store
from counterfoil.log.records import ChainHead, Entry
from counterfoil.statement.links import ChainId, chain_id
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, sign_statement
from tests.http.live import OPERATOR_TYPE, PUBLIC_TYPE, QUIET, Live, new_world, problem_in, running, wait_until
from tests.http.test_failures import FailingStore
from tests.http.test_slow_clients import clients
from tests.http.test_withheld import Gate

CHAIN = "followed"
STRANGER = {"X-Forwarded-For": "192.0.2.1"}


LOOK_SECONDS = 0.02


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_watch, "WATCH_SECONDS", LOOK_SECONDS)


@pytest.fixture(scope="module")
def world(store: Store) -> World:
    return new_world(store)


@pytest.fixture
def everywhere(world: World) -> Iterator[Live]:
    """A server of its own over each store, for what depends on one; when it has ended, nothing reads for a stream."""
    with running(world) as live:
        register(live, 5)
        yield live


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with running(new_world(MemoryStore())) as live:
        register(live, 5)
        yield live


@pytest.fixture
def alone() -> Iterator[Live]:
    """A server of its own, with two entries in the chain."""
    with running(new_world(MemoryStore())) as live:
        register(live, 2)
        yield live


def register(live: Live, count: int = 1, subject: str = CHAIN, **statement: Any) -> None:
    for _ in range(count):
        body = sign_statement(live.world.agent, subject=subject, **statement)
        answer = live.post(body)
        assert answer.status_code in {201, 202}


def path_of(subject: str = CHAIN) -> str:
    return f"/chains/{chain_id(subject).hex()}"


class Stream:
    """What comes of a stream, read as its standard says."""

    def __init__(self, response: httpx.Response) -> None:
        self.headers = response.headers
        self.comments = 0
        self.retry: list[int] = []
        self._lines = response.iter_lines()

    def take(self, count: int) -> list[dict[str, Any]]:
        """So many entries, or fewer when the stream ends."""
        found: list[dict[str, Any]] = []
        while len(found) < count and (event := self._event()) is not None:
            found.append(event)
        return found

    def rest(self) -> list[dict[str, Any]]:
        return self.take(10**6)

    def await_comments(self, count: int) -> None:
        while self.comments < count:
            self._line()

    def _event(self) -> dict[str, Any] | None:
        fields: dict[str, str] = {}
        while (line := self._line()) is not None:
            name, _, value = line.partition(": ")
            if name == "retry":
                self.retry.append(int(value))
            elif name:
                assert name not in fields
                fields[name] = value
            elif not line and fields:
                assert (set(fields), fields["event"]) == ({"id", "event", "data"}, "entry")
                entry: dict[str, Any] = json.loads(fields["data"])
                assert entry["sequence"] == int(fields["id"])
                return entry
        assert not fields, "the stream ended within an event"
        return None

    def _line(self) -> str | None:
        line = next(self._lines, None)
        self.comments += line is not None and line.startswith(":")
        return line


@contextmanager
def following(live: Live, query: str = "", headers: dict[str, str] | None = None) -> Iterator[Stream]:
    with live.client.stream("GET", f"{path_of()}/events{query}", headers=headers) as response:
        assert response.status_code == 200, response.read()
        yield Stream(response)


def ask(live: Live, query: str = "", headers: dict[str, str] | None = None, path: str | None = None) -> httpx.Response:
    """What has no stream behind it, or no end to wait for."""
    with live.client.stream("GET", f"{path or path_of()}/events{query}", headers=headers) as response:
        if response.status_code != 200:
            response.read()
        return response


def numbers(entries: Sequence[dict[str, Any]]) -> list[int]:
    return [entry["sequence"] for entry in entries]


def test_entries_come_as_the_chain_shows_them_while_several_append(everywhere: Live) -> None:
    there = everywhere.client.get(path_of()).json()["length"]
    writers = [threading.Thread(target=register, args=(everywhere, 10, name)) for name in (CHAIN, CHAIN, "another")]
    with following(everywhere) as stream:
        found = stream.take(there)
        for writer in writers:
            writer.start()
        found += stream.take(20)
        for writer in writers:
            writer.join()
    assert found == everywhere.client.get(path_of()).json()["entries"]
    assert stream.retry == [1000]
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert stream.headers["Cache-Control"] == "no-store"
    assert stream.headers["X-Accel-Buffering"] == "no"
    assert "X-Request-Id" in stream.headers
    assert {"Content-Length", "Content-Encoding"}.isdisjoint(stream.headers)


def test_what_another_process_commits_is_seen(everywhere: Live) -> None:
    there = everywhere.client.get(path_of()).json()["length"]
    with running(replace(everywhere.world)) as other, following(everywhere, f"?after={there - 1}") as stream:
        register(other, 2)
        assert numbers(stream.take(2)) == [there, there + 1]


@pytest.mark.parametrize(
    ("query", "field", "first"),
    [("", None, 0), ("", "0", 1), ("?after=2", None, 3), ("?after=0", "3", 4), ("?after=3", "0", 1)],
)
def test_a_stream_begins_behind_what_was_seen(live: Live, query: str, field: str | None, first: int) -> None:
    with following(live, query, {} if field is None else {"Last-Event-ID": field}) as stream:
        assert stream.take(1)[0]["sequence"] == first


def test_pages_join_without_a_seam(everywhere: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_events, "STREAM_PAGE", 2)
    with following(everywhere) as stream:
        assert numbers(stream.take(5)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("value", ["x", "-1", "+1", "1.0", "1_0", "", "0x1", "1,2", str(2**63), "9" * 30, "100000"])
def test_a_place_that_is_none(live: Live, value: str) -> None:
    field = {"Last-Event-ID": value}
    for query, headers in (("", field), ("?after=0", field), (f"?after={value.replace('+', '%2B')}", {})):
        problem = problem_in(ask(live, query, headers))
        assert (problem.status, problem.code) == (400, "malformed-parameter"), query


def test_a_place_at_the_end_is_one_and_behind_it_is_none(alone: Live) -> None:
    assert ask(alone, headers={"Last-Event-ID": "1"}).status_code == 200
    assert problem_in(ask(alone, headers={"Last-Event-ID": "2"})).code == "malformed-parameter"


@pytest.mark.parametrize("text", ["0" * 63, "0" * 65, "A" * 64, "x"])
def test_what_is_no_chain_id(live: Live, text: str) -> None:
    assert problem_in(ask(live, path=f"/chains/{text}")).code == "malformed-parameter"


def test_who_may_not_read_the_chain_may_not_follow_it(live: Live) -> None:
    for path in (path_of(), path_of("nobody's")):
        problem = problem_in(ask(live, headers=STRANGER, path=path))
        assert (problem.status, problem.code) == (401, "credential-required")


def test_a_chain_that_is_not_there(live: Live) -> None:
    problem = problem_in(ask(live, path=path_of("nobody's")))
    assert (problem.status, problem.code) == (404, "chain-not-found")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_no_other_method_is_taken(live: Live, method: str) -> None:
    answer = live.client.request(method, f"{path_of()}/events")
    assert (problem_in(answer).status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_head_ends_at_once_and_says_what_get_says(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_watch, "MAX_STREAMS", 0)
    answer = live.client.head(f"{path_of()}/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert "Content-Length" not in answer.headers
    assert live.client.head(f"{path_of('nobody is')}/events").status_code == 404
    assert live.client.head(f"{path_of()}/events", headers={"Last-Event-ID": "x"}).status_code == 400


def test_a_stream_with_nothing_to_say_says_so(alone: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_events, "HEARTBEAT_SECONDS", 0.1)
    with following(alone) as stream:
        stream.await_comments(3)
        register(alone)
        assert numbers(stream.take(1)) == [2]
    assert stream.comments >= 3


def test_between_two_entries_there_is_no_heartbeat_before_its_time(alone: Live) -> None:
    with following(alone) as stream:
        stream.take(2)
        register(alone, 2)
        stream.take(2)
    assert stream.comments == 0


def test_a_stream_ends_when_its_time_has_come_and_the_next_goes_on(
    alone: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_events, "STREAM_SECONDS", 0.3)
    with following(alone) as stream:
        assert numbers(stream.rest()) == [0, 1]
    register(alone)
    with following(alone, headers={"Last-Event-ID": "1"}) as stream:
        assert numbers(stream.rest()) == [2]


def test_there_are_so_many_streams_and_who_leaves_makes_room(alone: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_watch, "MAX_STREAMS", 2)
    with following(alone) as first:
        first.take(1)
        with following(alone):
            refused = ask(alone)
            assert (refused.status_code, problem_in(refused).code) == (503, "too-many-streams")
            assert int(refused.headers["Retry-After"]) >= 1
        wait_until(lambda: ask(alone).status_code == 200)
        register(alone)
        assert numbers(first.take(2)) == [1, 2]
    assert 'problems_total{code="too-many-streams"}' in alone.client.get("/metrics").text


class Counting(MemoryStore):
    asked = 0

    def head(self) -> Any:
        self.asked += 1
        return super().head()


def after_a_while(store: Counting) -> int:
    time.sleep(10 * LOOK_SECONDS)
    return store.asked


def test_nobody_asks_the_store_while_nobody_follows() -> None:
    store = Counting()
    with running(new_world(store)) as live:
        register(live)
        with following(live) as stream:
            stream.take(1)
            before = store.asked
            wait_until(lambda: store.asked > before + 3)
        # The server has yet to hear of it, and a look may be under way.
        wait_until(lambda: store.asked == after_a_while(store))


def test_what_may_not_leave_yet_is_not_shown() -> None:
    gate, world = Gate(below=10**6), new_world(MemoryStore())
    service = replace(wire_service(world.store, dict(world.signers), QUIET, world.clock), released=gate)
    with running_server(service) as url, httpx.Client(base_url=url, timeout=60) as client:
        live = Live(world, service, client, url)
        register(live)
        gate.below = live.size()
        with following(live) as stream:
            first = stream.take(1)
            register(live, 3)
            gate.below = first[0]["number"] + 3
            assert [entry["number"] < gate.below for entry in stream.take(2)] == [True, True]
            assert client.get(path_of()).json()["length"] == 4
            time.sleep(5 * LOOK_SECONDS)
            gate.below = live.size()
            assert numbers(stream.take(1)) == [3]


def test_withheld_entries_wait_though_the_time_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_events, "STREAM_SECONDS", 0.4)
    gate, world = Gate(below=10**6), new_world(MemoryStore())
    service = replace(wire_service(world.store, dict(world.signers), QUIET, world.clock), released=gate)
    with running_server(service) as url, httpx.Client(base_url=url, timeout=60) as client:
        live = Live(world, service, client, url)
        register(live)
        gate.below = live.size()
        register(live, 2)
        with following(live) as stream:
            assert numbers(stream.rest()) == [0]


def test_a_chain_that_becomes_closed_is_not_shown_any_further(alone: Live) -> None:
    def speak(content_type: str) -> None:
        register(alone, subject="open", content_type=content_type)

    speak(PUBLIC_TYPE)
    path = f"{path_of('open')}/events"
    with alone.client.stream("GET", path, headers=STRANGER) as response:
        stream = Stream(response)
        stream.take(1)
        speak(PUBLIC_TYPE)
        assert numbers(stream.take(1)) == [1]
        speak(OPERATOR_TYPE)
        speak(PUBLIC_TYPE)
        assert stream.rest() == []
    assert problem_in(alone.client.get(path, headers=STRANGER)).code == "credential-required"


def test_who_does_not_read_is_not_read_for_and_nobody_waits_for_him(
    alone: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []

    def large_event(one: ChainEntry, _revoked: object, _size: int) -> bytes:
        sent.append(one.entry.sequence)
        return b"data: %s\n\n" % bytes(1_000_000).replace(b"\0", b"x")

    monkeypatch.setattr(chain_events, "_event", large_event)
    monkeypatch.setattr(chain_events, "STREAM_PAGE", 1)
    monkeypatch.setattr(chain_watch, "MAX_STREAMS", 1)
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 2)
    with clients(alone, 1, receive_bytes=4096) as (connection,):
        connection.sendall(f"GET {path_of()}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until(lambda: len(sent) == 2)
        assert ask(alone).status_code == 503
        register(alone, 30)
        # As much as the kernel holds for the two of them, and what waits for it.
        assert len(sent) < 20
        wait_until(lambda: ask(alone).status_code == 200)


def test_what_a_reader_lets_wait_is_forgotten_and_comes_all_the_same(
    alone: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def large_event(one: ChainEntry, _revoked: object, _size: int) -> bytes:
        made.append(one.entry.sequence)
        return b"id: %d\ndata: %s\n\n" % (one.entry.sequence, b"x" * 1_500_000)

    monkeypatch.setattr(chain_events, "_event", large_event)
    monkeypatch.setattr(chain_events, "STREAM_PATIENCE_SECONDS", 0.1)
    register(alone, 18)
    with clients(alone, 1, receive_bytes=4096) as (connection,):
        connection.sendall(f"GET {path_of()}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until(lambda: len(made) == 20)
        time.sleep(0.3)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)
        received = bytearray()
        while received.count(b"data: ") < 20:
            received += connection.recv(4_000_000)
    assert [int(place) for place in re.findall(rb"\nid: ([0-9]+)\n", received)] == list(range(20))
    assert len(made) > 20


@pytest.fixture
def watch(alone: Live) -> chain_watch.ChainWatch:
    return chain_watch.ChainWatch(alone.service)


def test_who_comes_while_the_service_stops_is_told(alone: Live, watch: chain_watch.ChainWatch) -> None:
    chain = alone.world.store.chain(chain_id(CHAIN))
    assert chain is not None
    watch.close()
    with pytest.raises(ProblemError) as raised, watch.listening(chain, 0, "somebody"):
        pass
    assert raised.value.problem.code == "stopping"


def test_streams_end_with_the_service_and_it_does_not_wait_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.3)
    # Were they waited for, this test would not end.
    monkeypatch.setattr(server_module, "SHUTDOWN_SECONDS", 10**6)
    monkeypatch.setattr(chain_events, "_event", lambda _entry, _revoked, _size: b"data: %s\n\n" % (b"x" * 6_000_000))
    streams = []
    with ExitStack() as stack:
        server = stack.enter_context(ExitStack())
        live = server.enter_context(running(new_world(MemoryStore())))
        register(live, 2)
        outlasting = replace(live, client=stack.enter_context(httpx.Client(base_url=live.url, timeout=60)))
        streams = [stack.enter_context(following(outlasting, "?after=1")) for _ in range(3)]
        (unread,) = stack.enter_context(clients(live, 1, receive_bytes=4096))
        unread.sendall(f"GET {path_of()}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert unread.recv(1)
        server.close()
        for stream in streams:
            assert stream.rest() == []
        with suppress(ConnectionError):
            while unread.recv(65536):
                pass


class Gapped(MemoryStore):
    """A store that lost an entry, or a chain, when it is told to."""

    lost: int | None = None
    chainless = False

    def chain_entries(self, chain_number: int, start: int, limit: int) -> Sequence[Entry]:
        run = super().chain_entries(chain_number, start, limit)
        return [entry for entry in run if entry.sequence != self.lost]

    def chains(self, chain_ids: Sequence[ChainId]) -> Mapping[ChainId, ChainHead]:
        return {} if self.chainless else super().chains(chain_ids)


@pytest.mark.parametrize(("lost", "chainless"), [(2, False), (3, False), (None, True)])
def test_a_chain_at_odds_with_itself_ends_its_streams_and_the_process(
    caplog: pytest.LogCaptureFixture, lost: int | None, *, chainless: bool
) -> None:
    store = Gapped()
    with running(new_world(store)) as live:
        register(live, 2)
        with following(live) as stream:
            stream.take(2)
            store.lost, store.chainless = lost, chainless
            # It may not take the second one any more, so both come at once.
            bodies = b"".join(sign_statement(live.world.agent, subject=CHAIN) for _ in range(2))
            live.post(bodies, "application/cbor-seq")
            assert stream.rest() == []
        with pytest.raises(LogCorruptError):
            live.service.failure.require_none()
    assert "log-corrupt" in caplog.text


def test_a_log_that_shrinks_is_at_odds_with_itself() -> None:
    store = FailingStore()
    with running(new_world(store)) as live:
        register(live, 2)
        with following(live) as stream:
            stream.take(2)
            before = store.head()
            register(live)
            stream.take(1)
            store.forged = before
            assert stream.rest() == []
        with pytest.raises(LogCorruptError, match="and now it has"):
            live.service.failure.require_none()


@pytest.mark.parametrize("error", [StoreUnavailableError("gone"), ValueError("what a statement says")])
def test_a_store_that_fails_ends_the_streams_and_they_are_taken_up_again(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    store = FailingStore()
    caplog.set_level(logging.ERROR)
    with running(new_world(store)) as live:
        register(live, 2)
        with following(live) as stream:
            stream.take(2)
            store.on_head = error
            assert stream.rest() == []
        store.on_head = None
        register(live)
        with following(live, headers={"Last-Event-ID": "1"}) as stream:
            assert numbers(stream.take(1)) == [2]
        live.service.failure.require_none()
    assert ("store-unavailable: gone" in caplog.text) == isinstance(error, StoreUnavailableError)
    assert "what a statement says" not in caplog.text


def test_who_says_no_more_has_left(alone: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_watch, "MAX_STREAMS", 1)
    with clients(alone, 1) as (connection,):
        connection.sendall(f"GET {path_of()}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        assert ask(alone).status_code == 503
        connection.shutdown(socket.SHUT_WR)
        wait_until(lambda: ask(alone).status_code == 200)


def test_one_address_does_not_take_all_streams(watch: chain_watch.ChainWatch, alone: Live) -> None:
    chain = alone.service.log.store.chain_numbered(0)
    assert chain is not None
    with ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(watch.listening(chain, 0, "one"))
        with pytest.raises(ProblemError) as raised, watch.listening(chain, 0, "one"):
            pass
        assert raised.value.problem.code == "too-many-streams"
        for _ in range(64):
            stack.enter_context(watch.listening(chain, 0, "another"))
    with watch.listening(chain, 0, "one"):
        assert watch._senders == {"one": 1}
