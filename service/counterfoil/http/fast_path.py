"""Registration past the framework, which would take longer over a request than checking its signature takes."""

from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from counterfoil.errors import CounterfoilError
from counterfoil.http.handlers import failed
from counterfoil.http.problems import ProblemError
from counterfoil.http.registration import answer_registration
from counterfoil.http.wiring import service_in

REGISTRATION: Final = ("POST", "/entries")


class FastPath:
    """Answers the one request that must be fast, and passes on the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Register, or pass the request on."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) != REGISTRATION:
            await self._app(scope, receive, send)
            return
        try:
            await answer_registration(service_in(scope), scope, receive, send)
        except (CounterfoilError, ProblemError) as error:
            response = await failed(Request(scope, receive), error)
            await response(scope, receive, send)
