"""A name for each request, so that an answer, a log line and a client's own record can be matched."""

import re
from collections.abc import Callable
from typing import Final

from starlette.types import Scope

from counterfoil.http.client_address import ClientAddresses

FIELD: Final = b"x-request-id"
_NAMED: Final = "counterfoil.request_id"
"""Where a request's scope keeps its id."""

_ADMITTED: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
"""Nothing in it can break a header, a line of a log, or a terminal."""

_BYTES: Final = 16
"""Of randomness in an id: no two processes give the same, and none tells how many requests there were before it."""

_DRAWN: Final = 256
"""Ids that one call of the source is enough for; a call for each would cost as much as all else here."""


class RequestIds:
    """Names requests: as a proxy or a program of this machine has named them, else at random.

    ``source`` gives so many random bytes.
    """

    def __init__(self, source: Callable[[int], bytes], addresses: ClientAddresses) -> None:
        self._source = source
        self._addresses = addresses
        self._drawn: list[str] = []

    def name(self, scope: Scope) -> str:
        """The id of a request, the same however often it is asked for."""
        named = scope.get(_NAMED)
        if named is None:
            named = scope[_NAMED] = self._new_name(scope)
        return str(named)

    def _new_name(self, scope: Scope) -> str:
        given: list[bytes] = [value for name, value in scope["headers"] if name == FIELD]
        if len(given) == 1 and _ADMITTED.fullmatch(given[0]) is not None:
            peer = self._addresses.peer(scope)
            if peer.is_proxy or peer.is_here:
                return given[0].decode("ascii")
        if not self._drawn:
            text = self._source(_BYTES * _DRAWN).hex()
            self._drawn = [text[start : start + 2 * _BYTES] for start in range(0, len(text), 2 * _BYTES)]
        return self._drawn.pop()
