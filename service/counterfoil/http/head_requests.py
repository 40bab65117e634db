"""HEAD, which every resource that answers GET has to answer (RFC 9110, section 9.1)."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

ASKED_METHOD: Final = "counterfoil.asked_method"
"""Where a request's scope keeps the method that the client asked with, when it is another."""


class HeadRequests:
    """Answers HEAD as GET; the server below keeps the method it was asked with, and leaves the content away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, a HEAD as a GET."""
        asked = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app({**scope, "method": "GET", ASKED_METHOD: "HEAD"} if asked else scope, receive, send)
