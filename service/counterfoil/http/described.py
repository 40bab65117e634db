"""What the OpenAPI document says about bodies that are not JSON, and about failures."""

from typing import Any, Final

from counterfoil.http.media_types import CBOR_SEQUENCE, COSE, PROBLEM_CBOR, PROBLEM_JSON, RECEIPT, STATEMENT

Responses = dict[int | str, dict[str, Any]]
"""Answers by status, as FastAPI takes them."""

_BINARY: Final = {"type": "string", "format": "binary"}

_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "One of the titles of SCRAPI where it has one."},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Never changes once released; programs branch on it."},
    },
}

_RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "integer", "minimum": 1}},
}


def _always(headers: dict[str, Any]) -> dict[str, Any]:
    return {name: {**header, "required": True} for name, header in headers.items()}


_ALLOW: Final = {"Allow": {"description": "The methods of this path.", "schema": {"type": "string"}}}
_CHALLENGE: Final = {"WWW-Authenticate": {"description": "Bearer.", "schema": {"type": "string"}}}

_PROBLEMS: Final[dict[int, tuple[str, dict[str, Any]]]] = {
    400: ("The request, a parameter or the statement is not what it has to be, or the statement was refused.", {}),
    401: ("What is not public takes the operator's credential, whether it is there or not.", _always(_CHALLENGE)),
    404: ("Nothing is there.", {}),
    405: ("The path has no such method.", _always(_ALLOW)),
    408: ("The request did not come in time.", _RETRY_AFTER),
    409: ("The statement stands in conflict with what is registered; Location names that where there is one.", {}),
    410: ("The challenge can be answered no more.", {}),
    413: ("The statement is larger than the registration policy admits.", {}),
    414: ("The URL is longer than is read.", {}),
    415: ("The body is no statement by its media type, or has a content coding.", {}),
    429: ("Too many requests; the statement was not registered.", _always(_RETRY_AFTER)),
    431: ("The header fields are more or longer than are read.", {}),
    500: ("The service failed to answer.", {}),
    503: ("The service cannot answer now. Without Retry-After waiting does not help.", _RETRY_AFTER),
}
"""Every failure this service answers with: what it means, and the header fields that come with it."""


def problems(*statuses: int) -> Responses:
    """The failures that a route can end in, beyond those of every route."""
    return {status: {"description": _PROBLEMS[status][0]} for status in statuses}


def problem_components() -> dict[str, Any]:
    """Each failure with its body in both forms: CBOR has title (-1), detail (-2) and, under 7807, status and code."""
    content = {PROBLEM_CBOR: {"schema": _BINARY}, PROBLEM_JSON: {"schema": _PROBLEM}}
    return {
        problem_name(status): {
            "description": description,
            "content": content,
            **({"headers": fields} if fields else {}),
        }
        for status, (description, fields) in _PROBLEMS.items()
    }


def problem_name(status: int) -> str:
    """The name of a failure among the components of the document."""
    return f"Problem{status}"


PROBLEMS: Final[Responses] = {
    # FastAPI leaves its own 422 out where a default is declared; the exported document has no default.
    "default": {"description": ""},
    **problems(400, 405, 408, 414, 429, 431, 500, 503),
}
"""The failures that every route can end in."""

CREDENTIAL: Final = "operator"
"""The name of the credential in the document."""

GUARDED: Final[dict[str, Any]] = {"security": [{CREDENTIAL: []}, {}]}
"""What is not public takes the credential; what is public takes none."""

STATEMENT_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A Signed Statement, COSE_Sign1 tagged 18 (RFC 9943, section 6), or up to 256 of them one after "
        "another, a CBOR sequence (RFC 8742).",
        "content": {COSE: {"schema": _BINARY}, STATEMENT: {"schema": _BINARY}, CBOR_SEQUENCE: {"schema": _BINARY}},
    },
    "parameters": [
        {
            "name": "Content-Encoding",
            "in": "header",
            "description": "A body has no content coding; an empty list names none.",
            "schema": {"type": "string", "enum": ["identity", ""]},
        },
        {
            "name": "waitForCommit",
            "in": "query",
            "description": "With true the answer also has the entry's name for clients of CCF ledgers.",
            "schema": {"type": "string"},
        },
        {
            "name": "api-version",
            "in": "query",
            "description": "With 2026-03-26 the answer is a redirect, as clients of CCF ledgers want it.",
            "schema": {"type": "string"},
        },
    ],
}

ENROLMENT_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "An enrolment: a Signed Statement by the key, COSE_Sign1 tagged 18, whose payload has evidence "
        "and the challenge of the session.",
        "content": {COSE: {"schema": _BINARY}, STATEMENT: {"schema": _BINARY}},
    },
}
SESSION_LOCATION: Final = _always(
    {"Location": {"description": "The path of the session.", "schema": {"type": "string"}}},
)
ENTRY_LOCATION: Final = _always(
    {"Location": {"description": "Where the receipt is: /entries/{entry id}.", "schema": {"type": "string"}}},
)

LOCATION: Final = _always(
    {"Location": {"description": "Where the receipt stays: /entries/{entry id}.", "schema": {"type": "string"}}},
)

REDIRECT: Final[Responses] = {
    303: {
        "description": "The statement is registered; this is for who asked for a redirect.",
        "headers": _always({"Location": {"description": "/entries/1.(n+1) of entry n.", "schema": {"type": "string"}}}),
    },
}

WITHHELD: Final[Responses] = {
    202: {
        "description": "The statement is registered, and its receipt may not leave yet: ask again at its location.",
        "headers": {**LOCATION, **_always(_RETRY_AFTER)},
    },
}
UNRELEASED: Final[Responses] = {
    204: {"description": "The entry is there, and its receipt may not leave yet.", "headers": _always(_RETRY_AFTER)},
}


def binary(status: int, description: str, *media_types: str, headers: dict[str, Any] | None = None) -> Responses:
    """An answer that is bytes, in one of several media types."""
    content = {media_type: {"schema": _BINARY} for media_type in media_types}
    return {status: {"description": description, "content": content, **({"headers": headers} if headers else {})}}


def receipt(status: int, description: str) -> Responses:
    """A receipt at a place that stays."""
    return binary(status, description, COSE, RECEIPT, headers=LOCATION)
