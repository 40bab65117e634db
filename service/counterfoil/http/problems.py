"""The one table from errors to HTTP: status and title, and the body every failure has (SCRAPI, RFC 9290, RFC 9457)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from counterfoil import errors
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import CounterfoilError, OvertakenError, RateLimitedError, SignatureTwinError, UnavailableError
from counterfoil.http.limits import RETRY_AFTER_SECONDS
from counterfoil.http.media_types import PROBLEM_CBOR, PROBLEM_JSON, preferred

_TITLE: Final = -1
_DETAIL: Final = -2
_TUNNEL: Final = 7807
"""RFC 9290, section 5: the entry that carries members of an HTTP problem, which have no label of their own."""

TABLE: Final[Mapping[type[CounterfoilError], tuple[int, str]]] = {
    errors.MalformedError: (400, "Malformed request"),
    errors.MalformedEntryIdError: (400, "Invalid locator"),
    errors.PayloadMissingError: (400, "Payload Missing"),
    errors.AlgorithmMissingError: (400, "Bad Signature Algorithm"),
    errors.TooLargeError: (413, "Content Too Large"),
    errors.UnverifiedError: (400, "Rejected"),
    errors.AppraisalDiffersError: (500, "Appraisal Differs"),
    errors.AlgorithmUnsupportedError: (400, "Bad Signature Algorithm"),
    errors.AlgorithmKeyMismatchError: (400, "Bad Signature Algorithm"),
    errors.RefusedError: (400, "Rejected"),
    errors.AlgorithmNotAdmittedError: (400, "Bad Signature Algorithm"),
    errors.ConflictError: (409, "Conflict"),
    errors.AbsentError: (404, "Not Found"),
    errors.KeyAbsentError: (404, "No such key"),
    errors.ChallengeSessionExpiredError: (410, "Gone"),
    errors.UnavailableError: (503, "Service Unavailable"),
    errors.RateLimitedError: (429, "Too Many Requests"),
    errors.CorruptError: (503, "Service Unavailable"),
    errors.MisconfiguredError: (500, "Internal Server Error"),
}
"""The row of the nearest class counts. Families have one each, so that a new leaf has an answer from the start."""

# What these errors say is for the operator's log: paths, and what the database answered.
_OWN_DETAILS: Final[Mapping[type[CounterfoilError], str]] = {
    errors.StoreUnavailableError: "the store did not take it; sending it again later is harmless",
    errors.CorruptError: "the log found that it disagrees with itself, and stops",
    errors.MisconfiguredError: "the service cannot answer as it is configured",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, as a client sees it. ``code`` never changes once released; ``headers`` go with the answer."""

    status: int
    title: str
    code: str
    detail: str
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, accept: str | None) -> tuple[str, bytes]:
        """The media type that ``accept`` prefers, CBOR when in doubt, and the body in it."""
        if preferred(accept, (PROBLEM_CBOR,), (PROBLEM_JSON, "application/json")) == PROBLEM_CBOR:
            return PROBLEM_CBOR, self._cbor()
        return PROBLEM_JSON, self._json()

    def at(self, location: str) -> "Problem":
        """The same with a place to look at."""
        return replace(self, headers=(*self.headers, ("Location", location)))

    def as_item(self) -> bytes:
        """The problem as an item of a sequence, which has no header fields: its location stands within."""
        return self._cbor(dict(self.headers).get("Location"))

    def _cbor(self, location: str | None = None) -> bytes:
        tunnel: dict[int | str, CborValue] = {"status": self.status, "code": self.code}
        if location is not None:
            tunnel["location"] = location
        return encode({_TITLE: self.title, _DETAIL: self.detail, _TUNNEL: tunnel})

    def _json(self) -> bytes:
        return encode_json(
            {
                "type": "about:blank",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
            },
        )


class ProblemError(Exception):
    """A request that failed before it reached the log. It ends with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def problem_of(error: CounterfoilError) -> Problem:
    """The problem that a client gets for an error of the log."""
    status, title = next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
    details = (_OWN_DETAILS[kind] for kind in type(error).__mro__ if kind in _OWN_DETAILS)
    return Problem(status, title, error.code, next(details, error.detail), _headers(error))


def retry_after() -> tuple[str, str]:
    """The header that says when to come back (SCRAPI, section 5.1)."""
    return "Retry-After", str(RETRY_AFTER_SECONDS)


def _headers(error: CounterfoilError) -> tuple[tuple[str, str], ...]:
    if isinstance(error, SignatureTwinError):
        return (("Location", f"/entries/{error.entry_id.hex()}"),)
    if isinstance(error, RateLimitedError):
        return (("Retry-After", str(error.retry_after)),)
    return (retry_after(),) if isinstance(error, (OvertakenError, UnavailableError)) else ()


_CLOSE: Final = ("Connection", "close")

ROUTE_NOT_FOUND: Final = Problem(404, "Not Found", "route-not-found", "nothing is served at this path")
INTERNAL: Final = Problem(500, "Internal Server Error", "internal-error", "the service failed to answer; it goes on")
STOPPING: Final = Problem(
    503,
    "Service Unavailable",
    "stopping",
    "the service stops; whether a statement was registered is told by posting it again",
    (retry_after(),),
)
MALFORMED_HTTP: Final = Problem(400, "Malformed request", "malformed-http", "this is not HTTP/1.1")
HEADERS_TOO_LARGE: Final = Problem(
    431,
    "Request Header Fields Too Large",
    "headers-too-large",
    "the request has more or longer header fields than are read",
)
URL_TOO_LONG: Final = Problem(414, "URI Too Long", "url-too-long", "the URL is longer than is read")
HEAD_TIMEOUT: Final = Problem(408, "Request Timeout", "head-timeout", "the request's headers did not come in time")
BODY_TIMEOUT: Final = Problem(
    408, "Request Timeout", "body-timeout", "the body did not come in time", (_CLOSE, retry_after())
)
BODY_TRUNCATED: Final = Problem(
    400, "Malformed request", "body-truncated", "the connection ended before the body did", (_CLOSE,)
)
BODY_TOO_LARGE: Final = Problem(
    413,
    "Content Too Large",
    "too-large",
    "the body is larger than any statement the registration policy admits, or than a sequence may be",
    (_CLOSE,),
)
TOO_MANY_REQUESTS: Final = Problem(
    429,
    "Too Many Requests",
    "too-many-requests",
    "more statements are under way than this service holds",
    (_CLOSE, retry_after()),
)
RECEIPT_WITHHELD: Final = Problem(
    202,
    "Accepted",
    "receipt-withheld",
    "the statement is registered; its receipt leaves later, at its location",
)
TOO_MANY_CONNECTIONS: Final = Problem(
    503,
    "Service Unavailable",
    "too-many-connections",
    "more connections came than this service holds, and this one kept it waiting longest",
    (retry_after(),),
)
TOO_MANY_STREAMS: Final = Problem(
    503,
    "Service Unavailable",
    "too-many-streams",
    "as many chains are followed as this service sends at one time; they can be read page by page meanwhile",
    (retry_after(),),
)
UNSUPPORTED_MEDIA_TYPE: Final = Problem(
    415,
    "Unsupported Media Type",
    "unsupported-media-type",
    "a statement is sent as application/cose or application/scitt-statement+cose, a sequence of them as "
    "application/cbor-seq, without a content coding",
    (
        _CLOSE,
        ("Accept", "application/cose, application/scitt-statement+cose, application/cbor-seq"),
        ("Accept-Encoding", "identity"),
    ),
)
ENROLMENT_MEDIA_TYPE: Final = Problem(
    415,
    "Unsupported Media Type",
    "unsupported-media-type",
    "an enrolment is sent as application/cose or application/scitt-statement+cose, one at a time and without a content "
    "coding",
    (_CLOSE, ("Accept", "application/cose, application/scitt-statement+cose"), ("Accept-Encoding", "identity")),
)
CREDENTIAL_REQUIRED: Final = Problem(
    401,
    "Unauthorized",
    "credential-required",
    "this needs a credential of the log's operator, whether it is there or not",
    (("WWW-Authenticate", 'Bearer realm="counterfoil"'),),
)


def method_not_allowed(allowed: str) -> Problem:
    """The problem of a method that a path does not have; ``allowed`` lists those it has (RFC 9110, section 15.5.6)."""
    detail = f"this path takes {allowed}"
    return Problem(405, "Method Not Allowed", "method-not-allowed", detail, (("Allow", allowed),))
