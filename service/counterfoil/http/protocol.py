"""HTTP/1.1 below the application: bounds on what a request begins with, and problems for what is no HTTP."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from counterfoil.http.connections import BoundedConfig
from counterfoil.http.declined_upgrade import DecliningHead
from counterfoil.http.direct_way import DirectWay
from counterfoil.http.entry_point import EntryPoint
from counterfoil.http.limits import (
    HEAD_SECONDS,
    LINGER_BYTES,
    LINGER_SECONDS,
    MAX_HEADER_BYTES,
    MAX_HEARD_OUT,
    MAX_URL_BYTES,
    UNREAD_SECONDS,
)
from counterfoil.http.problems import (
    BODY_TRUNCATED,
    HEAD_TIMEOUT,
    HEADERS_TOO_LARGE,
    MALFORMED_HTTP,
    TOO_MANY_CONNECTIONS,
    URL_TOO_LONG,
    Problem,
)
from counterfoil.http.request_head import HeadReader
from counterfoil.http.responses import ENDLESS
from counterfoil.http.wiring import service_of_app


class BoundedProtocol(HeadReader):
    """uvicorn's protocol, which refuses with a problem what is too long, too slow or no HTTP.

    The parser gathers a header field without bound before it reports it, so bytes are also counted as they arrive.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        if not isinstance(config, BoundedConfig):
            raise TypeError("the server was configured without a bound on its connections")
        self._held = config.held
        self._head = DecliningHead()
        self._dropped: int | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._answered: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the client until the deadline to say what it wants."""
        # The event loop in use has transports of its own, which are none of asyncio's classes and behave like them.
        super().connection_made(cast("asyncio.Transport", transport))
        self._await_head()
        self._held.opened(self)

    def shutdown(self) -> None:
        """Begin to end, as the server does; who does not take the rest of an answer without end loses it soon."""
        super().shutdown()
        if self._is_endless():
            self.loop.call_later(LINGER_SECONDS, self._abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; nobody is left to answer."""
        self._disconnect()
        self._held.left(self)
        self._forget_unread()
        self._set_deadline(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read some more, unless the client was refused already."""
        if self._dropped is not None:
            self._drop(len(data))
            return
        # What came in one piece with the end of an earlier request is not counted; it is bounded by the read buffer.
        self._unreported = self._unreported + len(data) if self._in_head else 0
        if self._unreported > MAX_URL_BYTES + MAX_HEADER_BYTES:
            self._refuse(URL_TOO_LONG if self._url_bytes > MAX_URL_BYTES else HEADERS_TOO_LARGE)
            return
        if self._between or self._in_head:
            data = self._head.take(data, begins=self._between)
        if data:
            super().data_received(data)
            if self._in_head and self._deadline is None:
                self._await_head()

    def eof_received(self) -> Any:
        """Answer a client that says no more what it asked, and tell one that stopped in the middle why it is not.

        True keeps the connection open for that; the base class promises None, which closes it.
        """
        cycle = self._cycle()
        if self._in_head:
            self._refuse(MALFORMED_HTTP)
        elif cycle is not None and cycle.more_body and not cycle.response_started:
            self._refuse(BODY_TRUNCATED)
        # For the end of an answer that has none nobody waits, so who says no more has left it.
        if cycle is None or cycle.more_body or cycle.response_complete or self._is_endless():
            return None
        cycle.keep_alive = False
        return True

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the caller's text is for a log, not for a client
        """Refuse what the parser did not take, in the place of uvicorn's text."""
        self._refuse(self._refusal)

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._set_deadline(None)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Give a client that is answered before its body has come no more than a moment to end it."""
        cycle = self._cycle()
        unfinished = cycle is not None and cycle.more_body
        super().on_response_complete()
        if self.transport.is_closing():
            self._hang_up()
            return
        self._held.waiting(self)
        if unfinished:
            self._set_deadline(self.loop.call_later(LINGER_SECONDS, self._hang_up))

    def on_message_complete(self) -> None:
        """The request is all here."""
        self._between = True
        self._held.served(self)
        super().on_message_complete()
        self._set_deadline(None)

    def pause_writing(self) -> None:
        """Give the client until the deadline to read some of what it asked for."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self._abort)

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        self._forget_unread()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which no other request came."""
        self._hang_up()

    def give_up(self) -> None:
        """Make room for another connection: see ``Connections``."""
        self._held.left(self)
        cycle = self._cycle()
        if len(self.connections) > self._held.most + MAX_HEARD_OUT:
            self._abort()
        elif self._between and cycle is not None and cycle.response_complete:
            self._hang_up()
        else:
            self._refuse(TOO_MANY_CONNECTIONS)

    def _hang_up(self) -> None:
        # Closing waits until the client has read what was written, so that has to end some time too.
        self.transport.close()
        self._set_deadline(self.loop.call_later(UNREAD_SECONDS, self._abort))

    def _abort(self) -> None:
        self._disconnect()
        self.transport.abort()

    def _disconnect(self) -> None:
        # The base class tells the newest request, and where several came at once another one is being answered.
        self.pipeline.clear()
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        if isinstance(app, EntryPoint):
            app = partial(app, directly=DirectWay(cycle))
        super()._start_asgi_task(cycle, app)

    def _is_endless(self) -> bool:
        answered = self._answered
        return answered is not None and not answered.response_complete and ENDLESS in answered.scope["state"]

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _await_head(self) -> None:
        self._set_deadline(self.loop.call_later(HEAD_SECONDS, self._refuse, HEAD_TIMEOUT))

    def _set_deadline(self, timer: asyncio.TimerHandle | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = timer

    def _refuse(self, problem: Problem) -> None:
        """Answer below the application, then hear the client out for a moment: see ``ClosingResponse``."""
        if self._dropped is not None or self.transport.is_closing():
            return
        self._held.left(self)
        self._dropped = 0
        self._in_head = False
        cycle = self._cycle()
        if cycle is not None and not cycle.response_complete and self._is_answering(cycle):
            return
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self._count(problem)
            self.transport.write(self._encoded(problem))
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._set_deadline(self.loop.call_later(LINGER_SECONDS, self._hang_up))

    def _is_answering(self, cycle: RequestResponseCycle) -> bool:
        """Whether an earlier request still waits for its answer; this one would be taken for it, so there is none."""
        if not cycle.more_body:
            cycle.keep_alive = False
            return True
        if self.pipeline:
            self.pipeline.popleft()  # The newest: the request that is refused.
            return True
        return False

    def _count(self, problem: Problem) -> None:
        service = service_of_app(self.config.app)
        if service is not None:
            service.metrics.refused(problem.code)

    def _cycle(self) -> RequestResponseCycle | None:
        # The base class declares it always there, and sets it with the first request.
        return self.cycle

    def _fields(self) -> list[tuple[bytes, bytes]] | tuple[()]:
        fields: list[tuple[bytes, bytes]] | None = self.headers
        return fields or ()

    def _encoded(self, problem: Problem) -> bytes:
        accept = [value.decode("latin-1") for name, value in self._fields() if name == b"accept"]
        media_type, body = problem.encode(", ".join(accept) or None)
        fields = {
            "content-type": media_type,
            "content-length": str(len(body)),
            "cache-control": "no-store",
            **{name.lower(): value for name, value in problem.headers},
            "connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        phrase = HTTPStatus(problem.status).phrase
        return f"HTTP/1.1 {problem.status} {phrase}\r\n{lines}\r\n".encode("latin-1") + body

    def _drop(self, count: int) -> None:
        self._dropped = (self._dropped or 0) + count
        if self._dropped > LINGER_BYTES:
            self._hang_up()
