"""Append-only is the database's own rule: whoever opens the file meets it, with or without our settings."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from counterfoil.storage.schema import METADATA

APPEND_ONLY = [
    "entries", "statements", "evidence", "events", "event_references", "tiles", "tree_heads", "head_signatures",
]  # fmt: skip
TABLES = [*APPEND_ONLY, "chains", "log_head"]

# Each replaces a row by way of another of its keys than the first: the table, and the row as a query.
OTHER_KEYS = [
    ("entries", "SELECT 9999, statement_hash, zeroblob(32), chain_number, 9999, chain_hash, decision FROM entries"),
    ("entries", "SELECT 9999, zeroblob(32), duplicate_key, chain_number, 9999, chain_hash, decision FROM entries"),
    ("entries", "SELECT 9999, zeroblob(32), zeroblob(32), chain_number, sequence, chain_hash, decision FROM entries"),
    ("tiles (rowid, level, position, hashes, root)", "SELECT rowid, 9, 9, hashes, root FROM tiles"),
    (
        "head_signatures (rowid, size, key_thumbprint, signature)",
        "SELECT rowid, size, zeroblob(32), signature FROM head_signatures",
    ),
    (
        "event_references (rowid, number, position, target, relation)",
        "SELECT rowid, number, 9, target, relation FROM event_references",
    ),
    ("chains", "SELECT 9999, chain_id, length, chain_hash, visibility FROM chains"),
]
FREE_LENGTH = {"frontier", "decision", "statement", "content", "signature"}
CHAINS_THAT_GO_BACK = [
    "number = number + 1000",
    "chain_id = zeroblob(32)",
    "length = length - 1, chain_hash = zeroblob(32)",
    "chain_hash = zeroblob(32)",
    "visibility = 'public'",
    "length = length + 1, chain_id = randomblob(32)",
]
HEADS_THAT_GO_BACK = [
    "size = size - 601",
    "root = zeroblob(32)",
    "frontier = zeroblob(32)",
    *(
        f"size = 700, {column} = {column} - 1"
        for column in ("time", "next_page", "chain_count", "rules_entry", "policy_entry")
    ),
]


@pytest.fixture(scope="module", params=[0, 1], ids=["by-a-stranger", "recursive-triggers"])
def connection(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[sqlite3.Connection]:
    """The file as any program may open it; after all that was tried it holds what it held."""
    file = shutil.copy(template, tmp_path_factory.mktemp("triggers") / "log.db")
    with closing(sqlite3.connect(file, isolation_level=None)) as opened:
        opened.execute(f"PRAGMA recursive_triggers = {request.param}")
        before = list(opened.iterdump())
        yield opened
        assert list(opened.iterdump()) == before


@pytest.fixture
def own(log_file: Path) -> Iterator[sqlite3.Connection]:
    """A file that the test may change."""
    with closing(sqlite3.connect(log_file, isolation_level=None)) as opened:
        yield opened


def refused(connection: sqlite3.Connection, *statement: str, text: str = "append-only") -> None:
    before = connection.total_changes
    with pytest.raises(sqlite3.IntegrityError, match=text):
        connection.execute(" ".join(statement))
    assert connection.total_changes == before


def test_each_table_is_tried() -> None:
    assert set(TABLES) == set(METADATA.tables)


@pytest.mark.parametrize("verb", ["UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"])
@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column.name) for table in APPEND_ONLY for column in METADATA.tables[table].columns],
)
def test_no_update(connection: sqlite3.Connection, table: str, column: str, verb: str) -> None:
    refused(connection, verb, table, "SET", column, "=", column)


@pytest.mark.parametrize("table", TABLES)
def test_no_delete(connection: sqlite3.Connection, table: str) -> None:
    refused(connection, "DELETE FROM", table)
    refused(connection, "DELETE FROM", table, "WHERE rowid = (SELECT max(rowid) FROM", table, ")")


@pytest.mark.parametrize("verb", ["INSERT", "REPLACE", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR ROLLBACK"])
@pytest.mark.parametrize("table", TABLES)
def test_no_row_takes_the_place_of_another(connection: sqlite3.Connection, table: str, verb: str) -> None:
    refused(connection, verb, "INTO", table, "SELECT * FROM", table, "LIMIT 1")


@pytest.mark.parametrize(("table", "row"), OTHER_KEYS)
def test_no_row_takes_the_place_of_another_by_another_key(connection: sqlite3.Connection, table: str, row: str) -> None:
    refused(connection, "INSERT OR REPLACE INTO", table, row, "LIMIT 1")


@pytest.mark.parametrize("change", CHAINS_THAT_GO_BACK)
@pytest.mark.parametrize("verb", ["UPDATE", "UPDATE OR REPLACE"])
def test_no_chain_goes_back(connection: sqlite3.Connection, verb: str, change: str) -> None:
    refused(connection, verb, "chains SET", change, "WHERE number = 0")


def test_a_chain_moves_on(own: sqlite3.Connection) -> None:
    changed = own.execute("UPDATE chains SET length = length + 1, chain_hash = randomblob(32) WHERE number = 0")
    assert changed.rowcount == 1


@pytest.mark.parametrize("change", HEADS_THAT_GO_BACK)
@pytest.mark.parametrize("verb", ["UPDATE", "UPDATE OR REPLACE"])
def test_the_head_does_not_go_back(connection: sqlite3.Connection, verb: str, change: str) -> None:
    refused(connection, verb, "log_head SET", change)


def test_the_head_moves_on(own: sqlite3.Connection) -> None:
    assert own.execute("UPDATE log_head SET size = 700, time = time + 1").rowcount == 1


def test_there_is_no_second_head(connection: sqlite3.Connection) -> None:
    refused(connection, "INSERT INTO log_head SELECT 2, size, root, time, frontier, 0, 0, 0, 0 FROM log_head")
    refused(connection, "UPDATE log_head SET id = 2, size = 700", text="CHECK constraint failed")


def test_the_first_head_has_no_other_id(own: sqlite3.Connection) -> None:
    own.execute("DROP TRIGGER log_head_no_delete")
    own.execute("CREATE TEMP TABLE old AS SELECT * FROM log_head")
    own.execute("DELETE FROM log_head")
    refused(
        own,
        "INSERT INTO log_head SELECT 2, size, root, time, frontier, 0, 0, 0, 0 FROM old",
        text="CHECK constraint failed",
    )


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table.name, column.name)
        for table in METADATA.sorted_tables
        for column in table.columns
        if str(column.type) == "BLOB" and column.name not in FREE_LENGTH
    ],
)
def test_hashes_have_their_length(own: sqlite3.Connection, table: str, column: str) -> None:
    own.execute(f"DROP TRIGGER {table}_no_replace")
    values = ["zeroblob(31)" if other.name == column else other.name for other in METADATA.tables[table].columns]
    row = ["INSERT INTO", table, "SELECT", ", ".join(values), "FROM", table, "LIMIT 1"]
    refused(own, *row, text="CHECK constraint failed")


@pytest.mark.parametrize("value", ["'text'", "1.5", "x'00'", "NULL"])
@pytest.mark.parametrize(("table", "column"), [("log_head", "size"), ("chains", "length")])
def test_numbers_are_numbers(connection: sqlite3.Connection, table: str, column: str, value: str) -> None:
    refused(connection, "UPDATE", table, "SET", column, "=", value, text="cannot store|constraint failed|append-only")
