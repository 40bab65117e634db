"""The CWT claims in a statement's protected header (RFC 9597, RFC 8392)."""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NewType

from counterfoil.cose import labels
from counterfoil.encoding.cbor import CborValue, Tagged
from counterfoil.errors import MalformedClaimsError
from counterfoil.frozen import frozen

RootTraceId = NewType("RootTraceId", str)
"""The subject of a statement: the id of the engagement's first session. ``rootTraceId`` in JSON."""

MAX_ISSUER_CHARACTERS: Final = 8192
"""RFC 9943, section 6: iss is 1 to 8192 characters long."""

MAX_SUBJECT_BYTES: Final = 512
"""Room for any URI in use as a trace id, and small enough for a query string."""

MAX_NUMERIC_DATE: Final = 253_402_300_799
"""The end of the year 9999; later dates do not survive other software's calendars."""

_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
"""A scheme, and after it what a URI may be made of (RFC 3986, section 2)."""

MAX_AUDIENCES: Final = 16
"""A statement is addressed to a few logs, not to a list."""


@frozen
class Claims:
    """The claims a decision looks at; absent ones are None. Dates are seconds since 1970, whole or fractional.

    ``tagged_dates`` notes that a date came under CBOR tag 1, as production tools write it against RFC 8392.
    """

    issuer: str | None = None
    subject: RootTraceId | None = None
    audience: tuple[str, ...] | None = None
    expires: float | None = None
    not_before: float | None = None
    issued_at: float | None = None
    tagged_dates: bool = False


def parse_claims(value: CborValue) -> Claims:
    """Read header 15; None where the message has none.

    Raises:
        MalformedClaimsError: A claim has the wrong type or is out of bounds.

    Spec: RFC 9597, section 2; RFC 8392, section 3.
    """
    if value is None:
        return Claims()
    if not isinstance(value, (dict, Mapping)):
        raise MalformedClaimsError("CWT claims (15) are not a map")
    expires, not_before, issued_at = value.get(labels.CWT_EXP), value.get(labels.CWT_NBF), value.get(labels.CWT_IAT)
    return Claims(
        issuer=_issuer(value.get(labels.CWT_ISS)),
        subject=None if labels.CWT_SUB not in value else parse_root_trace_id(value[labels.CWT_SUB]),
        audience=_audience(value.get(labels.CWT_AUD)),
        expires=None if expires is None else _numeric_date(expires),
        not_before=None if not_before is None else _numeric_date(not_before),
        issued_at=None if issued_at is None else _numeric_date(issued_at),
        tagged_dates=Tagged in {type(expires), type(not_before), type(issued_at)},
    )


def parse_root_trace_id(value: object) -> RootTraceId:
    """Read a subject: 1 to 512 bytes of UTF-8 without control characters, compared as bytes, never normalised.

    Raises:
        MalformedClaimsError: It is not that.
    """
    if not isinstance(value, str):
        raise MalformedClaimsError("sub (2) is not a text string")
    if not 1 <= len(value.encode(errors="surrogatepass")) <= MAX_SUBJECT_BYTES:
        raise MalformedClaimsError(f"sub (2) is not 1 to {MAX_SUBJECT_BYTES} bytes long")
    # Of the ASCII characters exactly the control characters are not printable.
    if not (value.isascii() and value.isprintable()) and any(map(_is_control, value)):
        raise MalformedClaimsError("sub (2) holds a control character")
    return RootTraceId(value)


def require_string_or_uri(issuer: str) -> None:
    """Return when an ``iss`` is a StringOrURI: with a colon in it, it is a URI.

    Raises:
        MalformedClaimsError: It is none.

    RFC 8392, section 1.1; RFC 9943, section 6.
    """
    if ":" in issuer and not _URI.fullmatch(issuer):
        raise MalformedClaimsError("iss (1) holds a colon and is no URI")


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"}


def _issuer(value: CborValue) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ISSUER_CHARACTERS:
        raise MalformedClaimsError(f"iss (1) is not a text string of 1 to {MAX_ISSUER_CHARACTERS} characters")
    return value


def _audience(value: CborValue) -> tuple[str, ...] | None:
    if value is None:
        return None
    audiences = value if isinstance(value, (tuple, list)) else (value,)
    names = tuple(name for name in audiences if isinstance(name, str))
    if len(names) != len(audiences) or not 1 <= len(names) <= MAX_AUDIENCES:
        raise MalformedClaimsError(f"aud (3) is neither a text string nor an array of 1 to {MAX_AUDIENCES} of them")
    return names


def _numeric_date(value: CborValue) -> float | None:
    if isinstance(value, Tagged):
        value = value.value
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise MalformedClaimsError("a date claim is not a number")
    if not 0 <= value <= MAX_NUMERIC_DATE:
        raise MalformedClaimsError("a date claim lies before 1970 or after 9999")
    return value
