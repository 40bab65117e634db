"""The limit of reads by address, and of challenges and their answers; POST /entries asks for its own."""

from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from counterfoil.errors import RateLimitedError
from counterfoil.http.handlers import failed
from counterfoil.http.wiring import service_in

_UNLIMITED: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""What a supervisor asks again and again, and must be told."""


class RateLimited:
    """Refuses the request of a sender that sends too many, and passes on the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass the request on."""
        if scope["type"] == "http":
            limits = service_in(scope).limits
            try:
                if scope["method"] == "POST":
                    limits.require_address(scope)
                elif scope["path"] not in _UNLIMITED:
                    limits.require_read(scope)
            except RateLimitedError as error:
                response = await failed(Request(scope, receive), error)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
