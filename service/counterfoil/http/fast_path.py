"""Registration past the framework, which would take longer over a request than checking its signature takes."""

from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from counterfoil.errors import CounterfoilError
from counterfoil.http.entries import register_statement
from counterfoil.http.handlers import failed
from counterfoil.http.problems import ProblemError
from counterfoil.http.wiring import service_of

REGISTRATION: Final = ("POST", "/entries")


class FastPath:
    """Calls the one route that must be fast, the same function that the framework describes, and passes on the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Register, or pass the request on."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) != REGISTRATION:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await register_statement(request, await service_of(request))
        except (CounterfoilError, ProblemError) as error:
            response = await failed(request, error)
        await response(scope, receive, send)
