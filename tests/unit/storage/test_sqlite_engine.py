"""The settings that the log's promises rest on are in force wherever a connection comes from."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from counterfoil.storage.sqlite import SqliteStore
from counterfoil.storage.sqlite_engine import locking, sqlite_engine

IN_FORCE = {
    "journal_mode": "wal",
    "synchronous": 2,
    "recursive_triggers": 1,
    "foreign_keys": 1,
    "busy_timeout": 200,
}


def settings(connection: Connection) -> dict[str, object]:
    return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in IN_FORCE}


def test_every_pooled_connection_has_them(store: SqliteStore) -> None:
    with ExitStack() as opened:
        connections = [opened.enter_context(store.engine.connect()) for _ in range(20)]
        assert [settings(connection) for connection in connections] == [IN_FORCE] * 20


def test_connections_keep_them_when_they_come_back(store: SqliteStore) -> None:
    for _ in range(3):
        with store.append() as transaction:
            assert transaction.head is not None
        with store.engine.connect() as connection:
            assert settings(connection) == IN_FORCE


def test_every_thread_has_them(store: SqliteStore) -> None:
    barrier = Barrier(8, timeout=120)

    def look(_thread: int) -> dict[str, object]:
        with store.engine.connect() as connection:
            barrier.wait()
            return settings(connection)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [IN_FORCE] * 8


def test_a_transaction_is_open_from_its_beginning(store: SqliteStore) -> None:
    with store.engine.connect() as connection, connection.begin():
        driver: object = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        assert driver.in_transaction
        assert driver.isolation_level is None


def test_the_lock_is_taken_at_the_beginning_and_only_when_asked_for(store: SqliteStore) -> None:
    with locking(store.engine.connect()) as holder, holder.begin():
        with store.engine.connect() as reader, reader.begin():
            assert reader.exec_driver_sql("SELECT count(*) FROM log_head").scalar() == 1
        with store.engine.connect() as other, pytest.raises(OperationalError, match="locked"):
            locking(other).begin()
    with locking(store.engine.connect()) as other, other.begin():
        pass


def test_the_lock_is_not_kept_for_the_next_user_of_the_connection(store: SqliteStore) -> None:
    with locking(store.engine.connect()) as holder, holder.begin():
        pass
    with store.engine.connect() as one, one.begin(), store.engine.connect() as two, two.begin():
        assert one.exec_driver_sql("SELECT count(*) FROM log_head").scalar() == 1
        assert two.exec_driver_sql("SELECT count(*) FROM log_head").scalar() == 1


@pytest.mark.parametrize("name", ["a?b.db", "a#b.db", "100%.db", "%41.db", "a b.db", "ž.db", ":memory:", "file:x"])
def test_a_file_may_have_any_name(log_file: Path, name: str) -> None:
    path = log_file.rename(log_file.parent / name)
    engine = sqlite_engine(path)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT size FROM log_head").scalar() == 603
    engine.dispose()
    assert [file.name for file in path.parent.iterdir()] == [name]
