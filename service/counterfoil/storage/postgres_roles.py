"""Who may do what in a PostgreSQL database: no role that serves can change what is on the log."""

from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import sql

from counterfoil.errors import MisconfiguredError
from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.postgres_engine import connect, postgres_engine, require_url
from counterfoil.storage.revision import require_head
from counterfoil.storage.schema import METADATA

_MOVED: Final = {
    "chains": ("length", "chain_hash", "visibility"),
    "log_head": (
        "size", "root", "time", "frontier", "rules_entry", "policy_entry", "next_page", "chain_count",
    ),
}  # fmt: skip
"""The two tables whose rows move on, and the columns that do."""

_REVISION: Final = "alembic_version"


def grant_rights(url: str, serving: Sequence[str], reading: Sequence[str]) -> None:
    """Give roles the rights they need on the log's tables, and take away every other; the URL is the owner's.

    Raises:
        MisconfiguredError: The URL is none of PostgreSQL, a role is not there, or the connection is not the owner's.
        SchemaMismatchError: The database is not at the revision of this release.
        StoreUnavailableError: It does not answer.
    """
    engine = postgres_engine(require_url(url))
    try:
        require_head(engine)
    finally:
        engine.dispose()
    with our_errors(), connect(url) as connection, connection.transaction():
        try:
            for role in serving:
                _grant(connection, role, can_append=True)
            for role in reading:
                _grant(connection, role, can_append=False)
        except (psycopg.errors.UndefinedObject, psycopg.errors.InsufficientPrivilege) as error:
            raise MisconfiguredError(f"the database refused: {error.diag.message_primary}") from error


def _grant(connection: psycopg.Connection[dict[str, object]], role: str, *, can_append: bool) -> None:
    name = sql.Identifier(role)
    schema = connection.execute("SELECT current_schema() AS name").fetchone() or {}
    connection.execute(
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(str(schema["name"])), name),
    )
    for table in sorted({*METADATA.tables, _REVISION}):
        there = sql.Identifier(table)
        connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(there, name))
        connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(there, name))
        if can_append and table != _REVISION:
            connection.execute(sql.SQL("GRANT INSERT ON {} TO {}").format(there, name))
        if can_append and table in _MOVED:
            columns = sql.SQL(", ").join(map(sql.Identifier, _MOVED[table]))
            connection.execute(sql.SQL("GRANT UPDATE ({}) ON {} TO {}").format(columns, there, name))
