"""Appends to PostgreSQL from an event loop: while a commit is waited for, other requests are verified."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.util import await_only, greenlet_spawn

from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.postgres_append import PostgresAppend, transaction_over
from counterfoil.storage.postgres_engine import connect_in_loop
from counterfoil.storage.postgres_loop_wire import LoopWire

Done = TypeVar("Done")


class LoopAppends:
    """Implements Appends over one connection, which is made when it is needed and again when it was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wire: LoopWire | None = None

    async def run(self, work: Callable[[], Done]) -> Done:
        """Do work that appends, in this event loop; one at a time."""
        return await greenlet_spawn(work)

    @contextmanager
    def append(self) -> Iterator[PostgresAppend]:
        """Begin an append, as LogStore promises it; called inside ``run`` only."""
        wire = self._connected()
        try:
            with transaction_over(PostgresAppend(wire)) as append:
                yield append
        except BaseException:
            if not wire.is_usable:
                await_only(self.close())
            raise

    async def close(self) -> None:
        """Close the connection."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    def _connected(self) -> LoopWire:
        if self._wire is not None and not self._wire.is_usable:
            await_only(self.close())
        if self._wire is None:
            with our_errors():
                self._wire = LoopWire(await_only(connect_in_loop(self._url)))
        return self._wire
