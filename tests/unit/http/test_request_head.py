"""Heads are read as uvicorn reads them, in any pieces: an application is told the same of each request."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from copy import deepcopy
from typing import Any, TypeVar, cast

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from counterfoil.http.connections import BoundedConfig
from counterfoil.http.protocol import BoundedProtocol

Protocol = TypeVar("Protocol", bound=HttpToolsProtocol)
Application = Callable[[Any, Any, Any], Awaitable[None]]

HEADS = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a/b?c=%20&d=%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a%2Fb%20%C3%A9?%2F HTTP/1.1\r\nHOST: x\r\nX-Y:  Z \r\nx-y: z\r\nEmpty:\r\n\r\n",
    b"GET http://other/a?b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //a/../b#c HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HEAD /a? HTTP/1.0\r\n\r\n",
    b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"DELETE /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"POST /entries HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /entries HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /entries HTTP/1.1\r\nHost: x\r\nExpect: it\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
]
NONE = [
    b"BREW /a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a HTTP/2.0\r\nHost: x\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
]


class Transport:
    """A connection between two addresses that takes whatever is written."""

    def __init__(self) -> None:
        self.closed = False
        self.reading = True

    def get_extra_info(self, name: str) -> object:
        return {"sockname": ("192.0.2.1", 443), "peername": ("192.0.2.2", 50_000)}.get(name)

    def write(self, data: bytes) -> None:
        pass

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def connected(kind: type[Protocol], application: Application) -> Protocol:
    config = BoundedConfig(application, ws="none", log_config=None, access_log=False, lifespan="off")
    protocol = kind(config, ServerState(), {"shared": 1}, asyncio.get_running_loop())
    protocol.connection_made(cast("asyncio.Transport", Transport()))
    return protocol


async def answer(send: Any) -> None:
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})


Told = list[tuple[dict[str, Any], bool, bool]]
"""Of each request its scope, whether the connection lives on, and whether the client waits to be asked for the body."""


async def tell(kind: type[HttpToolsProtocol], pieces: Iterable[bytes]) -> Told:
    found: Told = []

    async def application(scope: Any, _receive: object, send: Any) -> None:
        cycle = protocol.cycle
        found.append((deepcopy(scope), cycle.keep_alive, cycle.waiting_for_100_continue))
        scope["state"]["counted"] = True  # Of this request, and of no other.
        await answer(send)

    protocol = connected(kind, application)
    for piece in pieces:
        protocol.data_received(piece)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    protocol.connection_lost(None)
    return found


def told(kind: type[HttpToolsProtocol], *pieces: bytes) -> Told:
    return asyncio.run(tell(kind, pieces))


@pytest.mark.parametrize("head", HEADS + NONE)
def test_a_request_is_described_as_any_server_would(head: bytes) -> None:
    expected = told(HttpToolsProtocol, head, HEADS[1])
    assert told(BoundedProtocol, head, HEADS[1]) == expected


@pytest.mark.parametrize("head", HEADS)
def test_no_cut_of_a_head_changes_what_is_told_of_it(head: bytes) -> None:
    expected = told(HttpToolsProtocol, head)
    assert len(expected) == 1

    async def run() -> None:
        for cut in range(1, len(head)):
            assert await tell(BoundedProtocol, (head[:cut], head[cut:])) == expected

    asyncio.run(run())


def test_a_request_behind_another_is_described_once_the_other_is_answered() -> None:
    expected = told(HttpToolsProtocol, HEADS[1] + HEADS[8])
    assert [scope["path"] for scope, _, _ in expected] == ["/a/b", "/entries"]
    assert told(BoundedProtocol, HEADS[1] + HEADS[8]) == expected


def test_bytes_of_one_head_do_not_count_for_the_next() -> None:
    large = b"GET /a HTTP/1.1\r\nX: " + b"x" * 30_000 + b"\r\n\r\n"
    pieces = [large[:9], large[9:] + large[:9], large[9:]]
    expected = told(HttpToolsProtocol, *pieces)
    assert len(expected) == 2
    assert told(BoundedProtocol, *pieces) == expected


def test_a_head_is_waited_for_and_what_follows_it_is_not() -> None:
    async def application(_scope: object, receive: Any, _send: object) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def run() -> None:
        protocol = connected(BoundedProtocol, application)
        for piece, waited_for in ((b"", True), (HEADS[8][:9], True), (HEADS[8][9:-1], False), (HEADS[8][-1:], False)):
            protocol.data_received(piece)
            assert (protocol._deadline is not None) == waited_for
        protocol.data_received(HEADS[8][:9])
        assert protocol._deadline is not None
        protocol.connection_lost(None)
        assert protocol._deadline is None

    asyncio.run(run())


def test_nothing_more_is_read_while_a_request_waits_behind_another() -> None:
    answers: list[asyncio.Event] = []

    async def application(_scope: object, _receive: object, send: Any) -> None:
        answers.append(asyncio.Event())
        await answers[-1].wait()
        await answer(send)

    async def run() -> None:
        protocol = connected(BoundedProtocol, application)
        transport = cast("Transport", protocol.transport)
        for begun in range(1, 4):
            protocol.data_received(HEADS[0])
            await asyncio.sleep(0.01)
            assert (transport.reading, len(answers)) == (begun == 1, 1)
        for begun in range(1, 4):
            answers[-1].set()
            await asyncio.sleep(0.01)
            assert (transport.reading, len(answers)) == (True, min(begun + 1, 3))
        protocol.connection_lost(None)

    asyncio.run(run())
