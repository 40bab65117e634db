"""What holds for every test."""

import gc
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Engine, event

from counterfoil.storage.migrate import upgrade
from counterfoil.storage.schema import METADATA
from counterfoil.storage.sqlite import open_sqlite
from tests.postgres.cluster import MISSING, Cluster, find_programs, running_cluster

_HTTP = Path(__file__).parent / "http"
_LONG = (
    "tests/processes/",
    "tests/http/test_schemathesis.py",
    "tests/cli/test_runbook.py",
    "tests/bench/",
    "tests/http/test_engagement.py",
    "tests/cli/test_flow.py",
    "tests/log/",
)

_LONGEST_NAMED = 16
"""Bytes of a case that its name shows."""

_opened: set[Engine] = set()

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option of our own."""
    parser.addoption("--http-store", help="test HTTP over this store alone; stores themselves are tested all the same")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what is long; leave out what is asked to be left out, and count it among those not selected."""
    items.sort(key=_is_short)
    only = config.getoption("http_store")
    if only is None:
        return
    others = [item for item in items if item.path.is_relative_to(_HTTP) and _store_of(item) not in {None, only}]
    config.hook.pytest_deselected(items=others)
    dropped = set(others)
    items[:] = [item for item in items if item not in dropped]


def pytest_collection_finish() -> None:
    """Look for garbage no more among thousands of tests, which are all kept: that takes a quarter of the time."""
    gc.collect()
    gc.freeze()


def _is_short(item: pytest.Item) -> bool:
    # A file runs in one process: a long one that comes last is waited for by all the others.
    return not item.nodeid.startswith(_LONG)


def _store_of(item: pytest.Item) -> object:
    return (
        item.callspec.params.get("store") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    )


@event.listens_for(Engine, "engine_connect")
def _remember(connection: Connection) -> None:
    _opened.add(connection.engine)


@pytest.fixture(autouse=True)
def _databases_are_closed() -> Iterator[None]:
    """Close the connections a test left in a pool: from Python 3.13 on, collecting an open one is a warning."""
    yield
    while _opened:
        _opened.pop().dispose()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL cluster of this test process; tests that want it are skipped where there is none."""
    programs = find_programs()
    if programs is None:
        pytest.skip(MISSING)
    with running_cluster(programs) as running:
        upgrade(running.create("template"))
        yield running


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without a log; copying it is quicker than migrating again."""
    path = tmp_path_factory.mktemp("empty") / "log.db"
    open_sqlite(path, create=True).close()
    return path


_names = (f"log_{number}" for number in itertools.count())


@pytest.fixture(scope="session")
def new_database(cluster: Cluster) -> Callable[[], AbstractContextManager[str]]:
    """Makes migrated databases without a log: each a block with its URL, dropped at the end."""

    @contextmanager
    def made() -> Iterator[str]:
        name = next(_names)
        yield cluster.create(name, "template")
        cluster.administer(f"DROP DATABASE {name} WITH (FORCE)")

    return made


@pytest.fixture(scope="session")
def emptied_database(
    cluster: Cluster, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[Callable[[], AbstractContextManager[str]]]:
    """As ``new_database``, for tests that leave the tables as they are made: another one had it, and it was emptied.

    That takes a quarter of the time in which the files of a database are copied and removed.
    """
    tables = SQL(", ").join(Identifier(name) for name in METADATA.tables)
    left: list[str] = []
    with ExitStack() as stack:

        @contextmanager
        def lent() -> Iterator[str]:
            url = left.pop() if left else stack.enter_context(new_database())
            yield url
            name = url.rpartition("/")[2]
            cluster.administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 - our own name
            rules_aside = "SET session_replication_role = replica"
            cluster.administer(rules_aside, SQL("TRUNCATE {} RESTART IDENTITY").format(tables), database=name)
            left.append(url)

        yield lent


@pytest.fixture
def database(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The URL of a migrated database without a log."""
    with new_database() as url:
        yield url


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names of cases are the same in every process: keys and signatures are others in each."""
    return argname if isinstance(val, bytes) and len(val) > _LONGEST_NAMED else None
