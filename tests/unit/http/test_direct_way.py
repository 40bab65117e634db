"""One answer is one write, when it may be written; and a body is handed over once, when all of it is here."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from counterfoil.http.direct_way import DirectWay

FIELDS = [(b"content-length", b"2"), (b"vary", b"Accept")]
WRITTEN = b"HTTP/1.1 201 Created\r\ndate: now\r\ncontent-length: 2\r\nvary: Accept\r\n\r\nab"


class Transport:
    """The side of a connection that writes; it remembers what was done with it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False
        self.reading = True

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Request:
    """A request under way whose body is ``body``."""

    def __init__(
        self, body: bytes = b"", *, more: bool = False, expects: bool = False, keep_alive: bool = True
    ) -> None:
        self.transport = Transport()
        self.flow = FlowControl(cast("asyncio.Transport", self.transport))
        self.responses = 0
        settings: dict[str, Any] = {"scope": {"method": "POST"}, "access_log": False}
        self.cycle = RequestResponseCycle(
            **settings,
            transport=cast("asyncio.Transport", self.transport),
            flow=self.flow,
            logger=logging.getLogger("here"),
            access_logger=logging.getLogger("here"),
            default_headers=[(b"date", b"now")],
            message_event=asyncio.Event(),
            expect_100_continue=expects,
            keep_alive=keep_alive,
            on_response=self._answered,
        )
        self.cycle.body += body
        self.cycle.more_body = more
        self.cycle.message_event.set()
        self.way = DirectWay(self.cycle)

    def _answered(self) -> None:
        assert self.cycle.response_complete
        self.responses += 1


def run(use: Callable[[], Awaitable[None]]) -> None:
    async def inside() -> None:
        await use()

    asyncio.run(inside())


def test_an_answer_is_one_write() -> None:
    async def use() -> None:
        request = Request()
        await request.way.answer(201, FIELDS, b"ab")
        assert request.transport.written == [WRITTEN]
        assert (request.responses, request.transport.closed) == (1, False)
        assert (await request.cycle.receive())["type"] == "http.disconnect"

    run(use)


def test_the_last_answer_of_a_connection_says_so_and_ends_it() -> None:
    async def use() -> None:
        request = Request(keep_alive=False)
        await request.way.answer(201, FIELDS, b"ab")
        assert request.transport.written == [WRITTEN.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")]
        assert (request.responses, request.transport.closed) == (1, True)

    run(use)


def test_nothing_is_written_to_who_does_not_read_until_he_does() -> None:
    async def use() -> None:
        request = Request()
        request.flow.pause_writing()
        answering = asyncio.ensure_future(request.way.answer(201, FIELDS, b"ab"))
        await asyncio.sleep(0.01)
        assert request.transport.written == []
        assert not request.cycle.response_started
        request.flow.resume_writing()
        await answering
        assert request.transport.written == [WRITTEN]

    run(use)


@pytest.mark.parametrize("paused", [False, True])
def test_nothing_is_written_to_who_left(*, paused: bool) -> None:
    async def use() -> None:
        request = Request()
        if paused:
            request.flow.pause_writing()
        answering = asyncio.ensure_future(request.way.answer(201, FIELDS, b"ab"))
        request.cycle.disconnected = True
        request.flow.resume_writing()
        await answering
        assert request.transport.written == []
        assert (request.responses, request.cycle.response_started) == (0, False)

    run(use)


@pytest.mark.parametrize("body", [b"", b"ab"])
def test_a_body_that_is_here_is_handed_over_once_and_reading_goes_on(body: bytes) -> None:
    async def use() -> None:
        request = Request(body)
        request.flow.pause_reading()
        assert request.way.body() == body
        assert request.transport.reading
        assert request.way.body() == b""
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(request.cycle.receive(), 0.01)

    run(use)


def test_a_body_that_is_not_all_here_is_left_to_who_waits_for_it() -> None:
    async def use() -> None:
        for request in (Request(b"ab", more=True), Request(b"ab", expects=True)):
            assert request.way.body() is None
            assert (await request.cycle.receive()).get("body") == b"ab"

    run(use)


def test_a_body_whose_sender_left_is_none() -> None:
    async def use() -> None:
        request = Request(b"ab")
        request.cycle.disconnected = True
        assert request.way.body() is None
        assert (await request.cycle.receive())["type"] == "http.disconnect"

    run(use)
