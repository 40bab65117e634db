"""What the server below does besides ASGI: it hands over a body that is here already, and writes an answer at once."""

from collections.abc import Iterable
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_CLOSE: Final = b"connection: close\r\n"


class DirectWay:
    """One request under way in uvicorn, whose messages would cost as much as the reading of a statement does.

    What is not asked for here goes through ``receive`` and ``send``, which see nothing of what was.
    """

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def body(self) -> bytes | None:
        """The whole body, once, as ``receive`` would give it; None where that would have to wait, or to say more."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or cycle.waiting_for_100_continue:
            return None
        cycle.flow.resume_reading()
        cycle.message_event.clear()
        body, cycle.body = bytes(cycle.body), bytearray()
        return body

    async def answer(self, status: int, fields: Iterable[tuple[bytes, bytes]], content: bytes) -> None:
        """Answer as ``send`` would in two messages. ``fields`` are in lower case, the content's length among them.

        Nothing that a client chose may stand in them unless it was found to be plain: they are written as they are.
        """
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        lines = [b"%b: %b\r\n" % field for field in (*cycle.default_headers, *fields)]
        if not cycle.keep_alive:
            lines.append(_CLOSE)
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(b"".join((STATUS_LINE[status], *lines, b"\r\n", content)))
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
