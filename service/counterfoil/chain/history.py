"""One engagement, page by page, in the order in which it was registered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from counterfoil.chain.ports import ChainReader
from counterfoil.errors import MalformedParameterError
from counterfoil.log.records import ChainHead, Entry

MAX_PAGE: Final = 1000
"""A page of this many entries is some 300 KB of JSON and takes a few milliseconds to read."""


@dataclass(frozen=True, slots=True)
class ChainPage:
    """Entries of a chain in order, and the sequence number at which the next page starts; None when there is none.

    ``head`` is read before the entries: the chain has at least these entries, and its hash covers ``head.length``.
    """

    head: ChainHead
    entries: Sequence[Entry]
    next_sequence: int | None


def read_page(reader: ChainReader, head: ChainHead, start: int, limit: int) -> ChainPage:
    """Up to ``limit`` entries of a chain from sequence number ``start`` on, none of them past ``head``.

    Raises:
        MalformedParameterError: ``start`` is negative or ``limit`` is not 1 to 1000.
    """
    if start < 0 or not 1 <= limit <= MAX_PAGE:
        raise MalformedParameterError(f"a page starts at 0 or later and has 1 to {MAX_PAGE} entries")
    entries = reader.chain_entries(head.number, start, min(limit, max(0, head.length - start)))
    following = start + len(entries)
    return ChainPage(head, entries, following if following < head.length else None)
