"""A client as the options of a command ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from counterfoil.cli.extras import needing
from counterfoil.cli.trust import expected_issuer, read_trust

if TYPE_CHECKING:
    from counterfoil.client import Client


@contextmanager
def remote_log(url: str, keys: Path | None, origin: str | None) -> Iterator["Client"]:
    """A client with the pinned keys of ``--keys``, or else with the service's own.

    Raises:
        ExtraMissingError: The client is not installed.
        MalformedError, UnverifiedError, MisconfiguredError: The keys, the origin or the address cannot be used.
    """
    with needing("client"):
        from counterfoil.client import Client  # noqa: PLC0415 - the base install has no HTTP client
    trust = None if keys is None else read_trust(keys, origin)
    issuer = expected_issuer(origin) if trust is None else trust.issuer
    with Client(url, log_keys=None if trust is None else trust.log_keys, expected_issuer=issuer) as client:
        yield client


def key_note(client: "Client") -> str:
    """Where the keys come from that a result was verified with."""
    if client.keys_are_pinned:
        return "pinned with --keys"
    return "fetched from the service just now, so the service agrees with itself; pin them with --keys"
