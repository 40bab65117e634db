"""Every failure becomes a problem here: those of the log, of the framework, and those nobody foresaw."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterfoil.errors import CorruptError, CounterfoilError, MalformedParameterError
from counterfoil.http.problems import (
    INTERNAL,
    ROUTE_NOT_FOUND,
    STOPPING,
    Problem,
    ProblemError,
    method_not_allowed,
    problem_of,
)
from counterfoil.http.responses import problem_response
from counterfoil.http.wiring import Service

_logger = logging.getLogger(__name__)

_NOT_FOUND: Final = 404
_METHOD_NOT_ALLOWED: Final = 405
_SERVER_ERROR: Final = 500

AllowedMethods = Callable[[Scope], str]
"""The methods that a request's path has, as an Allow field lists them."""


def install_handlers(app: FastAPI, allowed: AllowedMethods) -> None:
    """Let every failure of ``app`` end as a problem."""

    async def on_bad_parameter(request: Request, error: RequestValidationError) -> Response:
        return problem_response(problem_of(_bad_parameter(error)), request)

    async def on_framework_error(request: Request, error: HTTPException) -> Response:
        return problem_response(_framework_problem(request, error, allowed), request)

    app.exception_handler(CounterfoilError)(failed)
    app.exception_handler(ProblemError)(failed)
    app.exception_handler(RequestValidationError)(on_bad_parameter)
    app.exception_handler(HTTPException)(on_framework_error)
    app.add_middleware(LastResort)


async def failed(request: Request, error: CounterfoilError | ProblemError) -> Response:
    """The problem of a request that failed in the log or before it; a corruption is reported on the way."""
    if isinstance(error, ProblemError):
        return problem_response(error.problem, request)
    service = request.app.state.service
    if isinstance(service, Service):
        note_failure(service, error)
    return problem_response(problem_of(error), request)


def note_failure(service: Service, error: CounterfoilError) -> None:
    """Report a corruption, and tell the operator's log of whatever else is no fault of the client."""
    if isinstance(error, CorruptError):
        service.failure.report(error)
    elif problem_of(error).status >= _SERVER_ERROR:
        _logger.error("%s: %s", error.code, error.detail)


def note_unforeseen(error: Exception) -> None:
    """Tell the operator's log where it happened.

    The exception's text may hold anything, a statement's content among it, so the log does not get it.
    """
    where = "".join(traceback.format_tb(error.__traceback__))
    _logger.error("unforeseen %s\n%s", type(error).__name__, where)


def _bad_parameter(error: RequestValidationError) -> MalformedParameterError:
    # Names are ours, since only declared parameters are looked at; values are the client's, and not repeated.
    names = sorted({str(item["loc"][-1]) for item in error.errors()})
    return MalformedParameterError(f"missing, of the wrong type or out of bounds: {', '.join(names)}")


def _framework_problem(request: Request, error: HTTPException, allowed: AllowedMethods) -> Problem:
    if error.status_code == _NOT_FOUND:
        return ROUTE_NOT_FOUND
    if error.status_code == _METHOD_NOT_ALLOWED:
        return method_not_allowed(allowed(request.scope))
    return Problem(error.status_code, "Malformed request", "malformed-request", "the request cannot be read")


class LastResort:
    """Answers a failure that nobody foresaw, with none of the exception's text; see ``note_unforeseen``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer 500 when that fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def note_start(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except asyncio.CancelledError:
            # Only a shutdown that has waited long enough cancels a request; the server would answer in its own words.
            if not started:
                await problem_response(STOPPING, Request(scope))(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the edge of the process: one request fails, the server goes on
            note_unforeseen(error)
            if started:
                raise RuntimeError("the answer broke off") from None
            await problem_response(INTERNAL, Request(scope))(scope, receive, send)
