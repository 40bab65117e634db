"""The contract runs on each store."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.postgres import PostgresStore, open_postgres
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.contract.stores import Place, Store

STORES = ["memory", "sqlite", "postgres"]


@contextmanager
def place_of(request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    """A place for a log in the kind of store that the parameter names."""
    if request.param == "memory":
        memory = MemoryStore()
        yield Place(lambda: memory)
    elif request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("empty_file"), folder / "log.db")
        with _closing(lambda: open_sqlite(Path(file))) as place:
            yield place
    else:
        with request.getfixturevalue("emptied_database")() as url, _closing(lambda: open_postgres(url)) as place:
            yield place


@contextmanager
def _closing(open_one: Callable[[], SqliteStore | PostgresStore]) -> Iterator[Place]:
    opened: list[SqliteStore | PostgresStore] = []

    def reopen() -> Store:
        opened.append(open_one())
        return opened[-1]

    yield Place(reopen)
    for store in opened:
        store.close()


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(request, tmp_path) as made:
        yield made


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()
