"""POST /entries: one statement or many, read and answered without the framework, which would cost more than the rest.

The framework has a route of that name for its description alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.types import Receive, Scope

from counterfoil.http.body import read_body
from counterfoil.http.bulk import register_sequence
from counterfoil.http.ccf_names import ccf_answer
from counterfoil.http.direct_way import DirectWay
from counterfoil.http.limits import MAX_BULK_BYTES, RETRY_AFTER_SECONDS
from counterfoil.http.media_types import CBOR_SEQUENCE, COSE, RECEIPT, is_identity, is_sequence, is_statement, preferred
from counterfoil.http.problems import UNSUPPORTED_MEDIA_TYPE, ProblemError
from counterfoil.http.wiring import Service
from counterfoil.policy.decision import largest_statement
from counterfoil.register import register

_NO_STORE: Final = (b"cache-control", b"no-store")
_VARY: Final = (b"vary", b"Accept")
_RETRY: Final = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
_EMPTY: Final = (b"content-length", b"0")
_CREATED: Final = 201
_ACCEPTED: Final = 202
_OK: Final = 200
_SEE_OTHER: Final = 303

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets when nothing failed."""

    status: int
    fields: Fields
    body: bytes


@dataclass(slots=True)
class Asked:
    """The header fields that registration looks at."""

    content_types: list[bytes]
    content_encodings: list[bytes]
    content_length: bytes | None = None
    accept: bytes | None = None


async def registered(service: Service, scope: Scope, receive: Receive, directly: DirectWay | None = None) -> Answer:
    """Register what was posted; how that is answered.

    Raises:
        ProblemError, CounterfoilError: What is to be answered instead.
    """
    asked = asked_in(scope)
    many = is_sequence(asked.content_types)
    if not (many or is_statement(asked.content_types)) or not is_identity(asked.content_encodings):
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE)
    most = MAX_BULK_BYTES if many else largest_statement(await service.registering.rules())
    with service.bodies.hold() as held:
        body = await read_body(receive, asked.content_length, held, most, service.body_seconds, directly)
        # A process that found its log corrupt ends what is under way, and that must not be registering.
        service.failure.require_none()
        if many:
            return _sequence(await register_sequence(service, scope, body))
        return await _one(service, body, asked.accept, scope["query_string"])


async def _one(service: Service, body: bytes, accept: bytes | None, query: bytes) -> Answer:
    registration = await register(body, service.registering)
    if not registration.new:
        service.metrics.duplicate()
    location = (b"location", b"/entries/" + registration.entry_id.hex().encode())
    wished = ccf_answer(query, registration.number)
    if wished is not None and wished.status == _SEE_OTHER:
        return Answer(_SEE_OTHER, [*_fields(wished.headers), _NO_STORE, _EMPTY], b"")
    if not service.released(registration.number):
        return Answer(_ACCEPTED, [location, _RETRY, _NO_STORE, _EMPTY], b"")
    media_type = preferred(None if accept is None else accept.decode("latin-1"), (COSE,), (RECEIPT,)).encode()
    length = (b"content-length", str(len(registration.receipt)).encode())
    fields = [(b"content-type", media_type), length, location, _NO_STORE, _VARY]
    if wished is not None:
        fields += _fields(wished.headers)
    return Answer(_CREATED, fields, registration.receipt)


def _fields(headers: Mapping[str, str]) -> Fields:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _sequence(body: bytes) -> Answer:
    length = (b"content-length", str(len(body)).encode())
    return Answer(_OK, [(b"content-type", CBOR_SEQUENCE.encode()), length, _NO_STORE], body)


def asked_in(scope: Scope) -> Asked:
    """The header fields of a request that registers something."""
    asked = Asked([], [])
    accepts: list[bytes] = []
    for name, value in scope["headers"]:
        if name == b"content-type":
            asked.content_types.append(value)
        elif name == b"content-encoding":
            asked.content_encodings.append(value)
        elif name == b"content-length":
            asked.content_length = value
        elif name == b"accept":
            accepts.append(value)
    if accepts:
        asked.accept = b", ".join(accepts)
    return asked
