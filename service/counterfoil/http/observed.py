"""The outermost layer: every request gets its id, is counted by its route, and leaves a line where one is due."""

import logging
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterfoil.http.head_requests import ASKED_METHOD
from counterfoil.http.request_id import FIELD
from counterfoil.http.wiring import Service, service_in
from counterfoil.observability.request_context import CURRENT_REQUEST, RequestContext

_logger = logging.getLogger(__name__)

ENTRIES: Final = "/entries"
BEGAN: Final = "counterfoil.began"
"""Where a scope says when the request began, if that was noted before it came here."""

UNROUTED: Final = "none"
"""In the place of a route where a request has none: the path itself is the client's."""

_SERVER_ERROR: Final = 500


class Observed:
    """Names, counts and times requests. A path, which may hold a chain's id or a rootTraceId, is never written."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and watch its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service = service_in(scope)
        began = scope.get(BEGAN) or service.timer()
        context = RequestContext(service.request_ids.name(scope))
        answered = False

        async def named(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                # Before it is sent, so that whoever has the answer finds it counted.
                answered = True
                _note(service, scope, context, message["status"], service.timer() - began)
                # A new list: that of a response may be shared.
                fields = [*message.get("headers", ()), (FIELD, context.request_id.encode("ascii"))]
                message = {**message, "headers": fields}
            await send(message)

        token = CURRENT_REQUEST.set(context)
        try:
            await self._app(scope, receive, named)
        finally:
            if not answered:
                _note(service, scope, context, 0, service.timer() - began)
            CURRENT_REQUEST.reset(token)


def count_answer(service: Service, status: int, seconds: float) -> None:
    """Count a registration that went well, and write its line where all are written."""
    service.metrics.answered("POST", ENTRIES, status)
    service.metrics.registration_took(seconds)
    if service.settings.access_log:
        _log("POST", ENTRIES, status, None, seconds)


def _note(service: Service, scope: Scope, context: RequestContext, status: int, seconds: float) -> None:
    method, route = scope.get(ASKED_METHOD) or scope["method"], _route(scope)
    service.metrics.answered(method, route, status)
    if route == ENTRIES and method == "POST":
        service.metrics.registration_took(seconds)
    if context.problem_code is not None:
        service.metrics.refused(context.problem_code)
    if status >= _SERVER_ERROR or service.settings.access_log:
        _log(method, route, status, context.problem_code, seconds)


def _log(method: str, route: str, status: int, code: str | None, seconds: float) -> None:
    fields = {
        "method": method if method.isalpha() else "other",
        "route": route,
        "status": status or None,
        "code": code,
        "duration_ms": round(seconds * 1000, 3),
    }
    _logger.log(logging.ERROR if status >= _SERVER_ERROR else logging.INFO, "request", extra=fields)


def _route(scope: Scope) -> str:
    if scope["path"] == ENTRIES:
        return ENTRIES  # Registration does not pass the framework's router.
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) else UNROUTED
