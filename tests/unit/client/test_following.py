"""A client that has the log's genesis statement follows the keys that the log announces, and no others."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from counterfoil.client import Client, KeptReceiptError, ReceiptStore, Registered
from counterfoil.client.key_pins import KeyPins
from counterfoil.cose.keys import cose_key_map
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import JsonValue, encode_json, parse_json
from counterfoil.errors import (
    ChainInvalidError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedError,
    ReceiptKeyCompromisedError,
    UnverifiedError,
)
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import log_keys_of_genesis, verify_history
from tests.rotations import COMPROMISED, Rotated, forged_receipt
from tests.unit.client.canned import Answers, Canned, Service, answering

LOG = Rotated().play(compromised=True)
SIZE = LOG.world.head().tree.size
GENESIS = verify_history(LOG.founded)
HISTORY = verify_history(LOG.history())
OLD, NEW = LOG.statement(2), LOG.statement(7)


def entry_id(statement: bytes) -> bytes:
    return parse_signed_statement(statement).hash


def path(statement: bytes) -> str:
    return f"/entries/{entry_id(statement).hex()}"


def answers_of(log: Rotated, size: int, **more: Answers) -> Mapping[str, Answers]:
    """What the log answers as of a tree: its chain of policies, and the receipts of all in it."""
    chain = [parse_transparent_statement(item) for item in log.chain(size)]
    decisions = [encode_base64url(decision) for decision in log.decisions(size)]
    entries: list[JsonValue] = [
        {"statement": encode_base64url(one.statement.encoded), "decision": decision}
        for one, decision in zip(chain, decisions, strict=True)
    ]
    page: dict[str, JsonValue] = {
        "signedHead": log.signed_head(size),
        "treeHead": {"size": size},
        "length": len(chain),
        "chainHash": "00" * 32,
        "entries": entries,
        "engagement": None,
    }
    receipts = {f"/entries/{one.statement.hash.hex()}": Canned(one.receipts[0]) for one in chain}
    return {"/chains": Canned(encode_json(page)), **receipts, **more}


@pytest.fixture
def service() -> Iterator[Service]:
    stable = LOG.open().receipts.stable
    new, old = Canned(LOG.receipts[7], 201), Canned(stable(2), 200)
    with answering(answers_of(LOG, SIZE, **{"/entries": new, path(NEW): new, path(OLD): old})) as running:
        yield running


def asked(service: Service, what: str) -> int:
    return sum(path.partition("?")[0] == what for _, path, _, _ in service.seen)


def test_a_receipt_by_an_announced_key_is_believed_and_the_history_fetched_once(service: Service) -> None:
    with Client(service.url, history=GENESIS) as client:
        assert client.keys_are_pinned
        registered = client.submit(NEW)
        assert registered.verified.inclusion.key_thumbprint == LOG.second.public_key.thumbprint
        assert client.receipt(entry_id(NEW)).verified.inclusion.leaf_index == 7
        assert client.keys() == HISTORY.log_keys
    assert asked(service, "/chains") == 1


def test_many_statements_follow_too(service: Service) -> None:
    with Client(service.url, history=GENESIS) as client:
        (found,) = client.submit_many([NEW])
    assert isinstance(found, Registered)
    assert asked(service, "/chains") == 1


def test_keys_alone_are_not_followed(service: Service) -> None:
    with Client(service.url, log_keys=log_keys_of_genesis(GENESIS.genesis)) as client:
        with pytest.raises(LogKeyUnknownError):
            client.submit(NEW)
        (found,) = client.submit_many([NEW])
        assert isinstance(found, LogKeyUnknownError)
    assert asked(service, "/chains") == 0


def test_a_key_that_was_not_announced_stays_unknown() -> None:
    stranger, whole = generate_private_key("ES256"), [LOG.statement(number) for number in range(SIZE)]
    forged = Canned(forged_receipt(LOG.world, stranger, whole, 7), 201)
    with (
        answering(answers_of(LOG, SIZE, **{"/entries": forged, path(NEW): forged})) as service,
        Client(service.url, history=GENESIS) as client,
    ):
        with pytest.raises(LogKeyUnknownError):
            client.submit(NEW)
        with pytest.raises(LogKeyUnknownError):
            client.receipt(entry_id(NEW))
        (found,) = client.submit_many([NEW])
        assert isinstance(found, LogKeyUnknownError)


def spoilt_pages(other: Rotated) -> Iterator[Canned]:
    """The chain of policies with an entry less, and with other notes than the log's about it."""
    whole = answers_of(LOG, SIZE)["/chains"]
    assert isinstance(whole, Canned)
    page = parse_json(whole.body, max_bytes=10**6)
    assert isinstance(page, dict)
    entries = page["entries"]
    assert isinstance(entries, list)
    yield Canned(encode_json({**page, "entries": entries[:-1], "length": len(entries) - 1}))
    yield Canned(encode_json({**page, "entries": [*entries[:-2], entries[-1]], "length": len(entries) - 1}))
    for head in (LOG.signed_head(COMPROMISED), other.signed_head(8), "", None):
        yield Canned(encode_json({**page, "signedHead": head}))


def test_a_log_without_a_history_or_with_a_broken_one_is_not_followed() -> None:
    new = {"/entries": Canned(LOG.receipts[7], 201)}
    whole, other = answers_of(LOG, SIZE, **new), Rotated().play()
    broken: list[Mapping[str, Answers]] = [
        new,
        {**whole, "/chains": Canned(b"{}")},
        {**whole, path(LOG.statement(0)): Canned(LOG.receipts[7])},
        answers_of(other, 8, **new),
        *({**whole, "/chains": spoilt} for spoilt in spoilt_pages(other)),
    ]
    for answers in broken:
        with answering(answers) as service, Client(service.url, history=GENESIS) as client:
            with pytest.raises(LogKeyUnknownError):
                client.submit(NEW)
            (found,) = client.submit_many([NEW])
            assert isinstance(found, LogKeyUnknownError)
            assert client.keys() == GENESIS.log_keys


def test_a_compromised_key_is_refused_once_it_is_known(service: Service) -> None:
    thief = Canned(forged_receipt(LOG.world, LOG.first, [LOG.statement(0), LOG.statement(1), OLD], 2), 201)
    answers = answers_of(LOG, SIZE, **{"/entries": thief, path(OLD): thief})
    with answering(answers) as stolen, Client(stolen.url, history=HISTORY) as client:
        with pytest.raises(ReceiptKeyCompromisedError):
            client.submit(OLD)
        with pytest.raises(ReceiptKeyCompromisedError):
            client.receipt(entry_id(OLD))
    with Client(service.url, history=HISTORY) as client:
        assert client.receipt(entry_id(OLD)).verified.inclusion.key_thumbprint == LOG.second.public_key.thumbprint


def test_what_was_known_is_not_taken_back() -> None:
    """A service that shows the log as it was before the compromise, to a client that has heard of it."""
    with answering(answers_of(LOG, COMPROMISED)) as service, Client(service.url, history=HISTORY) as client:
        with pytest.raises(ChainInvalidError):
            client.key_history()
        assert client.keys() == HISTORY.log_keys
    with answering(answers_of(LOG, SIZE)) as service:
        other = verify_history(Rotated().play().founded)
        with Client(service.url, history=other) as client, pytest.raises((IssuerMismatchError, UnverifiedError)):
            client.key_history()


def test_the_history_is_handed_out_as_it_verifies(service: Service) -> None:
    with Client(service.url, history=GENESIS) as client:
        data, verified = client.key_history()
    assert (data, verified) == (LOG.history(), HISTORY)


def test_pins_with_a_genesis_statement_are_followed_and_keep_what_was_learnt(service: Service, tmp_path: Path) -> None:
    pins = tmp_path / "pins"
    pins.write_bytes(LOG.founded)
    with Client(service.url, pins=pins) as client:
        assert client.keys_are_pinned
        client.submit(NEW)
    assert pins.read_bytes() == LOG.history()
    with Client(service.url, pins=pins) as client:
        client.submit(NEW)
    assert asked(service, "/chains") == 1


def test_pins_with_a_key_set_are_not_replaced_by_a_history(service: Service, tmp_path: Path) -> None:
    first = LOG.first.public_key
    key_set = encode([cose_key_map(first, kid=first.thumbprint)])
    (tmp_path / "pins").write_bytes(key_set)
    KeyPins(tmp_path / "pins").keep(LOG.history())
    assert (tmp_path / "pins").read_bytes() == key_set
    (tmp_path / "pins").write_bytes(LOG.founded[:-1])
    with pytest.raises(MalformedError):
        Client(service.url, pins=tmp_path / "pins")


def test_a_kept_receipt_by_an_announced_key_is_believed(service: Service, tmp_path: Path) -> None:
    store = ReceiptStore(tmp_path)
    store.put(entry_id(NEW), LOG.receipts[7])
    with Client(service.url, history=GENESIS, receipts=store) as client:
        assert client.submit(NEW).already
    with Client(service.url, log_keys=GENESIS.log_keys, receipts=store) as client, pytest.raises(KeptReceiptError):
        client.submit(NEW)


def test_a_kept_receipt_by_a_compromised_key_is_asked_for_again(tmp_path: Path) -> None:
    store, again = ReceiptStore(tmp_path), LOG.open().receipts.stable(2)
    store.put(entry_id(OLD), LOG.receipts[2])
    with (
        answering(answers_of(LOG, SIZE, **{"/entries": Canned(again, 201)})) as service,
        Client(service.url, history=HISTORY, receipts=store) as client,
    ):
        assert client.submit(OLD).receipt == again
        assert client.submit(OLD).already
    assert store.get(entry_id(OLD)) == again
