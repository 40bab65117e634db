"""Which store a log lies in, by its address."""

from pathlib import Path
from typing import Final

from counterfoil.log.ports import Appends
from counterfoil.storage.postgres import PostgresStore, open_postgres
from counterfoil.storage.postgres_engine import is_postgres
from counterfoil.storage.postgres_loop import LoopAppends
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from counterfoil.storage.sqlite_engine import sqlite_file

DATABASE: Final = "log.db"
"""The name of the database in a data directory."""

Stored = SqliteStore | PostgresStore
"""A store that outlives its process."""


def database_url(database: str | None, data: Path) -> str:
    """The URL of a log's database: the one given, or that of the file in the data directory."""
    return f"sqlite:///{(data / DATABASE).absolute()}" if database is None else database


def open_store(database: str | None, data: Path) -> Stored:
    """Open the store at a URL, or the file in the data directory where none is given.

    Raises:
        MisconfiguredError: The URL names no kind of database this release stores a log in, or there is no file.
        SchemaMismatchError: The database is not at the revision of this release.
        CorruptError, UnavailableError: It cannot be read.
    """
    url = database_url(database, data)
    return open_postgres(url) if is_postgres(url) else open_sqlite(sqlite_file(url))


def appends_to(store: object) -> Appends | None:
    """How appends to a store run best; None where a thread does."""
    return LoopAppends(store.url) if isinstance(store, PostgresStore) else None
