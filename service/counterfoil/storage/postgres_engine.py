"""Connections to PostgreSQL, each with the settings the log's promises rest on."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Format
from psycopg.rows import DictRow, dict_row
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool

from counterfoil.errors import MisconfiguredError, StoreUnavailableError
from counterfoil.storage.postgres_url import is_postgres

LOCK_IDLE_SECONDS: Final = 5
"""Who holds the head and says nothing for so long is cut off by the database, and the others go on."""

LOCK_WAIT_SECONDS: Final = 10
"""Longer than the database needs to cut off a holder that stopped; who waits longer is told to come back."""

STATEMENT_SECONDS: Final = 30
"""A batch takes milliseconds and a page of reads less; a statement that takes this long has lost its database."""

CONNECT_SECONDS: Final = 5

APPEND_OPTIONS: Final = {
    # An append looks up and changes few rows by their keys, however large the tables are and whatever is thought of
    # them just now; a plan that reads a table whole, made while it was small, would be kept while it grows.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
}

_MIN_VERSION: Final = 150000
_APPLICATION: Final = "counterfoil"

Connection = psycopg.Connection[DictRow]
AsyncConnection = psycopg.AsyncConnection[DictRow]
Found = TypeVar("Found")


def require_url(url: str) -> str:
    """The URL as libpq reads it.

    Raises:
        MisconfiguredError: It is none of PostgreSQL; the text does not repeat it, since it may hold a password.
    """
    if not is_postgres(url):
        raise MisconfiguredError("the URL of a PostgreSQL database begins with postgresql://")
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise MisconfiguredError("libpq cannot read the URL of the database") from error
    return url


def connect(url: str) -> Connection:
    """A connection for an append, outside a transaction.

    Raises psycopg.Error, and StoreUnavailableError when the server is too old.
    """
    return _admitted(psycopg.connect(url, autocommit=True, row_factory=dict_row, **_parameters(APPEND_OPTIONS)))


async def connect_in_loop(url: str) -> AsyncConnection:
    """The same for use in an event loop."""
    connection = await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        row_factory=dict_row,
        **_parameters(APPEND_OPTIONS),
    )
    try:
        _require_version(connection.info.server_version)
    except BaseException:
        await connection.close()
        raise
    return connection


def postgres_engine(url: str, *, in_binary: bool = False) -> Engine:
    """An engine over a database, for any number of threads.

    ``in_binary``: rows come in the form that log tables are read from fastest, which the schema's cannot be read from.

    Raises:
        MisconfiguredError: The URL is none of PostgreSQL.
    """
    checked = require_url(url)

    def connecting() -> psycopg.Connection[Any]:
        return _admitted(
            psycopg.connect(checked, cursor_factory=_BinaryCursor if in_binary else None, **_parameters({}))
        )

    return create_engine(
        "postgresql+psycopg://",
        creator=connecting,
        poolclass=QueuePool,
        # The threads that read bound the number of connections; few stay open between them.
        pool_size=4,
        max_overflow=-1,
        # Exceptions end up in logs, and parameters are statements.
        hide_parameters=True,
    )


class _BinaryCursor(psycopg.Cursor[Any]):
    """Asks for rows in binary: a statement as text is twice its bytes, written there and read here for nothing."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.format = Format.BINARY


def _parameters(more: Mapping[str, str]) -> dict[str, Any]:
    milliseconds = {
        "idle_in_transaction_session_timeout": LOCK_IDLE_SECONDS * 1000,
        "lock_timeout": LOCK_WAIT_SECONDS * 1000,
        "statement_timeout": STATEMENT_SECONDS * 1000,
    }
    options = {
        **milliseconds,
        # A commit returns once its record is on disk, whatever the cluster's default is.
        "synchronous_commit": "on",
        "client_encoding": "utf8",
        **more,
    }
    return {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": _APPLICATION,
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
    }


def _admitted(connection: psycopg.Connection[Found]) -> psycopg.Connection[Found]:
    try:
        _require_version(connection.info.server_version)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_version(found: int) -> None:
    if found < _MIN_VERSION:
        raise StoreUnavailableError(f"the server is PostgreSQL {found // 10000}; this release needs 15 or newer")
