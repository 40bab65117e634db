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

PROBLEMS: Final[Responses] = {
    "default": {
        "description": "What went wrong. CBOR has title (-1), detail (-2) and, under 7807, status and code.",
        "content": {PROBLEM_CBOR: {"schema": _BINARY}, PROBLEM_JSON: {"schema": _PROBLEM}},
    },
}

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
}

LOCATION: Final = {
    "Location": {"description": "Where the receipt stays: /entries/{entry id}.", "schema": {"type": "string"}},
}

_RETRY_AFTER: Final = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}

WITHHELD: Final[Responses] = {
    202: {
        "description": "The statement is registered, and its receipt may not leave yet: ask again at its location.",
        "headers": {**LOCATION, **_RETRY_AFTER},
    },
}
UNRELEASED: Final[Responses] = {
    204: {"description": "The entry is there, and its receipt may not leave yet.", "headers": _RETRY_AFTER},
}


def binary(status: int, description: str, *media_types: str, headers: dict[str, Any] | None = None) -> Responses:
    """An answer that is bytes, in one of several media types."""
    content = {media_type: {"schema": _BINARY} for media_type in media_types}
    return {status: {"description": description, "content": content, **({"headers": headers} if headers else {})}}


def receipt(status: int, description: str) -> Responses:
    """A receipt at a place that stays."""
    return binary(status, description, COSE, RECEIPT, headers=LOCATION)
