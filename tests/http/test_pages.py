"""When pages are written: soon after a decision, at a heartbeat, and never because of themselves."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from counterfoil.cose import labels
from counterfoil.errors import CounterfoilError, KeysMismatchError, StoreUnavailableError
from counterfoil.http.page_task import write_due_pages
from counterfoil.http.server import wire_service
from counterfoil.http.wiring import Service
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.local_log import LocalLog
from counterfoil.register import register
from counterfoil.settings import Settings
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.page import PAGE_CONTENT_TYPE, Page, page_root, parse_page
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryAppend, MemoryStore
from tests.builders import World, sign_statement
from tests.http.live import new_world, running, wait_until

HOUR = 3600


@dataclass
class Paged:
    """A log whose pages are written when a test says so."""

    world: World
    service: Service

    def post(self) -> None:
        asyncio.run(register(sign_statement(self.world.agent), self.service.log))

    def write(self) -> int:
        return asyncio.run(write_due_pages(self.service))

    def size(self) -> int:
        return self.service.log.head().tree.size

    def last_page(self) -> Page:
        content = self.world.store.content(self.size() - 1)
        assert content is not None
        page = parse_page(parse_signed_statement(content.statement).message.payload or b"")
        digests = [entry.decision_digest for entry in self.world.store.entries(page.first, page.last - page.first + 1)]
        assert page.root == page_root(digests)
        return page


def paged(world: World) -> Paged:
    settings = Settings(page_seconds=1, heartbeat_seconds=HOUR)
    return Paged(world, wire_service(world.store, dict(world.signers), settings, world.clock))


@pytest.fixture
def log() -> Paged:
    return paged(new_world(MemoryStore()))


def test_the_first_page_covers_the_founding_entries(log: Paged) -> None:
    assert log.write() == 1
    page = log.last_page()
    assert (page.first, page.last) == (0, 1)


def test_a_page_alone_makes_no_page_due(log: Paged) -> None:
    log.write()
    for _ in range(3):
        log.world.clock.now += HOUR // 4
        assert log.write() == 0
    assert log.size() == 3


def test_statements_make_one_page_due_and_it_covers_the_page_before(log: Paged) -> None:
    log.write()
    log.post()
    log.post()
    assert log.write() == 1
    page = log.last_page()
    assert (page.first, page.last) == (2, 4)
    assert log.write() == 0


def test_a_statement_that_came_between_a_page_and_its_place_is_paged_next(log: Paged) -> None:
    """The page covers what was committed when it was made; a statement overtakes it, and the tail is not pages only."""
    page = log.service.log.due_page(log.service.service_signer)
    assert page is not None
    log.post()
    asyncio.run(register(page, log.service.log))
    assert log.write() == 1
    covered = log.last_page()
    assert (covered.first, covered.last) == (2, 3)
    assert log.write() == 0


def test_what_comes_while_pages_are_written_waits_for_the_next_time(
    log: Paged, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write()
    log.post()
    written = 0

    async def register_and_post(page: bytes, to: LocalLog) -> None:
        nonlocal written
        written += 1
        assert written < 3, "a log that is busy is never done with pages"
        await register(page, to)
        await register(sign_statement(log.world.agent), to)

    monkeypatch.setattr("counterfoil.http.page_task.register", register_and_post)
    size = log.size()
    assert log.write() == 1
    assert log.size() == size + 2
    monkeypatch.undo()
    assert log.write() == 1
    assert log.last_page().last == size + 1


def test_the_heartbeat_is_a_page_over_the_last_page(log: Paged) -> None:
    log.write()
    log.world.clock.now += HOUR - 1
    assert log.write() == 0
    log.world.clock.now += 1
    assert log.write() == 1
    page = log.last_page()
    assert (page.first, page.last) == (2, 2)
    assert log.write() == 0
    log.world.clock.now += HOUR
    assert log.write() == 1
    assert (log.last_page().first, log.size()) == (3, 5)


def test_a_restart_does_not_forget_the_last_page(log: Paged) -> None:
    log.write()
    again = paged(log.world)
    assert again.write() == 0
    log.world.clock.now += HOUR
    assert again.write() == 1


def test_of_two_processes_one_writes_the_page(log: Paged) -> None:
    other = paged(log.world)
    first = log.service.log.due_page(log.service.service_signer)
    assert first is not None
    log.world.clock.now += 1
    assert other.write() == 1
    with pytest.raises(CounterfoilError) as raised:
        asyncio.run(register(first, log.service.log))
    assert raised.value.code == "page-superseded"
    assert log.write() == 0


def test_a_page_with_another_root_is_refused(log: Paged) -> None:
    identity = log.world.identity
    forged = Page(0, 1, page_root([bytes(32), bytes(32)]))
    statement = sign_own_statement(
        log.world.signers[KeyPurpose.SERVICE],
        identity,
        identity.page_subject,
        PAGE_CONTENT_TYPE,
        forged.encode(),
        log.world.clock(),
    )
    assert parse_signed_statement(statement).message.protected[labels.CONTENT_TYPE] == PAGE_CONTENT_TYPE
    with pytest.raises(CounterfoilError) as raised:
        asyncio.run(register(statement, log.service.log))
    assert raised.value.code == "page-root"
    assert log.size() == 2


def test_another_key_writes_no_page(log: Paged) -> None:
    service = replace(log.service, service_signer=log.world.agent)
    with pytest.raises(KeysMismatchError):
        asyncio.run(write_due_pages(service))


def test_a_running_server_writes_pages_and_leaves_its_log_alone_after_them() -> None:
    with running(new_world(MemoryStore()), Settings(page_seconds=1, heartbeat_seconds=HOUR)) as live:
        assert live.size() == 3
        live.register(sign_statement(live.world.agent))
        wait_until(lambda: live.client.get("/log").json()["unpagedTail"] == 1)
        size = live.size()
        assert size == 5
        live.world.clock.now += HOUR
        wait_until(lambda: live.size() > size)


class FailingStore(MemoryStore):
    """A store in memory whose appends can be made to fail."""

    failing = False

    @contextmanager
    def append(self) -> Iterator[MemoryAppend]:
        if self.failing:
            raise StoreUnavailableError("no more disk")
        with super().append() as transaction:
            yield transaction


def test_a_page_that_fails_is_written_later(caplog: pytest.LogCaptureFixture) -> None:
    store = FailingStore()
    world = new_world(store)
    with running(world, Settings(page_seconds=1, heartbeat_seconds=HOUR)) as live:
        store.failing = True
        world.clock.now += HOUR
        wait_until(lambda: "no page was written: store-unavailable" in caplog.text)
        assert live.client.get("/readyz").status_code == 200
        store.failing = False
        wait_until(lambda: live.size() == 4)
