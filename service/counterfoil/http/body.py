"""Reading a request's body within bounds of size, time and memory."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

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
        self.content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Hold some more bytes.

        Raises:
            ProblemError: All bodies together would be more than this process holds.
        """
        if self._budget.held + len(chunk) > self._budget.most:
            raise ProblemError(TOO_MANY_REQUESTS)
        self._budget.held += len(chunk)
        self.content += chunk


class BodyBudget:
    """How many bytes of bodies this process holds at one time. It belongs to one event loop."""

    def __init__(self, most: int = MAX_HELD_BYTES) -> None:
        self.most = most
        self.held = 0

    @contextmanager
    def hold(self) -> Iterator[Held]:
        """Room for one body, given back at the end of the block."""
        held = Held(self)
        try:
            yield held
        finally:
            self.held -= len(held.content)


async def read_body(request: Request, held: Held, max_bytes: int, seconds: float) -> bytes:
    """The whole body, read only as far as it stays within ``max_bytes`` and comes within ``seconds``.

    Raises:
        ProblemError: It is too large, too slow, cut off, or one too many.
    """
    declared = request.headers.get("content-length", "0")
    if len(declared) > len(str(max_bytes)) or int(declared) > max_bytes:
        raise ProblemError(BODY_TOO_LARGE)
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                if len(held.content) + len(chunk) > max_bytes:
                    raise ProblemError(BODY_TOO_LARGE)
                held.add(chunk)
    except TimeoutError as error:
        raise ProblemError(BODY_TIMEOUT) from error
    except ClientDisconnect as error:
        raise ProblemError(BODY_TRUNCATED) from error
    return bytes(held.content)
