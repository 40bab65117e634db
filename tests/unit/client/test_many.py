"""Many statements, patience, pins and kept receipts: the same for the client that waits and the one in a loop."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stamina

from counterfoil.client import (
    AsyncClient,
    Client,
    LogKeysChangedError,
    Patience,
    ReceiptStore,
    ReceiptWithheldError,
    Registered,
    ServiceAnswerError,
    ServiceConflictError,
    ServiceRefusedError,
    ServiceUnavailableError,
    ServiceUnreachableError,
)
from counterfoil.client.key_pins import KeyPins
from counterfoil.client.patience import retry_after_seconds
from counterfoil.client.problem import error_of, parse_problem
from counterfoil.cose.keys import cose_key_map
from counterfoil.encoding.cbor import encode
from counterfoil.errors import (
    CounterfoilError,
    IssuerUnknownError,
    LogKeyUnknownError,
    MalformedError,
    SignatureTwinError,
    UnverifiedError,
)
from counterfoil.http.problems import RECEIPT_WITHHELD, Problem, problem_of
from counterfoil.signing.generate import generate_private_key
from counterfoil.verify import LogKeys, log_keys_of
from tests.unit.client.canned import Answers, Canned, Service, answering
from tests.unit.client.test_client import ENTRY_ID, KEY_SET, KEYS, LOCATION, LOG, RECEIPT, STATEMENT
from tests.unit.verify.paper_log import PaperLog

SEQUENCE = {"Content-Type": "application/cbor-seq"}
STATEMENTS = [LOG.statements[place] for place in range(2, 6)]
RECEIPTS = [LOG.receipt(place) for place in range(2, 6)]
OTHER_KEY = generate_private_key("ES256").public_key
OTHERS = cose_key_map(OTHER_KEY, kid=OTHER_KEY.thumbprint)
OURS = cose_key_map(LOG.receipt_key.public_key, kid=LOG.receipt_key.public_key.thumbprint)
KEY_PATH = "/.well-known/scitt-keys"
BUSY = Canned(b"", 503, {"Retry-After": "0"})
QUICK = Patience(attempts=4, seconds=2.0, longest_wait=0.01)


class Both:
    """Calls a method of either client and gives what it gives or raises."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __call__(self, url: str, method: str, *arguments: object, **options: Any) -> Any:
        options.setdefault("log_keys", KEYS)
        if self.kind == "waiting":
            with Client(url, **options) as client:
                return getattr(client, method)(*arguments)
        return asyncio.run(self._in_loop(url, method, arguments, options))

    async def _in_loop(self, url: str, method: str, arguments: Sequence[object], options: Mapping[str, Any]) -> Any:
        async with AsyncClient(url, **options) as client:
            return await getattr(client, method)(*arguments)


@pytest.fixture(params=["waiting", "in a loop"])
def ask(request: pytest.FixtureRequest) -> Both:
    return Both(request.param)


@contextmanager
def posting(*answers: Canned, **others: Answers) -> Iterator[Service]:
    with answering({"/entries": list(answers), "/.well-known/scitt-keys": Canned(KEY_SET), **others}) as service:
        yield service


def sequence(*items: bytes) -> Canned:
    return Canned(b"".join(items), 200, SEQUENCE)


def item(error: CounterfoilError) -> bytes:
    return problem_of(error).as_item()


def of(problem: Problem) -> Canned:
    media_type, body = problem.encode(None)
    return Canned(body, problem.status, {"Content-Type": media_type, **dict(problem.headers)})


def test_one_is_submitted(ask: Both) -> None:
    with posting(Canned(RECEIPT, 201, {"Location": LOCATION})) as service:
        assert ask(service.url, "submit", STATEMENT).receipt == RECEIPT


def test_many_are_one_request_and_come_back_in_order(ask: Both) -> None:
    with posting(sequence(*RECEIPTS)) as service:
        found = ask(service.url, "submit_many", STATEMENTS)
    assert [one.receipt for one in found] == RECEIPTS
    ((method, path, headers, body),) = service.seen
    assert (method, path, headers["Content-Type"], body) == (
        "POST", "/entries", "application/cbor-seq", b"".join(STATEMENTS),
    )  # fmt: skip


def test_more_than_a_request_holds_are_several(ask: Both) -> None:
    many = [*STATEMENTS * 64, *STATEMENTS[:2]]
    with posting(sequence(*RECEIPTS * 64), sequence(*RECEIPTS[:2])) as service:
        found = ask(service.url, "submit_many", many)
    assert [one.receipt for one in found] == [*RECEIPTS * 64, *RECEIPTS[:2]]
    assert [len(body) for _, _, _, body in service.seen] == [len(b"".join(many[:256])), len(b"".join(many[256:]))]


def test_none_are_none(ask: Both) -> None:
    with posting(sequence()) as service:
        assert ask(service.url, "submit_many", []) == []
        assert service.seen == []


def test_each_has_an_error_of_its_own(ask: Both) -> None:
    twin = item(SignatureTwinError("the other one", ENTRY_ID))
    with posting(sequence(RECEIPTS[0], item(IssuerUnknownError("who?")), twin, RECEIPTS[3])) as service:
        found = ask(service.url, "submit_many", STATEMENTS)
    assert [type(one) for one in found] == [Registered, ServiceRefusedError, ServiceConflictError, Registered]
    assert found[1].problem.code == "issuer-unknown"
    assert found[2].problem.location == LOCATION


def test_a_receipt_in_the_wrong_place_is_an_error_of_that_place(ask: Both) -> None:
    with posting(sequence(RECEIPTS[0], RECEIPTS[2], RECEIPTS[1], RECEIPTS[3])) as service:
        found = ask(service.url, "submit_many", STATEMENTS)
    assert [isinstance(one, Registered) for one in found] == [True, False, False, True]
    assert [isinstance(one, UnverifiedError) for one in found] == [False, True, True, False]


def test_receipts_by_another_key_are_none(ask: Both) -> None:
    other: LogKeys = log_keys_of(generate_private_key("ES256").public_key)
    with posting(sequence(*RECEIPTS)) as service:
        found = ask(service.url, "submit_many", STATEMENTS, log_keys=other)
    assert [type(one) for one in found] == [LogKeyUnknownError] * 4


@pytest.mark.parametrize(
    "answer",
    [
        sequence(*RECEIPTS[:3]),
        sequence(*RECEIPTS, RECEIPTS[0]),
        sequence(*RECEIPTS[:3], RECEIPTS[3][:-1]),
        sequence(),
        Canned(b"\x9f" + b"".join(RECEIPTS) + b"\xff", 200, SEQUENCE),
        Canned(b"", 202),
        Canned(b"", 204),
        Canned(b"", 307, {"Location": "http://127.0.0.1:1/"}),
    ],
)
def test_an_answer_that_is_no_sequence_of_as_many_is_an_error_of_each(ask: Both, answer: Canned) -> None:
    with posting(answer) as service:
        found = ask(service.url, "submit_many", STATEMENTS)
    assert [type(one) for one in found] == [ServiceAnswerError] * 4
    assert len(service.seen) == 1


@pytest.mark.parametrize("flaw", [b"", b"\x58", STATEMENT + b"\x00", b"no statement", b"\x9f\xff"])
def test_what_would_spoil_the_others_is_not_sent(ask: Both, flaw: bytes) -> None:
    with posting(sequence(*RECEIPTS[1:])) as service:
        found = ask(service.url, "submit_many", [flaw, *STATEMENTS[1:]])
    assert isinstance(found[0], MalformedError)
    assert [one.receipt for one in found[1:]] == RECEIPTS[1:]
    assert [body for _, _, _, body in service.seen] == [b"".join(STATEMENTS[1:])]


@pytest.mark.parametrize("item", [b"\x00", encode({"a": 1}), encode({-1: "x", 7807: {"code": 1}}), encode([1])])
def test_an_item_that_is_neither_is_an_error_of_that_place(ask: Both, item: bytes) -> None:
    with posting(sequence(*RECEIPTS[:3], item)) as service:
        found = ask(service.url, "submit_many", STATEMENTS)
    assert [type(one) for one in found] == [Registered, Registered, Registered, ServiceAnswerError]


def test_a_service_that_takes_no_sequences_gets_them_one_by_one(ask: Both) -> None:
    singles = [Canned(receipt, 201) for receipt in RECEIPTS]
    with posting(Canned(b"", 415), *singles) as service:
        found = ask(service.url, "submit_many", STATEMENTS)
    assert [one.receipt for one in found] == RECEIPTS
    assert [body for _, _, _, body in service.seen[1:]] == STATEMENTS


def test_only_what_was_not_taken_is_posted_again(ask: Both) -> None:
    busy = Problem(503, "Service Unavailable", "queue-full", "later").as_item()
    refused = item(IssuerUnknownError("who?"))
    answers = (sequence(RECEIPTS[0], busy, refused, busy), sequence(busy, RECEIPTS[3]), Canned(RECEIPTS[1], 201))
    with posting(*answers) as service:
        found = ask(service.url, "submit_many", STATEMENTS, patience=QUICK)
    assert [one.receipt for one in (found[0], found[1], found[3])] == [RECEIPTS[0], RECEIPTS[1], RECEIPTS[3]]
    assert isinstance(found[2], ServiceRefusedError)
    assert [body for _, _, _, body in service.seen[1:]] == [STATEMENTS[1] + STATEMENTS[3], STATEMENTS[1]]


def test_a_busy_service_is_asked_again(ask: Both) -> None:
    with stamina.set_testing(False), posting(BUSY, Canned(b"", 429), Canned(RECEIPT, 201)) as service:
        assert ask(service.url, "submit", STATEMENT, patience=QUICK).receipt == RECEIPT
    assert len(service.seen) == 3


@pytest.mark.parametrize("status", [408, 429, 503])
def test_what_says_of_itself_that_it_may_change_is_asked_again(ask: Both, status: int) -> None:
    with stamina.set_testing(False), posting(Canned(b"", status), Canned(RECEIPT, 201)) as service:
        assert ask(service.url, "submit", STATEMENT, patience=QUICK).receipt == RECEIPT
    assert [body for _, _, _, body in service.seen] == [STATEMENT] * 2


def test_not_for_ever(ask: Both) -> None:
    with stamina.set_testing(False), posting(BUSY) as service, pytest.raises(ServiceUnavailableError):
        ask(service.url, "submit", STATEMENT, patience=QUICK)
    assert len(service.seen) == QUICK.attempts


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 415, 500])
def test_what_will_not_change_is_asked_once(ask: Both, status: int) -> None:
    with stamina.set_testing(False), posting(Canned(b"", status)) as service, pytest.raises(CounterfoilError):
        ask(service.url, "submit", STATEMENT, patience=QUICK)
    assert len(service.seen) == 1


def test_nobody_there_is_tried_again_and_told(ask: Both) -> None:
    with stamina.set_testing(False), pytest.raises(ServiceUnreachableError):
        ask("http://127.0.0.1:1", "submit", STATEMENT, patience=Patience(attempts=2, longest_wait=0.01))


WITHHELD = Canned(b"", 202, {"Location": LOCATION, "Retry-After": "0"})
NOT_YET = Canned(b"", 204, {"Retry-After": "0"})


def test_a_withheld_receipt_is_waited_for(ask: Both) -> None:
    with posting(WITHHELD, **{LOCATION: [NOT_YET, NOT_YET, Canned(RECEIPT)]}) as service:
        assert ask(service.url, "submit", STATEMENT, patience=QUICK).receipt == RECEIPT
    assert [path for _, path, _, _ in service.seen] == ["/entries", LOCATION, LOCATION, LOCATION]


def test_a_withheld_receipt_that_does_not_come_in_time(ask: Both) -> None:
    later = Canned(b"", 204, {"Retry-After": "31536000"})
    with posting(WITHHELD, **{LOCATION: later}) as service, pytest.raises(ReceiptWithheldError) as caught:
        ask(service.url, "submit", STATEMENT, patience=Patience(seconds=0.05, longest_wait=0.02))
    assert caught.value.entry_id == ENTRY_ID
    assert len(service.seen) < 10


def test_the_place_is_the_statements_own_whatever_the_service_says(ask: Both) -> None:
    hostile = Canned(b"", 202, {"Location": "http://127.0.0.1:1/elsewhere"})
    with posting(hostile, **{LOCATION: Canned(RECEIPT)}) as service:
        assert ask(service.url, "submit", STATEMENT, patience=QUICK).receipt == RECEIPT


def test_a_withheld_one_of_many_is_waited_for(ask: Both) -> None:
    withheld = RECEIPT_WITHHELD.at(LOCATION).as_item()
    with posting(sequence(withheld, *RECEIPTS[1:]), WITHHELD, **{LOCATION: Canned(RECEIPTS[0])}) as service:
        found = ask(service.url, "submit_many", STATEMENTS, patience=QUICK)
    assert [one.receipt for one in found] == RECEIPTS


def test_kept_receipts_are_not_asked_for(ask: Both, tmp_path: Path) -> None:
    store = ReceiptStore(tmp_path / "receipts")
    with posting(Canned(RECEIPT, 201)) as service:
        first = ask(service.url, "submit", STATEMENT, receipts=store)
        again = ask(service.url, "submit", STATEMENT, receipts=store)
    assert (first.already, again.already, again.receipt) == (False, True, RECEIPT)
    assert len(service.seen) == 1
    assert store.path(ENTRY_ID).read_bytes() == RECEIPT
    assert [path.name for path in (tmp_path / "receipts").iterdir()] == [f"{ENTRY_ID.hex()}.receipt"]


@pytest.mark.parametrize("spoil", [lambda _: b"", lambda kept: kept[:-1], lambda _: RECEIPTS[1]])
def test_a_kept_receipt_that_does_not_verify_is_asked_for_again(
    ask: Both, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    store = ReceiptStore(tmp_path)
    store.put(ENTRY_ID, spoil(RECEIPT))
    with posting(Canned(RECEIPT, 201)) as service:
        assert not ask(service.url, "submit", STATEMENT, receipts=store).already
    assert store.get(ENTRY_ID) == RECEIPT


def test_of_many_only_those_without_a_kept_receipt_are_sent(ask: Both, tmp_path: Path) -> None:
    store = ReceiptStore(tmp_path)
    store.put(ENTRY_ID, RECEIPT)
    with posting(sequence(*RECEIPTS[1:])) as service:
        found = ask(service.url, "submit_many", STATEMENTS, receipts=store)
    assert [one.already for one in found] == [True, False, False, False]
    assert [body for _, _, _, body in service.seen] == [b"".join(STATEMENTS[1:])]


def test_keys_are_pinned_the_first_time_and_asked_for_ever_after(ask: Both, tmp_path: Path) -> None:
    pins = tmp_path / "pins"
    with posting(Canned(RECEIPT, 201)) as service:
        ask(service.url, "submit", STATEMENT, log_keys=None, pins=pins)
        ask(service.url, "submit", STATEMENT, log_keys=None, pins=pins)
    assert pins.read_bytes() == KEY_SET
    for published, code in ((encode([OTHERS]), LogKeysChangedError), (b"\x80", MalformedError), (b"", MalformedError)):
        with posting(Canned(RECEIPT, 201), **{KEY_PATH: Canned(published)}) as service, pytest.raises(code):
            ask(service.url, "submit", STATEMENT, log_keys=None, pins=pins)
        assert [path for _, path, _, _ in service.seen] == [KEY_PATH]
    assert pins.read_bytes() == KEY_SET


def test_a_key_that_is_published_beside_the_pinned_one_is_not_believed(ask: Both, tmp_path: Path) -> None:
    log = PaperLog().found()
    log.statements.append(STATEMENT)
    own = cose_key_map(log.receipt_key.public_key, kid=log.receipt_key.public_key.thumbprint)
    pins = tmp_path / "pins"
    pins.write_bytes(KEY_SET)
    answers = {KEY_PATH: Canned(encode([OURS, own]))}
    with posting(Canned(log.receipt(2), 201), **answers) as service, pytest.raises(LogKeyUnknownError):
        ask(service.url, "submit", STATEMENT, log_keys=None, pins=pins)
    with posting(Canned(RECEIPT, 201), **answers) as service:
        assert ask(service.url, "submit", STATEMENT, log_keys=None, pins=pins).receipt == RECEIPT
    assert pins.read_bytes() == KEY_SET


def test_a_log_that_takes_its_pinned_key_back_is_not_believed(tmp_path: Path) -> None:
    pins = KeyPins(tmp_path / "pins")
    pins.take(KEY_SET)
    with pytest.raises(LogKeysChangedError):
        pins.take(encode([OTHERS]))
    assert (tmp_path / "pins").read_bytes() == KEY_SET
    assert len(pins.take(encode([OURS, OTHERS])).keys) == 1
    (tmp_path / "pins").write_bytes(b"\x00")
    with pytest.raises(MalformedError):
        pins.keys()


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None), ("", None), ("soon", None), ("-1", None), ("1.5", None), ("\u0661", None),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None), ("Thu, 01 Jan 2026 00:00:00 +9999", None),
        ("0", 0), ("7", 7), (" 12 ", 12), ("9" * 30, 10**9),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60), ("Wed, 31 Dec 2025 23:00:00 GMT", 0),
    ],
)  # fmt: skip
def test_when_to_come_back(text: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(text, lambda: NOW) == seconds


def test_a_year_is_not_waited_for() -> None:
    problem = Problem(503, "Service Unavailable", "busy", "later", (("Retry-After", "31536000"),))
    media_type, body = problem.encode(None)
    error = error_of(parse_problem(503, media_type, body, {"retry-after": "31536000"}))
    assert Patience(longest_wait=3).verdict(error) == 3
