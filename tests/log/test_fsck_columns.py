"""fsck notices a change of any one value, a lost row and a row too many, in every table of the database."""
# ruff: noqa: S608 - table and column names come from the schema of a database made here

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from counterfoil.storage.sqlite_fsck import fsck_sqlite
from tests.log.altered import Value, altered
from tests.log.material import build_log

TABLES = (
    "alembic_version",
    "chains",
    "entries",
    "event_references",
    "events",
    "evidence",
    "head_signatures",
    "log_head",
    "statements",
    "tiles",
    "tree_heads",
)
FEW = 14
"""Twice as many ordinary statements are in the log of the tests below: each of them checks it, and with it them all."""

KNOWN_TO_THE_DATABASE_ALONE = {("alembic_version", "version_num"), ("log_head", "id")}
"""What a reader of the log never sees; every other value is also checked against the statements."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fsck") / "log.db"
    build_log(path)
    return path


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case of everything but a full tile."""
    path = tmp_path_factory.mktemp("fsck") / "log.db"
    build_log(path, many=FEW)
    return path


@pytest.fixture
def fit(request: pytest.FixtureRequest, table: str) -> Path:
    """The smallest log that has a row in the table."""
    found: Path = request.getfixturevalue("built" if table == "tiles" else "few")
    return found


def copied(log: Path, folder: Path) -> Path:
    return Path(shutil.copyfile(log, folder / "copy.db"))


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Callable[[], Path]:
    return lambda: copied(built, tmp_path)


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that no rule of the database stops; the triggers are put back afterwards."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys = 0")
        database.execute("PRAGMA ignore_check_constraints = 1")
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        yield database
        for _, sql in triggers:
            database.execute(sql)
        database.execute("PRAGMA journal_mode = delete")


def query(path: Path, sql: str) -> list[tuple[Value, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def columns_of(path: Path, table: str) -> list[str]:
    return [str(row[1]) for row in query(path, f"PRAGMA table_info({table})")]


def rows_of(path: Path, table: str) -> tuple[int, int, int]:
    """The first row, one in the middle, and the last."""
    rows = [int(row[0]) for row in query(path, f"SELECT rowid FROM {table} ORDER BY rowid")]
    return rows[0], rows[len(rows) // 2], rows[-1]


def change(database: sqlite3.Connection, table: str, column: str, row: int) -> str:
    (value,) = database.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
    for other in altered(value):
        try:
            database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (other, row))
        except sqlite3.IntegrityError:
            continue
        return f"{table}.{column}, row {row}, from {value!r:.90} to {other!r:.90}"
    raise AssertionError(f"nothing fits into {table}.{column}")


def test_the_untouched_log_has_no_findings_and_holds_a_case_of_everything(built: Path, few: Path) -> None:
    assert fsck_sqlite(few).findings == ()
    assert [table for table in TABLES if not query(few, f"SELECT * FROM {table}")] == ["tiles"]
    report = fsck_sqlite(built)
    assert report.findings == ()
    assert report.entries > 256
    assert report.heads > 5
    assert report.tiles == 1
    assert report.chains > 9
    assert report.unpaged == 4
    assert len(query(built, "SELECT * FROM evidence")) == 5


def test_every_table_is_tried(built: Path) -> None:
    assert [
        row[0] for row in query(built, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ] == list(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_one_changed_value_is_found(fit: Path, tmp_path: Path, table: str) -> None:
    for place, column in enumerate(columns_of(fit, table)):
        path = copied(fit, tmp_path)
        with tampering(path) as database:
            what = change(database, table, column, rows_of(fit, table)[place % 3])
        found = fsck_sqlite(path).findings
        if (table, column) not in KNOWN_TO_THE_DATABASE_ALONE:
            found = tuple(finding for finding in found if finding.where != "database")
        assert found, what


@pytest.mark.parametrize("table", TABLES)
def test_a_lost_row_is_found(fit: Path, tmp_path: Path, table: str) -> None:
    path = copied(fit, tmp_path)
    with tampering(path) as database:
        database.execute(f"DELETE FROM {table} WHERE rowid = ?", (rows_of(fit, table)[1],))
    assert [
        finding for finding in fsck_sqlite(path).findings if table == "alembic_version" or finding.where != "database"
    ]


@pytest.mark.parametrize("table", TABLES)
def test_a_row_too_many_is_found(fit: Path, tmp_path: Path, table: str) -> None:
    path = copied(fit, tmp_path)
    with tampering(path) as database:
        row = rows_of(fit, table)[1]
        insert_like(database, table, database.execute(f"SELECT * FROM {table} WHERE rowid = ?", (row,)).fetchone())
    assert fsck_sqlite(path).findings


def insert_like(database: sqlite3.Connection, table: str, stored: tuple[Value, ...]) -> None:
    """A second row that differs from ``stored`` only where an index demands it: in as few columns as will do."""
    marks = ", ".join("?" * len(stored))
    far = [value + 1_000_000 if isinstance(value, int) else altered(value)[0] for value in stored]
    for differing in sorted(range(1, 1 << len(stored)), key=int.bit_count):
        row = [far[at] if differing >> at & 1 else value for at, value in enumerate(stored)]
        try:
            database.execute(f"INSERT INTO {table} VALUES ({marks})", row)
        except sqlite3.IntegrityError:
            continue
        return
    raise AssertionError(f"no second row fits into {table}")


@pytest.mark.parametrize("column", ["statement", "visibility"])
def test_a_lost_statement_hides_nothing_else(built: Path, copy: Callable[[], Path], column: str) -> None:
    path = copy()
    with tampering(path) as database:
        database.execute("DELETE FROM statements WHERE number = 5")
        change(database, "statements", column, 200)
    where = {finding.where for finding in fsck_sqlite(path).findings}
    assert "statement 5" in where
    assert any(place.endswith(" 200") for place in where)


def test_a_lost_policy_is_two_findings_and_not_one_for_each_later_entry(built: Path, copy: Callable[[], Path]) -> None:
    path = copy()
    policy = int(query(path, "SELECT policy_entry FROM log_head")[0][0])
    with tampering(path) as database:
        database.execute("DELETE FROM statements WHERE number = ?", (policy,))
    later = f"entry {policy + 1}: its policy, entry {policy}, is lost; no later decision is repeated"
    assert {str(finding) for finding in fsck_sqlite(path).findings} >= {f"statement {policy}: is missing", later}
    assert len(fsck_sqlite(path).findings) < 5


def test_an_unreadable_row_hides_nothing_else(built: Path, copy: Callable[[], Path]) -> None:
    path = copy()
    with tampering(path) as database:
        database.execute("UPDATE entries SET statement_hash = x'00' WHERE number = 7")
        database.execute("UPDATE tree_heads SET root = x'00' WHERE size = (SELECT min(size) FROM tree_heads)")
        change(database, "entries", "sequence", 230)
        change(database, "tree_heads", "time", rows_of(path, "tree_heads")[-1])
    where = {finding.where for finding in fsck_sqlite(path).findings}
    assert {"entry 7", "entry 230"} <= where
    assert any(place.startswith("first tree head") for place in where)
    assert any(place.startswith("tree head 2") for place in where)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"not a database at all" * 300])
def test_a_file_that_is_no_database_is_one_finding(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(content)
    assert [finding.where for finding in fsck_sqlite(path).findings] == ["database"]


def test_an_absent_file_is_one_finding(tmp_path: Path) -> None:
    assert [finding.where for finding in fsck_sqlite(tmp_path / "absent.db").findings] == ["database"]


def test_a_truncated_file_is_found(built: Path, copy: Callable[[], Path]) -> None:
    whole = built.read_bytes()
    for keep in (len(whole) // 4, len(whole) // 2, len(whole) - 4096):
        path = copy()
        path.write_bytes(whole[:keep])
        assert fsck_sqlite(path).findings


def test_a_dropped_trigger_is_found(copy: Callable[[], Path]) -> None:
    path = copy()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        (name,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone()
        database.execute(f"DROP TRIGGER {name}")
    assert [str(finding) for finding in fsck_sqlite(path).findings] == [
        f"database: trigger {name} is not there as this release makes it",
    ]


def test_a_head_signature_exchanged_for_its_twin_is_found(copy: Callable[[], Path]) -> None:
    path = copy()
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    with tampering(path) as database:
        (signature,) = database.execute("SELECT signature FROM head_signatures WHERE rowid = 2").fetchone()
        twin = signature[:32] + (order - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
        database.execute("UPDATE head_signatures SET signature = ? WHERE rowid = 2", (twin,))
    assert any("twin" in str(finding) for finding in fsck_sqlite(path).findings)
