"""The writer's own id of an event."""

from typing import Final
from uuid import UUID

CHANCE_BYTES: Final = 10
"""How many random bytes an id takes; 74 bits of them end up in it."""


def event_id_of(milliseconds: int, chance: bytes) -> str:
    """The UUIDv7 of a time in milliseconds since 1970 and ten random bytes (RFC 9562, section 5.7)."""
    bits = bytearray(milliseconds.to_bytes(6, "big") + chance)
    bits[6] = 0x70 | bits[6] & 0x0F
    bits[8] = 0x80 | bits[8] & 0x3F
    return str(UUID(bytes=bytes(bits)))
