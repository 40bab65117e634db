"""A bulk under a store that fails: each statement is told for itself, and nobody waits for ever."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from counterfoil.encoding.cbor import encode
from counterfoil.encoding.cbor_sequence import split_sequence
from counterfoil.errors import CorruptError, LogCorruptError, MalformedCborError, StoreUnavailableError
from counterfoil.http.bulk import register_sequence
from counterfoil.http.limits import BULK_SLICE
from counterfoil.http.server import wire_service
from counterfoil.http.wiring import Service
from counterfoil.storage.memory import MemoryAppend, MemoryStore
from tests.builders import sign_statement
from tests.http.live import QUIET, Live, new_world, running
from tests.http.test_bulk import code_of, leaf_index, post

CONTENT = "the payload itself"
SMALL_BATCHES = replace(QUIET, max_batch=8)
SCOPE = {"type": "http", "client": ("127.0.0.1", 1), "headers": []}


class TurningStore(MemoryStore):
    """A store that takes ``good`` more appends, and then fails with ``error`` or waits for ``gate``."""

    def __init__(self) -> None:
        super().__init__()
        self.good = 10**6
        self.appends = 0
        self.error: Exception | None = None
        self.gate = threading.Event()

    @contextmanager
    def append(self) -> Iterator[MemoryAppend]:
        self.appends += 1
        self.good -= 1
        if self.good < 0:
            if self.error is not None:
                raise self.error
            assert self.gate.wait(120)
        with super().append() as transaction:
            yield transaction


@pytest.fixture
def store() -> TurningStore:
    return TurningStore()


def receipts_in(live: Live, statements: list[bytes], found: tuple[bytes, ...]) -> list[int]:
    """The entry numbers of those that got a receipt, each of which verifies."""
    pairs = zip(statements, found, strict=True)
    return [leaf_index(live, statement, item) for statement, item in pairs if item.startswith(b"\xd2")]


def problems_in(found: tuple[bytes, ...]) -> set[tuple[int, str, str | None]]:
    return {code_of(item) for item in found if not item.startswith(b"\xd2")}


def test_what_was_committed_keeps_its_receipt_when_the_log_turns_out_corrupt(store: TurningStore) -> None:
    with running(new_world(store), SMALL_BATCHES) as live:
        statements, size = [sign_statement(live.world.agent) for _ in range(64)], live.size()
        store.good, store.error = 2, LogCorruptError("this and that disagree")
        found = post(live, statements)
        committed = receipts_in(live, statements, found)
        assert committed == list(range(size, size + len(committed)))
        head = store.head()
        assert head is not None
        assert 0 < len(committed) == head.tree.size - size < 64
        assert problems_in(found) == {(503, "log-corrupt", None)}
        with pytest.raises(CorruptError):
            live.service.failure.require_none()


def test_an_outage_is_told_to_those_it_met_and_once_to_the_operator(
    store: TurningStore, caplog: pytest.LogCaptureFixture
) -> None:
    with running(new_world(store), SMALL_BATCHES) as live:
        statements, size = [sign_statement(live.world.agent) for _ in range(64)], live.size()
        store.good, store.error = 2, StoreUnavailableError(CONTENT)
        found = post(live, statements)
        committed = receipts_in(live, statements, found)
        assert 0 < len(committed) < 64
        assert problems_in(found) == {(503, "store-unavailable", None)}
        assert CONTENT.encode() not in b"".join(found)
        assert [record.message for record in caplog.records if "store-unavailable" in record.message] == [
            f"store-unavailable: {CONTENT}"
        ]
        store.good, store.error = 10**6, None
        again = post(live, statements)
        assert sorted(receipts_in(live, statements, again)) == list(range(size, size + 64))
        assert [item for item in again if item in found] == [item for item in found if item.startswith(b"\xd2")]


def test_what_nobody_foresaw_is_each_ones_problem_and_leads_to_a_line(
    store: TurningStore, caplog: pytest.LogCaptureFixture
) -> None:
    with running(new_world(store)) as live:
        store.good, store.error = 0, KeyError(CONTENT)
        found = post(live, [sign_statement(live.world.agent) for _ in range(3)])
        assert [code_of(item) for item in found] == [(500, "internal-error", None)] * 3
        assert [record.message.split("\n")[0] for record in caplog.records].count("unforeseen KeyError") == 1
        assert CONTENT not in caplog.text
        assert CONTENT.encode() not in b"".join(found)
        store.good = 10**6
        live.register(sign_statement(live.world.agent))


def test_a_commit_that_does_not_come_is_told(store: TurningStore) -> None:
    with running(new_world(store)) as live:
        live.service.log._commits._patience.seconds = 0.2
        statements, size = [sign_statement(live.world.agent) for _ in range(20)], live.size()
        store.good = 0
        try:
            found = post(live, statements)
        finally:
            store.gate.set()
        assert [code_of(item) for item in found] == [(503, "commit-timeout", None)] * 20
        assert sorted(receipts_in(live, statements, post(live, statements))) == list(range(size, size + 20))


def test_room_in_the_queue_is_not_waited_for_without_end(store: TurningStore) -> None:
    with running(new_world(store)) as live:
        live.service.log._commits._patience.seconds = 0.2
        live.service.log._commits._max_queue = 0
        found = post(live, [sign_statement(live.world.agent) for _ in range(20)])
        assert [code_of(item) for item in found] == [(503, "queue-full", None)] * 20


@pytest.mark.parametrize("rate_per_issuer", [0, 10_000])
def test_neither_repeating_nor_limits_of_issuers_cost_a_transaction_each(
    store: TurningStore, rate_per_issuer: int
) -> None:
    with running(new_world(store), replace(QUIET, rate_per_issuer=rate_per_issuer)) as live:
        statements = [sign_statement(live.world.agent) for _ in range(100)]
        before = store.appends
        first = post(live, statements)
        again = post(live, statements)
        assert first == again
        assert store.appends - before < 40


def turns(work: Coroutine[None, None, object]) -> int:
    """How often others had a turn while ``work`` was under way, which may end as no sequence."""

    async def run() -> int:
        count = 0
        task = asyncio.create_task(work)
        while not task.done():
            await asyncio.sleep(0)
            count += 1
        with suppress(MalformedCborError):
            await task
        return count

    return asyncio.run(run())


def wired() -> Service:
    world = new_world(MemoryStore())
    return wire_service(world.store, dict(world.signers), QUIET, world.clock)


def test_others_have_a_turn_while_a_sequence_is_cut_into_items() -> None:
    cut_in_the_end = encode([0] * 4000) * 255 + b"\x18"
    assert turns(register_sequence(wired(), SCOPE, cut_in_the_end)) >= 255 // BULK_SLICE


def test_others_have_a_turn_while_noise_is_refused() -> None:
    assert turns(register_sequence(wired(), SCOPE, b"\x00" * 256)) >= 3 * 256 // BULK_SLICE


def test_an_item_of_another_kind_is_told_apart_from_a_bulk_that_is_none() -> None:
    answers = split_sequence(asyncio.run(register_sequence(wired(), SCOPE, b"\x00\xa0\xd2\x00")), 3)
    assert [code_of(item) for item in answers] == [(400, "not-cose-sign1", None)] * 3
