import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from counterfoil.log.local_log import Store
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.postgres import open_postgres
from counterfoil.storage.sqlite import open_sqlite
from tests.builders import sign_statement
from tests.http.live import Live, new_world, running


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)


@pytest.fixture(scope="module", params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("store") / "log.db"
        with closing(open_sqlite(path, create=True)) as sqlite:
            yield sqlite
    else:
        with request.getfixturevalue("new_database")() as url, closing(open_postgres(url)) as postgres:
            yield postgres


@pytest.fixture(scope="module")
def live(store: Store) -> Iterator[Live]:
    """A server on a real port over each store, shared by the tests of a module: sizes are compared, never assumed."""
    with running(new_world(store)) as live:
        yield live


@pytest.fixture
def unharmed(live: Live) -> Iterator[None]:
    """The log has not grown, and takes the next statement, whatever the test did."""
    size = live.size()
    yield
    assert live.size() == size
    live.register(sign_statement(live.world.agent))
