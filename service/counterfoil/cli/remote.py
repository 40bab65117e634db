"""A client as the options of a command ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterfoil.cli.extras import needing
from counterfoil.cli.trust import Trust, expected_issuer, read_trust

if TYPE_CHECKING:
    from counterfoil.client import Client

DEFAULT_RETRY_SECONDS: Final = 5.0
"""Somebody sits before the terminal and waits."""

_ATTEMPTS: Final = 100
"""Time is the bound here."""


@contextmanager
def remote_log(
    url: str,
    keys: Path | None,
    origin: str | None,
    *,
    receipts: Path | None = None,
    retry_for: float = DEFAULT_RETRY_SECONDS,
) -> Iterator["Client"]:
    """A client with the pinned keys of ``--keys``, or else with the service's own.

    ``receipts`` is a directory in which it keeps receipts; ``retry_for`` is how long it asks a busy service again.

    Raises:
        ExtraMissingError: The client is not installed.
        MalformedError, UnverifiedError, MisconfiguredError: The keys, the origin or the address cannot be used.
    """
    trust = None if keys is None else read_trust(keys, origin)
    with trusted_log(url, trust, origin, receipts=receipts, retry_for=retry_for) as client:
        yield client


@contextmanager
def trusted_log(
    url: str,
    trust: Trust | None,
    origin: str | None,
    *,
    receipts: Path | None = None,
    retry_for: float = DEFAULT_RETRY_SECONDS,
) -> Iterator["Client"]:
    """The same with keys that were read already."""
    with needing("client"):
        from stamina.instrumentation import set_on_retry_hooks  # noqa: PLC0415 - as above

        from counterfoil.client import IMPATIENT, Client, Patience, ReceiptStore  # noqa: PLC0415 - not in the base install
    issuer = expected_issuer(origin) if trust is None else trust.issuer
    set_on_retry_hooks([])  # It would write of each attempt on standard output, which is the result's.
    with Client(
        url,
        log_keys=None if trust is None else trust.log_keys,
        history=None if trust is None else trust.history,
        expected_issuer=issuer,
        receipts=None if receipts is None else ReceiptStore(receipts),
        patience=Patience(attempts=_ATTEMPTS, seconds=retry_for) if retry_for else IMPATIENT,
    ) as client:
        yield client


def key_note(client: "Client") -> str:
    """Where the keys come from that a result was verified with."""
    if client.keys_are_pinned:
        return "pinned with --keys"
    return "fetched from the service just now, so the service agrees with itself; pin them with --keys"
