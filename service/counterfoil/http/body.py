"""Reading a request's body within bounds of size, time and memory."""

import asyncio
from typing import Self

from starlette.types import Receive

from counterfoil.http.direct_way import DirectWay
from counterfoil.http.limits import MAX_HELD_BYTES
from counterfoil.http.problems import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BODY_TRUNCATED,
    TOO_MANY_REQUESTS,
    ProblemError,
)


class Held:
    """The bytes of one body, counted in its budget until it is let go."""

    def __init__(self, budget: "BodyBudget") -> None:
        self._budget = budget
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.held -= self.count

    def add(self, count: int) -> None:
        """Hold so many bytes more.

        Raises:
            ProblemError: All bodies together would be more than this process holds.
        """
        if self._budget.held + count > self._budget.most:
            raise ProblemError(TOO_MANY_REQUESTS)
        self._budget.held += count
        self.count += count


class BodyBudget:
    """How many bytes of bodies this process holds at one time. It belongs to one event loop."""

    def __init__(self, most: int = MAX_HELD_BYTES) -> None:
        self.most = most
        self.held = 0

    def hold(self) -> Held:
        """Room for one body, given back at the end of the block."""
        return Held(self)


async def read_body(
    receive: Receive,
    declared: bytes | None,
    held: Held,
    max_bytes: int,
    seconds: float,
    directly: DirectWay | None = None,
) -> bytes:
    """The whole body, read only as far as it stays within ``max_bytes`` and comes within ``seconds``.

    ``declared`` is the field Content-Length, which the server below has found to be a number.

    Raises:
        ProblemError: It is too large, too slow, cut off, or one too many.
    """
    if declared is not None and (len(declared) > len(str(max_bytes)) or int(declared) > max_bytes):
        raise ProblemError(BODY_TOO_LARGE)
    body = None if directly is None else directly.body()
    if body is not None:
        _take(body, held, max_bytes)
        return body
    try:
        async with asyncio.timeout(seconds):
            return await _read(receive, held, max_bytes)
    except TimeoutError as error:
        raise ProblemError(BODY_TIMEOUT) from error


async def _read(receive: Receive, held: Held, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ProblemError(BODY_TRUNCATED)
        chunk: bytes = message.get("body", b"")
        _take(chunk, held, max_bytes)
        chunks.append(chunk)
        if not message.get("more_body", False):
            # Nearly every body is one chunk, and is not copied.
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _take(chunk: bytes, held: Held, max_bytes: int) -> None:
    if held.count + len(chunk) > max_bytes:
        raise ProblemError(BODY_TOO_LARGE)
    held.add(len(chunk))
