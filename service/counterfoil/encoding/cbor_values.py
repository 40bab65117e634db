"""What a CBOR item becomes here, and how much of it this log reads (RFC 8949)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_MAX_DEPTH: Final = 16
"""Containers and tags inside one another; production statements and receipts stay below 8."""

DEFAULT_MAX_ITEMS: Final = 4096
"""Data items in one message, map keys included. Production headers have about 60."""

DEFAULT_MAX_MAP: Final = 256
"""Entries of one map. COSE registers about 60 header labels; wider maps only serve to make hashing slow."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value under a CBOR tag, never turned into an object of another kind (RFC 8949, section 3.4)."""

    number: int
    value: "CborValue"


CborValue: TypeAlias = (
    "bool | int | float | str | bytes | Tagged | tuple[CborValue, ...] | list[CborValue]"
    " | Mapping[int | str, CborValue] | None"
)
"""What ``decode`` returns and ``encode`` takes; decoded arrays are tuples, decoded maps are dicts."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a message is read before it is refused."""

    max_bytes: int
    max_depth: int = DEFAULT_MAX_DEPTH
    max_items: int = DEFAULT_MAX_ITEMS
    max_map: int = DEFAULT_MAX_MAP
