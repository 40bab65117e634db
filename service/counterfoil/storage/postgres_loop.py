"""Appends to PostgreSQL from an event loop: while a commit is waited for, other requests are verified."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy.util import await_only, greenlet_spawn

from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.postgres import transaction_over
from counterfoil.storage.postgres_append import PostgresAppend
from counterfoil.storage.postgres_engine import AsyncConnection, connect_in_loop
from counterfoil.storage.rows import Found

Done = TypeVar("Done")


class LoopWire:
    """Implements Wire over a connection of the event loop; used inside ``LoopAppends.run`` only."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    def ask(self, query: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Found]:
        """Send a statement; the event loop goes on until its rows are there."""
        with our_errors():
            return await_only(self._ask(query, parameters))

    async def _ask(self, query: str, parameters: Mapping[str, Any] | None) -> Sequence[Found]:
        prepared = parameters is not None
        cursor = await self._connection.execute(query, parameters, prepare=prepared, binary=prepared)
        while cursor.nextset():
            pass
        return await cursor.fetchall() if cursor.description else ()


class LoopAppends:
    """Implements Appends over one connection, which is made when it is needed and again when it was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: AsyncConnection | None = None

    async def run(self, work: Callable[[], Done]) -> Done:
        """Do work that appends, in this event loop; one at a time."""
        return await greenlet_spawn(work)

    @contextmanager
    def append(self) -> Iterator[PostgresAppend]:
        """Begin an append, as LogStore promises it; called inside ``run`` only."""
        wire = LoopWire(self._connected())
        try:
            with transaction_over(PostgresAppend(wire)) as append:
                yield append
        except BaseException:
            self._drop_if_broken()
            raise

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    def _connected(self) -> AsyncConnection:
        if self._connection is None or self._connection.closed:
            with our_errors():
                self._connection = await_only(connect_in_loop(self._url))
        return self._connection

    def _drop_if_broken(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE and not connection.broken:
            self._connection = connection
        else:
            await_only(connection.close())
