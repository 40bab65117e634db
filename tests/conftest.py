"""What holds for every test."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, event

_opened: set[Engine] = set()


@event.listens_for(Engine, "engine_connect")
def _remember(connection: Connection) -> None:
    _opened.add(connection.engine)


@pytest.fixture(autouse=True)
def _databases_are_closed() -> Iterator[None]:
    """Close the connections a test left in a pool: from Python 3.13 on, collecting an open one is a warning."""
    yield
    while _opened:
        _opened.pop().dispose()
