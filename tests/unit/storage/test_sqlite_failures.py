"""A database that fails, or that holds something else than the head row says, is one of our errors."""

import os
import resource
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import event

from counterfoil.errors import (
    CounterfoilError,
    LogCorruptError,
    NotInitialisedError,
    StoreUnavailableError,
)
from counterfoil.log.records import Batch, ChainNumber, EntryNumber
from counterfoil.merkle.hashing import TreeSize
from counterfoil.statement.links import ChainId
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from counterfoil.storage.sqlite_fsck import fsck_sqlite
from tests.contract.rows import New, append, batch_of, numbered
from tests.contract.stores import Everything, everything
from tests.contract.whole import check_whole

HOLD_THE_LOCK = (
    "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None); "
    "connection.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
)


@dataclass(frozen=True, slots=True)
class Damage:
    """Reads a damaged log: each answer is the true one, an error of ours, or one that a check of the log finds."""

    data: bytes
    true: Everything
    path: Path

    def is_noticed(self, data: bytes) -> bool:
        self.path.write_bytes(data)
        try:
            with closing(open_sqlite(self.path)) as store:
                check_whole(store)
                found = everything(store)
        except (LogCorruptError, AssertionError):
            return True
        assert found == self.true
        return False


@pytest.fixture
def damage(template: Path, tmp_path: Path) -> Damage:
    with closing(open_sqlite(template)) as store:
        return Damage(template.read_bytes(), everything(store), tmp_path / "log.db")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_database_that_was_cut_off(damage: Damage, share: float) -> None:
    assert damage.is_noticed(damage.data[: int(len(damage.data) * share)])


@pytest.mark.parametrize("garbage", [b"\xff", b"\x00"])
def test_pages_that_were_overwritten(damage: Damage, garbage: bytes) -> None:
    page = 4096
    noticed = [
        damage.is_noticed(damage.data[:place] + garbage * page + damage.data[place + page :])
        for place in range(0, len(damage.data), 5 * page)
    ]
    # The rest are pages of indexes that reading does not use, and of contents in the middle.
    assert sum(noticed) > len(noticed) / 3


@contextmanager
def full_disk(store: SqliteStore, file: Path) -> Iterator[None]:
    """As SQLite reports that there is no space left."""
    pages = file.stat().st_size // 4096

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    store.close()
    event.listen(store.engine, "connect", limit)
    yield
    event.remove(store.engine, "connect", limit)
    store.close()


@contextmanager
def failing_disk(_store: SqliteStore, file: Path) -> Iterator[None]:
    """As the system refuses to let files grow."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("trouble", [full_disk, failing_disk])
def test_a_disk_that_takes_no_more(
    store: SqliteStore, log_file: Path, trouble: Callable[[SqliteStore, Path], AbstractContextManager[None]]
) -> None:
    before = everything(store)
    with trouble(store, log_file), pytest.raises(StoreUnavailableError):
        append(store, numbered(600, "too many"))
    assert everything(store) == before
    append(store, numbered(600, "room again"))
    assert check_whole(store) == 1203


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder of a user whom file modes bind, which they do not where tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() != 0:
            yield folder
            return
        nobody = 65534
        os.chown(folder, nobody, nobody)
        os.seteuid(nobody)
        try:
            yield folder
        finally:
            os.seteuid(0)


def test_a_file_that_must_not_be_written(ordinary_user: Path) -> None:
    path = ordinary_user / "log.db"
    open_sqlite(path, create=True).close()
    path.chmod(0o400)
    with pytest.raises(StoreUnavailableError):
        append(open_sqlite(path), numbered(2))


def test_a_file_that_cannot_be_read_is_not_called_damaged(ordinary_user: Path) -> None:
    path = ordinary_user / "log.db"
    open_sqlite(path, create=True).close()
    path.chmod(0o000)
    with pytest.raises(StoreUnavailableError):
        fsck_sqlite(path)


def test_a_folder_that_must_not_be_written(ordinary_user: Path) -> None:
    path = ordinary_user / "log.db"
    open_sqlite(path, create=True).close()
    ordinary_user.chmod(0o500)
    with pytest.raises(StoreUnavailableError):
        append(open_sqlite(path), numbered(2))
    with pytest.raises(StoreUnavailableError):
        open_sqlite(ordinary_user / "other.db", create=True)
    ordinary_user.chmod(0o700)


def test_a_folder_that_must_not_be_looked_into(ordinary_user: Path) -> None:
    path = ordinary_user / "log.db"
    open_sqlite(path, create=True).close()
    ordinary_user.chmod(0o000)
    for create in (False, True):
        with pytest.raises(StoreUnavailableError):
            open_sqlite(path, create=create)
    ordinary_user.chmod(0o700)


def stranger_chain(batch: Batch) -> Batch:
    return replace(batch, chains=(replace(batch.chains[0], chain_id=ChainId(bytes(32))), *batch.chains[1:]))


def chain_that_begins_again(batch: Batch) -> Batch:
    chains = tuple(replace(chain, number=ChainNumber(chain.number + 1000)) for chain in batch.chains)
    return replace(batch, chains=chains)


def entry_that_is_there(batch: Batch) -> Batch:
    return replace(
        batch, entries=(replace(batch.entries[0], statement_hash=New(b"statement 0").hash), *batch.entries[1:])
    )


def key_that_is_there(batch: Batch) -> Batch:
    key = New(b"statement 0").duplicate_key
    return replace(batch, entries=(replace(batch.entries[0], duplicate_key=key), *batch.entries[1:]))


def number_that_is_there(batch: Batch) -> Batch:
    last = EntryNumber(batch.entries[0].number - 1)
    return replace(batch, entries=(replace(batch.entries[0], number=last), *batch.entries[1:]))


def head_that_does_not_grow(batch: Batch) -> Batch:
    tree = replace(batch.head.tree, time=0)
    return replace(batch, head=replace(batch.head, tree=tree))


def signature_of_no_head(batch: Batch) -> Batch:
    return replace(batch, signature=replace(batch.signature, size=TreeSize(batch.signature.size + 1)))


@pytest.mark.parametrize(
    "spoil",
    [
        stranger_chain,
        chain_that_begins_again,
        entry_that_is_there,
        key_that_is_there,
        number_that_is_there,
        head_that_does_not_grow,
        signature_of_no_head,
    ],
)
def test_a_batch_that_contradicts_the_database(store: SqliteStore, spoil: Callable[[Batch], Batch]) -> None:
    before = everything(store)
    with pytest.raises(LogCorruptError) as raised:
        append(store, [New(b"SECRET PAYLOAD", "more-1"), New(b"more of it", "more-2")], spoil=spoil)
    assert everything(store) == before
    assert no_payload(raised.value)


def no_payload(error: BaseException) -> bool:
    """Neither the error nor what caused it shows what was to be written."""
    chain: list[BaseException | None] = [error, error.__cause__, error.__context__]
    return not any("SECRET" in str(found) for found in chain)


@pytest.mark.parametrize(
    "change",
    [
        ["DROP TRIGGER log_head_no_delete", "DELETE FROM log_head"],
        ["INSERT INTO tree_heads VALUES (604, zeroblob(32), 0)", "UPDATE log_head SET size = 604"],
    ],
)
def test_a_head_row_that_changes_under_the_lock(store: SqliteStore, change: list[str]) -> None:
    def write_over_it() -> None:
        with store.append() as transaction:
            batch = batch_of(transaction, numbered(9, "x"))
            for statement in change:
                transaction._connection.exec_driver_sql(statement)
            transaction.write(batch)

    with pytest.raises(LogCorruptError, match="log_head, row 1: the size is not 603 any more"):
        write_over_it()
    assert check_whole(store) == 603


def test_errors_of_the_caller_pass_as_they_are(store: SqliteStore) -> None:
    for error in (NotInitialisedError("x"), ValueError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as raised, store.append():
            raise error
        assert raised.value is error


def test_foreign_errors_are_the_cause_of_ours(store: SqliteStore) -> None:
    with store.append(), pytest.raises(CounterfoilError) as raised, store.append():
        pytest.fail("the lock was had")
    assert raised.value.__cause__ is not None
    assert isinstance(raised.value.__cause__.__cause__, sqlite3.OperationalError)
