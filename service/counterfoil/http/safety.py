"""What a configuration must promise before anything is served."""

from typing import Final

from counterfoil.errors import UnsafeConfigurationError
from counterfoil.http.visibility import is_loopback
from counterfoil.settings import Settings
from counterfoil.signing.uri import is_ephemeral
from counterfoil.statement.genesis import Genesis

_UNREACHABLE: Final = (".localhost", ".invalid")
"""RFC 6761: names that lead to this machine, or nowhere."""


def require_closed(settings: Settings) -> None:
    """Check that what is not public stays so on the address that is bound.

    Raises:
        UnsafeConfigurationError: Others could reach a service that lets this machine read without a credential.
    """
    if settings.admin_token is None and not is_loopback(settings.host):
        raise UnsafeConfigurationError(
            f"{settings.host} is not a loopback address: set an admin token, or bind 127.0.0.1",
        )


def require_lasting(settings: Settings, genesis: Genesis) -> None:
    """Check that a log in production keeps its keys and can be reached by its name.

    Raises:
        UnsafeConfigurationError: It would not.
    """
    uris = (settings.receipt_key, settings.checkpoint_key, settings.service_key, settings.operator_key)
    if any(is_ephemeral(uri) for uri in uris):
        raise UnsafeConfigurationError("a key in production survives a restart; a memory: key does not")
    host = genesis.identity.origin.partition("/")[0].partition(":")[0]
    if is_loopback(host) or f".{host}".endswith(_UNREACHABLE):
        raise UnsafeConfigurationError(f"nobody can reach a log in production under the name {host}")
    if settings.admin_token is None:
        # A proxy on this machine need not say that it is one, and would make the whole world look local.
        raise UnsafeConfigurationError("a log in production needs an admin token")
