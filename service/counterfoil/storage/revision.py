"""Which revision of the schema a database is at, and which one this release works with."""

from typing import Final

from sqlalchemy import Engine, Select, column, inspect, select, table

from counterfoil.errors import SchemaMismatchError
from counterfoil.storage.foreign_errors import our_errors

REVISION: Final = "0003"
"""That of the last migration. It is written here as well so that opening a store need not load what runs migrations."""

_TABLE: Final = "alembic_version"
_FOUND: Final[Select[tuple[str]]] = select(column("version_num")).select_from(table(_TABLE))


def current_revision(engine: Engine) -> str | None:
    """The revision a database is at; None where no migration has run.

    Raises:
        SchemaMismatchError: It says that it is at several at once.
        LogCorruptError, StoreUnavailableError: The database failed.
    """
    with our_errors(), engine.connect() as connection:
        found = connection.scalars(_FOUND).all() if inspect(connection).has_table(_TABLE) else []
    if len(found) > 1:
        raise SchemaMismatchError(f"the database has no one revision: it says {', '.join(sorted(map(str, found)))}")
    return str(found[0]) if found else None


def require_head(engine: Engine) -> None:
    """Check that a database is at the revision of this release.

    Raises:
        SchemaMismatchError: It is at another one, or at none.
        LogCorruptError, StoreUnavailableError: The database failed.
    """
    current = current_revision(engine)
    if current != REVISION:
        raise SchemaMismatchError(f"the database is at revision {current}, this release works with {REVISION}")
