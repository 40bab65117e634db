"""What is refused below the application: a problem each time, and the server goes on."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from counterfoil.http import protocol
from counterfoil.storage.memory import MemoryStore
from tests.builders import sign_statement
from tests.http.live import (
    Live,
    RawAnswer,
    exchange,
    new_world,
    read_answer,
    running,
    send_what_is_taken,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with running(new_world(MemoryStore())) as live:
        yield live


def answered(live: Live, data: bytes, *, end: bool = False) -> tuple[int, str]:
    answer = exchange(live.address, data, end=end)
    assert answer is not None
    assert answer.headers["connection"] == "close"
    assert live.client.get("/livez").status_code == 200
    return answer.status, answer.problem().code


def head(*fields: str, first: str = "GET /livez HTTP/1.1") -> bytes:
    return "\r\n".join([first, "Host: localhost", *fields, "", ""]).encode("latin-1")


GARBAGE = [
    b"garbage\r\n\r\n",
    b"\x00\x01\x02\x03\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n",
    b"GET /livez HTTP/9.9\r\n\r\n",
    b"GET /livez\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost x\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
    b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST /entries HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cose\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    b"CONNECT example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.mark.parametrize("data", GARBAGE)
def test_what_is_no_http_is_a_problem(server: Live, data: bytes) -> None:
    size = server.size()
    assert answered(server, data) == (400, "malformed-http")
    assert server.size() == size


def test_a_target_that_is_no_path_is_not_found(server: Live) -> None:
    answer = exchange(server.address, b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer is not None
    assert (answer.status, answer.problem().code) == (404, "route-not-found")


def test_the_problem_is_json_for_who_asks_for_it_first(server: Live) -> None:
    answer = exchange(server.address, head("Accept: application/json", "X: y", "Bad Header"))
    assert answer is not None
    assert answer.headers["content-type"] == "application/problem+json"
    assert b'"code":"malformed-http"' in answer.body


def test_header_fields_are_counted(server: Live) -> None:
    fields = [f"X-{number}: x" for number in range(99)]
    with_host = exchange(server.address, head(*fields))
    assert with_host is not None
    assert with_host.status == 200
    assert answered(server, head(*fields, "X-99: x")) == (431, "headers-too-large")
    assert answered(server, head(*(f"X-{number}: x" for number in range(5000)))) == (431, "headers-too-large")


def test_header_bytes_are_counted(server: Live) -> None:
    enough = exchange(server.address, head("X: " + "x" * 32_000))
    assert enough is not None
    assert enough.status == 200
    assert answered(server, head("X: " + "x" * 33_000)) == (431, "headers-too-large")
    assert answered(server, head(*["X: " + "x" * 4000] * 9)) == (431, "headers-too-large")
    assert answered(server, head("X" * 33_000 + ": x")) == (431, "headers-too-large")


@pytest.mark.parametrize("beginning", [b"X: ", b"", b"X: x\r\n Y"])
def test_a_header_without_end_is_not_gathered(server: Live, beginning: bytes) -> None:
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + beginning)
        for _ in range(100):
            send_what_is_taken(connection, b"x" * 10_000)
        answer = read_answer(connection)
    assert answer is not None
    assert answer.problem().code in {"headers-too-large", "malformed-http"}


def test_the_url_is_bounded(server: Live) -> None:
    fits = exchange(server.address, head(first="GET /livez?" + "x" * 8100 + " HTTP/1.1"))
    assert fits is not None
    assert fits.status == 200
    assert answered(server, head(first="GET /livez?" + "x" * 8200 + " HTTP/1.1")) == (414, "url-too-long")
    assert answered(server, b"GET /" + b"x" * 2_000_000) == (414, "url-too-long")


def test_a_request_cut_off_in_its_head_is_told(server: Live) -> None:
    assert answered(server, b"GET /livez HTTP/1.1\r\nHost: x\r\n", end=True) == (400, "malformed-http")


def test_a_connection_closed_without_a_word_is_no_event(server: Live) -> None:
    assert exchange(server.address, b"", end=True) is None
    assert server.client.get("/livez").status_code == 200


def test_who_does_not_come_to_the_point_is_timed_out(server: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    assert answered(server, b"GET /livez HTTP/1.1\r\nHost:") == (408, "head-timeout")
    assert answered(server, b"") == (408, "head-timeout")
    assert answered(server, b"\r\n\r\n") == (408, "head-timeout")


@pytest.mark.parametrize("first", [b"", head()])
def test_each_request_of_a_connection_has_to_come_to_the_point(
    server: Live, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(head())
        assert read_one(connection).status == 200
        monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
        connection.sendall(first + b"GET /livez HT")
        if first:
            assert read_one(connection).status == 200
        answer = read_one(connection)
        assert (answer.status, answer.problem().code) == (408, "head-timeout")


def test_a_connection_serves_many_requests_and_the_bounds_count_each_alone(server: Live) -> None:
    with socket.create_connection(server.address, timeout=20) as connection:
        for _ in range(5):
            connection.sendall(head("X: " + "x" * 20_000, *(f"X-{number}: x" for number in range(60))))
            assert read_one(connection).status == 200


def read_one(connection: socket.socket) -> RawAnswer:
    answer = read_answer(connection)
    assert answer is not None
    return answer


def test_garbage_behind_a_request_does_not_take_the_place_of_its_answer(server: Live) -> None:
    statement = sign_statement(server.world.agent)
    request = b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/cose\r\nContent-Length: %d\r\n\r\n"
    answer = exchange(server.address, request % len(statement) + statement + b"garbage\r\n\r\n")
    assert answer is not None
    assert answer.status == 201
    assert server.client.get(answer.headers["location"]).content == answer.body


def test_a_body_nobody_asked_for_does_not_hold_the_connection_for_ever(
    server: Live,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.2)
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        assert read_one(connection).status == 200
        connection.sendall(b"1\r\nx\r\n")
        # A time-out would be an error of another kind: the server has to end it.
        with suppress(ConnectionError):
            assert connection.recv(1) == b""


def test_an_upgrade_is_not_taken(server: Live) -> None:
    answer = exchange(server.address, head("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x"))
    assert answer is not None
    assert answer.status == 200


OFFER = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")


def posting(live: Live, *fields: str) -> tuple[bytes, bytes]:
    """The head and the body of a registration whose payload looks like a header field."""
    body = sign_statement(live.world.agent, b'{"a":"\r\nUpgrade: x"}')
    length = f"Content-Length: {len(body)}"
    return head("Content-Type: application/cose", length, *fields, first="POST /entries HTTP/1.1"), body


def test_a_client_that_offers_another_protocol_registers_all_the_same(server: Live) -> None:
    answer = exchange(server.address, b"".join(posting(server, *OFFER)))
    assert answer is not None
    assert answer.status == 201


def test_two_requests_that_offer_another_protocol_are_both_answered(server: Live) -> None:
    with socket.create_connection(server.address, 20) as connection:
        for _ in range(2):
            connection.sendall(b"".join(posting(server, *OFFER)))
            answer = read_answer(connection)
            assert answer is not None
            assert answer.status == 201


@pytest.mark.parametrize("step", [1, 7, 40])
def test_an_offer_in_a_head_that_comes_in_pieces_is_declined_too(server: Live, step: int) -> None:
    first, body = posting(server, *OFFER)
    with socket.create_connection(server.address, 20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(first), step):
            connection.sendall(first[at : at + step])
        connection.sendall(body)
        answer = read_answer(connection)
    assert answer is not None
    assert answer.status == 201


def test_empty_lines_before_a_request_are_read_over(server: Live) -> None:
    answer = exchange(server.address, b"\r\n\r\n" + b"".join(posting(server, *OFFER)))
    assert answer is not None
    assert answer.status == 201


def test_an_offer_pipelined_behind_another_request_registers_nothing(server: Live) -> None:
    before = server.size()
    with socket.create_connection(server.address, 20) as connection:
        connection.sendall(head() + b"".join(posting(server, *OFFER)))
        assert read_one(connection).status == 200
        assert read_answer(connection) is None
    assert server.size() == before


@pytest.mark.parametrize(
    "path", ["/log%0a", "/livez%0A", "/checkpoint%0a", "/entries%0a", "/log%00", "/log%7f", "/tile/0/000%0a"]
)
def test_a_control_character_in_a_path_names_nothing(server: Live, path: str) -> None:
    answer = exchange(server.address, head(first=f"GET {path} HTTP/1.1"))
    assert answer is not None
    assert (answer.status, answer.problem().code) == (404, "route-not-found")
