"""The migrations lead to the schema, in one step or not at all."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event

from counterfoil.errors import LogCorruptError, MisconfiguredError, SchemaMismatchError, StoreUnavailableError
from counterfoil.storage.migrate import find_migrations, head_revision, upgrade
from counterfoil.storage.revision import REVISION, current_revision, require_head
from counterfoil.storage.schema import METADATA
from counterfoil.storage.sqlite_engine import sqlite_engine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "log.db"
    file.touch()
    return file


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    made = sqlite_engine(path, busy_timeout=0.2)
    yield made
    made.dispose()


def definitions(engine: Engine) -> dict[str, str]:
    """Tables and indexes as SQLite wrote them down."""
    query = "SELECT name, sql FROM sqlite_master WHERE type <> 'trigger' AND sql IS NOT NULL"
    with engine.connect() as connection:
        rows = {str(name): str(sql) for name, sql in connection.exec_driver_sql(query)}
    rows.pop("alembic_version", None)
    return rows


def test_the_migrations_lead_to_the_schema(engine: Engine) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_constraints_are_those_of_the_schema_too(engine: Engine) -> None:
    upgrade(engine)
    made = create_engine("sqlite://")
    METADATA.create_all(made)
    assert definitions(engine) == definitions(made)
    made.dispose()


def test_revisions(engine: Engine) -> None:
    assert current_revision(engine) is None
    with pytest.raises(SchemaMismatchError, match="at revision None"):
        require_head(engine)
    upgrade(engine)
    assert current_revision(engine) == head_revision() == REVISION == "0003"
    require_head(engine)


def test_upgrading_again_changes_nothing(engine: Engine, path: Path) -> None:
    upgrade(engine)
    before = definitions(engine)
    upgrade(engine)
    upgrade(f"sqlite:///{path}")
    assert definitions(engine) == before


def test_upgrade_by_url(path: Path) -> None:
    upgrade(f"sqlite:///{path}")
    engine = sqlite_engine(path)
    require_head(engine)
    engine.dispose()


@pytest.mark.parametrize(
    "url", ["", "log.db", "sqlite://", "sqlite:///:memory:", "postgresql:/db/log", "mysql://x", "::", "sqlite:/log.db"]
)
def test_urls_of_no_log(url: str) -> None:
    with pytest.raises(MisconfiguredError):
        upgrade(url)


def test_upgrade_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError):
        upgrade(f"sqlite:///{tmp_path}/absent.db")
    assert list(tmp_path.iterdir()) == []


def test_the_database_of_something_else_is_left_alone(engine: Engine, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE guests (name TEXT)")
    before = definitions(engine)
    with pytest.raises(SchemaMismatchError, match="no log made them"):
        upgrade(engine)
    assert definitions(engine) == before


@pytest.mark.parametrize("revisions", [[("9999",)], [("0001",), ("9999",)]])
def test_a_revision_of_another_release(engine: Engine, path: Path, revisions: list[tuple[str]]) -> None:
    upgrade(engine)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM alembic_version")
        connection.executemany("INSERT INTO alembic_version VALUES (?)", revisions)
    with pytest.raises(SchemaMismatchError):
        require_head(engine)
    with pytest.raises(SchemaMismatchError):
        upgrade(engine)


@pytest.mark.parametrize("pages", [2, 5, 9, 14])
def test_a_migration_that_fails_leaves_nothing(engine: Engine, pages: int) -> None:
    @event.listens_for(engine, "connect")
    def _small_disk(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StoreUnavailableError, match="full"):
        upgrade(engine)
    assert definitions(engine) == {}
    assert current_revision(engine) is None


def test_no_database(engine: Engine, path: Path) -> None:
    path.write_bytes(b"This is a letter and no database. " * 100)
    for call in (upgrade, require_head, current_revision):
        with pytest.raises(LogCorruptError):
            call(engine)


def test_processes_that_create_at_once_create_one(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from counterfoil.storage.sqlite import open_sqlite; "
        "open_sqlite(pathlib.Path(sys.argv[1]), create=True).close()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "log.db")]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [(process.returncode, error) for process, error in zip(processes, errors, strict=True)] == [(0, b"")] * 2


def test_migrations_are_found_in_a_wheel_and_in_a_source_tree(tmp_path: Path) -> None:
    package, wheel_folder = tmp_path / "service" / "counterfoil", tmp_path / "service" / "counterfoil" / "_migrations"
    wheel_folder.mkdir(parents=True)
    top = tmp_path / "migrations"
    top.mkdir()
    with pytest.raises(MisconfiguredError, match="holds no migrations"):
        find_migrations(package)
    (top / "env.py").touch()
    assert find_migrations(package) == top
    (wheel_folder / "env.py").touch()
    assert find_migrations(package) == wheel_folder


def test_the_migrations_of_this_tree_are_found() -> None:
    assert (find_migrations() / "versions").is_dir()
