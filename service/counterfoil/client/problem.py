"""What a service answers when it does not do what was asked, as errors of ours (RFC 9290, RFC 9457)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from counterfoil.encoding.cbor import CborValue, Limits, Tagged, decode
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import (
    AbsentError,
    ConflictError,
    CounterfoilError,
    MalformedError,
    RefusedError,
    UnavailableError,
    UnverifiedError,
)

MAX_PROBLEM_BYTES: Final = 64 * 1024
"""A title and a sentence take a few hundred bytes."""

_MAX_TEXT: Final = 1000
_TITLE: Final = -1
_DETAIL: Final = -2
_TUNNEL: Final = 7807
"""RFC 9290, section 5: members of an HTTP problem that have no label of their own."""

_TAG_LANGUAGE: Final = 38
"""RFC 9290, section 2: title and detail may say in which language they are."""

_SERVER_ERRORS: Final = 500
_ACCEPTED: Final = 202
_BY_STATUS: Final[Mapping[int, type[CounterfoilError]]] = {
    400: MalformedError,
    401: RefusedError,
    403: RefusedError,
    404: AbsentError,
    408: UnavailableError,
    409: ConflictError,
    410: AbsentError,
    425: UnavailableError,
    429: UnavailableError,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What the service said: its HTTP status, its title, and its ``code``, which programs branch on.

    ``code`` is None where the service is not of this project or sent none; texts are the service's own, cut short.
    """

    status: int
    title: str
    code: str | None
    detail: str
    location: str | None = None
    retry_after: str | None = None


class ServiceProblemError(CounterfoilError):
    """Mixed into a family of errors: the service answered with ``problem``."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"the service answered {problem.status} {problem.title}: {problem.detail}")
        self.problem = problem

    def __reduce__(self) -> tuple[type["ServiceProblemError"], tuple[Problem]]:
        """As it goes from one process to another: by what it was made from, which is not its text."""
        return type(self), (self.problem,)


class ServiceMalformedError(ServiceProblemError, MalformedError):
    """The service could not read what was sent."""

    code: ClassVar[str] = "service-malformed"


class ServiceUnverifiedError(ServiceProblemError, UnverifiedError):
    """The service found that a signature does not hold."""

    code: ClassVar[str] = "service-unverified"


class ServiceRefusedError(ServiceProblemError, RefusedError):
    """The service's registration policy does not admit the statement, or the request lacks a credential."""

    code: ClassVar[str] = "service-refused"


class ServiceConflictError(ServiceProblemError, ConflictError):
    """The service holds it already in another form; ``problem.location`` says where."""

    code: ClassVar[str] = "service-conflict"


class ServiceAbsentError(ServiceProblemError, AbsentError):
    """The service has nothing by that name."""

    code: ClassVar[str] = "service-absent"


class ServiceUnavailableError(ServiceProblemError, UnavailableError):
    """The service cannot answer now; sending again is harmless."""

    code: ClassVar[str] = "service-unavailable"


class ServiceUnreachableError(UnavailableError):
    """Nothing answered at that address, or not in time."""

    code: ClassVar[str] = "service-unreachable"


class ReceiptWithheldError(UnavailableError):
    """The statement is registered, and its receipt may not leave yet; it is fetched by ``entry_id`` later.

    ``retry_after`` is in how many seconds the service wants to be asked again, None where it does not say.
    """

    code: ClassVar[str] = "receipt-withheld"

    def __init__(self, detail: str, entry_id: bytes, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.entry_id = entry_id
        self.retry_after = retry_after


class LogKeysChangedError(UnverifiedError):
    """The log does not publish a pinned key any more: it changed its keys, or this is another log."""

    code: ClassVar[str] = "log-keys-changed"


class KeptReceiptError(UnverifiedError):
    """A receipt is kept that no trusted key made, another log's perhaps. It may be the only one, so it stays."""

    code: ClassVar[str] = "kept-receipt"


class ServiceAnswerError(UnverifiedError):
    """The service answered with something that is not an answer to what was asked. Nothing was concluded from it."""

    code: ClassVar[str] = "service-answer"


_Family: TypeAlias = type[ServiceProblemError]

_FAMILIES: Final[tuple[tuple[type[CounterfoilError], _Family], ...]] = (
    (MalformedError, ServiceMalformedError),
    (UnverifiedError, ServiceUnverifiedError),
    (RefusedError, ServiceRefusedError),
    (ConflictError, ServiceConflictError),
    (AbsentError, ServiceAbsentError),
    (CounterfoilError, ServiceUnavailableError),
)


def parse_problem(status: int, content_type: str, body: bytes, headers: Mapping[str, str]) -> Problem:
    """Read the body of a failed answer, CBOR or JSON; a body that is neither is reported by its status alone."""
    title, detail, code = "no problem details", "the answer is not one of this service's", None
    try:
        members = _members(content_type, body)
    except CounterfoilError:
        members = {}
    return Problem(
        status=status,
        title=_text(members.get("title"), title),
        code=_text(members.get("code"), "") or code,
        detail=_text(members.get("detail"), detail),
        location=headers.get("location"),
        retry_after=headers.get("retry-after"),
    )


def parse_item(item: bytes) -> Problem:
    """Read a problem that stands in the place of a receipt in a sequence of answers.

    Raises:
        ServiceAnswerError: It is none.
    """
    try:
        value = decode(item, Limits(MAX_PROBLEM_BYTES), allow_tags=frozenset({_TAG_LANGUAGE}))
    except CounterfoilError as error:
        raise ServiceAnswerError("an item of the answer is neither a receipt nor a problem") from error
    members = _cbor_members(value) if isinstance(value, Mapping) else {}
    tunnel = value.get(_TUNNEL) if isinstance(value, Mapping) else None
    status = tunnel.get("status") if isinstance(tunnel, Mapping) else None
    location = tunnel.get("location") if isinstance(tunnel, Mapping) else None
    if not isinstance(status, int) or not isinstance(members.get("title"), str):
        raise ServiceAnswerError("an item of the answer is neither a receipt nor a problem")
    return Problem(
        status=status,
        title=_text(members.get("title"), ""),
        code=_text(members.get("code"), "") or None,
        detail=_text(members.get("detail"), ""),
        location=location if isinstance(location, str) else None,
    )


def error_of(problem: Problem) -> ServiceProblemError:
    """The error for a problem: by its code where that is one of this release's, by its status where it is not."""
    kind = _by_code(problem.code) or _by_status(problem.status)
    return next(service(problem) for family, service in _FAMILIES if issubclass(kind, family))


def _members(content_type: str, body: bytes) -> Mapping[str, object]:
    if "cbor" in content_type:
        value = decode(body, Limits(MAX_PROBLEM_BYTES), allow_tags=frozenset({_TAG_LANGUAGE}))
        return _cbor_members(value) if isinstance(value, Mapping) else {}
    parsed: JsonValue = parse_json(body, max_bytes=MAX_PROBLEM_BYTES)
    return parsed if isinstance(parsed, Mapping) else {}


def _cbor_members(value: Mapping[int | str, CborValue]) -> Mapping[str, object]:
    tunnel = value.get(_TUNNEL)
    code = tunnel.get("code") if isinstance(tunnel, Mapping) else None
    return {"title": _untagged(value.get(_TITLE)), "detail": _untagged(value.get(_DETAIL)), "code": code}


def _untagged(value: CborValue) -> object:
    match value:
        case Tagged(_, [_, str(text), *_]):
            return text
        case _:
            return value


def _text(value: object, default: str) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else default


def _by_code(code: str | None) -> type[CounterfoilError] | None:
    return None if code is None else next((kind for kind in _kinds(CounterfoilError) if kind.code == code), None)


def _kinds(kind: type[CounterfoilError]) -> Iterator[type[CounterfoilError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)


def _by_status(status: int) -> type[CounterfoilError]:
    if status >= _SERVER_ERRORS or status == _ACCEPTED:
        return UnavailableError
    return _BY_STATUS.get(status, MalformedError)
