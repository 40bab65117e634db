"""Answers with the headers that caches and proxies need."""

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from counterfoil.http.limits import LINGER_BYTES, LINGER_SECONDS
from counterfoil.http.problems import Problem, retry_after
from counterfoil.observability.request_context import note_problem

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""For what can never be anything else: tiles, and proofs between committed sizes that nobody signed."""

STABLE: Final = "public, max-age=86400"
"""For what is signed at a committed size: the same bytes until its key is compromised."""

HOURLY: Final = "public, max-age=3600"
"""For keys: a client sees a new one within the hour."""

REVALIDATE: Final = "no-cache"
"""For what the next entry changes."""

PRIVATE: Final = "private, no-store"
"""For what only some may read."""

ENDLESS: Final = "counterfoil.endless"
"""Where the state of a request's scope says that its answer goes on until somebody ends it."""


def answer(content: bytes, media_type: str, cache: str, headers: Mapping[str, str] | None = None) -> Response:
    """Bytes with their media type and how long they may be kept."""
    response = Response(content, headers={"Cache-Control": cache, **(headers or {})})
    # Set here and not through the constructor, which would add a charset to text.
    response.headers["Content-Type"] = media_type
    return response


def unreleased() -> Response:
    """What there is of a receipt that may not leave yet (SCRAPI, section 2.1.4)."""
    return Response(status_code=204, headers=dict([retry_after(), ("Cache-Control", "no-store")]))


class ClosingResponse(Response):
    """An answer to a request that is not read to its end.

    What still comes is heard for a moment and dropped: a connection closed over unread bytes is reset, and a reset can
    destroy the answer before the client has read it.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI passes it
        """Send the answer, let the client finish or give up, and end the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await _hear_out(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _hear_out(receive: Receive) -> None:
    heard = 0
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            more = True
            while more and heard < LINGER_BYTES:
                message = await receive()
                heard += len(message.get("body", b""))
                more = message["type"] == "http.request" and message.get("more_body", False)
    except TimeoutError:
        return


def problem_response(problem: Problem, request: Request) -> Response:
    """A problem as the client would rather have it."""
    note_problem(problem.code)
    media_type, body = problem.encode(request.headers.get("accept"))
    headers = {"Cache-Control": "no-store", "Vary": "Accept", **dict(problem.headers)}
    kind = ClosingResponse if headers.get("Connection") == "close" else Response
    response = kind(body, problem.status, headers)
    response.headers["Content-Type"] = media_type
    return response
