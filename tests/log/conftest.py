"""The tests of the log run on each store."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.postgres import open_postgres
from counterfoil.storage.postgres_loop import LoopAppends
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.builders import World


@pytest.fixture(params=["memory", "sqlite", "postgres", "postgres-in-the-loop"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A founded log."""
    if request.param == "memory":
        yield World(MemoryStore()).found()
    elif request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("empty_file"), tmp_path / "log.db")
        with closing(open_sqlite(Path(file))) as store:
            yield World(store).found()
    else:
        in_the_loop = request.param == "postgres-in-the-loop"
        with request.getfixturevalue("emptied_database")() as url, in_postgres(url, in_the_loop=in_the_loop) as made:
            yield made


@contextmanager
def in_postgres(url: str, *, in_the_loop: bool) -> Iterator[World]:
    opened: list[LoopAppends] = []

    def appends() -> LoopAppends:
        opened.append(LoopAppends(url))
        return opened[-1]

    with closing(open_postgres(url)) as store:
        yield World(store, appends=appends if in_the_loop else None).found()
    for one in opened:
        asyncio.run(one.close())


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
