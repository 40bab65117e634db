"""Which store a log lies in, by its address."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from counterfoil.log.ports import Appends
from counterfoil.storage.postgres_url import is_postgres
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from counterfoil.storage.sqlite_engine import sqlite_file

if TYPE_CHECKING:
    from counterfoil.storage.postgres import PostgresStore

DATABASE: Final = "log.db"
"""The name of the database in a data directory."""

Stored: TypeAlias = "SqliteStore | PostgresStore"
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
    if not is_postgres(url):
        return open_sqlite(sqlite_file(url))
    from counterfoil.storage.postgres import open_postgres  # noqa: PLC0415 - most processes open a file

    return open_postgres(url)


def appends_to(store: object) -> Appends | None:
    """How appends to a store run best; None where a thread does."""
    if isinstance(store, SqliteStore):
        return None
    from counterfoil.storage.postgres import PostgresStore  # noqa: PLC0415 - as above
    from counterfoil.storage.postgres_loop import LoopAppends  # noqa: PLC0415 - as above

    return LoopAppends(store.url) if isinstance(store, PostgresStore) else None
