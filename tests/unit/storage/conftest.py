"""A log in a file, made once and copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterfoil.statement.evidence import Evidence
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.contract.rows import New, append, numbered
from tests.contract.said import Said, saying


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "log.db"
    store = open_sqlite(path, create=True)
    append(store, numbered(2))
    append(
        store,
        [New(b"with evidence", evidence=Evidence("x5chain", b"\x81\x41\x00")), *numbered(600, "more")],
        spoil=lambda batch: saying(batch, [Said(1), Said(4, refers_to=(3,))]),
    )
    store.close()
    return path


@pytest.fixture
def log_file(template: Path, tmp_path: Path) -> Path:
    """A log of 603 entries and two full tiles, and no process that has it open."""
    return Path(shutil.copy(template, tmp_path / "log.db"))


@pytest.fixture
def store(log_file: Path) -> Iterator[SqliteStore]:
    opened = open_sqlite(log_file, busy_timeout=0.2)
    yield opened
    opened.close()
