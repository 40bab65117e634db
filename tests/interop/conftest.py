"""What the interop tests share: logs that grew once for all of them, and one run of node."""

from collections.abc import Iterator, Mapping

import pytest

from counterfoil.storage.sqlite import open_sqlite
from tests.interop.grown_logs import LOGS, GrownLog, grow_log
from tests.interop.transmute import Answer, ask
from tests.interop.transmute_cases import all_cases
from tests.strangers import require_npm_project


@pytest.fixture(scope="session")
def grown_logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, GrownLog]]:
    folder = tmp_path_factory.mktemp("grown-logs")
    stores = {name: open_sqlite(folder / f"{number}.sqlite", create=True) for number, name in enumerate(LOGS)}
    yield {name: grow_log(stores[name], *LOGS[name]) for name in LOGS}
    for store in stores.values():
        store.close()


@pytest.fixture(params=LOGS)
def grown(grown_logs: Mapping[str, GrownLog], request: pytest.FixtureRequest) -> GrownLog:
    return grown_logs[request.param]


@pytest.fixture(scope="session")
def answers(grown_logs: Mapping[str, GrownLog]) -> Mapping[str, Answer]:
    return ask(require_npm_project(), all_cases(grown_logs))
