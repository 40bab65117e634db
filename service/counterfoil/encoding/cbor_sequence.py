"""Where the items of a CBOR sequence begin and end, whatever they are (RFC 8742)."""

from collections.abc import Iterator
from typing import Final

from counterfoil.encoding.cbor_values import DEFAULT_MAX_ITEMS
from counterfoil.errors import CborLimitError, MalformedCborError

_BYTES: Final = 2
_TEXT: Final = 3
_ARRAY: Final = 4
_MAP: Final = 5
_TAG: Final = 6
_FIRST_LONG_ARGUMENT: Final = 24
_LAST_LONG_ARGUMENT: Final = 27


def split_sequence(data: bytes, max_items: int) -> tuple[bytes, ...]:
    """The items of a sequence, as ``sequence_items`` yields them."""
    return tuple(sequence_items(data, max_items))


def sequence_items(data: bytes, max_items: int) -> Iterator[bytes]:
    """The items of a sequence, each as it came; what they are is not looked at, so that one says nothing of another.

    Only whoever has taken all of them knows that the sequence is whole.

    Raises:
        CborLimitError: There are more than ``max_items``, or one is of more parts than any message of this log.
        MalformedCborError: There is none, the last one is cut off, or one has no definite length.

    Spec: RFC 8742, section 2; RFC 8949, appendix C.
    """
    if not data:
        raise MalformedCborError("a sequence without an item")
    for count, (start, end) in enumerate(_bounds(data)):
        if count == max_items:
            raise CborLimitError(f"a sequence of more than {max_items} items")
        yield data[start:end]


def _bounds(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(data):
        end = _item_end(data, at)
        if end > len(data):
            raise MalformedCborError("the last item of the sequence is cut off")
        yield at, end
        at = end


def _item_end(data: bytes, at: int) -> int:
    """Where an item ends, or beyond the data; nested items are counted off and not entered, however deep they are."""
    due = 1
    for _ in range(DEFAULT_MAX_ITEMS):
        if not due:
            return at
        if at >= len(data):
            return len(data) + 1
        major, argument, at = _head(data, at)
        due -= 1
        if major in {_BYTES, _TEXT}:
            at += argument
        elif major == _ARRAY:
            due += argument
        elif major == _MAP:
            due += 2 * argument
        elif major == _TAG:
            due += 1
    raise CborLimitError(f"an item of {DEFAULT_MAX_ITEMS} parts or more")


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    major, argument = data[at] >> 5, data[at] & 31
    if argument < _FIRST_LONG_ARGUMENT:
        return major, argument, at + 1
    if argument > _LAST_LONG_ARGUMENT:
        raise MalformedCborError("an item of indefinite length or with a reserved head")
    end = at + 1 + (1 << (argument - _FIRST_LONG_ARGUMENT))
    return major, int.from_bytes(data[at + 1 : end], "big"), end
