"""CBOR in and out: bounded and strict on reading, deterministic on writing (RFC 8949)."""

import io
import math
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from operator import itemgetter
from types import NoneType
from typing import Final

import cbor2  # noqa: TID251 - this is the one file

from counterfoil.encoding.cbor_shape import find_end
from counterfoil.encoding.cbor_values import CborValue, Limits, Tagged
from counterfoil.errors import DuplicateKeyError, MalformedCborError, TooLargeError, TrailingBytesError

__all__ = ["CborValue", "Limits", "Tagged", "decode", "encode", "encode_bytes", "encode_integer"]

_NO_TAGS: Final[frozenset[int]] = frozenset()
_TAG_EPOCH: Final = 1
"""RFC 8949, section 3.4.2: seconds since 1970, an integer or a float."""

_SCALARS: Final = (bytes, str, int, NoneType, float, Tagged)
_SCALAR_TYPES: Final = frozenset({*_SCALARS, bool})

_SHORT_HEADS: Final = tuple(bytes([initial]) for initial in range(256))
_LONG_ARGUMENTS: Final = ((24, 1 << 8, 1), (25, 1 << 16, 2), (26, 1 << 32, 4), (27, 1 << 64, 8))
_FIRST_LONG_ARGUMENT: Final = 24
_UNSIGNED: Final = 0
_NEGATIVE: Final = 1
_BYTES: Final = 2
_TEXT: Final = 3
_ARRAY: Final = 4
_MAP: Final = 5
_TAG: Final = 6


def decode(data: bytes, limits: Limits, *, allow_tags: frozenset[int] = _NO_TAGS) -> CborValue:
    """Return the one item that ``data`` is, maps as dicts, arrays as tuples, admitted tags as ``Tagged``.

    Any serialisation of definite length is read, shortest form or not: what is verified are the sender's bytes.

    Raises:
        TooLargeError: more bytes than ``limits.max_bytes``.
        CborLimitError: deeper, wider or of more items than ``limits``.
        ForbiddenTagError: a tag outside ``allow_tags``.
        DuplicateKeyError: a map holds a key twice, in whatever spelling.
        TrailingBytesError: bytes follow the item.
        MalformedCborError: anything else that is no item of this log (RFC 8949; keys by RFC 9052, section 1.5).
    """
    if len(data) > limits.max_bytes:
        raise TooLargeError(f"{len(data)} bytes of CBOR where {limits.max_bytes} are read")
    end = find_end(data, limits, allow_tags)
    if end != len(data):
        raise TrailingBytesError(f"{len(data) - end} bytes follow the item")
    return _freeze(_build(data, limits, allow_tags))


def encode(value: CborValue) -> bytes:
    """Return the deterministic encoding of ``value``: shortest heads, map keys in the order of their encoded bytes.

    Raises:
        TypeError: the value has a part that this log never writes, a float among them.

    RFC 8949, section 4.2.1.
    """
    out = bytearray()
    _write(value, out)
    return bytes(out)


def encode_bytes(value: bytes) -> bytes:
    """Return the deterministic encoding of a byte string: what ``encode`` returns, and quicker."""
    length = len(value)
    if length < _FIRST_LONG_ARGUMENT:
        return _SHORT_HEADS[_BYTES << 5 | length] + value
    return _head(_BYTES, length) + value


def encode_integer(value: int) -> bytes:
    """Return the deterministic encoding of an integer: what ``encode`` returns or raises, and quicker."""
    return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)


def _build(data: bytes, limits: Limits, allow_tags: frozenset[int]) -> object:
    try:
        return cbor2.CBORDecoder(
            io.BytesIO(data),
            semantic_decoders=_tag_decoders(allow_tags),
            max_depth=limits.max_depth + 1,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        ).decode()
    except cbor2.CBORError as exc:
        if isinstance(exc.__cause__, MalformedCborError):
            raise exc.__cause__ from exc
        if "Duplicate map key" in str(exc):
            raise DuplicateKeyError("a map holds a key twice") from exc
        raise MalformedCborError("not well-formed CBOR") from exc
    except (RecursionError, MemoryError, OverflowError, ValueError) as exc:
        raise MalformedCborError("not CBOR that can be read") from exc


@lru_cache
def _tag_decoders(allow_tags: frozenset[int]) -> dict[int, Callable[[object, bool], object]]:
    """Without a decoder of its own an admitted tag would become an object of the library's choice."""
    return {number: partial(_tagged, number) for number in allow_tags}


def _tagged(number: int, value: object, _immutable: bool) -> object:  # noqa: FBT001 - the decoder passes it so
    if number == _TAG_EPOCH and not (type(value) is int or (type(value) is float and math.isfinite(value))):
        raise MalformedCborError("tag 1 holds neither an integer nor a finite float")
    return Tagged(number, _freeze(value))


def _freeze(value: object) -> CborValue:
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, (dict, cbor2.frozendict)):
        return {key: item if type(item) in _SCALAR_TYPES else _freeze(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple([item if type(item) in _SCALAR_TYPES else _freeze(item) for item in value])
    raise MalformedCborError("a value of a kind that is not read here")


def _write(value: CborValue, out: bytearray) -> None:
    if isinstance(value, bytes):
        out += _head(_BYTES, len(value))
        out += value
    elif isinstance(value, str):
        _write_text(value, out)
    elif value is None:
        out.append(0xF6)
    elif isinstance(value, bool):
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        out += _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
    else:
        _write_container(value, out)


def _write_container(value: CborValue, out: bytearray) -> None:
    if isinstance(value, (tuple, list)):
        out += _head(_ARRAY, len(value))
        for item in value:
            _write(item, out)
    elif isinstance(value, Mapping):
        out += _head(_MAP, len(value))
        for key, item in sorted([(_encoded_key(key), item) for key, item in value.items()], key=itemgetter(0)):
            out += key
            _write(item, out)
    elif isinstance(value, Tagged):
        out += _head(_TAG, value.number)
        _write(value.value, out)
    else:
        raise TypeError(f"{type(value).__name__} is never written")


def _write_text(value: str, out: bytearray) -> None:
    try:
        text = value.encode()
    except UnicodeEncodeError as exc:
        raise TypeError("a lone surrogate is never written") from exc
    out += _head(_TEXT, len(text))
    out += text


@lru_cache(maxsize=256, typed=True)
def _encoded_key(key: int | str) -> bytes:
    if isinstance(key, bool) or not isinstance(key, (int, str)):
        raise TypeError("a map key is an integer or a text string")
    out = bytearray()
    _write(key, out)
    return bytes(out)


def _head(major: int, argument: int) -> bytes:
    if 0 <= argument < _FIRST_LONG_ARGUMENT:
        return _SHORT_HEADS[major << 5 | argument]
    for short, limit, size in _LONG_ARGUMENTS:
        if 0 <= argument < limit:
            return (major << 5 | short).to_bytes(1, "big") + argument.to_bytes(size, "big")
    raise TypeError("an integer beyond 64 bits is never written")
