"""The contract runs on each store."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.contract.stores import Place, Store

STORES = ["memory", "sqlite"]


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without a log; copying it is quicker than migrating again."""
    path = tmp_path_factory.mktemp("empty") / "log.db"
    open_sqlite(path, create=True).close()
    return path


def place_of(kind: str, empty_file: Path, folder: Path) -> Iterator[Place]:
    if kind == "memory":
        memory = MemoryStore()
        yield Place(lambda: memory)
        return
    shutil.copy(empty_file, folder / "log.db")
    opened: list[SqliteStore] = []

    def reopen() -> Store:
        opened.append(open_sqlite(folder / "log.db"))
        return opened[-1]

    yield Place(reopen)
    for store in opened:
        store.close()


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, empty_file: Path, tmp_path: Path) -> Iterator[Place]:
    yield from place_of(request.param, empty_file, tmp_path)


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()
