"""How a database gets to the schema of this release."""

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect

from counterfoil.errors import MisconfiguredError, SchemaMismatchError
from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.postgres_engine import postgres_engine
from counterfoil.storage.postgres_url import is_postgres
from counterfoil.storage.revision import current_revision
from counterfoil.storage.sqlite_engine import locking, sqlite_engine, sqlite_file

_PACKAGE: Final = Path(__file__).resolve().parent.parent


def upgrade(target: Engine | str) -> None:
    """Bring a database, given as an engine or as its URL, to the revision of this release, in one transaction.

    Raises:
        SchemaMismatchError: It holds tables of something else, or a revision this release does not know.
        MisconfiguredError: The URL names no kind of database this release stores a log in.
        StoreUnavailableError: The database failed; nothing was changed.
    """
    if isinstance(target, str):
        engine = _engine(target)
        try:
            upgrade(engine)
        finally:
            engine.dispose()
        return
    config = _config()
    with our_errors(), locking(target.connect()) as connection, connection.begin():
        _lock(connection)
        config.attributes["connection"] = connection
        try:
            _require_own_tables(connection)
            command.upgrade(config, "head")
        except CommandError as error:
            raise SchemaMismatchError(f"the database's revision is not one of this release: {error}") from error


def upgrade_if_empty(url: str) -> None:
    """Make the tables where a database has none; one that has some is left to ``upgrade``. Errors as there."""
    engine = _engine(url)
    try:
        with our_errors(), engine.connect() as connection:
            empty = not inspect(connection).get_table_names()
        if empty:
            upgrade(engine)
    finally:
        engine.dispose()


def revision_of(url: str) -> str | None:
    """The revision a database is at, by its URL; errors as for ``current_revision``."""
    engine = _engine(url)
    try:
        return current_revision(engine)
    finally:
        engine.dispose()


@cache
def head_revision() -> str | None:
    """The revision that the last migration leads to."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def find_migrations(package: Path = _PACKAGE) -> Path:
    """The folder of migrations that goes with an installed or a checked-out ``counterfoil`` package.

    Raises:
        MisconfiguredError: The installation holds none.
    """
    in_wheel, in_source_tree = package / "_migrations", package.parent.parent / "migrations"
    for folder in (in_wheel, in_source_tree):
        if (folder / "env.py").is_file():
            return folder
    raise MisconfiguredError(f"this installation holds no migrations; looked in {in_wheel} and {in_source_tree}")


def _lock(connection: Connection) -> None:
    """Keep a second migration out, and give up rather than stand in the way of a server that is at work."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7165913, 2)")


def _require_own_tables(connection: Connection) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None and inspect(connection).get_table_names():
        raise SchemaMismatchError("the database holds tables, and no log made them")


def _config() -> Config:
    config = Config()
    # Alembic interpolates option values; a percent sign in a path is doubled to be taken as it is.
    config.set_main_option("script_location", str(find_migrations()).replace("%", "%%"))
    return config


def _engine(url: str) -> Engine:
    return postgres_engine(url) if is_postgres(url) else sqlite_engine(sqlite_file(url))
