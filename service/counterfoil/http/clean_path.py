"""Paths that hold a control character name nothing."""

from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from counterfoil.http.handlers import failed
from counterfoil.http.problems import ROUTE_NOT_FOUND, ProblemError

_CONTROL: Final = frozenset(map(chr, (*range(0x20), 0x7F)))


class CleanPath:
    """Refuses a path with a control character in it, encoded or not, and passes on the rest.

    A pattern that ends a path also matches before a line feed, so that %0A would name the same resource once more.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass the request on."""
        if scope["type"] == "http" and not _CONTROL.isdisjoint(scope["path"]):
            response = await failed(Request(scope, receive), ProblemError(ROUTE_NOT_FOUND))
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)
