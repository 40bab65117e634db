"""Offers of another protocol, declined by not reading them (RFC 9110, section 7.8)."""

import re
from typing import Final

_FIELD: Final = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_DECLINED: Final = b"\r\nx-declined-upgrade:"
_END_OF_HEAD: Final = b"\r\n\r\n"
_UNDECIDED: Final = re.compile(rb"\r(\n(\r|u(p(g(r(a(de?)?)?)?)?)?)?)?\Z", re.IGNORECASE)
"""The end of a piece that may turn out to begin an Upgrade field, or to end the head."""


class DecliningHead:
    """The bytes of request heads on their way to a parser that cannot ignore an Upgrade field, which gets another name.

    Common clients offer h2c with every request, and the parser would take what follows for another protocol's.
    """

    def __init__(self) -> None:
        self._held = b""

    def take(self, piece: bytes, *, begins: bool) -> bytes:
        """What to pass on; a few undecided bytes may wait for the next piece. ``begins``: no byte of a head came."""
        # Empty lines before a request are read over (RFC 9112, section 2.2): they would look like the end of its head.
        data = self._held + (piece.lstrip(b"\r\n") if begins else piece)
        head, end, rest = data.partition(_END_OF_HEAD)
        undecided = None if end else _UNDECIDED.search(head)
        self._held = undecided.group() if undecided else b""
        return _FIELD.sub(_DECLINED, head[: len(head) - len(self._held)]) + end + rest
