"""Media types in and out: what a statement may come as, and what a client would rather have (RFC 9110, section 12)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

COSE: Final = "application/cose"
STATEMENT: Final = "application/scitt-statement+cose"
RECEIPT: Final = "application/scitt-receipt+cose"
CBOR: Final = "application/cbor"
CBOR_SEQUENCE: Final = "application/cbor-seq"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"
CHALLENGE_SESSION: Final = "application/vnd.veraison.challenge-response-session+json"
OCTETS: Final = "application/octet-stream"
ZIP: Final = "application/zip"
NOTE: Final = "text/plain; charset=utf-8"
PROBLEM_CBOR: Final = "application/concise-problem-details+cbor"
PROBLEM_JSON: Final = "application/problem+json"

_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE: Final = re.compile(rf"[ \t]*({_WORD}/{_WORD})[ \t]*")
_PARAMETER: Final = re.compile(rf'[ \t]*(?:({_WORD})=(?:({_WORD})|"([^"\\]*)"))?[ \t]*')
_QUALITY: Final = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

# RFC 9052, section 11.3.3: what an application/cose message is, where its sender says so.
_COSE_PARAMETERS: Final[tuple[dict[str, str], ...]] = ({}, {"cose-type": "cose-sign1"})


def is_statement(content_types: Sequence[bytes]) -> bool:
    """Whether a request with these Content-Type fields says that its body is a statement."""
    name, parameters = _only(content_types)
    return (name == COSE and parameters in _COSE_PARAMETERS) or (name == STATEMENT and parameters == {})


def is_sequence(content_types: Sequence[bytes]) -> bool:
    """Whether a request with these Content-Type fields says that its body is a CBOR sequence (RFC 8742)."""
    return _only(content_types) == (CBOR_SEQUENCE, {})


def is_identity(content_encodings: Sequence[bytes]) -> bool:
    """Whether these Content-Encoding fields leave the body as it is."""
    codings = (coding.strip().lower() for field in content_encodings for coding in field.split(b","))
    return all(coding in {b"", b"identity"} for coding in codings)


@lru_cache(maxsize=256)
def preferred(accept: str | None, *offers: tuple[str, ...]) -> str:
    """The first name of the offer that an Accept field prefers; the first offer when it prefers none or nothing fits.

    An offer is a media type with other names that ask for the same.

    Spec: RFC 9110, section 12.5.1.
    """
    ranges = _ranges(accept or "*/*")
    qualities = [max(_quality(name, ranges) for name in names) for names in offers]
    return offers[qualities.index(max(qualities))][0]


def _ranges(accept: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    for part in accept.split(","):
        name, parameters = _parse(part)
        weight = (parameters or {}).pop("q", "1")
        # A range with parameters of its own asks for a variant that is not offered.
        if name and not parameters and _QUALITY.fullmatch(weight):
            ranges[name] = max(ranges.get(name, 0.0), float(weight))
    return ranges


def _quality(name: str, ranges: dict[str, float]) -> float:
    for candidate in (name, name.partition("/")[0] + "/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return 0.0


def _only(content_types: Sequence[bytes]) -> tuple[str, dict[str, str] | None]:
    return _parsed(content_types[0]) if len(content_types) == 1 else ("", None)


# What clients send is the same again and again; a client that varies it pays for its own parsing only.
@lru_cache(maxsize=256)
def _parsed(field: bytes) -> tuple[str, dict[str, str] | None]:
    return _parse(field.decode("latin-1"))


def _parse(text: str) -> tuple[str, dict[str, str] | None]:
    """The type in lower case and its parameters; the type is empty, the parameters None, when the text is no type."""
    first, *rest = text.split(";")
    media_type = _MEDIA_TYPE.fullmatch(first)
    parameters: dict[str, str] = {}
    for part in rest:
        match = _PARAMETER.fullmatch(part)
        if match is None or (match[1] or "").lower() in parameters:
            return "", None
        if match[1] is not None:
            parameters[match[1].lower()] = match[3] if match[2] is None else match[2]
    return ("", None) if media_type is None else (media_type[1].lower(), parameters)
