"""HTTP with bounds: how long to wait, how often to try, how much to read, and no following of addresses."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final, Generic, TypedDict, assert_never
from urllib.parse import urlsplit

import httpx
import stamina

from counterfoil.client.asking import Answer, Ask, Conversation, Done, Pause, Step, Work
from counterfoil.client.patience import Insistence, Patience, retry_after_seconds
from counterfoil.client.problem import (
    MAX_PROBLEM_BYTES,
    ServiceAnswerError,
    ServiceProblemError,
    ServiceUnreachableError,
    error_of,
    parse_problem,
)
from counterfoil.errors import CounterfoilError, MisconfiguredError

_CONNECT_SECONDS: Final = 5.0
_OK: Final = frozenset({200, 201, 202, 204})
_PROBLEMS: Final = "application/concise-problem-details+cbor"


class Transport:
    """Holds conversations with one service, a blocking request at a time.

    Raises:
        MisconfiguredError: The base address is not an http or https URL.
    """

    def __init__(self, base_url: str, *, admin_token: str | None, patience: Patience) -> None:
        self._http = httpx.Client(**_options(base_url, patience.answer_seconds, admin_token))
        self._patience = patience

    def hold(self, conversation: Conversation[Done]) -> Done:
        """Ask what the conversation asks until it is done.

        Raises:
            ServiceUnreachableError: Nothing answered, or not in time. Whether the service took it is then unknown.
            ServiceAnswerError: The answer is too large, or a redirection.
            ServiceProblemError: The service answered with a problem, also when it was asked again.
            CounterfoilError: What the conversation found wrong.
        """
        place = _Place(conversation)
        while place.step is not None:
            try:
                answer = self._take(place.step)
            except CounterfoilError as error:
                place.fail(error)
            else:
                place.go_on(answer)
        return place.done()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _take(self, step: Step) -> Answer | None:
        match step:
            case Ask():
                return self._patiently(step)
            case Pause(seconds):
                time.sleep(seconds)
            case Work(do):
                do()
            case _:
                assert_never(step)
        return None

    def _patiently(self, asked: Ask) -> Answer:
        for attempt in stamina.retry_context(**_retries(self._patience, asked)):
            with attempt:
                return self._send(_built(self._http, asked), asked.max_bytes)
        raise TypeError("nothing was attempted")

    def _send(self, request: httpx.Request, max_bytes: int) -> Answer:
        body = bytearray()
        try:
            response = self._http.send(request, stream=True)
            by = self._patience.clock() + self._patience.answer_seconds
            try:
                for chunk in response.iter_raw():
                    _read(body, chunk, response, max_bytes, late=self._patience.clock() > by)
            finally:
                response.close()
        except _FOREIGN as error:
            raise _unreachable(request, error) from error
        return _judged(response, bytes(body))


class AsyncTransport:
    """The same in an event loop."""

    def __init__(self, base_url: str, *, admin_token: str | None, patience: Patience) -> None:
        self._http = httpx.AsyncClient(**_options(base_url, patience.answer_seconds, admin_token))
        self._patience = patience

    async def hold(self, conversation: Conversation[Done]) -> Done:
        """Ask what the conversation asks until it is done; errors as for the other."""
        place = _Place(conversation)
        while place.step is not None:
            try:
                answer = await self._take(place.step)
            except CounterfoilError as error:
                place.fail(error)
            else:
                place.go_on(answer)
        return place.done()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _take(self, step: Step) -> Answer | None:
        match step:
            case Ask():
                return await self._patiently(step)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Work(do):
                await asyncio.to_thread(do)
            case _:
                assert_never(step)
        return None

    async def _patiently(self, asked: Ask) -> Answer:
        async for attempt in stamina.retry_context(**_retries(self._patience, asked)):
            with attempt:
                return await self._send(_built(self._http, asked), asked.max_bytes)
        raise TypeError("nothing was attempted")

    async def _send(self, request: httpx.Request, max_bytes: int) -> Answer:
        body = bytearray()
        try:
            response = await self._http.send(request, stream=True)
            by = self._patience.clock() + self._patience.answer_seconds
            try:
                async for chunk in response.aiter_raw():
                    _read(body, chunk, response, max_bytes, late=self._patience.clock() > by)
            finally:
                await response.aclose()
        except _FOREIGN as error:
            raise _unreachable(request, error) from error
        return _judged(response, bytes(body))


class _Place(Generic[Done]):
    """Where a conversation is: its next step, or how it ended."""

    def __init__(self, conversation: Conversation[Done]) -> None:
        self._conversation = conversation
        self._result: list[Done] = []
        self.step: Step | None = None
        self.go_on(None)

    def go_on(self, answer: Answer | None) -> None:
        try:
            self.step = self._conversation.send(answer)
        except StopIteration as stop:
            self._end(stop)

    def fail(self, error: CounterfoilError) -> None:
        try:
            self.step = self._conversation.throw(error)
        except StopIteration as stop:
            self._end(stop)

    def done(self) -> Done:
        return self._result[0]

    def _end(self, stop: StopIteration) -> None:
        self.step = None
        self._result = [stop.value]


_FOREIGN: Final = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL)


def require_base_url(text: str) -> str:
    """The address of a service.

    Raises:
        MisconfiguredError: It is not an http or https URL without query, fragment and credentials.
    """
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    else:
        sound = sound and not parts.query and not parts.fragment and "@" not in parts.netloc
    if not sound:
        raise MisconfiguredError("the address of a service is http://HOST:PORT or https://HOST, nothing behind it")
    return text.rstrip("/") + "/"


class _Options(TypedDict):
    base_url: str
    timeout: httpx.Timeout
    headers: dict[str, str]
    follow_redirects: bool


class _Retries(TypedDict):
    on: Insistence
    attempts: int
    timeout: None


def _options(base_url: str, timeout: float, admin_token: str | None) -> _Options:
    return {
        "base_url": require_base_url(base_url),
        "timeout": httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
        "headers": {} if admin_token is None else {"Authorization": f"Bearer {admin_token}"},
        "follow_redirects": False,
    }


def _retries(patience: Patience, asked: Ask) -> _Retries:
    # When the time is over is the insistence's to say: it counts the wait before the next attempt, not only those past.
    return {"on": Insistence(patience, asked.until), "attempts": patience.attempts, "timeout": None}


def _built(http: httpx.Client | httpx.AsyncClient, asked: Ask) -> httpx.Request:
    # No content coding: what is signed is small, and a bomb of compressed zeros needs nobody to unpack it.
    headers = {"Accept": f"{asked.accept}, {_PROBLEMS};q=0.5", "Accept-Encoding": "identity"}
    if asked.content_type is not None:
        headers["Content-Type"] = asked.content_type
    return http.build_request(asked.method, asked.path, params=asked.query, headers=headers, content=asked.body)


def _read(body: bytearray, chunk: bytes, response: httpx.Response, max_bytes: int, *, late: bool) -> None:
    if late:
        # A service that says a byte from time to time is never silent for long enough, and never done.
        raise httpx.ReadTimeout("the body did not come in time")
    most = max_bytes if response.status_code in _OK else MAX_PROBLEM_BYTES
    body += chunk
    if len(body) > most:
        raise ServiceAnswerError(f"the service answered with more than the {most} bytes that are read")


def _judged(response: httpx.Response, body: bytes) -> Answer:
    if response.status_code in _OK:
        waiting = retry_after_seconds(response.headers.get("retry-after"))
        return Answer(response.status_code, body, response.headers.get("location"), waiting)
    raise _failure(response, body)


def _failure(response: httpx.Response, body: bytes) -> ServiceAnswerError | ServiceProblemError:
    if response.is_success:
        return ServiceAnswerError(f"the service answered {response.status_code}, which is no answer to this request")
    if response.is_redirect or response.is_informational:
        return ServiceAnswerError(f"the service answered {response.status_code}; no other address is followed")
    headers: Mapping[str, str] = response.headers
    return error_of(parse_problem(response.status_code, headers.get("content-type", ""), body, headers))


def _unreachable(request: httpx.Request, error: Exception) -> ServiceUnreachableError:
    place = f"{request.url.scheme}://{request.url.netloc.decode('ascii', 'replace')}"
    if isinstance(error, httpx.TimeoutException):
        return ServiceUnreachableError(f"{place} did not answer in time")
    return ServiceUnreachableError(f"{place} cannot be reached: {type(error).__name__}")
