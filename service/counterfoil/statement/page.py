"""The PAGE statement: the Merkle root of the decisions on a run of entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from counterfoil.encoding.cbor import Limits, decode, encode
from counterfoil.errors import MalformedPageError
from counterfoil.merkle.hashing import HASH_SIZE, NodeHash, leaf_hash
from counterfoil.merkle.tree import root_of

PAGE_CONTENT_TYPE: Final = "application/vnd.counterfoil.page+cbor"
MAX_PAGE_ENTRIES: Final = 65_536
"""So many decision digests are 2 MiB in memory; a longer tail takes several pages."""

_FROM, _TO, _ROOT = 1, 2, 3
_LIMITS: Final = Limits(max_bytes=128)


@dataclass(frozen=True, slots=True)
class Page:
    """The entries ``first`` to ``last``, both included, and the RFC 9162 root over their decision digests."""

    first: int
    last: int
    root: NodeHash

    def encode(self) -> bytes:
        """The payload of a PAGE statement."""
        return encode({_FROM: self.first, _TO: self.last, _ROOT: self.root})


def page_root(decision_digests: Sequence[bytes]) -> NodeHash:
    """The root a page states: the tree of RFC 9162 whose entries are the decision digests, in order."""
    return root_of([leaf_hash(digest) for digest in decision_digests])


def parse_page(payload: bytes) -> Page:
    """Read the payload of a PAGE statement.

    Raises:
        MalformedError: It is not a page of 1 to 65,536 entries in deterministic encoding.
    """
    match decode(payload, _LIMITS):
        case {1: int(first), 2: int(last), 3: bytes(root)} if 0 <= first <= last and len(root) == HASH_SIZE:
            page = Page(int(first), int(last), NodeHash(root))  # A CBOR true is an int here; it encodes otherwise.
        case _:
            raise MalformedPageError("the payload is not a page of decisions")
    if last - first >= MAX_PAGE_ENTRIES or page.encode() != payload:
        raise MalformedPageError("the page is too long or not in deterministic encoding")
    return page
