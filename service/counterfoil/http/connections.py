"""How many connections one process holds, and which goes when one too many comes."""

import resource
from typing import Any, Final, Protocol

from uvicorn.config import Config

from counterfoil.http.limits import MAX_CONNECTIONS, RESERVED_DESCRIPTORS

_FEWEST: Final = 16
"""With fewer descriptors than this and the reserve nothing works; the store will say so."""


class Connection(Protocol):
    """A connection that can be told to make room."""

    def give_up(self) -> None:
        """End, because a newer connection is served in this one's place."""
        ...


class Connections:
    """The connections of one server, those that keep the server waiting in the order in which they began to.

    A client that has nothing to say, or says it slowly, is the first to go; one whose request is here is never sent
    away. So whoever fills the table with silence only sends his own connections away.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._waiting: dict[Connection, None] = {}
        self._served: set[Connection] = set()

    def opened(self, connection: Connection) -> None:
        """A connection was accepted. The one that has kept the server waiting longest makes room, where it must."""
        self._waiting[connection] = None
        if len(self._waiting) + len(self._served) > self.most:
            next(iter(self._waiting)).give_up()

    def served(self, connection: Connection) -> None:
        """The connection's request is here, all of it."""
        if connection in self._waiting:
            del self._waiting[connection]
            self._served.add(connection)

    def waiting(self, connection: Connection) -> None:
        """The connection was answered; the server waits for its next request."""
        if connection in self._served:
            self._served.remove(connection)
            self._waiting[connection] = None

    def left(self, connection: Connection) -> None:
        """The connection is no longer counted: it was closed, or will be in a moment."""
        self._waiting.pop(connection, None)
        self._served.discard(connection)


class BoundedConfig(Config):
    """uvicorn's configuration of one server with the connections that this server holds."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.held = Connections(admitted_connections())


def admitted_connections() -> int:
    """How many connections the descriptors of this process are enough for."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(_FEWEST, min(MAX_CONNECTIONS, descriptors - RESERVED_DESCRIPTORS))


def raise_descriptor_limit() -> None:
    """Let this process open as many descriptors as ``MAX_CONNECTIONS`` take, as far as its hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + RESERVED_DESCRIPTORS
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
