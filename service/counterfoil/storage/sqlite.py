"""The log in one SQLite file: the embedded default."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, Select, inspect

from counterfoil.errors import NotInitialisedError, StoreUnavailableError
from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.revision import require_head
from counterfoil.storage.rows import Found
from counterfoil.storage.sqlite_append import SqliteAppend
from counterfoil.storage.sqlite_engine import DEFAULT_BUSY_TIMEOUT_SECONDS, locking, sqlite_engine
from counterfoil.storage.stored_log import StoredLog

_PRIVATE: Final = 0o600
"""Statements are not public by default. The write-ahead log takes over the mode of the file."""


class SqliteStore(StoredLog):
    """Implements LogStore, LogReader, LogScan and ChainReader over a file, for any number of threads and processes.

    Reads go on while an append is under way. Made by ``open_sqlite``; used after ``close`` it opens its file again.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(self._read)
        self.engine = engine

    @contextmanager
    def append(self) -> Iterator[SqliteAppend]:
        """Begin an append, as LogStore promises it.

        Raises:
            StoreUnavailableError: The lock was not to be had in time, or the database failed.
            LogCorruptError: The database is damaged or contradicts what was to be written.
        """
        with (
            our_errors(),
            locking(self.engine.connect()) as connection,
            connection.begin(),
            closing(SqliteAppend(connection)) as append,
        ):
            yield append

    def close(self) -> None:
        """Close the connections that no thread uses now."""
        self.engine.dispose()

    def _read(self, query: Select[Any]) -> Sequence[Found]:
        with our_errors(), self.engine.connect() as connection:
            return connection.execute(query).mappings().all()


def open_sqlite(
    path: Path,
    *,
    create: bool = False,
    busy_timeout: float = DEFAULT_BUSY_TIMEOUT_SECONDS,
) -> SqliteStore:
    """Open the store in the file at ``path``; with ``create``, make it first where there is no file or an empty one.

    Raises:
        NotInitialisedError: There is no such file, and none is to be made.
        SchemaMismatchError: The database is not at the revision of this release.
        LogCorruptError: The file is no database, or a damaged one.
        StoreUnavailableError: The file system or the database refused.
    """
    engine = sqlite_engine(path, busy_timeout=busy_timeout)
    try:
        if create:
            _create(path, engine)
        _require_file(path)
        require_head(engine)
    except BaseException:
        engine.dispose()
        raise
    return SqliteStore(engine)


def _require_file(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotInitialisedError(f"there is no file {path}") from error
    except OSError as error:
        raise StoreUnavailableError(f"{path} cannot be looked at: {error.strerror}") from error


def _create(path: Path, engine: Engine) -> None:
    try:
        path.touch(_PRIVATE)
    except OSError as error:
        raise StoreUnavailableError(f"{path} cannot be created: {error.strerror}") from error
    with our_errors(), engine.connect() as connection:
        is_empty = not inspect(connection).get_table_names()
    if is_empty:
        from counterfoil.storage.migrate import upgrade  # noqa: PLC0415 - it takes long to load, and is seldom needed

        upgrade(engine)
