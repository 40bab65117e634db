"""Who may read what is not public."""

import hmac
from ipaddress import IPv6Address, ip_address
from typing import Final

from fastapi import Request

from counterfoil.http.problems import CREDENTIAL_REQUIRED, ProblemError
from counterfoil.policy.document import Visibility
from counterfoil.settings import Settings

_FORWARDING: Final = frozenset({"forwarded", "via", "x-real-ip", "true-client-ip", "cf-connecting-ip", "x-client-ip"})
_FORWARDING_PREFIX: Final = "x-forwarded-"
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def require_reader(request: Request, visibility: Visibility, settings: Settings) -> None:
    """Let only those pass who may read something of that visibility.

    Until parties can log in, all that is not public takes the admin credential. Where none is configured, it is open to
    this machine alone.

    Raises:
        ProblemError: The request comes without the credential.
    """
    if not is_reader(request, visibility, settings):
        raise ProblemError(CREDENTIAL_REQUIRED)


def is_reader(request: Request, visibility: Visibility, settings: Settings) -> bool:
    """Whether who sent the request may read something of that visibility, as ``require_reader`` has it."""
    if visibility is Visibility.PUBLIC:
        return True
    token = settings.admin_token
    return _is_from_here(request, settings) if token is None else _carries(request, token)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be reached from this machine."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _carries(request: Request, token: str) -> bool:
    fields = request.headers.getlist("authorization")
    scheme, _, credential = (fields[0] if len(fields) == 1 else "").partition(" ")
    # In bytes: compare_digest takes no text beyond ASCII, and a client may send any.
    return scheme.lower() == "bearer" and hmac.compare_digest(credential.strip().encode(), token.encode())


def _is_from_here(request: Request, settings: Settings) -> bool:
    """A proxy on this machine would make the whole world look local, so no trace of one may be there.

    The Host field must name this machine too: a page in a browser here can have its own name resolved to 127.0.0.1.
    """
    if settings.trusted_proxies or request.client is None or not is_loopback(request.client.host):
        return False
    if any(name in _FORWARDING or name.startswith(_FORWARDING_PREFIX) for name in request.headers):
        return False
    hosts = request.headers.getlist("host")
    return len(hosts) == 1 and _without_port(hosts[0].strip().lower()) in _LOOPBACK_NAMES


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isascii() and port.isdigit() else host
