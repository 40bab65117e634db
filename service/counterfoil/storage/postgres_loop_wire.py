"""A connection to PostgreSQL in an event loop: one journey there and back for statements that go together."""

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Final

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy.util import await_only

from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.postgres_engine import AsyncConnection
from counterfoil.storage.postgres_values import encode_parameters, numbered, rows_of
from counterfoil.storage.postgres_wire import Asked
from counterfoil.storage.rows import Found

_BINARY: Final = 1
_UTF8: Final = "utf-8"
_WELL: Final = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class LoopWire:
    """Implements Wire over libpq, which the driver wraps; used inside ``LoopAppends.run`` only.

    The driver's cursors take longer for a journey than the database does. It belongs to the event loop that makes it.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._libpq = connection.pgconn
        self._socket = self._libpq.socket
        self._loop = asyncio.get_running_loop()
        self._names = count()
        self._kept: dict[str, bytes] = {}
        self._under_way = False
        self._waiting: asyncio.Future[None] | None = None
        self._lost: psycopg.Error | None = None
        self._loop.add_reader(self._socket, self._on_readable)

    def ask(self, *asked: Asked) -> Sequence[Found]:
        """Send statements in one journey; the event loop goes on until the rows of the last one are there."""
        with our_errors():
            return await_only(self._ask(asked))

    @property
    def is_usable(self) -> bool:
        """Whether another append can begin: it is open, outside a transaction, and no answer is on its way."""
        return not self._under_way and self._libpq.transaction_status == TransactionStatus.IDLE

    async def close(self) -> None:
        """Close the connection."""
        if self._lost is None:
            self._loop.remove_reader(self._socket)
        await self.connection.close()

    async def _ask(self, asked: Sequence[Asked]) -> Sequence[Found]:
        if self._under_way:
            raise psycopg.OperationalError("an earlier journey was broken off")
        self._under_way = True
        self._libpq.enter_pipeline_mode()
        fresh = [one.query for one in asked if self._send(one)]
        self._libpq.pipeline_sync()
        await self._flush()
        results = await self._results()
        self._libpq.exit_pipeline_mode()
        self._under_way = False
        failed = next((result for result in results if result.status not in _WELL), None)
        if failed is not None:
            # Which of the new ones the server keeps now is not known, so it will be told them by other names.
            for query in fresh:
                self._kept.pop(query, None)
            raise error_from_result(failed, _UTF8)
        return rows_of(results[-1]) if results[-1].status == ExecStatus.TUPLES_OK else ()

    def _send(self, one: Asked) -> bool:
        """Send a statement; whether the server is told to keep it from now on."""
        text, names = numbered(one.query)
        values, formats = encode_parameters(names, one.parameters)
        if not one.kept:
            self._libpq.send_query_params(text, values, param_formats=formats, result_format=_BINARY)
            return False
        name = self._kept.get(one.query)
        is_new = name is None
        if name is None:
            name = self._kept[one.query] = f"counterfoil_{next(self._names)}".encode()
            self._libpq.send_prepare(name, text)
        self._libpq.send_query_prepared(name, values, formats, _BINARY)
        return is_new

    async def _flush(self) -> None:
        while self._libpq.flush():
            writable = self._loop.create_future()
            self._loop.add_writer(self._socket, _set, writable)
            try:
                await writable
            finally:
                self._loop.remove_writer(self._socket)

    async def _results(self) -> list[PGresult]:
        """What came of each statement, up to the end of the journey."""
        results: list[PGresult] = []
        while True:
            while self._libpq.is_busy():
                await self._readable()
            result = self._libpq.get_result()
            if result is None:
                # The end of one statement's results; of a connection that is gone no end would ever come.
                if self._libpq.status == ConnStatus.BAD:
                    raise self._lost or psycopg.OperationalError("the connection is lost")
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return results
            else:
                results.append(result)

    async def _readable(self) -> None:
        if self._lost is not None:
            raise self._lost
        self._waiting = self._loop.create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _on_readable(self) -> None:
        try:
            self._libpq.consume_input()
        except psycopg.Error as error:
            # Before it is closed: it would be readable for ever, and its number somebody else's soon.
            self._loop.remove_reader(self._socket)
            self._lost = error
        if self._waiting is not None:
            _set(self._waiting)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
