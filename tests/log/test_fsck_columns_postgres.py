"""fsck notices a changed value of each type, a lost row and a row too many, in every table of a PostgreSQL database.

That it notices a change in any column is tried on the embedded store, whose columns are the same and which is read by
the same code; what another database can do otherwise is how it keeps a type.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from counterfoil.storage.postgres import open_postgres
from counterfoil.storage.postgres_fsck import fsck_postgres
from counterfoil.storage.schema import METADATA
from tests.builders import World
from tests.log.altered import altered
from tests.log.material import fill
from tests.postgres.cluster import Cluster

TABLES = sorted(METADATA.tables)
KNOWN_TO_THE_DATABASE_ALONE = {("log_head", "id")}
"""What a reader of the log never sees; every other value is also checked against the statements."""

FEW = 14
"""Twice as many ordinary statements are in the log of the tests below: each of them checks it, and with it them all."""

Row = tuple[Any, ...]
Place = tuple[str, int, str]
"""A table, which of its rows, and a column."""


@contextmanager
def log_of(many: int, new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    with new_database() as url:
        with closing(open_postgres(url)) as store:
            asyncio.run(fill(World(store), many=many))
        assert fsck_postgres(url).findings == ()
        yield url


@pytest.fixture(scope="module")
def many(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A log with a case of everything."""
    with log_of(120, new_database) as url:
        yield url


@pytest.fixture(scope="module")
def few(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A case of everything but a full tile."""
    with log_of(FEW, new_database) as url:
        yield url


@pytest.fixture
def built(request: pytest.FixtureRequest, table: str) -> str:
    """The smallest log that has a row in the table."""
    found: str = request.getfixturevalue("many" if table == "tiles" else "few")
    return found


_copies = itertools.count()


@contextmanager
def copy_of(built: str, cluster: Cluster) -> Iterator[str]:
    name = f"copy_{next(_copies)}"
    yield cluster.create(name, built.rpartition("/")[2])
    cluster.administer(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def tampering(url: str) -> Iterator[psycopg.Connection[Row]]:
    """A superuser's connection, which no trigger stops."""
    with psycopg.connect(url.replace("counterfoil_owner", "postgres"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def pick(connection: psycopg.Connection[Row], table: str, which: int) -> str:
    """Where the first row is, one in the middle, or the last."""
    column = next(iter(METADATA.tables[table].primary_key.columns)).name
    query = SQL("SELECT ctid::text FROM {} ORDER BY {}").format(Identifier(table), Identifier(column))
    found = [str(row[0]) for row in connection.execute(query).fetchall()]
    return [found[0], found[len(found) // 2], found[-1]][which % 3]


def change(connection: psycopg.Connection[Row], place: Place) -> str:
    table, which, column = place
    there, names = pick(connection, table, which), (Identifier(column), Identifier(table))
    rows = connection.execute(SQL("SELECT {} FROM {} WHERE ctid = %s::tid").format(*names), (there,)).fetchall()
    for other in altered(rows[0][0]):
        query = SQL("UPDATE {1} SET {0} = %s WHERE ctid = %s::tid").format(*names)
        try:
            connection.execute(query, (other, there))
        except psycopg.errors.IntegrityError:
            continue
        return f"{table}.{column}, from {rows[0][0]!r:.90} to {other!r:.90}"
    # No rule of the database lets any other value in: there is nothing for fsck to find.
    return ""


def columns_of_each_type(table: str) -> list[str]:
    """The last column of each type; the first ones are the keys, by which the rows are found."""
    return sorted({str(column.type): column.name for column in METADATA.tables[table].columns}.values())


@pytest.mark.parametrize("table", TABLES)
def test_one_changed_value_of_each_type_is_found(built: str, cluster: Cluster, table: str) -> None:
    for which, name in enumerate(columns_of_each_type(table)):
        with copy_of(built, cluster) as url:
            with tampering(url) as connection:
                what = change(connection, (table, which, name))
            if not what:
                assert (table, name) in KNOWN_TO_THE_DATABASE_ALONE
                continue
            assert [finding for finding in fsck_postgres(url).findings if finding.where != "database"], what


@pytest.mark.parametrize("table", TABLES)
def test_a_lost_row_is_found(built: str, cluster: Cluster, table: str) -> None:
    with copy_of(built, cluster) as url:
        with tampering(url) as connection:
            there = pick(connection, table, 1)
            connection.execute(SQL("DELETE FROM {} WHERE ctid = %s::tid").format(Identifier(table)), (there,))
        assert [finding for finding in fsck_postgres(url).findings if finding.where != "database"]


@pytest.mark.parametrize("table", [table for table in TABLES if table != "log_head"])
def test_a_row_too_many_is_found(built: str, cluster: Cluster, table: str) -> None:
    with copy_of(built, cluster) as url:
        with tampering(url) as connection:
            there = pick(connection, table, 1)
            query = SQL("SELECT * FROM {} WHERE ctid = %s::tid").format(Identifier(table))
            insert_like(connection, table, connection.execute(query, (there,)).fetchall()[0])
        assert [finding for finding in fsck_postgres(url).findings if finding.where != "database"]


def insert_like(connection: psycopg.Connection[Row], table: str, stored: Row) -> None:
    """A second row that differs from ``stored`` only where an index demands it: in as few columns as will do."""
    marks = SQL(", ").join([SQL("%s")] * len(stored))
    far = [value + 1_000_000 if isinstance(value, int) else altered(value)[0] for value in stored]
    for differing in sorted(range(1, 1 << len(stored)), key=int.bit_count):
        row = [far[at] if differing >> at & 1 else value for at, value in enumerate(stored)]
        try:
            connection.execute(SQL("INSERT INTO {} VALUES ({})").format(Identifier(table), marks), row)
        except psycopg.errors.IntegrityError:
            continue
        return
    raise AssertionError(f"no second row fits into {table}")


def test_appends_meanwhile_are_no_findings(database: str) -> None:
    with closing(open_postgres(database)) as store:
        World(store).found()
        # A short log, for an append that does nothing for five seconds is ended.
        with store.append() as under_way:
            assert under_way.head is not None
            assert fsck_postgres(database).findings == ()
