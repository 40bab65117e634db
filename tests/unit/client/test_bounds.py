"""How long and how often a client asks, on a clock that tests move: for one statement, for many, and in bad company."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from counterfoil.client import (
    IMPATIENT,
    Client,
    KeptReceiptError,
    Patience,
    ReceiptStore,
    ReceiptWithheldError,
    Registered,
    ServiceMalformedError,
    ServiceUnavailableError,
    ServiceUnreachableError,
)
from counterfoil.client.bulk import parts
from counterfoil.client.patience import Insistence
from counterfoil.client.problem import error_of, parse_problem
from counterfoil.client.receipt_store import write_whole
from counterfoil.errors import MalformedError, MisconfiguredError
from counterfoil.http.problems import RECEIPT_WITHHELD, Problem
from tests.unit.client.canned import Canned, answering
from tests.unit.client.test_client import ENTRY_ID, KEYS, LOCATION, RECEIPT, STATEMENT
from tests.unit.client.test_many import (
    RECEIPTS,
    STATEMENTS,
    WITHHELD,
    Both,
    ask,
    posting,
    sequence,
)
from tests.unit.verify.paper_log import PaperLog

__all__ = ["ask"]

BUSY_ITEM = Problem(503, "Service Unavailable", "queue-full", "later").as_item()
YEAR = "31536000"


@dataclass
class Hours:
    """A clock that goes on by ``each`` whenever it is looked at."""

    each: float
    now: float = 0.0

    def __call__(self) -> float:
        self.now += self.each
        return self.now


@pytest.fixture(autouse=True)
def _many_attempts_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1000, cap=True):
        yield


def error(status: int, retry_after: str | None = None) -> ServiceUnavailableError:
    made = error_of(parse_problem(status, "", b"", {} if retry_after is None else {"retry-after": retry_after}))
    assert isinstance(made, ServiceUnavailableError)
    return made


def test_waits_double_up_to_the_longest_and_half_of_each_is_chance() -> None:
    def waits(chance: float) -> list[float]:
        again = Insistence(Patience(longest_wait=1.0, clock=lambda: 0.0, jitter=lambda: chance), 100.0)
        return [again(ServiceUnreachableError("x")) for _ in range(6)]

    assert waits(1.0) == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert waits(0.0) == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5]


def test_no_wait_leads_past_the_end() -> None:
    now = [0.0]
    patience = Patience(seconds=10.0, longest_wait=60.0, clock=lambda: now[0])
    again = Insistence(patience, patience.until())
    assert again(error(503, "7")) == 7
    now[0] = 4.0
    assert again(error(503, "7")) is False
    assert again(error(503, "6")) == 6
    assert Insistence(patience, 1e9)(error(429, YEAR)) == 60


def test_many_failures_are_no_overflow() -> None:
    again = Insistence(Patience(clock=lambda: 0.0), 1e9)
    for _ in range(5000):
        assert again(ServiceUnreachableError("x")) is not False


class _NotedError(Exception):
    """Ends a run where it would begin to wait."""


@pytest.mark.parametrize(
    ("headers", "waits"), [({"Retry-After": "7"}, 7.0), ({"Retry-After": YEAR}, 9.0), ({}, 0.1)], ids=["7", "year", "-"]
)
def test_what_the_service_asks_for_is_what_is_waited(ask: Both, headers: dict[str, str], waits: float) -> None:
    noted: list[float] = []

    def note(details: RetryDetails) -> None:
        noted.append(details.wait_for)
        raise _NotedError

    set_on_retry_hooks([note])
    try:
        patience = Patience(longest_wait=9.0, jitter=lambda: 1.0)
        with (
            stamina.set_testing(False),
            posting(Canned(b"", 503, headers)) as service,
            pytest.raises(_NotedError),
        ):
            ask(service.url, "submit", STATEMENT, patience=patience)
    finally:
        set_on_retry_hooks(None)
    assert noted == [pytest.approx(waits)]


def test_a_service_that_stays_busy_is_left_when_the_time_is_over(ask: Both) -> None:
    patience = Patience(attempts=1000, seconds=50.0, clock=Hours(1.0))
    with posting(Canned(b"", 503, {"Retry-After": "0"})) as service, pytest.raises(ServiceUnavailableError):
        ask(service.url, "submit", STATEMENT, patience=patience)
    assert 2 < len(service.seen) <= 50


@pytest.mark.parametrize("missing", [1, len(RECEIPT)])
def test_an_answer_that_was_cut_off_is_asked_for_again(ask: Both, missing: int) -> None:
    with posting(Canned(RECEIPT, 201, missing=missing), Canned(RECEIPT, 201)) as service:
        assert ask(service.url, "submit", STATEMENT).receipt == RECEIPT
    whole = b"".join(RECEIPTS)
    with posting(Canned(whole, missing=missing), sequence(*RECEIPTS)) as service:
        assert [one.receipt for one in ask(service.url, "submit_many", STATEMENTS)] == RECEIPTS
    assert [body for _, _, _, body in service.seen] == [b"".join(STATEMENTS)] * 2


def test_a_body_that_comes_byte_by_byte_is_not_waited_for(ask: Both) -> None:
    slow = Canned(RECEIPT, 201, dripping=0.02)
    patience = Patience(attempts=1, answer_seconds=0.2)
    with posting(slow) as service, pytest.raises(ServiceUnreachableError, match="in time"):
        ask(service.url, "submit", STATEMENT, patience=patience)


def test_no_content_coding_is_asked_for_and_none_is_undone(ask: Both) -> None:
    packed = Canned(gzip.compress(RECEIPT), 201, {"Content-Encoding": "gzip"})
    with posting(packed) as service:
        with pytest.raises(MalformedError):
            ask(service.url, "submit", STATEMENT)
        assert [headers["Accept-Encoding"] for _, _, headers, _ in service.seen] == ["identity"]


def test_a_service_that_stays_away_is_not_asked_for_what_follows(ask: Both) -> None:
    many = STATEMENTS * 200
    with posting(sequence(*RECEIPTS * 64), Canned(b"", 503)) as service:
        found = ask(service.url, "submit_many", many, patience=Patience(attempts=2))
    assert [type(one) for one in found] == [Registered] * 256 + [ServiceUnavailableError] * 544
    assert len(service.seen) == 3


def test_one_that_never_has_room_is_asked_so_often_and_no_more(ask: Both) -> None:
    with posting(sequence(*[BUSY_ITEM] * 4)) as service:
        found = ask(service.url, "submit_many", STATEMENTS, patience=Patience(attempts=3, longest_wait=0.001))
    assert [type(one) for one in found] == [ServiceUnavailableError] * 4
    assert len(service.seen) == 3


def test_one_that_never_has_room_is_left_when_the_time_is_over(ask: Both) -> None:
    patience = Patience(attempts=200, seconds=50.0, longest_wait=0.001, clock=Hours(1.0))
    with posting(sequence(*[BUSY_ITEM] * 4)) as service:
        found = ask(service.url, "submit_many", STATEMENTS, patience=patience)
    assert [type(one) for one in found] == [ServiceUnavailableError] * 4
    assert 2 < len(service.seen) <= 50


def test_one_by_one_a_service_that_stays_away_is_left_too(ask: Both) -> None:
    with posting(Canned(b"", 415), Canned(RECEIPT, 201), Canned(b"", 503)) as service:
        found = ask(service.url, "submit_many", STATEMENTS, patience=IMPATIENT)
    assert [type(one) for one in found] == [Registered, *[ServiceUnavailableError] * 3]
    assert len(service.seen) == 3


def test_a_service_that_takes_no_sequences_is_offered_one_once(ask: Both) -> None:
    many = STATEMENTS * 65
    with posting(Canned(b"", 415), *[Canned(receipt, 201) for receipt in RECEIPTS] * 65) as service:
        assert [one.receipt for one in ask(service.url, "submit_many", many)] == RECEIPTS * 65
    assert [body for _, _, _, body in service.seen[1:]] == many


def test_a_request_that_is_too_large_is_sent_in_halves(ask: Both) -> None:
    too_large = Canned(b"", 413)
    answers = (too_large, too_large, Canned(RECEIPTS[0], 201), too_large, sequence(*RECEIPTS[2:]))
    with posting(*answers) as service:
        found = ask(service.url, "submit_many", STATEMENTS)
    assert [type(one) for one in found] == [Registered, ServiceMalformedError, Registered, Registered]
    assert [body for _, _, _, body in service.seen[1:]] == [
        b"".join(STATEMENTS[:2]), STATEMENTS[0], STATEMENTS[1], b"".join(STATEMENTS[2:]),
    ]  # fmt: skip


def test_parts_keep_the_order_and_the_bounds() -> None:
    mib = 1024 * 1024
    assert list(parts([])) == []
    assert list(parts([(7, 9 * mib), (8, 1), (9, 8 * mib), (10, 0)])) == [[7], [8], [9, 10]]
    assert [len(part) for part in parts((place, 1) for place in range(600))] == [256, 256, 88]


def test_all_that_are_withheld_are_waited_for_together(ask: Both) -> None:
    withheld = RECEIPT_WITHHELD.at(LOCATION).as_item()
    never = Canned(b"", 204, {"Retry-After": "0"})
    patience = Patience(seconds=20.0, clock=Hours(1.0))
    with posting(sequence(withheld, withheld, *RECEIPTS[2:]), **{LOCATION: never}) as service:
        found = ask(service.url, "submit_many", STATEMENTS, patience=patience)
    assert [type(one) for one in found] == [ReceiptWithheldError] * 2 + [Registered] * 2
    assert found[0].entry_id == ENTRY_ID
    assert {path for _, path, _, _ in service.seen} == {"/entries", LOCATION}
    assert len(service.seen) < 20


def test_who_is_impatient_waits_for_no_receipt(ask: Both) -> None:
    with posting(WITHHELD, **{LOCATION: Canned(RECEIPT)}) as service, pytest.raises(ReceiptWithheldError):
        ask(service.url, "submit", STATEMENT, patience=IMPATIENT)
    assert [path for _, path, _, _ in service.seen] == ["/entries"]


@pytest.mark.parametrize(
    "hostile", ["http://127.0.0.1:1/entries/x", "//h/entries", "/elsewhere", "/entries/" + "0" * 64]
)
def test_a_location_of_something_else_is_neither_asked_nor_handed_on(ask: Both, hostile: str) -> None:
    for first in (
        Canned(RECEIPT, 201, {"Location": hostile}),
        Canned(b"", 202, {"Location": hostile, "Retry-After": "0"}),
    ):
        with posting(first, **{LOCATION: Canned(RECEIPT, 200, {"Location": hostile})}) as service:
            assert ask(service.url, "submit", STATEMENT).location is None
        assert {path for _, path, _, _ in service.seen} <= {"/entries", LOCATION}


def test_a_service_below_a_path(ask: Both) -> None:
    answers = {"/log/a/entries": Canned(b"", 202, {"Retry-After": "0"}), f"/log/a{LOCATION}": Canned(RECEIPT)}
    with answering(answers) as service:
        assert ask(f"{service.url}/log/a", "submit", STATEMENT, log_keys=KEYS).receipt == RECEIPT
        assert ask(f"{service.url}/log/a/", "receipt", ENTRY_ID, log_keys=KEYS).receipt == RECEIPT


def test_another_logs_receipt_is_not_replaced(ask: Both, tmp_path: Path) -> None:
    other, store = PaperLog().found(), ReceiptStore(tmp_path)
    other.statements.append(STATEMENT)
    store.put(ENTRY_ID, other.receipt(2))
    with posting(sequence(*RECEIPTS[1:])) as service:
        with pytest.raises(KeptReceiptError):
            ask(service.url, "submit", STATEMENT, receipts=store)
        found = ask(service.url, "submit_many", STATEMENTS, receipts=store)
        assert len(service.seen) == 1
    assert [type(one) for one in found] == [KeptReceiptError, *[Registered] * 3]
    with posting(**{LOCATION: Canned(RECEIPT)}) as service:
        ask(service.url, "receipt", ENTRY_ID, receipts=store)
    assert store.get(ENTRY_ID) == other.receipt(2)


def test_a_receipt_that_is_fetched_is_kept_unless_it_is_a_fresh_one(ask: Both, tmp_path: Path) -> None:
    store = ReceiptStore(tmp_path)
    with answering({LOCATION: Canned(RECEIPT)}) as service:
        with Client(service.url, log_keys=KEYS, receipts=store) as client:
            client.receipt(ENTRY_ID, fresh=True)
        assert store.get(ENTRY_ID) is None
        ask(service.url, "receipt", ENTRY_ID, receipts=store)
    assert store.get(ENTRY_ID) == RECEIPT


def test_a_file_that_cannot_be_written_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(MisconfiguredError):
        write_whole(tmp_path / "taken", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    with pytest.raises(MisconfiguredError):
        write_whole(tmp_path / "absent" / "file", b"content")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MisconfiguredError):
        ReceiptStore(tmp_path / "file" / "receipts")
