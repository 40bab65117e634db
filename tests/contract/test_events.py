"""What the stores promise of events: they come with their entries, are found by what they say, and stay."""

from collections.abc import Sequence

import pytest

from counterfoil.errors import LogCorruptError, StoreUnavailableError
from counterfoil.log.records import Batch, ChainNumber, Landmark, Place
from counterfoil.storage.referee import BrokenRuleError
from tests.contract.rows import New, append, numbered
from tests.contract.said import Said, key, saying
from tests.contract.stores import Place as StorePlace
from tests.contract.stores import Store


def append_events(store: Store, new: Sequence[New], *said: Said) -> Batch:
    return append(store, new, spoil=lambda batch: saying(batch, said))


def test_events_come_back_as_they_were(place: StorePlace) -> None:
    store = place.open()
    batch = append_events(
        store, numbered(4, subjects=1), Said(0, landmark=True), Said(2, "other", refers_to=(0, 1, 0)), Said(3)
    )
    for reader in (store, place.open()):
        assert [reader.event(number) for number in range(4)] == [
            batch.events[0], None, batch.events[1], batch.events[2],
        ]  # fmt: skip
        assert tuple(reader.references_of(2)) == batch.references
        assert list(reader.references_of(0)) == []
        assert list(reader.event_numbers()) == [0, 2, 3]
        assert list(reader.referring_numbers()) == [2]


def test_a_log_without_events_has_none(store: Store) -> None:
    append(store, numbered(3))
    assert store.event(0) is None
    assert list(store.event_numbers()) == list(store.referring_numbers()) == []
    assert list(store.events_named(key("event"), 10)) == list(store.events_of_session(key("session"), 10)) == []
    assert list(store.references_to([0, 1, 2], 10)) == []


@pytest.mark.parametrize("number", [-1, 9, 2**63, 10**30])
def test_numbers_of_no_event(store: Store, number: int) -> None:
    append_events(store, numbered(2, subjects=1), Said(0), Said(1, refers_to=(0,)))
    assert store.event(number) is None
    assert list(store.references_of(number)) == []
    assert list(store.references_to([number], 10)) == []


def test_events_are_found_by_name_and_by_session_in_any_chain(store: Store) -> None:
    first = append_events(
        store, numbered(6, "a", subjects=3), *(Said(i, f"event {i % 2}", f"s {i % 3}") for i in range(6))
    )
    second = append_events(store, numbered(2, "b", subjects=2), Said(0, "event 1", "s 9"), Said(1, "event 1", "s 0"))
    named = [event for event in (*first.events, *second.events) if event.event_key == key("event 1")]
    assert list(store.events_named(key("event 1"), 100)) == named
    assert list(store.events_named(key("event 1"), 2)) == named[:2]
    assert list(store.events_named(key("event 1"), 0)) == list(store.events_named(key("event 7"), 9)) == []
    of_session = [event for event in (*first.events, *second.events) if event.session_key == key("s 0")]
    assert list(store.events_of_session(key("s 0"), 100)) == of_session
    assert list(store.events_of_session(key("event 1"), 100)) == []


def test_references_are_found_by_what_they_name(store: Store) -> None:
    append_events(store, numbered(2, "a", subjects=1), Said(0), Said(1))
    batch = append_events(
        store, [New(b"x", "a-0"), New(b"y", "a-0")], Said(0, refers_to=(1, 0)), Said(1, refers_to=(0, 2))
    )
    by_target = sorted(batch.references, key=lambda one: (one.target, one.number, one.position))
    assert list(store.references_to([0, 1, 2, 3], 100)) == by_target
    assert list(store.references_to([2, 2], 100)) == [by_target[-1]]
    assert list(store.references_to([0], 1)) == by_target[:1]
    assert list(store.references_to([], 5)) == list(store.references_to([3], 5)) == []


def test_under_the_lock_landmarks_come_in_order_with_their_statements(store: Store) -> None:
    new = numbered(8, "a", subjects=2)
    batch = append_events(store, new, *(Said(i, landmark=i not in {2, 5}) for i in range(7)))
    expected = {
        (number, since): [
            Landmark(entry.chain_number, entry.sequence, entry.number, new[entry.number].body)
            for entry in batch.entries
            if entry.chain_number == number and entry.sequence >= since and entry.number not in {2, 5, 7}
        ]
        for number in (0, 1)
        for since in (0, 1, 2, 4)
    }
    with store.append() as transaction:
        for (number, since), found in expected.items():
            assert list(transaction.landmarks({ChainNumber(number): since})) == found
        both = list(transaction.landmarks({ChainNumber(0): 0, ChainNumber(1): 2}))
        assert sorted(both, key=lambda one: (one.chain_number, one.sequence)) == expected[0, 0] + expected[1, 2]
        assert list(transaction.landmarks({})) == list(transaction.landmarks({ChainNumber(9): 0})) == []


def test_under_the_lock_places_are_found(store: Store) -> None:
    new = numbered(600, subjects=7)
    batch = append(store, new)
    with store.append() as transaction:
        unknown = [New(b"unknown").hash]
        assert transaction.places([*unknown, *(item.hash for item in new)]) == {
            entry.statement_hash: Place(entry.number, entry.chain_number, entry.sequence) for entry in batch.entries
        }
        assert transaction.places([]) == transaction.places(unknown) == {}


def test_what_findings_ask_of_the_past(store: Store) -> None:
    """Of one chain, of parties, and of what is before a place in it."""
    said = [
        Said(0, "one", writer="w"),
        Said(1, "one", writer="w"),
        Said(2, "two", writer="w"),
        Said(3, "one", writer="v"),
        Said(4, "one", writer="w", by_party=False),
        Said(6, "two", writer="w"),
    ]
    new = numbered(7, "a", subjects=2)
    append_events(store, new, *said)
    w, v, one, two = key("w"), key("v"), key("one"), key("two")
    with store.append() as transaction:
        for reader in (store, transaction):
            assert set(reader.numbers_used(0, 4, {w: range(9), v: [0]})) == {(w, 0), (w, 2), (w, 6)}
            assert set(reader.numbers_used(0, 3, {w: [2, 4, 6]})) == {(w, 2)}
            assert set(reader.numbers_used(1, 9, {v: [3], w: [0, 3]})) == {(v, 3)}
            assert set(reader.numbers_used(0, 0, {w: [0]})) == set(reader.numbers_used(7, 9, {w: [0]})) == set()
            assert reader.first_named(0, 4, [one, two]) == {(w, one): 0, (w, two): 2}
            assert reader.first_named(0, 1, [one, two]) == {(w, one): 0}
            assert reader.first_named(1, 4, [one]) == {(w, one): 1, (v, one): 3}
            assert reader.first_named(0, 4, []) == reader.first_named(0, 4, [key("three")]) == {}
            assert reader.statements([6, 0, 7, -1, 2**70]) == {6: new[6].body, 0: new[0].body}
            assert reader.statements([]) == {}


def test_what_is_rolled_back_leaves_no_event(store: Store) -> None:
    append(store, numbered(2, "a", subjects=1))

    def fail(_batch: Batch) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        append(
            store,
            [New(b"x", "a-0")],
            spoil=lambda batch: saying(batch, [Said(0, landmark=True, refers_to=(1,))]),
            after=fail,
        )
    assert list(store.event_numbers()) == list(store.referring_numbers()) == []
    with store.append() as transaction:
        assert list(transaction.landmarks({ChainNumber(0): 0})) == []


@pytest.mark.parametrize("target", [2, 3, 9])
def test_no_event_refers_to_itself_or_to_what_comes_later(store: Store, target: int) -> None:
    append(store, numbered(2, "a", subjects=1))
    with pytest.raises((BrokenRuleError, LogCorruptError, StoreUnavailableError)):
        append_events(store, [New(b"x", "a-0"), New(b"y", "a-0")], Said(0, refers_to=(target,)))
    assert list(store.event_numbers()) == []
