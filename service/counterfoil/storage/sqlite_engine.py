"""Connections to an SQLite file, each with the settings the log's promises rest on."""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from counterfoil.errors import MisconfiguredError, StoreUnavailableError

DEFAULT_BUSY_TIMEOUT_SECONDS: Final = 10.0
"""A batch takes milliseconds. Who waits longer than this for the lock waits for a stopped process."""

_PRAGMAS: Final = {
    # A commit is one fsync of the write-ahead log, and readers never wait for the writer.
    "journal_mode": "wal",
    # FULL: the commit returns after that fsync, not before.
    "synchronous": 2,
    "foreign_keys": 1,
    # Without it REPLACE deletes a row behind the back of the triggers that refuse DELETE.
    "recursive_triggers": 1,
}

_BEGIN: Final = "counterfoil_begin"


def sqlite_engine(path: Path, *, busy_timeout: float = DEFAULT_BUSY_TIMEOUT_SECONDS) -> Engine:
    """An engine over the database file at ``path``, for any number of threads; it never creates the file.

    Connecting raises sqlite3.Error when the file is no usable database, and StoreUnavailableError when its file system
    does not support what durable appends need.
    """
    # mode=rw: a file that is moved away while the process runs must not come back as an empty database.
    uri = f"{path.absolute().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        # No isolation level: the driver must not begin or end transactions on its own, BEGIN is ours (below).
        connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
        try:
            _put_in_force(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        # The threads that read bound the number of connections; none of them should wait for another one's.
        max_overflow=-1,
        # Exceptions end up in logs, and parameters are statements.
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def sqlite_file(url: str) -> Path:
    """The file that an SQLite URL names.

    Raises:
        MisconfiguredError: It names no file, or another kind of database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise MisconfiguredError("the text is not the URL of a database") from error
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        raise MisconfiguredError(
            "a log is stored in an SQLite file, sqlite:///path, or in PostgreSQL, postgresql://host/database",
        )
    return Path(str(parsed.database))


def locking(connection: Connection) -> Connection:
    """Let the connection's next transaction take the write lock as it begins, against every other process."""
    return connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _put_in_force(connection: sqlite3.Connection) -> None:
    for name, value in _PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != value:
            raise StoreUnavailableError(f"SQLite does not take {name} = {value} here, it stays {found}")
