"""``counterfoil serve``: the log over HTTP."""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.data_directory import find_data
from counterfoil.cli.extras import needing
from counterfoil.cli.options import AsJson, Data, Database
from counterfoil.cli.output import Reply, bullets
from counterfoil.settings import Settings


def serve(
    data: Data = None,
    database: Database = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Where to listen.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="N", min=0, max=65535, help="Which port; 0 takes a free one.  [default: 8440]"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=1, max=64, help="How many processes share the work.  [default: 1]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve the log until SIGINT or SIGTERM.

    Settings come from the environment, COUNTERFOIL_ and their name in capitals; options stand before them. Any number
    of processes on any number of hosts may serve one log in PostgreSQL, and of one host one in a data directory.

    Examples:
      counterfoil serve --data ./data --port 8440
      counterfoil serve --data ./keys --database postgresql://counterfoil_server@db.example/counterfoil --workers 2
    """
    with needing("server"):
        from counterfoil.http.server import serve as serve_alone  # noqa: PLC0415 - the base install has no server
        from counterfoil.http.workers import serve_workers  # noqa: PLC0415 - as above
        from counterfoil.observability.logs import log_for_ever, logging_to  # noqa: PLC0415 - as above
    found = find_data(data, database)
    settings = with_options(found.settings, found.path, host, port, workers)
    json_lines = as_json or settings.log_format == "json"

    def announce(url: str) -> None:
        opened = what_is_open(settings)
        Reply(
            f"serving on {url}\n{bullets(opened)}",
            {"url": url, "data": str(settings.data), "open": list(opened)},
        ).show(as_json=as_json)
        sys.stdout.flush()

    with logging_to(sys.stderr, as_json=json_lines):
        if settings.workers == 1:
            serve_alone(settings, announce=announce)
        else:
            serve_workers(settings, announce=announce, prepare=partial(log_for_ever, as_json=json_lines))


def with_options(
    settings: Settings, data: Path, host: str | None, port: int | None, workers: int | None = None
) -> Settings:
    """The settings of the environment with what the command line says in their place."""
    return replace(
        settings,
        data=data,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
        workers=settings.workers if workers is None else workers,
    )


def what_is_open(settings: Settings) -> tuple[str, ...]:
    """Who may do what on a service with these settings, in sentences."""
    readers = (
        "whoever has the admin token"
        if settings.admin_token is not None
        else "this machine alone"
        if not settings.trusted_proxies
        else "nobody: there is a trusted proxy and no admin token"
    )
    return (
        "receipts, proofs, keys, checkpoints and tiles: open to everybody who reaches this address",
        f"statements, decisions and chains that are not public: {readers}",
        "registering: every issuer that the registration policy names, by its signature",
    )
