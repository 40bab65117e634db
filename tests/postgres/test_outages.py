"""A database that goes away and comes back: nothing is lost that was promised, and nobody has to be restarted."""

import logging
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from counterfoil.log.fsck import check_log
from counterfoil.storage.migrate import upgrade
from counterfoil.storage.postgres import PostgresStore, open_postgres
from tests.builders import sign_statement
from tests.http.live import Live, new_world, problem_in, running, wait_until
from tests.postgres.cluster import MISSING, Cluster, find_programs, running_cluster


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A cluster that the tests may stop, and that keeps its promises over a crash."""
    programs = find_programs()
    if programs is None:
        pytest.skip(MISSING)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with running_cluster(programs, durable=True) as cluster:
        yield cluster


def post(live: Live, statement: bytes) -> int | None:
    try:
        response = live.post(statement)
    except httpx.TransportError:
        return None
    if response.status_code != 201:
        assert (response.status_code, problem_in(response).code) == (503, "store-unavailable")
        assert int(response.headers["Retry-After"]) >= 1
    return response.status_code


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_database_that_stops_and_starts(own_cluster: Cluster, how: str) -> None:
    url = own_cluster.create(f"log_{how}")
    upgrade(url)
    with closing(open_postgres(url)) as store, running(new_world(store)) as live:
        statements = [sign_statement(live.world.agent) for _ in range(40)]
        registered = [statement for statement in statements[:20] if post(live, statement) == 201]
        assert len(registered) == 20
        own_cluster.control("stop", "-m", how)
        assert post(live, statements[20]) == 503
        response = live.client.get("/readyz")
        assert (response.status_code, problem_in(response).code) == (503, "store-unavailable")
        assert live.client.get("/livez").status_code == 200
        own_cluster.control("start")
        wait_until(lambda: live.client.get("/readyz").status_code == 200)
        wait_until(lambda: post(live, statements[20]) == 201)
        for statement in statements[21:]:
            assert post(live, statement) == 201
        size = live.size()
        # What was promised before is there, and is not appended again.
        for statement in registered:
            assert post(live, statement) == 201
        assert live.size() == size
        require_clean(store)


def require_clean(store: PostgresStore) -> None:
    assert check_log(store) == ()
