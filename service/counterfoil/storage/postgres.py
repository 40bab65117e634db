"""The log in PostgreSQL: production's store, for any number of processes on any number of hosts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Select

from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.postgres_append import PostgresAppend, transaction_over
from counterfoil.storage.postgres_engine import connect, postgres_engine, require_url
from counterfoil.storage.postgres_wire import ThreadWire
from counterfoil.storage.revision import require_head
from counterfoil.storage.rows import Found
from counterfoil.storage.stored_log import StoredLog


class PostgresStore(StoredLog):
    """Implements LogStore, LogReader, LogScan and ChainReader over a database, for any number of threads and processes.

    Made by ``open_postgres``.
    """

    def __init__(self, url: str, engine: Engine) -> None:
        super().__init__(self._read)
        self.url = url
        self.engine = engine

    @contextmanager
    def append(self) -> Iterator[PostgresAppend]:
        """Begin an append, as LogStore promises it, over a connection of its own.

        Raises:
            StoreUnavailableError: The lock was not to be had in time, or the database failed.
            LogCorruptError: The database is damaged or contradicts what was to be written.
        """
        with our_errors():
            connection = connect(self.url)
        try:
            with transaction_over(PostgresAppend(ThreadWire(connection))) as append:
                yield append
        finally:
            connection.close()

    def close(self) -> None:
        """Close the connections that no thread uses now."""
        self.engine.dispose()

    def _read(self, query: Select[Any]) -> Sequence[Found]:
        with our_errors(), self.engine.connect() as connection:
            return connection.execute(query).mappings().all()


def open_postgres(url: str) -> PostgresStore:
    """Open the store in a database.

    Raises:
        MisconfiguredError: The URL is none of PostgreSQL.
        SchemaMismatchError: The database is not at the revision of this release; ``db upgrade`` brings it there.
        StoreUnavailableError: It does not answer.
    """
    engine = postgres_engine(require_url(url), in_binary=True)
    try:
        require_head(engine)
    except BaseException:
        engine.dispose()
        raise
    return PostgresStore(url, engine)
