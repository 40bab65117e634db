"""A chain as it grows: each entry is sent to whoever follows the chain, as server-sent events (WHATWG HTML, 9.2)."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.types import Message, Receive, Scope, Send

from counterfoil.chain.history import ChainEntry, chain_as_of, read_page
from counterfoil.errors import CounterfoilError, LogCorruptError, MalformedParameterError
from counterfoil.http.chain_entry import entry_of_chain
from counterfoil.http.chain_lookup import ChainIdText, chain_of_id, tree_at
from counterfoil.http.chain_watch import ChainWatch, Listener
from counterfoil.http.chains import After
from counterfoil.http.described import GUARDED, PROBLEMS, problems
from counterfoil.http.handlers import note_failure
from counterfoil.http.head_requests import ASKED_METHOD
from counterfoil.http.limits import (
    HEARTBEAT_SECONDS,
    RETRY_AFTER_SECONDS,
    STREAM_PAGE,
    STREAM_PATIENCE_SECONDS,
    STREAM_SECONDS,
)
from counterfoil.http.media_types import EVENT_STREAM
from counterfoil.http.problems import ProblemError
from counterfoil.http.responses import ENDLESS
from counterfoil.http.visibility import require_reader
from counterfoil.http.wire import Number
from counterfoil.http.wiring import Service, Wired
from counterfoil.log.records import ChainHead
from counterfoil.statement.revoked import Revoked

router = APIRouter(tags=["chains"], responses=PROBLEMS)

_FIELDS: Final = {
    "Content-Type": EVENT_STREAM,
    "Cache-Control": "no-store",
    # What a common proxy gathers until it is worth sending, it sends at once when told so.
    "X-Accel-Buffering": "no",
}
_RETRY: Final = f"retry: {RETRY_AFTER_SECONDS * 1000}\n\n".encode()
_HEARTBEAT: Final = b": \n\n"

LastEventId = Annotated[
    Number | None,
    Header(alias="Last-Event-ID", description="The sequence number of the last entry seen; counts more than after."),
]


def watch_of(request: Request) -> ChainWatch:
    """The watch of the application of a request."""
    watch = request.app.state.watch
    if not isinstance(watch, ChainWatch):
        raise TypeError("the application was made without a watch")
    return watch


@router.get(
    "/chains/{chain_id}/events",
    response_class=Response,
    responses={
        200: {
            "description": "For each entry an event named entry: its sequence number as the id, and as data an "
            "EntryOfChain in one line of JSON. The stream ends after an hour, when the service stops, and when the "
            "chain may not be read any more; Last-Event-ID resumes it.",
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        },
        **problems(401, 404),
    },
    openapi_extra=GUARDED,
)
def follow_chain(
    request: Request,
    response: Response,
    service: Wired,
    watch: Annotated[ChainWatch, Depends(watch_of)],
    chain_id: ChainIdText,
    after: After = None,
    last_event_id: LastEventId = None,
) -> Response:
    """The chain's entries in order, each once it is committed and its receipt may leave; a stream that goes on."""
    head = chain_of_id(request, response, service, chain_id, tree_at(service, None))
    seen = after if last_event_id is None else last_event_id
    if seen is not None and seen >= head.length:
        raise MalformedParameterError(f"the chain has {head.length} entries, numbered from 0, and none is {seen}")
    if request.scope.get(ASKED_METHOD) == "HEAD":
        return _without_length(Response(headers=_FIELDS))
    return _Stream(request, service, watch, head, 0 if seen is None else seen + 1)


class _Stream(Response):
    """The entries of a chain for one reader. The next ones are read when he has taken those before them."""

    def __init__(self, request: Request, service: Service, watch: ChainWatch, chain: ChainHead, passed: int) -> None:
        super().__init__(headers=_FIELDS)
        _without_length(self)
        self._request = request
        self._service = service
        self._watch = watch
        self._chain = chain
        self._passed = passed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is and what comes, until the reader leaves or has to."""
        sender = self._service.limits.addresses.sender(scope)
        with self._watch.listening(self._chain, self._passed, sender) as listener:
            scope["state"][ENDLESS] = True
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            leaving = asyncio.create_task(_dismiss_who_leaves(receive, listener))
            try:
                await self._follow(listener, send)
            finally:
                leaving.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _follow(self, listener: Listener, send: Send) -> None:
        now = asyncio.get_running_loop().time
        end, beat = now() + STREAM_SECONDS, now() + HEARTBEAT_SECONDS
        await send(_piece(_RETRY))
        while not listener.dismissed and now() < end:
            events = await self._next_events(listener)
            if events:
                await _hand_over(events, listener, send)
            elif now() >= beat:
                await send(_piece(_HEARTBEAT))
            else:
                await listener.news(min(beat, end) - now())
                continue
            beat = now() + HEARTBEAT_SECONDS

    async def _next_events(self, listener: Listener) -> deque[bytes]:
        listener.begin_reading()
        if listener.chain.length <= listener.passed:
            return deque()
        try:
            async with self._watch.turn():
                return await asyncio.to_thread(self._read, listener.chain, listener.shown, listener.passed)
        except ProblemError:
            # An entry made the chain one that this reader may not read. When he comes back, he is told.
            listener.dismiss()
        except CounterfoilError as error:
            note_failure(self._service, error)
            listener.dismiss()
        return deque()

    def _read(self, head: ChainHead, shown: int, passed: int) -> deque[bytes]:
        log = self._service.log
        require_reader(self._request, head.visibility, self._service.settings)
        chain = chain_as_of(log.store, head, shown)
        if chain is None or chain.length <= passed:
            return deque()
        entries = read_page(log.store, log.max_lag, chain, passed, STREAM_PAGE, log.profiles).entries
        _require_run(entries, passed)
        revoked = log.current_rules().revoked
        return deque(_event(entry, revoked, shown) for entry in entries)


async def _hand_over(events: deque[bytes], listener: Listener, send: Send) -> None:
    """Send one event after another. While one waits for its reader, the others are forgotten, and later read again."""
    while events and not listener.dismissed:
        forgetting = asyncio.get_running_loop().call_later(STREAM_PATIENCE_SECONDS, events.clear)
        try:
            await send(_piece(events.popleft()))
        finally:
            forgetting.cancel()
        listener.passed += 1


async def _dismiss_who_leaves(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.dismiss()


def _piece(content: bytes) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": True}


def _require_run(entries: Sequence[ChainEntry], start: int) -> None:
    found = [one.entry.sequence for one in entries]
    if not found or found != list(range(start, start + len(found))):
        raise LogCorruptError(f"a chain's entries from {start} on were asked for, and the store has {found}")


def _event(one: ChainEntry, revoked: Sequence[Revoked], size: int) -> bytes:
    data = entry_of_chain(one, revoked, size).model_dump_json(by_alias=True)
    return f"id: {one.entry.sequence}\nevent: entry\ndata: {data}\n\n".encode()


def _without_length(response: Response) -> Response:
    del response.headers["Content-Length"]
    return response
