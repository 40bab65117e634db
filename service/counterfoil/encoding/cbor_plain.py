"""Small maps of plain values, read in one pass: what nearly every header is.

The general reader walks over the heads, lets a library build the values, and copies those. All three are for whatever
may come; a header of a few labels needs none of them.
"""

from typing import Final

from counterfoil.encoding.cbor_values import CborValue

_FIRST_NEGATIVE: Final = 0x20
_FIRST_BYTES: Final = 0x40
_FIRST_TEXT: Final = 0x60
_FIRST_ARRAY: Final = 0x80
_FIRST_MAP: Final = 0xA0
_FIRST_TAG: Final = 0xC0
"""The first byte of the first item of each major type: a byte below it is of a lower one (RFC 8949, section 3.1)."""

_FIRST_LONG_ARGUMENT: Final = 24
_ARGUMENT_SIZES: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_SIMPLE: Final = {0xF4: False, 0xF5: True, 0xF6: None}

_MAX_LENGTH: Final = 23
_MAX_DEPTH: Final = 2
"""Two containers inside one another of up to 23 entries each: 1,105 items at most, so no limit is ever reached."""


def _short_integer(initial: int) -> int | None:
    if initial >= _FIRST_BYTES or initial & 31 >= _FIRST_LONG_ARGUMENT:
        return None
    return initial if initial < _FIRST_NEGATIVE else -1 - (initial & 31)


_SHORT_INTEGERS: Final = tuple(_short_integer(initial) for initial in range(256))
"""The integers of one byte, by that byte: most labels, and most algorithms."""


def read_plain_map(data: bytes) -> dict[int | str, CborValue] | None:
    """The map that ``data`` is; None where it is none, or not so small and plain: then the general reader has to look.

    What this returns ``decode`` returns as well, under the default limits and with no tag allowed; a property test
    holds that. It refuses nothing, so every error is the general reader's.
    """
    if not data or not _FIRST_MAP <= data[0] <= _FIRST_MAP + _MAX_LENGTH:
        return None
    try:
        found, end = _read_map(data, 1, data[0] - _FIRST_MAP, 1)
    except (LookupError, UnicodeDecodeError):
        return None
    # A length that points beyond the data has moved the end there too, for no place ever moves back.
    return found if end == len(data) else None


def _read(data: bytes, at: int, depth: int) -> tuple[CborValue, int]:
    """The item at a place, and where it ends; LookupError or UnicodeDecodeError where it is not plain."""
    initial = data[at]
    at += 1
    short = _SHORT_INTEGERS[initial]
    if short is not None:
        return short, at
    if initial >= _FIRST_TAG:
        return _SIMPLE[initial], at
    argument = initial & 31
    if argument >= _FIRST_LONG_ARGUMENT:
        end = at + _ARGUMENT_SIZES[argument]
        argument, at = int.from_bytes(data[at:end], "big"), end
    if initial >= _FIRST_ARRAY:
        return _read_container(data, at, initial, argument, depth)
    end = at + argument
    if initial >= _FIRST_TEXT:
        return data[at:end].decode(), end
    if initial >= _FIRST_BYTES:
        return data[at:end], end
    return (argument if initial < _FIRST_NEGATIVE else -1 - argument), at


def _read_container(data: bytes, at: int, initial: int, length: int, depth: int) -> tuple[CborValue, int]:
    if length > _MAX_LENGTH or depth == _MAX_DEPTH:
        raise LookupError
    if initial >= _FIRST_MAP:
        return _read_map(data, at, length, depth + 1)
    items: list[CborValue] = []
    for _ in range(length):
        item, at = _read(data, at, depth + 1)
        items.append(item)
    return tuple(items), at


def _read_map(data: bytes, at: int, length: int, depth: int) -> tuple[dict[int | str, CborValue], int]:
    found: dict[int | str, CborValue] = {}
    for _ in range(length):
        key: CborValue = _SHORT_INTEGERS[data[at]]
        if key is None:
            key, at = _read(data, at, depth)
        else:
            at += 1
        # RFC 9052, section 1.5: a label is an integer or a text string; a truth value is an int only to Python.
        if type(key) is not int and type(key) is not str:
            raise LookupError
        found[key], at = _read(data, at, depth)
    if len(found) != length:
        raise LookupError  # A key stands there twice.
    return found, at
