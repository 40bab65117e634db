"""The tests of the log run on each store."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.builders import World


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A founded log."""
    if request.param == "memory":
        yield World(MemoryStore()).found()
        return
    store = open_sqlite(tmp_path / "log.db", create=True)
    yield World(store).found()
    store.close()


@pytest.fixture
def sqlite_world(tmp_path: Path) -> Iterator[tuple[World, Callable[[], SqliteStore]]]:
    """A founded log in a file, and what another process would open."""
    opened = [open_sqlite(tmp_path / "log.db", create=True)]

    def reopen() -> SqliteStore:
        opened.append(open_sqlite(tmp_path / "log.db"))
        return opened[-1]

    yield World(opened[0]).found(), reopen
    for store in opened:
        store.close()
