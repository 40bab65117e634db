"""The whole check of a log, wherever it is stored."""

from pathlib import Path

from counterfoil.errors import NotInitialisedError
from counterfoil.log.fsck import Report
from counterfoil.storage.opening import database_url
from counterfoil.storage.postgres_fsck import fsck_postgres
from counterfoil.storage.postgres_url import is_postgres
from counterfoil.storage.sqlite_engine import sqlite_file
from counterfoil.storage.sqlite_fsck import fsck_sqlite


def fsck_store(database: str | None, data: Path) -> Report:
    """Check the log at a URL, or in the data directory where none is given, as one moment shows it.

    Raises:
        NotInitialisedError: There is no file.
        MisconfiguredError: The URL names no kind of database this release stores a log in.
        UnavailableError: It cannot be read now; that says nothing about the log in it.
    """
    url = database_url(database, data)
    if is_postgres(url):
        return fsck_postgres(url)
    file = sqlite_file(url)
    if not file.is_file():
        raise NotInitialisedError(f"there is no log: {file} is no file")
    return fsck_sqlite(file)
