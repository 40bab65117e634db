"""The whole check of a log in an SQLite file: the file, the schema, and everything the log says."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select

from counterfoil.errors import CounterfoilError, UnavailableError
from counterfoil.log.fsck import Finding, Report, examine_log
from counterfoil.storage.foreign_errors import our_errors
from counterfoil.storage.rows import Found
from counterfoil.storage.sqlite import open_sqlite
from counterfoil.storage.stored_log import StoredLog

_MAX_LINES: Final = 100
"""SQLite reports each damaged row on a line; as many are kept as of any one kind of finding."""


def fsck_sqlite(path: Path) -> Report:
    """Check a log in an SQLite file as one moment shows it; others may append meanwhile.

    A file that is no log, or a damaged one, is one finding.

    Raises:
        UnavailableError: The file cannot be read now; that says nothing about the log in it.
    """
    try:
        store = open_sqlite(path)
    except UnavailableError:
        raise
    except CounterfoilError as error:
        return Report((Finding("database", error.detail),))
    try:
        with _snapshot(store.engine) as connection:
            of_database = _database(connection)
            report = examine_log(StoredLog(lambda query: _read(connection, query)))
    except UnavailableError:
        raise
    except CounterfoilError as error:
        return Report((Finding("database", error.detail),))
    finally:
        store.close()
    return replace(report, findings=(*of_database, *report.findings))


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    with our_errors(), engine.connect() as connection, connection.begin():
        yield connection


def _read(connection: Connection, query: Select[Any]) -> Sequence[Found]:
    with our_errors():
        return connection.execute(query).mappings().all()


def _database(connection: Connection) -> tuple[Finding, ...]:
    """What the database itself knows: damaged pages, broken constraints, rows without the row they refer to."""
    with our_errors():
        damaged = connection.exec_driver_sql(f"PRAGMA integrity_check({_MAX_LINES})").scalars().all()
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_MAX_LINES)
        there = _schema(connection)
    made = _own_schema()
    absent = sorted(f"{kind} {name} is not there as this release makes it" for kind, name, _ in made - there)
    foreign = sorted(f"{kind} {name} is not as this release makes it" for kind, name, _ in there - made)
    return (
        *(Finding("database", line) for line in (*absent, *foreign)),
        *(Finding("database", f"SQLite finds: {line}") for line in damaged if line != "ok"),
        *(Finding("database", f"a row of {row[0]} refers to a row of {row[2]} that is not there") for row in orphans),
    )


def _schema(connection: Connection) -> frozenset[tuple[str, str, str]]:
    rows = connection.exec_driver_sql("SELECT type, name, coalesce(sql, '') FROM sqlite_master").all()
    return frozenset((str(kind), str(name), str(sql)) for kind, name, sql in rows)


@lru_cache(maxsize=1)
def _own_schema() -> frozenset[tuple[str, str, str]]:
    """What the migrations make of an empty database, triggers and all."""
    with (
        TemporaryDirectory() as folder,
        closing(open_sqlite(Path(folder) / "schema.db", create=True)) as store,
        store.engine.connect() as connection,
    ):
        return _schema(connection)
