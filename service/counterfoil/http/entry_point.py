"""The application as the server sees it: registration first, and past it everything that the framework routes."""

import asyncio
from typing import Final

from fastapi import FastAPI, Request
from starlette.types import Receive, Scope, Send

from counterfoil.errors import CounterfoilError
from counterfoil.http.chain_watch import ChainWatch
from counterfoil.http.direct_way import DirectWay
from counterfoil.http.handlers import LastResort, failed
from counterfoil.http.observed import BEGAN, ENTRIES, Observed, count_answer
from counterfoil.http.problems import ProblemError
from counterfoil.http.registration import registered
from counterfoil.http.request_id import FIELD
from counterfoil.http.wiring import Service

_POST: Final = "POST"


class EntryPoint:
    """Answers POST /entries itself: the framework and its layers would take as long as checking the signature does.

    What they do for every request is done here in a row for one that succeeds; one that fails goes through them.
    """

    def __init__(self, app: FastAPI, service: Service) -> None:
        self._app = app
        self._service = service
        self.state = app.state

    def end_streams(self) -> None:
        """End every answer that goes on until somebody ends it, and begin no other; for the event loop it runs in."""
        watch: ChainWatch = self.state.watch
        watch.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send, directly: DirectWay | None = None) -> None:
        """Register, or pass the request on. ``directly``: where the server below has that way as well."""
        if scope["type"] != "http" or scope["path"] != ENTRIES or scope["method"] != _POST:
            await self._app(scope, receive, send)
            return
        service = self._service
        began = service.timer()
        try:
            service.limits.require_address(scope)
            answer = await registered(service, scope, receive, directly)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it is raised again inside of the layers
            scope["app"], scope[BEGAN] = self._app, began
            await Observed(LastResort(_Failure(error)))(scope, receive, send)
            return
        count_answer(service, answer.status, service.timer() - began)
        fields = [*answer.fields, (FIELD, service.request_ids.name(scope).encode("ascii"))]
        if directly is not None:
            await directly.answer(answer.status, fields, answer.body)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": fields})
        await send({"type": "http.response.body", "body": answer.body})


class _Failure:
    """What is left of a request that failed: its problem, or what nobody foresaw."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = self._error
        if not isinstance(error, (CounterfoilError, ProblemError)):
            raise error
        response = await failed(Request(scope, receive), error)
        await response(scope, receive, send)
