"""A value no log can hold is never believed: the error names the table and the row."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from counterfoil.errors import LogCorruptError
from counterfoil.merkle.tiles import TileId
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.contract.rows import New
from tests.contract.stores import everything

TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"


def damage(path: Path, *statements: str) -> SqliteStore:
    """Open a log after a program that follows no rules wrote into it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for (trigger,) in connection.execute(TRIGGERS).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("PRAGMA writable_schema = ON")
        # Neither STRICT nor NOT NULL stands in the way of what follows.
        connection.execute("UPDATE sqlite_master SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '')")
    damage_more(path, *statements)
    return open_sqlite(path)


def damage_more(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.execute(statement)


def read_registered(store: SqliteStore) -> object:
    with store.append() as transaction:
        return transaction.prior([New(b"statement 0").duplicate_key], [], None)


READS: dict[str, tuple[str, Callable[[SqliteStore], object]]] = {
    "entries": ("number = 0", lambda store: store.entry(0)),
    "statements": ("number = 2", lambda store: store.content(2)),
    "evidence": ("number = 2", lambda store: store.content(2)),
    "chains": ("number = 0", lambda store: store.all_chains()),
    "tiles": ("position = 0", lambda store: store.all_tiles()),
    "tree_heads": ("size = 2", lambda store: store.tree_heads(0, 1)),
    "head_signatures": ("size = 2", lambda store: store.signatures(2)),
    "log_head": ("id = 1", lambda store: store.head()),
}
HASHES = [
    ("entries", "statement_hash"),
    ("entries", "duplicate_key"),
    ("entries", "chain_hash"),
    ("chains", "chain_id"),
    ("chains", "chain_hash"),
    ("tiles", "hashes"),
    ("tiles", "root"),
    ("tree_heads", "root"),
    ("head_signatures", "key_thumbprint"),
    ("log_head", "root"),
    ("log_head", "frontier"),
]
BYTES = [
    ("entries", "decision"),
    ("statements", "statement"),
    ("evidence", "content"),
    ("head_signatures", "signature"),
]
NUMBERS = [
    ("entries", "chain_number"),
    ("entries", "sequence"),
    ("chains", "length"),
    ("tree_heads", "time"),
    ("log_head", "size"),
    ("log_head", "time"),
    ("log_head", "rules_entry"),
    ("log_head", "policy_entry"),
    ("log_head", "next_page"),
    ("log_head", "chain_count"),
]


def words(*parts: str) -> str:
    return " ".join(parts)


def assert_named(path: Path, table: str, column: str, *values: str) -> None:
    where, read = READS[table]
    with closing(damage(path)) as store:
        read(store)
        for value in values:
            damage_more(path, words("UPDATE", table, "SET", column, "=", value, "WHERE", where))
            with pytest.raises(LogCorruptError, match=f"table {table}, row .*: {column} is"):
                read(store)


@pytest.mark.parametrize(("table", "column"), HASHES)
def test_hashes(log_file: Path, table: str, column: str) -> None:
    assert_named(log_file, table, column, "zeroblob(31)", "zeroblob(33)", "x''", "'text'", "7", "NULL")


@pytest.mark.parametrize(("table", "column"), BYTES)
def test_bytes(log_file: Path, table: str, column: str) -> None:
    assert_named(log_file, table, column, "'text'", "5", "1.5", "NULL")


@pytest.mark.parametrize(("table", "column"), NUMBERS)
def test_numbers(log_file: Path, table: str, column: str) -> None:
    assert_named(log_file, table, column, "-1", "'text'", "x'00'", "1.5", "NULL")


@pytest.mark.parametrize("table", ["statements", "chains"])
def test_visibilities(log_file: Path, table: str) -> None:
    unknown = ["x'00'", "'PUBLIC'", "''", "' public'", "'public' || char(0)", "NULL"]
    assert_named(log_file, table, "visibility", *unknown)


def test_the_kind_of_evidence(log_file: Path) -> None:
    assert_named(log_file, "evidence", "kind", "x'00'")


def test_a_tile_of_no_level(log_file: Path) -> None:
    assert_named(log_file, "tiles", "level", "64", "-1")


def test_text_that_is_no_unicode(log_file: Path) -> None:
    store = damage(log_file, "UPDATE statements SET visibility = CAST(x'ff' AS TEXT) WHERE number = 2")
    with pytest.raises(LogCorruptError):
        store.content(2)
    assert store.head() is not None


def test_a_missing_entry(log_file: Path) -> None:
    store = damage(log_file, "DELETE FROM entries WHERE number = 5")
    assert store.entry(5) is None
    for read in (
        lambda: store.entries(0, 10),
        lambda: store.entries(5, 1000),
        lambda: store.leaf_hashes(0, 256),
        lambda: store.chain_entries(5, 0, 100),
        lambda: everything(store),
    ):
        with pytest.raises(LogCorruptError, match="is missing"):
            read()


def test_a_missing_tile(log_file: Path) -> None:
    store = damage(log_file, "DELETE FROM tiles WHERE position = 0")
    assert store.tile(TileId(0, 0)) is None
    with pytest.raises(LogCorruptError, match="position 0 is missing"):
        store.tile_roots(0, 0, 2)


def test_a_hash_found_by_its_duplicate_key(log_file: Path) -> None:
    store = damage(log_file, "UPDATE entries SET statement_hash = zeroblob(5) WHERE number = 0")
    with pytest.raises(LogCorruptError, match="table entries, row 0: statement_hash"):
        read_registered(store)
    assert store.entry_of(New(b"statement 1").hash) is not None


def test_an_append_to_a_damaged_head_does_not_begin(log_file: Path) -> None:
    store = damage(log_file, "UPDATE log_head SET frontier = x''")
    with pytest.raises(LogCorruptError, match="frontier"), store.append():
        pytest.fail("the append began")
