"""Many statements as the sequences that a service takes, and what it answers to each of them (RFC 8742)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from counterfoil.client.problem import Problem, ServiceAnswerError, parse_item
from counterfoil.encoding.cbor_sequence import split_sequence
from counterfoil.errors import CounterfoilError

SEQUENCE: Final = "application/cbor-seq"
MAX_BULK: Final = 256
MAX_BULK_BYTES: Final = 8 * 1024 * 1024
"""Half of what a service of this release reads at once."""

Item = bytes | Problem | ServiceAnswerError
"""What may be a receipt, a problem, or an error where it is neither."""

_TAG_18: Final = b"\xd2"


def flaw(statement: bytes) -> CounterfoilError | None:
    """What keeps bytes from standing in a sequence: they would spoil all that stands there with them."""
    try:
        split_sequence(statement, 1)
    except CounterfoilError as error:
        return error
    return None


def parts(sizes: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Places, each given with its size, in as few runs as a request holds; one too large for any is alone."""
    part: list[int] = []
    total = 0
    for place, size in sizes:
        if part and (len(part) == MAX_BULK or total + size > MAX_BULK_BYTES):
            yield part
            part, total = [], 0
        part.append(place)
        total += size
    if part:
        yield part


def items(body: bytes, count: int) -> tuple[Item, ...]:
    """What a service answered to ``count`` statements, in order.

    Raises:
        ServiceAnswerError: It is no sequence of as many items.
    """
    try:
        found = split_sequence(body, MAX_BULK)
    except CounterfoilError as error:
        raise ServiceAnswerError("the answer is no sequence") from error
    if len(found) != count:
        raise ServiceAnswerError(f"{count} statements were sent, and {len(found)} answers came")
    return tuple(_item(item) for item in found)


def halves(places: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Two requests in the place of one that was too large."""
    middle = (len(places) + 1) // 2
    return places[:middle], places[middle:]


def _item(item: bytes) -> Item:
    if item[:1] == _TAG_18:
        return item
    try:
        return parse_item(item)
    except ServiceAnswerError as error:
        return error
