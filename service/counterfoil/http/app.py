"""The application: routes, their failures, and what runs beside them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.routing import Match, Route
from starlette.types import Scope

from counterfoil.http import (
    appraisals,
    bundle,
    chain_events,
    chains,
    challenge_response,
    checkpoint,
    completeness,
    consistency,
    contents,
    entries,
    events,
    health,
    keys,
    log_info,
    metrics,
    tiles,
)
from counterfoil.http.chain_watch import ChainWatch
from counterfoil.http.clean_path import CleanPath
from counterfoil.http.entry_point import EntryPoint
from counterfoil.http.handlers import install_handlers
from counterfoil.http.head_requests import HeadRequests
from counterfoil.http.limits import SHUTDOWN_SECONDS
from counterfoil.http.metrics import publish_holdings
from counterfoil.http.observed import Observed
from counterfoil.http.page_task import write_pages
from counterfoil.http.rate_limited import RateLimited
from counterfoil.http.wiring import Service

_logger = logging.getLogger(__name__)

_ROUTERS: Final = tuple(
    module.router
    for module in (
        entries,
        challenge_response,
        contents,
        appraisals,
        keys,
        log_info,
        chains,
        chain_events,
        completeness,
        bundle,
        events,
        tiles,
        consistency,
        checkpoint,
        health,
        metrics,
    )
)


def create_app(service: Service) -> EntryPoint:
    """The application that serves one open log. While it runs, it writes pages."""
    app = bare_app()
    app.state.service = service
    app.state.watch = ChainWatch(service)
    return EntryPoint(app, service)


def bare_app() -> FastAPI:
    """The application without a log: its routes and their description."""
    app = FastAPI(
        title="Counterfoil",
        version=version("counterfoil"),
        summary="An append-only transparency log for what AI agents do.",
        description="SCRAPI (draft-ietf-scitt-scrapi-11) and what this log offers beyond it.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    for router in _ROUTERS:
        app.include_router(router)
    app.add_middleware(RateLimited)
    app.add_middleware(CleanPath)
    install_handlers(app, _allowed_methods)
    app.add_middleware(Observed)
    app.add_middleware(HeadRequests)  # The last one added is the first one passed.
    return app


def _allowed_methods(scope: Scope) -> str:
    # The framework names the methods of the first route of a path only.
    routes = (route for router in _ROUTERS for route in router.routes if isinstance(route, Route))
    methods = {
        method for route in routes if route.matches(scope)[0] is not Match.NONE for method in route.methods or ()
    }
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    watch: ChainWatch = app.state.watch
    beside = [asyncio.create_task(task) for task in (write_pages(service), publish_holdings(service), watch.run())]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        try:
            await asyncio.wait_for(service.log.close(), SHUTDOWN_SECONDS)
        except TimeoutError:
            _logger.error("appends under way did not end within %d seconds", SHUTDOWN_SECONDS)  # noqa: TRY400 - no bug
