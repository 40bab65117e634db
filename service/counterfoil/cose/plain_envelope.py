"""The envelope that nearly every statement has, read without building anything but its parts."""

from typing import Final

_HEAD: Final = b"\xd2\x84"
"""Tag 18 on an array of four elements (RFC 9052, section 4.2)."""

_EMPTY_MAP: Final = 0xA0
_NULL: Final = 0xF6
_FIRST_SHORT: Final = 0x40
_FIRST_LONG: Final = 0x58
_LENGTH_SIZES: Final = {0x58: (1, 24), 0x59: (2, 1 << 8), 0x5A: (4, 1 << 16), 0x5B: (8, 1 << 32)}
"""Byte strings by their first byte: up to 0x57 it tells their length, of the others in how many bytes that stands.

Beside it is the first length that does not fit into less.
"""

Parts = tuple[bytes, dict[int | str, bytes], bytes | None, bytes]
"""Protected header, unprotected header, payload and signature."""


def split_plain_envelope(data: bytes) -> Parts | None:
    """The elements of a COSE_Sign1 with an empty unprotected header; None where the general reader has to look.

    What this returns the general reader returns as well, for the same bytes, and those are the ones that
    ``encode_sign1`` makes of it: property tests hold both.
    """
    if not data.startswith(_HEAD):
        return None
    try:
        protected, at = _byte_string(data, len(_HEAD))
        if data[at] != _EMPTY_MAP:
            return None
        payload, at = (None, at + 2) if data[at + 1] == _NULL else _byte_string(data, at + 1)
        signature, at = _byte_string(data, at)
    except (IndexError, KeyError):
        return None
    return (protected, {}, payload, signature) if at == len(data) and signature else None


def _byte_string(data: bytes, at: int) -> tuple[bytes, int]:
    """The byte string that begins at a place, and where it ends; IndexError or KeyError where there is none."""
    initial = data[at]
    if _FIRST_SHORT <= initial < _FIRST_LONG:
        start, length = at + 1, initial - _FIRST_SHORT
    else:
        size, shortest = _LENGTH_SIZES[initial]
        start = at + 1 + size
        length = int.from_bytes(data[at + 1 : start], "big")
        if length < shortest:
            raise KeyError
    end = start + length
    if end > len(data):
        raise IndexError
    return data[start:end], end
