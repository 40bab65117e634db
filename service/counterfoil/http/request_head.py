"""The head of a request: read within bounds, and begun as one request under way."""

import asyncio
from typing import Any, NoReturn
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from counterfoil.http.limits import MAX_HEADER_BYTES, MAX_HEADERS, MAX_URL_BYTES
from counterfoil.http.problems import HEADERS_TOO_LARGE, MALFORMED_HTTP, URL_TOO_LONG, Problem


class _RefusedError(Exception):
    """Raised inside a parser callback; the parser then stops."""


class HeadReader(HttpToolsProtocol):
    """What uvicorn does as its parser reads a head, in its place: each field passes here, and twice costs twice.

    Of uvicorn's settings WebSockets, an access log of its own, a bound on tasks and a path that all others begin with
    are not looked at: this service uses none of them.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = False
        self._between = True
        self._unreported = 0
        self._url_bytes = 0
        self._header_bytes = 0
        self._refusal = MALFORMED_HTTP

    def on_message_begin(self) -> None:
        """Start counting anew."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._in_head = True
        self._between = False
        self._unreported = self._url_bytes = self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL while it is not too long."""
        self._url_bytes += len(url)
        if self._url_bytes > MAX_URL_BYTES:
            self._stop(URL_TOO_LONG)
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field while there are not too many and they are not too long."""
        self._header_bytes += len(name) + len(value)
        if len(self.headers) >= MAX_HEADERS or self._header_bytes > MAX_HEADER_BYTES:
            self._stop(HEADERS_TOO_LARGE)
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin the request, or let it wait until those before it on this connection are answered."""
        self._in_head = False
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            # Behind another request in one piece no field was renamed; its body would be taken for another protocol's.
            self._stop(MALFORMED_HTTP)
        version = self.parser.get_http_version()
        self._describe(version)
        # The base class declares it always there, and sets it with the first request.
        before: RequestResponseCycle | None = self.cycle
        self.cycle = RequestResponseCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _describe(self, version: str) -> None:
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "method": self.parser.get_method().decode("ascii"),
            "scheme": self.scheme or "http",
            "path": unquote(path) if "%" in path else path,
            "raw_path": url.path,
            "query_string": url.query or b"",
            "root_path": "",
            "headers": self.headers,
            "client": self.client,
            "server": self.server,
            "state": self.app_state.copy(),
        }

    def _stop(self, problem: Problem) -> NoReturn:
        self._refusal = problem
        raise _RefusedError
