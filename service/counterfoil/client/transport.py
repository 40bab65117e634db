"""HTTP with bounds: how long to wait, how much to read, and no following of addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from counterfoil.client.problem import (
    MAX_PROBLEM_BYTES,
    ServiceAnswerError,
    ServiceProblemError,
    ServiceUnreachableError,
    error_of,
    parse_problem,
)
from counterfoil.errors import MisconfiguredError

DEFAULT_TIMEOUT_SECONDS: Final = 30.0
"""The service answers in milliseconds, or says within seconds that it cannot."""

_CONNECT_SECONDS: Final = 5.0
_OK: Final = frozenset({200, 201})
_PROBLEMS: Final = "application/concise-problem-details+cbor"


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer, within its bound."""

    status: int
    body: bytes
    location: str | None


class Transport:
    """Requests to one service. Redirects are not followed, and bodies are read up to a bound only.

    Raises:
        MisconfiguredError: The base address is not an http or https URL.
    """

    def __init__(self, base_url: str, *, timeout: float, admin_token: str | None) -> None:
        self._http = httpx.Client(
            base_url=require_base_url(base_url),
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
            headers={} if admin_token is None else {"Authorization": f"Bearer {admin_token}"},
            follow_redirects=False,
        )

    def get(
        self,
        path: str,
        accept: str,
        max_bytes: int,
        query: Mapping[str, str | int] | None = None,
    ) -> Answer:
        """Fetch something of at most ``max_bytes``; errors as for ``post``."""
        request = self._http.build_request("GET", path, params=query or {}, headers=_headers(accept))
        return self._send(request, max_bytes)

    def post(self, path: str, content_type: str, body: bytes, accept: str, max_bytes: int) -> Answer:
        """Post something and read at most ``max_bytes`` of answer.

        Raises:
            ServiceUnreachableError: Nothing answered, or not in time. Whether the service took it is then unknown.
            ServiceAnswerError: The answer is too large, or a redirection.
            ServiceProblemError: The service answered with a problem.
        """
        headers = {**_headers(accept), "Content-Type": content_type}
        return self._send(self._http.build_request("POST", path, content=body, headers=headers), max_bytes)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, request: httpx.Request, max_bytes: int) -> Answer:
        try:
            response = self._http.send(request, stream=True)
            try:
                good = response.status_code in _OK
                body = _read(response, max_bytes if good else MAX_PROBLEM_BYTES)
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise ServiceUnreachableError(f"{_place(request)} did not answer in time") from error
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise ServiceUnreachableError(f"{_place(request)} cannot be reached: {type(error).__name__}") from error
        if good:
            return Answer(response.status_code, body, response.headers.get("location"))
        raise _failure(response, body)


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


def _headers(accept: str) -> dict[str, str]:
    # No content coding: what is signed is small, and a bomb of compressed zeros needs nobody to unpack it.
    return {"Accept": f"{accept}, {_PROBLEMS};q=0.5", "Accept-Encoding": "identity"}


def _read(response: httpx.Response, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise ServiceAnswerError(f"the service answered with more than the {max_bytes} bytes that are read")
    return bytes(body)


def _failure(response: httpx.Response, body: bytes) -> ServiceAnswerError | ServiceProblemError:
    if response.is_success:
        return ServiceAnswerError(f"the service answered {response.status_code}, which is no answer to this request")
    if response.is_redirect or response.is_informational:
        return ServiceAnswerError(f"the service answered {response.status_code}; no other address is followed")
    content_type = response.headers.get("content-type", "")
    return error_of(parse_problem(response.status_code, content_type, body, response.headers))


def _place(request: httpx.Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc.decode('ascii', 'replace')}"
