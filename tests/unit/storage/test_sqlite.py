"""Opening a file, and the lock on it."""

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from counterfoil.errors import (
    LogCorruptError,
    NotInitialisedError,
    SchemaMismatchError,
    StoreUnavailableError,
)
from counterfoil.statement.links import ChainId
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.contract.rows import append, batch_of, numbered
from tests.contract.whole import check_whole

HOLD_THE_LOCK = (
    "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None); "
    "connection.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
)


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.db", tmp_path / "absent" / "log.db"):
        with pytest.raises(NotInitialisedError):
            open_sqlite(path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_below_a_file_is_not_there(log_file: Path) -> None:
    with pytest.raises(NotInitialisedError):
        open_sqlite(log_file / "log.db")


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    for create in (False, True):
        with pytest.raises(StoreUnavailableError):
            open_sqlite(tmp_path, create=create)


def test_create_makes_an_empty_log_that_others_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    store = open_sqlite(path, create=True)
    append(store, numbered(2))
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    store.close()
    assert modes == {0o600}
    assert check_whole(open_sqlite(path)) == 2


def test_create_leaves_a_log_as_it_is(log_file: Path) -> None:
    store = open_sqlite(log_file, create=True)
    assert check_whole(store) == 603
    store.close()


def test_create_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError):
        open_sqlite(tmp_path / "absent" / "log.db", create=True)


def test_an_empty_file_becomes_a_log_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.touch()
    with pytest.raises(SchemaMismatchError):
        open_sqlite(path)
    open_sqlite(path, create=True).close()
    open_sqlite(path).close()


@pytest.mark.parametrize("create", [False, True])
def test_the_database_of_something_else(tmp_path: Path, *, create: bool) -> None:
    path = tmp_path / "guests.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE guests (name TEXT)")
    with pytest.raises(SchemaMismatchError):
        open_sqlite(path, create=create)


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("data", [b"This is a letter and no database. " * 100, b"\x00" * 4096, b"SQLite format 3\x00"])
def test_a_file_that_is_no_database(tmp_path: Path, data: bytes, *, create: bool) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(data)
    with pytest.raises((LogCorruptError, StoreUnavailableError)):
        open_sqlite(path, create=create)
    assert path.read_bytes() == data


def test_a_file_that_is_moved_away_does_not_come_back_empty(log_file: Path) -> None:
    store = open_sqlite(log_file)
    store.close()
    log_file.rename(log_file.with_name("elsewhere.db"))
    with pytest.raises(StoreUnavailableError):
        store.head()
    assert not log_file.exists()


def test_a_lock_held_by_another_process(store: SqliteStore, log_file: Path) -> None:
    command = [sys.executable, "-c", HOLD_THE_LOCK, str(log_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreUnavailableError, match="locked"), store.append():
            pytest.fail("the lock was had")
        assert store.head() is not None
        holder.communicate()
    append(store, numbered(1, "after"))


def test_an_append_within_an_append_does_not_hang(store: SqliteStore) -> None:
    with store.append(), pytest.raises(StoreUnavailableError), store.append():
        pytest.fail("the lock was had")


def test_a_transaction_that_has_ended_does_nothing(store: SqliteStore) -> None:
    with store.append() as transaction:
        batch = batch_of(transaction, numbered(3, "late"))
    with pytest.raises(StoreUnavailableError):
        transaction.write(batch)
    with pytest.raises(StoreUnavailableError):
        transaction.prior([], [ChainId(bytes(32))], None)
    assert check_whole(store) == 603
