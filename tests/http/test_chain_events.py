"""A chain followed over a real port while it grows: nothing is left out, and nobody else waits for who follows it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from counterfoil.log.local_log import Store
from counterfoil.statement.links import chain_id
from tests.builders import sign_statement
from tests.http.live import Live, new_world, running

LONG_AGO = 10_000.0


def path_of(subject: str) -> str:
    return f"/chains/{chain_id(subject).hex()}"


def register(live: Live, subject: str, count: int = 1, **statement: Any) -> None:
    for _ in range(count):
        live.register(sign_statement(live.world.agent, subject=subject, **statement))


class Reader:
    """What comes of a stream, event by event; comments are counted."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments = 0
        self.retry: int | None = None
        self._lines = response.iter_lines()

    def __iter__(self) -> Iterator[dict[str, str]]:
        event: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if not line and event:
                yield event
                event = {}
            elif not line:
                continue
            elif not name:
                self.comments += 1
                yield {}
            elif name == "retry":
                self.retry = int(value)
            else:
                assert name not in event
                event[name] = value
        assert not event

    def take(self, count: int) -> list[dict[str, Any]]:
        found = []
        for event in self:
            if event:
                assert set(event) == {"id", "event", "data"}
                assert event["event"] == "entry"
                entry = json.loads(event["data"])
                assert entry["sequence"] == int(event["id"])
                found.append(entry)
            if len(found) == count:
                break
        return found


@contextmanager
def following(live: Live, subject: str, query: str = "", headers: dict[str, str] | None = None) -> Iterator[Reader]:
    url = f"{live.url}{path_of(subject)}/events{query}"
    with httpx.stream("GET", url, headers=headers, timeout=20) as response:
        assert response.status_code == 200, response.read()
        yield Reader(response)


def test_entries_come_as_the_chain_shows_them_while_they_are_appended(live: Live) -> None:
    register(live, "grows", 3)
    register(live, "another", 1)
    writer = threading.Thread(target=register, args=(live, "grows", 20))
    with following(live, "grows") as reader:
        found = reader.take(3)
        writer.start()
        found += reader.take(20)
        writer.join()
        assert reader.retry == 1000
        headers = reader.response.headers
    chain = live.client.get(path_of("grows")).json()
    assert found == chain["entries"]
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in headers


@pytest.fixture(scope="module")
def live(store: Store) -> Iterator[Live]:
    with running(new_world(store)) as live:
        yield live
