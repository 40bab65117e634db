"""Where a request came from: the peer, or what a trusted proxy says of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from starlette.types import Scope

from counterfoil.settings import Network

Address = IPv4Address | IPv6Address

_REMEMBERED: Final = 4096
"""Peers whose address was read already; the least recent one is forgotten first."""

_HOST_BITS: Final = 64
"""The part of an IPv6 address that one customer chooses at will (RFC 6177)."""

NO_ADDRESS: Final = "none"
"""All whose address nobody knows count as one."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who holds the other end of a connection. ``sender``: whom to count it as."""

    sender: str
    is_proxy: bool
    is_here: bool


class ClientAddresses:
    """Tells the senders of requests apart. Nothing but a trusted proxy is believed about an address.

    Where a proxy passed a request on, it is the right-most address that is no trusted proxy's: what stands to the left
    of it was written by whoever likes to. When that cannot be read, or ``X-Forwarded-For`` and ``Forwarded`` disagree
    (a proxy writes one of them, and the other may come from the client), it is the peer.
    """

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._trusted = tuple(trusted)
        self._peer: Callable[[str], Peer] = lru_cache(_REMEMBERED)(self._read_peer)

    def peer(self, scope: Scope) -> Peer:
        """The other end of the request's connection."""
        client = scope.get("client")
        return self._peer(client[0] if client else "")

    def sender(self, scope: Scope) -> str:
        """Whom to count the request as: an IPv4 address, or the /64 network of an IPv6 address."""
        peer = self.peer(scope)
        if not peer.is_proxy:
            return peer.sender
        told = {self._told(elements) for elements in _forwarded(scope) if elements}
        return (told.pop() if len(told) == 1 else None) or peer.sender

    def _told(self, elements: list[str]) -> str | None:
        for element in reversed(elements):
            address = _read_address(element)
            if address is None:
                return None
            if not self._is_trusted(address):
                return _sender(address)
        return None

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _read_peer(self, host: str) -> Peer:
        address = _read_address(host)
        if address is None:
            return Peer(NO_ADDRESS, is_proxy=False, is_here=False)
        return Peer(_sender(address), self._is_trusted(address), address.is_loopback)


def _sender(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> _HOST_BITS << _HOST_BITS)}/64"


def _forwarded(scope: Scope) -> Iterator[list[str]]:
    """The addresses that X-Forwarded-For names, and those that Forwarded names (RFC 7239), from left to right."""
    fields = scope["headers"]
    yield [part.strip() for part in _elements(fields, b"x-forwarded-for")]
    yield [_for(element) for element in _elements(fields, b"forwarded")]


def _elements(fields: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    # A quoted comma splits an element in two that cannot be read; no address needs one.
    return [part for field, value in fields if field == name for part in value.decode("latin-1").split(",")]


def _for(element: str) -> str:
    named = [pair.partition("=") for pair in element.split(";")]
    values = [value.strip() for name, _, value in named if name.strip().lower() == "for"]
    return values[0].removeprefix('"').removesuffix('"') if len(values) == 1 else ""


def _read_address(text: str) -> Address | None:
    host = text
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or not _is_port(port):
            return None
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_port(text: str) -> bool:
    return not text or (text.startswith(":") and text[1:].isascii() and text[1:].isdigit())
