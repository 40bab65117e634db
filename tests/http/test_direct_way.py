"""Registrations whose answers are no messages of ASGI: the same bytes out, in any order, and for any pieces in."""

import logging
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from counterfoil.http import connections
from counterfoil.http import server as served_by
from counterfoil.storage.memory import MemoryAppend, MemoryStore
from tests.builders import World, sign_statement
from tests.http.live import COSE, QUIET, Live, RawAnswer, new_world, read_answer, running, wait_until

RESET = struct.pack("ii", 1, 0)
"""For SO_LINGER: close with a reset, whatever was not sent or read."""


class HeldStore(MemoryStore):
    """A store whose appends wait while a test holds them."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.go_on.set()
        self.waiting = threading.Event()

    @contextmanager
    def append(self) -> Iterator[MemoryAppend]:
        self.waiting.set()
        assert self.go_on.wait(120)
        with super().append() as transaction:
            yield transaction

    def hold(self) -> None:
        self.waiting.clear()
        self.go_on.clear()


@pytest.fixture(scope="module")
def store() -> HeldStore:
    return HeldStore()


@pytest.fixture(scope="module")
def world(store: HeldStore) -> World:
    return new_world(store)


@pytest.fixture(scope="module")
def live(world: World) -> Iterator[Live]:
    with running(world) as live:
        yield live


@pytest.fixture(scope="module")
def plain(world: World, live: Live) -> Iterator[Live]:
    """The same application of the same log behind uvicorn's own protocol: nothing but ASGI."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(served_by, "BoundedProtocol", HttpToolsProtocol)
            plain = stack.enter_context(running(world))
        yield plain


@pytest.fixture
def held(store: HeldStore) -> Iterator[HeldStore]:
    store.hold()
    yield store
    store.go_on.set()


def posting(body: bytes, *fields: str, target: str = "/entries", version: str = "1.1", kind: str = COSE) -> bytes:
    lines = [f"POST {target} HTTP/{version}", "Host: localhost", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join([*lines, f"Content-Type: {kind}", "", ""]).encode() + body


def get(target: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: localhost", *fields, "", ""]).encode()


def said(connection: socket.socket, count: int = 1) -> bytes:
    """The bytes of so many answers, with what was said before them that is none; none of these has chunks."""
    received, end = b"", 0
    while count:
        head, separator, _ = received[end:].partition(b"\r\n\r\n")
        length = int(dict(re.findall(rb"\r\n([^:]+): ([^\r]*)", head)).get(b"content-length", b"0"))
        if separator and len(received) - end >= len(head) + len(separator) + length:
            end += len(head) + len(separator) + length
            count -= not head.startswith(b"HTTP/1.1 1")
        else:
            piece = connection.recv(65536)
            assert piece, received
            received += piece
    assert len(received) == end
    return received


def told(live: Live, data: bytes, count: int = 1) -> bytes:
    with socket.create_connection(live.address, timeout=60) as connection:
        connection.sendall(data)
        return said(connection, count)


def timeless(answer: bytes) -> bytes:
    return re.sub(rb"\r\ndate: [^\r]*", b"\r\ndate: then", answer)


KNOWN = "X-Request-Id: mine"
ASKED: dict[str, Callable[[bytes], bytes]] = {
    "a statement": posting,
    "a statement, and the connection ends": lambda body: posting(body, "Connection: close"),
    "by HTTP/1.0": lambda body: posting(body, version="1.0"),
    "by HTTP/1.0 that wants to stay": lambda body: posting(body, "Connection: keep-alive", version="1.0"),
    "with another type for the receipt": lambda body: posting(body, "Accept: application/scitt-receipt+cose"),
    "with a name of its own": lambda body: posting(body, target="/entries?waitForCommit=true"),
    "sent on to another name": lambda body: posting(body, target="/entries?api-version=2026-03-26"),
    "by a path in other letters": lambda body: posting(body, target="/%65ntries"),
    "by a whole URL": lambda body: posting(body, target="http://localhost/entries"),
    "behind a question": lambda body: posting(body, "Expect: 100-continue"),
    "in chunks": lambda body: (
        get("/entries", f"Content-Type: {COSE}", "Transfer-Encoding: chunked", method="POST")
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    ),
    "as a sequence": lambda body: posting(body + body, kind="application/cbor-seq"),
    "twice": lambda body: posting(body) * 2,
    "between reads": lambda body: get("/livez") + posting(body) + get("/nothing%2F%20?a=%20") + posting(body),
    "no statement": lambda _: posting(b"x"),
    "nothing": lambda _: posting(b""),
    "nothing, without a length": lambda _: get("/entries", f"Content-Type: {COSE}", method="POST"),
    "no statement, told in JSON": lambda _: posting(b"x", "Accept: application/json"),
    "no statement, and the connection ends": lambda _: posting(b"x", "Connection: close"),
    "another media type": lambda body: posting(body, kind="text/plain"),
    "too much of it": lambda _: get("/entries", f"Content-Type: {COSE}", f"Content-Length: {10**12}", method="POST"),
}


@pytest.fixture(scope="module")
def statement(live: Live) -> bytes:
    """It is on the log: whoever posts it gets the one receipt."""
    statement = sign_statement(live.world.agent)
    live.register(statement)
    return statement


@pytest.mark.parametrize("name", ASKED)
def test_what_is_answered_is_what_any_server_of_the_application_answers(
    live: Live, plain: Live, statement: bytes, name: str
) -> None:
    # The client names its request, as this machine may; so both answers name it alike.
    data = ASKED[name](statement).replace(b"\r\nHost: localhost\r\n", f"\r\nHost: localhost\r\n{KNOWN}\r\n".encode())
    count = data.count(b" HTTP/1.")
    assert timeless(told(live, data, count)) == timeless(told(plain, data, count))


def answer_of(connection: socket.socket) -> RawAnswer:
    answer = read_answer(connection)
    assert answer is not None
    return answer


@pytest.mark.parametrize("cut", [1, 40, 90, -1001, -1000, -999, -500, -1])
def test_a_request_may_come_in_two_pieces(live: Live, cut: int) -> None:
    padded = sign_statement(live.world.agent, bytes(1000))
    data = posting(padded)
    with socket.create_connection(live.address, timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(2):
            connection.sendall(data[:cut])
            live.client.get("/livez")  # So that the first piece is read before the second is there.
            connection.sendall(data[cut:])
            assert answer_of(connection).status == 201


def test_a_request_may_come_byte_by_byte(live: Live) -> None:
    with socket.create_connection(live.address, timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in posting(sign_statement(live.world.agent)):
            connection.sendall(bytes([byte]))
        assert answer_of(connection).status == 201


def test_a_body_larger_than_what_is_read_at_once_is_whole_all_the_same(live: Live) -> None:
    with socket.create_connection(live.address, timeout=60) as connection:
        for size in (60_000, 70_000, 900_000, 100):
            connection.sendall(posting(sign_statement(live.world.agent, bytes(size))))
            assert answer_of(connection).status == 201


def test_requests_in_one_piece_are_answered_in_their_order(live: Live) -> None:
    statements = [sign_statement(live.world.agent) for _ in range(5)]
    locations = [live.register(statement).encode() for statement in statements]
    data = b"".join(posting(statement) for statement in statements)
    found = re.findall(rb"\r\nlocation: ([^\r]*)", told(live, data, len(statements)))
    assert found == locations


def test_what_is_new_waits_for_its_commit_before_what_came_behind_it_is_begun(live: Live, held: HeldStore) -> None:
    with socket.create_connection(live.address, timeout=60) as connection:
        connection.sendall(posting(sign_statement(live.world.agent)) + get("/livez"))
        assert held.waiting.wait(60)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(60)
        held.go_on.set()
        assert re.findall(rb"HTTP/1.1 [0-9]+", said(connection, 2)) == [b"HTTP/1.1 201", b"HTTP/1.1 200"]


@pytest.mark.parametrize("body", [b"x", b""])
def test_a_connection_lives_on_after_a_refusal(live: Live, body: bytes) -> None:
    with socket.create_connection(live.address, timeout=60) as connection:
        for _ in range(3):
            connection.sendall(posting(body))
            assert answer_of(connection).status == 400
            connection.sendall(posting(sign_statement(live.world.agent)))
            assert answer_of(connection).status == 201


@pytest.mark.parametrize(("field", "version"), [("Connection: close", "1.1"), ("X: y", "1.0")])
def test_a_connection_ends_when_it_is_to_and_what_came_behind_is_not_registered(
    live: Live, field: str, version: str
) -> None:
    first, second = sign_statement(live.world.agent), sign_statement(live.world.agent)
    size = live.size()
    with socket.create_connection(live.address, timeout=60) as connection:
        connection.sendall(posting(first, field, version=version) + posting(second))
        answer = answer_of(connection)
        assert (answer.status, answer.headers["connection"]) == (201, "close")
        assert connection.recv(1) == b""
    assert live.size() == size + 1


def test_what_nobody_foresaw_is_a_problem_and_the_connection_lives_on(
    live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    statement = sign_statement(live.world.agent)
    with socket.create_connection(live.address, timeout=60) as connection:
        with monkeypatch.context() as patch:
            patch.setattr(type(live.service.log), "head_time", lambda _log: 1 // 0)
            connection.sendall(posting(statement))
            answer = answer_of(connection)
            assert (answer.status, answer.problem().code) == (500, "internal-error")
        assert "ZeroDivisionError" in caplog.text
        connection.sendall(posting(statement))
        assert answer_of(connection).status == 201


@pytest.mark.parametrize("reset", [False, True])
def test_who_leaves_before_his_answer_is_no_event(
    live: Live, held: HeldStore, caplog: pytest.LogCaptureFixture, *, reset: bool
) -> None:
    size, statement = live.size(), sign_statement(live.world.agent)
    with socket.create_connection(live.address, timeout=60) as connection:
        connection.sendall(posting(statement))
        assert held.waiting.wait(60)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    live.client.get("/livez")
    held.go_on.set()
    wait_until(lambda: live.size() == size + 1)
    assert live.service.bodies.held == 0
    assert live.register(statement)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_who_says_no_more_still_gets_his_answer(live: Live, held: HeldStore) -> None:
    with socket.create_connection(live.address, timeout=60) as connection:
        connection.sendall(posting(sign_statement(live.world.agent)))
        connection.shutdown(socket.SHUT_WR)
        assert held.waiting.wait(60)
        held.go_on.set()
        answer = answer_of(connection)
        assert (answer.status, answer.headers["connection"]) == (201, "close")
        assert connection.recv(1) == b""


def test_a_server_that_is_stopped_in_the_middle_of_a_commit_answers_it_first(caplog: pytest.LogCaptureFixture) -> None:
    store = HeldStore()
    with socket.socket() as connection:
        connection.settimeout(60)
        with running(new_world(store)) as live:
            connection.connect(live.address)
            size, statement = live.size(), sign_statement(live.world.agent)
            store.hold()
            connection.sendall(posting(statement))
            assert store.waiting.wait(60)
            # The block ends the server, which waits for what is under way.
            threading.Timer(0.5, store.go_on.set).start()
        answer = answer_of(connection)
        assert (answer.status, answer.headers["connection"]) == (201, "close")
        assert connection.recv(1) == b""
    head = store.head()
    assert head is not None
    assert head.tree.size == size + 1
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_server_that_cannot_wait_any_longer_says_that_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_by, "SHUTDOWN_SECONDS", 1)
    store = HeldStore()
    with socket.socket() as connection:
        connection.settimeout(60)
        with running(new_world(store)) as live:
            connection.connect(live.address)
            store.hold()
            connection.sendall(posting(sign_statement(live.world.agent)))
            assert store.waiting.wait(60)
            threading.Timer(2, store.go_on.set).start()
        answer = answer_of(connection)
        assert (answer.status, answer.problem().code) == (503, "stopping")


def test_a_line_is_written_where_all_are(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with running(new_world(MemoryStore()), replace(QUIET, access_log=True)) as live:
        caplog.clear()
        live.register(sign_statement(live.world.agent))
        (line,) = (record for record in caplog.records if record.getMessage() == "request")
        assert {name: line.__dict__[name] for name in ("method", "route", "status", "code")} == {
            "method": "POST",
            "route": "/entries",
            "status": 201,
            "code": None,
        }


def test_who_waits_for_a_commit_is_not_sent_away_until_he_has_his_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    monkeypatch.setattr(served_by, "KEEP_ALIVE_SECONDS", 600)
    store = HeldStore()
    with running(new_world(store)) as live, socket.create_connection(live.address, timeout=60) as connection:
        store.hold()
        connection.sendall(posting(sign_statement(live.world.agent)))
        assert store.waiting.wait(60)
        with silent(live, 40):
            store.go_on.set()
            answer = answer_of(connection)
            assert (answer.status, answer.headers.get("connection")) == (201, None)
            with silent(live, 40):
                assert connection.recv(1) == b""


@contextmanager
def silent(live: Live, number: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(socket.create_connection(live.address, timeout=60))
        yield


def test_what_is_held_at_one_time_is_bounded_and_given_back(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = sign_statement(live.world.agent)
    monkeypatch.setattr(live.service.bodies, "most", len(statement) - 1)
    with socket.create_connection(live.address, timeout=60) as connection:
        connection.sendall(posting(statement))
        answer = answer_of(connection)
        assert (answer.status, answer.problem().code) == (429, "too-many-requests")
    monkeypatch.setattr(live.service.bodies, "most", len(statement))
    with socket.create_connection(live.address, timeout=60) as connection:
        for _ in range(3):
            connection.sendall(posting(statement))
            assert answer_of(connection).status == 201
    assert live.service.bodies.held == 0


def test_a_registration_takes_no_message_of_asgi(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError

    statements = [sign_statement(live.world.agent) for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(RequestResponseCycle, "send", refuse)
        patch.setattr(RequestResponseCycle, "receive", refuse)
        assert told(live, b"".join(map(posting, statements)), 3).count(b"HTTP/1.1 201 Created") == 3
