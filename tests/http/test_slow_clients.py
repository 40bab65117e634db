"""Clients that hold on to what the server has: connections, descriptors, memory. Others are served all the while."""

import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from counterfoil.http import connections, limits, protocol, responses
from counterfoil.log.local_log import Store
from tests.builders import World, sign_statement
from tests.http.live import Live, RawAnswer, new_world, read_answer, running, send_what_is_taken, wait_until
from tests.postgres.cluster import running_ports

POST = b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cose\r\n"
MANY = 100
on_two = pytest.mark.parametrize("store", ["memory", "postgres"], indirect=True, scope="module")
"""Connections are held above the store: one that answers at once and one that is waited for."""


@pytest.fixture(scope="module")
def world(store: Store) -> World:
    return new_world(store)


@pytest.fixture
def live(world: World) -> Iterator[Live]:
    """A server of its own for each test; when the clients are gone, no descriptor of theirs is left."""
    with running(world, body_seconds=1) as live:
        before = open_sockets()
        yield live
        wait_until(lambda: open_sockets() <= before)


def open_sockets(process: int | str = "self") -> int:
    """The server's sockets and its clients'; the store opens files, and connections to a database, as it needs them."""
    databases = _connected_elsewhere()
    found = 0
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # It was closed since it was listed.
            name = str(descriptor.readlink())
            found += name.startswith("socket:") and name[len("socket:[") : -1] not in databases
    return found


def _connected_elsewhere() -> set[str]:
    """The sockets, by inode, that are connected to the port of a PostgreSQL cluster of this process."""
    ports = {f"{port:04X}" for port in running_ports()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[2].rpartition(":")[2] in ports}


@contextmanager
def clients(live: Live, number: int, *, receive_bytes: int | None = None) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            connection = stack.enter_context(socket.socket())
            connection.settimeout(60)
            if receive_bytes is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            connection.connect(live.address)
            opened.append(connection)
        yield opened


@contextmanager
def dripping(sockets: list[socket.socket], drip: bytes) -> Iterator[None]:
    """Each of the connections sends one byte more, again and again, until the block ends."""
    stop = threading.Event()

    def drop() -> None:
        place = 0
        while not stop.wait(0.05):
            for connection in sockets:
                send_what_is_taken(connection, drip[place % len(drip) :][:1])
            place += 1

    thread = threading.Thread(target=drop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def register_some(live: Live) -> None:
    for _ in range(5):
        live.register(sign_statement(live.world.agent))


def register_afresh(live: Live) -> None:
    """Each on a connection of its own: one that is kept open may be closed just before it is used again."""
    for _ in range(5):
        statement = sign_statement(live.world.agent)
        answer = httpx.post(f"{live.url}/entries", content=statement, headers={"Content-Type": "application/cose"})
        assert answer.status_code == 201


def answer_to(connection: socket.socket) -> RawAnswer:
    answer = read_answer(connection)
    assert answer is not None
    return answer


@on_two
def test_headers_that_come_a_byte_at_a_time_end_in_time(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 1)
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 20)  # However long this takes, no answer is destroyed on its way.
    with clients(live, MANY) as sockets:
        for connection in sockets:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX: ")
        with dripping(sockets, b"slow"):
            register_some(live)
            for connection in sockets:
                answer = answer_to(connection)
                assert (answer.status, answer.problem().code) == (408, "head-timeout")
        register_some(live)


@on_two
@pytest.mark.parametrize("coding", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"])
def test_bodies_that_come_a_byte_at_a_time_end_in_time(
    live: Live, coding: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "LINGER_SECONDS", 20)
    size = live.size()
    with clients(live, MANY) as sockets:
        for connection in sockets:
            connection.sendall(POST + coding)
        with dripping(sockets, b"\xd2\x84"):
            register_some(live)
            for connection in sockets:
                answer = answer_to(connection)
                assert (answer.status, answer.problem().code) == (408, "body-timeout")
        assert live.size() == size + 5
        assert live.service.bodies.held == 0


@on_two
def test_half_closed_connections_are_answered_and_closed(live: Live) -> None:
    statements = [sign_statement(live.world.agent) for _ in range(MANY)]
    with clients(live, 3 * MANY) as sockets:
        silent, cut, whole = sockets[:MANY], sockets[MANY : 2 * MANY], sockets[2 * MANY :]
        for connection in cut:
            connection.sendall(POST)
        for connection, statement in zip(whole, statements, strict=True):
            connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(statement) + statement)
        for connection in sockets:
            connection.shutdown(socket.SHUT_WR)
        register_some(live)
        assert {answer_to(connection).status for connection in whole} == {201}
        assert {answer_to(connection).problem().code for connection in cut} == {"malformed-http"}
        assert [connection.recv(1) for connection in silent] == [b""] * MANY


@on_two
def test_answers_that_nobody_reads_are_dropped(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    large = live.register(sign_statement(live.world.agent, bytes(900_000)))
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 0.5)
    ask = b"GET %s/statement HTTP/1.1\r\nHost: localhost\r\n\r\n" % large.encode()
    before = open_sockets()
    with clients(live, 5, receive_bytes=4096) as sockets:
        wait_until(lambda: open_sockets() >= before + 2 * len(sockets))
        for connection in sockets:
            # More than the kernel holds for them, also where it is generous.
            send_what_is_taken(connection, ask * 40)
        register_some(live)
        # Both ends are counted; the server gives up its own while the clients hold theirs.
        wait_until(lambda: open_sockets() <= before + len(sockets))


@on_two
def test_an_answer_that_nobody_reads_does_not_keep_a_closing_connection(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = live.register(sign_statement(live.world.agent, bytes(900_000)))
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 0.5)
    ask = b"GET %s/statement HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    before = open_sockets()
    with clients(live, 5, receive_bytes=4096) as sockets:
        wait_until(lambda: open_sockets() >= before + 2 * len(sockets))
        for connection in sockets:
            last = ask % (large.encode(), b"Connection: close\r\n")
            send_what_is_taken(connection, ask % (large.encode(), b"") * 40 + last)
            connection.shutdown(socket.SHUT_WR)
        register_some(live)
        wait_until(lambda: open_sockets() <= before + len(sockets))


@on_two
@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET /livez HT", POST + b"Content-Length: 9\r\n\r\nx"])
def test_of_too_many_the_one_that_waited_longest_makes_room(
    world: World, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    with running(world) as live, clients(live, 19) as first:
        for connection in first:
            connection.sendall(sent)
        with clients(live, 19) as second:
            register_afresh(live)
            for connection in first:
                answer = answer_to(connection)
                assert (answer.status, answer.problem().code) == (503, "too-many-connections")
                assert int(answer.headers["retry-after"]) >= 1
            second[-1].sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answer_to(second[-1]).status == 200


@on_two
def test_a_connection_between_two_requests_makes_room_without_a_word(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    with running(world) as live, clients(live, 1) as (first,):
        first.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_to(first).status == 200
        with clients(live, 20):
            assert first.recv(1) == b""
            register_afresh(live)


@on_two
def test_silence_beyond_what_is_heard_out_is_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    monkeypatch.setattr(protocol, "MAX_HEARD_OUT", 5)
    with running(world) as live:
        before = open_sockets()
        with clients(live, 1000) as sockets:
            register_afresh(live)
            wait_until(lambda: open_sockets() - before - len(sockets) <= 20 + 5)
            register_afresh(live)


def test_descriptors_bound_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    def limited(soft: int) -> int:
        monkeypatch.setattr(resource, "getrlimit", lambda _which: (soft, soft))
        return connections.admitted_connections()

    assert limited(1024) == 1024 - limits.RESERVED_DESCRIPTORS
    assert limited(1_000_000) == limited(resource.RLIM_INFINITY) == limits.MAX_CONNECTIONS
    assert limited(64) == 16
