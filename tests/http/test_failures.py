"""What nobody foresaw, a store that fails, and a log at odds with itself."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from counterfoil.errors import CorruptError, LogCorruptError, StoreUnavailableError
from counterfoil.http.failure import Failure
from counterfoil.log.records import Entry, Head
from counterfoil.merkle.hashing import NodeHash
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.storage.memory import MemoryAppend, MemoryStore
from tests.builders import sign_statement
from tests.http.live import Live, new_world, problem_in, read_answer, running, wait_until

CONTENT = "the payload itself"


class FailingStore(MemoryStore):
    """A store in memory that fails where it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.on_append: Exception | None = None
        self.on_entry: Exception | None = None
        self.on_head: Exception | None = None
        self.forged: Head | None = None

    @contextmanager
    def append(self) -> Iterator[MemoryAppend]:
        if self.on_append is not None:
            raise self.on_append
        with super().append() as transaction:
            yield transaction

    def entry_of(self, statement_hash: StatementHash) -> Entry | None:
        if self.on_entry is not None:
            raise self.on_entry
        return super().entry_of(statement_hash)

    def head(self) -> Head | None:
        if self.on_head is not None:
            raise self.on_head
        return super().head() if self.forged is None else self.forged


@pytest.fixture
def failing() -> FailingStore:
    return FailingStore()


@pytest.fixture
def served(failing: FailingStore) -> Iterator[Live]:
    with running(new_world(failing)) as live:
        yield live


def test_what_nobody_foresaw_is_told_to_nobody(
    served: Live,
    failing: FailingStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    failing.on_entry = KeyError(CONTENT)
    response = served.client.get(f"/entries/{'0' * 64}")
    assert (response.status_code, problem_in(response).code) == (500, "internal-error")
    assert CONTENT.encode() not in response.content
    assert "KeyError" in caplog.text
    assert CONTENT not in caplog.text
    failing.on_entry = None
    served.register(sign_statement(served.world.agent))


def test_a_store_that_fails_is_unavailable_and_posting_again_works(served: Live, failing: FailingStore) -> None:
    statement = sign_statement(served.world.agent)
    failing.on_append = StoreUnavailableError(f"/var/lib/secret: {CONTENT}")
    size = served.size()
    response = served.post(statement)
    assert (response.status_code, problem_in(response).code) == (503, "store-unavailable")
    assert CONTENT.encode() not in response.content
    assert int(response.headers["Retry-After"]) >= 1
    failing.on_append = None
    assert served.size() == size
    served.register(statement)


def test_a_store_that_cannot_be_read_is_not_ready_and_the_process_lives(served: Live, failing: FailingStore) -> None:
    failing.on_head = StoreUnavailableError("gone")
    response = served.client.get("/readyz")
    assert (response.status_code, problem_in(response).code) == (503, "store-unavailable")
    assert "Retry-After" in response.headers
    assert served.client.get("/livez").json() == {"status": "alive"}
    failing.on_head = None
    assert served.client.get("/readyz").json() == {"status": "ready"}


def test_a_corrupt_read_answers_503_and_stops_the_server(
    failing: FailingStore, caplog: pytest.LogCaptureFixture
) -> None:
    with running(new_world(failing)) as live:
        head = failing.head()
        assert head is not None
        failing.forged = replace(head, tree=replace(head.tree, root=NodeHash(bytes(32))))
        response = live.client.get("/readyz")
        assert (response.status_code, problem_in(response).code) == (503, "log-corrupt")
        with pytest.raises(CorruptError):
            live.service.failure.require_none()
        wait_until(lambda: is_down(live))
    assert bytes(32).hex() in caplog.text
    assert head.tree.root.hex() in caplog.text


def test_a_corrupt_append_answers_503_and_nothing_is_registered_after_it(failing: FailingStore) -> None:
    with running(new_world(failing)) as live:
        failing.on_append = LogCorruptError("this and that disagree")
        response = live.post(sign_statement(live.world.agent))
        assert (response.status_code, problem_in(response).code) == (503, "log-corrupt")
        failing.on_append = None
        with pytest.raises(LogCorruptError):
            live.service.failure.require_none()
        wait_until(lambda: is_down(live))


@pytest.mark.parametrize("media_type", ["application/cose", "application/cbor-seq"])
def test_what_was_under_way_when_the_log_turned_out_corrupt_is_not_registered(media_type: str) -> None:
    store = MemoryStore()
    with running(new_world(store)) as live, socket.create_connection(live.address, timeout=60) as connection:
        statement, size = sign_statement(live.world.agent), live.size()
        fields = f"Host: x\r\nContent-Type: {media_type}\r\nContent-Length: {len(statement)}"
        connection.sendall(f"POST /entries HTTP/1.1\r\n{fields}\r\n\r\n".encode() + statement[:10])
        wait_until(lambda: live.service.bodies.held > 0)
        live.service.failure.report(LogCorruptError("this and that disagree"))
        connection.sendall(statement[10:])
        answer = read_answer(connection)
        assert answer is not None
        assert (answer.status, answer.problem().code) == (503, "log-corrupt")
        found = store.head()
        assert found is not None
        assert found.tree.size == size


def is_down(live: Live) -> bool:
    try:
        live.client.get("/livez")
    except httpx.TransportError:
        return True
    return False


def test_only_the_first_corruption_counts(caplog: pytest.LogCaptureFixture) -> None:
    failure, stops = Failure(), list[int]()
    failure.require_none()
    failure.when_reported(lambda: stops.append(1))
    first = LogCorruptError("first")
    failure.report(first)
    failure.report(LogCorruptError("second"))
    with pytest.raises(LogCorruptError, match="first"):
        failure.require_none()
    assert stops == [1]
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]
    failure.when_reported(lambda: stops.append(2))
    assert stops == [1, 2]
