"""Whether any duplicate key stands on the log twice, in 20 bytes of memory an entry."""

from array import array
from itertools import pairwise
from typing import Final

_BUCKETS: Final = 256
"""By the first byte of the key; each is sorted alone, so that sorting takes little memory besides."""

_PREFIX: Final = slice(1, 9)


class DuplicateKeys:
    """Keeps 72 bits of each key with the number of its entry; who makes two agree in them has not made a duplicate."""

    def __init__(self) -> None:
        self._prefixes = [array("Q") for _ in range(_BUCKETS)]
        self._numbers = [array("Q") for _ in range(_BUCKETS)]

    def add(self, number: int, key: bytes) -> None:
        """Take the key of an entry."""
        self._prefixes[key[0]].append(int.from_bytes(key[_PREFIX], "big"))
        self._numbers[key[0]].append(number)

    def candidates(self) -> list[tuple[int, int]]:
        """Pairs of entries whose keys agree as far as they are kept; the caller compares the keys themselves."""
        pairs: list[tuple[int, int]] = []
        for prefixes, numbers in zip(self._prefixes, self._numbers, strict=True):
            rows = sorted(zip(prefixes, numbers, strict=True))
            pairs.extend((one[1], other[1]) for one, other in pairwise(rows) if one[0] == other[0])
        return pairs
