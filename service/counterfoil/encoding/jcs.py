"""JSON in and out: I-JSON on reading (RFC 7493), the canonical form on writing (RFC 8785)."""

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, cast

import rfc8785  # noqa: TID251 - this is the one file

from counterfoil.errors import DuplicateKeyError, MalformedJsonError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

JsonValue: TypeAlias = (
    "bool | int | float | str | tuple[JsonValue, ...] | list[JsonValue] | Mapping[str, JsonValue] | None"
)
"""What the parsers return and ``encode_json`` takes; parsed arrays are lists, parsed objects are dicts."""

MAX_JSON_DEPTH: Final = 64
"""Arrays and objects inside one another: far more than a record needs, far below the interpreter's stack."""

_MAX_SAFE_INTEGER: Final = (1 << 53) - 1
"""RFC 7493, section 2.2: beyond it receivers disagree about the number."""

_MAX_INTEGER_DIGITS: Final = 17
"""A sign and the 16 digits of the largest safe integer; longer text is refused before it costs time to convert."""


def encode_json(value: JsonValue) -> bytes:
    """Return the canonical form of ``value`` (RFC 8785).

    Raises:
        MalformedJsonError: the value has no canonical form: an unsafe integer, NaN, a lone surrogate, too deep.
    """
    try:
        return rfc8785.dumps(cast("Any", value))
    except (ValueError, TypeError, RecursionError) as exc:
        raise MalformedJsonError("the value has no RFC 8785 form") from exc


def parse_json(data: bytes, *, max_bytes: int) -> JsonValue:
    """Return the I-JSON value that ``data`` is (RFC 7493).

    Raises:
        TooLargeError: more than ``max_bytes``.
        DuplicateKeyError: an object holds a name twice.
        MalformedJsonError: not UTF-8, a byte order mark, not JSON, NaN or an infinity, an integer beyond 2^53 - 1,
            a lone surrogate, or nested deeper than ``MAX_JSON_DEPTH``.
    """
    if len(data) > max_bytes:
        raise TooLargeError(f"{len(data)} bytes of JSON where {max_bytes} are read")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as exc:
        raise MalformedJsonError("not JSON in UTF-8") from exc
    # Only an escape spells half of a surrogate pair, and nothing is deeper than it has brackets.
    if b"\\u" in data or data.count(b"{") + data.count(b"[") > MAX_JSON_DEPTH:
        _require_plain(value, 0)
    return cast("JsonValue", value)


def parse_canonical_json(data: bytes, *, max_bytes: int) -> JsonValue:
    """Return the I-JSON value whose canonical form ``data`` is (RFC 8785).

    Raises:
        TooLargeError, DuplicateKeyError, MalformedJsonError: as ``parse_json``.
        MalformedJsonError: the bytes are another spelling of the value.
    """
    value = parse_json(data, max_bytes=max_bytes)
    if not is_canonical_json(data, value):
        raise MalformedJsonError("not in RFC 8785 form")
    return value


def is_canonical_json(data: bytes, value: JsonValue) -> bool:
    """Whether ``data`` is the canonical form of ``value``, which was parsed from it (RFC 8785)."""
    # The interpreter's own encoder is several times faster, and differs only in the order of names outside of ASCII and
    # in the spelling of some numbers. What it does not confirm is asked again of the encoder that knows.
    if data.isascii() and _ASCII_ENCODER.encode(value).encode() == data and not _has_odd_number(data):
        return True
    return encode_json(value) == data


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateKeyError("an object holds a name twice")
    return found


def _integer(text: str) -> int:
    if len(text) > _MAX_INTEGER_DIGITS or abs(int(text)) > _MAX_SAFE_INTEGER:
        raise MalformedJsonError("an integer beyond 2^53 - 1")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedJsonError("a number beyond the range of a double")
    return number


def _constant(name: str) -> NoReturn:
    raise MalformedJsonError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)

_ASCII_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
)

_EXPONENT: Final = re.compile(rb"e[+-](?<=[0-9]e[+-])[0-9]")
_WHOLE_FRACTIONS: Final = (b".0,", b".0]", b".0}")
_ODD_NUMBER: Final = re.compile(rb"(?:^|[\[:,])-?[0-9]++(?:\.0(?![0-9])|(?:\.[0-9]+)?e)")
"""A number that Python spells in its own way: with an exponent, or as a fraction that is none. It matches in texts too,
which costs time and no more. Every other fraction is spelled as in RFC 8785, section 3.2.2.3: shortest."""


def _has_odd_number(data: bytes) -> bool:
    # The search that tells numbers from most texts is slow, so it is made only where something looks like one.
    likely = any(end in data for end in _WHOLE_FRACTIONS) or data.endswith(b".0") or _EXPONENT.search(data)
    return bool(likely) and _ODD_NUMBER.search(data) is not None


def _require_plain(value: object, depth: int) -> None:
    """The depth is bounded, and no string is half of a surrogate pair, which UTF-8 cannot spell."""
    if isinstance(value, str):
        _require_text(value)
    elif isinstance(value, (dict, list)):
        if depth == MAX_JSON_DEPTH:
            raise MalformedJsonError(f"nested deeper than {MAX_JSON_DEPTH}")
        if isinstance(value, dict):
            for name in value:
                _require_text(name)
        for item in value.values() if isinstance(value, dict) else value:
            _require_plain(item, depth + 1)


def _require_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise MalformedJsonError("a lone surrogate") from exc
