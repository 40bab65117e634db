"""The whole check of a log in PostgreSQL: its rules, its indexes, and everything the log says."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, text

from counterfoil.errors import CounterfoilError, UnavailableError
from counterfoil.log.fsck import Finding, Report, examine_log
from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.postgres import open_postgres
from counterfoil.storage.postgres_rules import CONSTRAINTS, REFUSAL, TRIGGERS, normal
from counterfoil.storage.rows import Found
from counterfoil.storage.schema import METADATA
from counterfoil.storage.stored_log import StoredLog

_TRIGGERS: Final = text(
    "SELECT c.relname || '.' || t.tgname AS name, t.tgenabled::text AS enabled, pg_get_triggerdef(t.oid) AS definition "
    "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal "
    "AND c.relnamespace = current_schema()::regnamespace",
)
_CONSTRAINTS: Final = text(
    "SELECT k.conname AS name, k.convalidated AND coalesce(i.indisvalid AND i.indisready, true) AS whole "
    "FROM pg_constraint k LEFT JOIN pg_index i ON i.indexrelid = k.conindid "
    "WHERE k.connamespace = current_schema()::regnamespace AND k.contype IN ('p', 'u', 'c')",
)
_TABLES: Final = text(
    "SELECT relname AS name FROM pg_class "
    "WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')",
)
_FUNCTION: Final = text(
    "SELECT prosrc AS body FROM pg_proc "
    "WHERE pronamespace = current_schema()::regnamespace AND proname = 'counterfoil_refuse'",
)
_REVISION_TABLE: Final = "alembic_version"
_ENABLED: Final = frozenset({"O", "A"})
"""Fired in the ordinary role of a session, or always."""


def fsck_postgres(url: str) -> Report:
    """Check a log in a database as one moment shows it; others may append meanwhile.

    A database at another revision than this release's is one finding.

    Raises:
        MisconfiguredError: The URL is none of PostgreSQL.
        UnavailableError: The database does not answer; that says nothing about the log in it.
    """
    try:
        store = open_postgres(url)
    except UnavailableError:
        raise
    except CounterfoilError as error:
        return Report((Finding("database", error.detail),))
    with closing(store), _snapshot(store.engine) as connection:
        of_database = tuple(_database(connection))
        report = examine_log(StoredLog(lambda query: _read(connection, query)))
    return replace(report, findings=(*of_database, *report.findings))


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    with our_errors(), engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        # Reading a large log takes long, and holds no lock that anybody waits for.
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        yield connection


def _read(connection: Connection, query: Select[Any]) -> Sequence[Found]:
    with our_errors():
        return connection.execute(query).mappings().all()


def _database(connection: Connection) -> Iterator[Finding]:
    """What no row shows: triggers that are gone, off or changed, tables of nobody, constraints that are not whole."""
    with our_errors():
        triggers = {row["name"]: row for row in connection.execute(_TRIGGERS).mappings()}
        bodies = [row["body"].strip() for row in connection.execute(_FUNCTION).mappings()]
        tables = {row["name"] for row in connection.execute(_TABLES).mappings()}
        constraints = {row["name"]: row["whole"] for row in connection.execute(_CONSTRAINTS).mappings()}
    for name in sorted(TRIGGERS.keys() | triggers.keys()):
        row = triggers.get(name)
        if row is None:
            yield Finding("database", f"trigger {name} is not there")
        elif row["enabled"] not in _ENABLED or normal(row["definition"]) != TRIGGERS.get(name):
            yield Finding("database", f"trigger {name} is not as this release makes it")
    if bodies != [REFUSAL]:
        yield Finding("database", "function counterfoil_refuse is not as this release makes it")
    for name in sorted(tables ^ {*METADATA.tables, _REVISION_TABLE}):
        yield Finding("database", f"table {name} is {'not one of this release' if name in tables else 'not there'}")
    for name in sorted(CONSTRAINTS):
        if not constraints.get(name):
            yield Finding("database", f"constraint {name} is not there, or not whole")
