"""The shape of a CBOR message, read from its heads alone, before any value is built.

A decoder hashes map keys while it builds, and keys chosen to collide cost it time in the square of their number; it
also turns tags into objects. So what is too wide, too deep or of a kind this log never reads is refused first.
"""

from typing import Final

from counterfoil.encoding.cbor_values import Limits
from counterfoil.errors import CborLimitError, ForbiddenTagError, MalformedCborError

_UNSIGNED: Final = 0
_NEGATIVE: Final = 1
_TEXT: Final = 3
_ARRAY: Final = 4
_MAP: Final = 5
_TAG: Final = 6

_KEY_MAJOR_TYPES: Final = frozenset({_UNSIGNED, _NEGATIVE, _TEXT})
"""RFC 9052, section 1.5: a label is an integer or a text string."""

_SIMPLE_HEADS: Final = frozenset({0xF4, 0xF5, 0xF6, 0xF9, 0xFA, 0xFB})
"""false, true, null and the three floats; undefined and the other simple values mean nothing here."""

_FIRST_LONG_ARGUMENT: Final = 24
_LAST_LONG_ARGUMENT: Final = 27
_INDEFINITE: Final = 31


def _short_length(initial: int) -> int:
    major, argument = initial >> 5, initial & 31
    if initial in {0xF4, 0xF5, 0xF6}:
        return 1
    if argument >= _FIRST_LONG_ARGUMENT or major > _TEXT:
        return 0
    return 1 if major <= _NEGATIVE else 1 + argument


_SHORT_LENGTHS: Final = tuple(_short_length(initial) for initial in range(256))
"""How long an item is in all, by its first byte, where that alone says so; 0 elsewhere. Most items are of this kind."""


def find_end(data: bytes, limits: Limits, allow_tags: frozenset[int]) -> int:
    """Return where the first item of ``data`` ends; costs at most one step for each item within the limits.

    Raises:
        CborLimitError: the item is deeper, wider or longer than ``limits``.
        ForbiddenTagError: a tag outside ``allow_tags``.
        MalformedCborError: truncated, indefinite in length, reserved, or a map key that is no label.
    """
    try:
        end = _Walk(data, limits, allow_tags).skip(0, 0)
    except IndexError as exc:
        raise MalformedCborError("the message ends where an item is due") from exc
    if end > len(data):
        raise MalformedCborError("the message ends inside an item")
    return end


class _Walk:
    """One pass over the heads of a message; a truncated one raises IndexError or ends beyond the data."""

    __slots__ = ("_allow_tags", "_data", "_items_left", "_limits")

    def __init__(self, data: bytes, limits: Limits, allow_tags: frozenset[int]) -> None:
        self._data = data
        self._limits = limits
        self._allow_tags = allow_tags
        self._items_left = limits.max_items - 1

    def skip(self, at: int, depth: int) -> int:
        length = _SHORT_LENGTHS[self._data[at]]
        if length:
            return at + length
        major, argument, at = self._head(at)
        if major <= _NEGATIVE or major > _TAG:
            return at
        if major <= _TEXT:
            return at + argument
        if depth == self._limits.max_depth:
            raise CborLimitError(f"nested deeper than {self._limits.max_depth}")
        if major == _ARRAY:
            return self._skip_array(at, argument, depth + 1)
        if major == _MAP:
            return self._skip_map(at, argument, depth + 1)
        if argument not in self._allow_tags:
            raise ForbiddenTagError(f"tag {argument} is not read here")
        self._take(1)
        return self.skip(at, depth + 1)

    def _skip_array(self, at: int, length: int, depth: int) -> int:
        self._take(length)
        for _ in range(length):
            at = self.skip(at, depth)
        return at

    def _skip_map(self, at: int, length: int, depth: int) -> int:
        if length > self._limits.max_map:
            raise CborLimitError(f"a map of more than {self._limits.max_map} entries")
        self._take(2 * length)
        data = self._data
        for _ in range(length):
            if data[at] >> 5 not in _KEY_MAJOR_TYPES:
                raise MalformedCborError("a map key is neither an integer nor a text string")
            at = self.skip(self.skip(at, depth), depth)
        return at

    def _take(self, items: int) -> None:
        self._items_left -= items
        if self._items_left < 0:
            raise CborLimitError(f"more than {self._limits.max_items} items")

    def _head(self, at: int) -> tuple[int, int, int]:
        data = self._data
        initial = data[at]
        major, argument = initial >> 5, initial & 31
        at += 1
        if major > _TAG and initial not in _SIMPLE_HEADS:
            raise MalformedCborError("a simple value other than false, true and null")
        if argument < _FIRST_LONG_ARGUMENT:
            return major, argument, at
        if argument > _LAST_LONG_ARGUMENT:
            what = "of indefinite length" if argument == _INDEFINITE else "with a reserved head"
            raise MalformedCborError(f"an item {what}")
        end = at + (1 << (argument - _FIRST_LONG_ARGUMENT))
        if end > len(data):
            raise MalformedCborError("the message ends inside a head")
        return major, int.from_bytes(data[at:end], "big"), end
