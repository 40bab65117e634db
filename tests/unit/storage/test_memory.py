"""The referee notices each broken rule, and leaves the log as it was."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from counterfoil.errors import StoreUnavailableError
from counterfoil.log.records import Batch, ChainNumber
from counterfoil.merkle.hashing import TreeSize
from counterfoil.merkle.tiles import TileId
from counterfoil.policy.document import Visibility
from counterfoil.statement.links import ChainId
from counterfoil.storage.memory import MemoryAppend, MemoryStore
from counterfoil.storage.referee import BrokenRuleError
from tests.contract.rows import KEY, START, New, append, batch_of, numbered
from tests.contract.stores import everything
from tests.contract.whole import check_whole

Spoil = Callable[[Batch], Batch]
OTHER = bytes(range(32))


def change(records: tuple[Any, ...], at: int, **changes: object) -> tuple[Any, ...]:
    return tuple(replace(item, **changes) if place == at else item for place, item in enumerate(records))


def entry(at: int, **changes: object) -> Spoil:
    return lambda batch: replace(batch, entries=change(batch.entries, at, **changes))


def content(at: int, **changes: object) -> Spoil:
    return lambda batch: replace(batch, contents=change(batch.contents, at, **changes))


def chain(at: int, **changes: object) -> Spoil:
    return lambda batch: replace(batch, chains=change(batch.chains, at, **changes))


def tile(at: int, **changes: object) -> Spoil:
    return lambda batch: replace(batch, tiles=change(batch.tiles, at, **changes))


def batch_with(changes: Callable[[Batch], dict[str, Any]]) -> Spoil:
    return lambda batch: replace(batch, **changes(batch))


def head(**changes: Any) -> Spoil:
    return lambda batch: replace(batch, head=replace(batch.head, **changes))


def tree(**changes: Any) -> Spoil:
    return lambda batch: replace(batch, head=replace(batch.head, tree=replace(batch.head.tree, **changes)))


@dataclass
class Changeable:
    """Equal to bytes in nothing but its use."""

    data: bytes


# The batch that is spoilt: entries 10 to 289, chains "new-0" to "new-2" begun, "statement-0" to "-2" going on.
BROKEN: dict[str, Spoil] = {
    "nothing is written": lambda batch: replace(batch, entries=(), contents=(), chains=(), tiles=()),
    "a number is left out": entry(279, number=290),
    "a number is taken": entry(0, number=9),
    "numbers are in another order": lambda batch: replace(batch, entries=batch.entries[::-1]),
    "a statement of before": entry(0, statement_hash=New(b"statement 0").hash),
    "a statement twice": entry(0, statement_hash=New(b"new 1").hash),
    "a duplicate key of before": entry(0, duplicate_key=New(b"statement 0").duplicate_key),
    "a duplicate key twice": entry(0, duplicate_key=New(b"new 1").duplicate_key),
    "another statement": entry(5, statement_hash=OTHER),
    "another chain": entry(0, chain_number=0),
    "a chain that is not written": entry(0, chain_number=77),
    "a sequence number left out": entry(279, sequence=1000),
    "a sequence number taken": entry(270, sequence=0),
    "another chain hash in the middle": entry(3, chain_hash=OTHER),
    "another decision": entry(277, decision=b"another"),
    "bytes that can change": entry(0, decision=bytearray(b"decision")),
    "a record that can change": entry(0, decision=Changeable(b"decision")),
    "a list": batch_with(lambda batch: {"entries": list(batch.entries)}),
    "content missing": lambda batch: replace(batch, contents=batch.contents[:-1]),
    "content of another entry": content(0, number=3),
    "content twice": lambda batch: replace(batch, contents=(*batch.contents, batch.contents[-1])),
    "content that can change": content(0, statement=bytearray(b"x")),
    "a chain missing": lambda batch: replace(batch, chains=batch.chains[1:]),
    "a chain twice": lambda batch: replace(batch, chains=(*batch.chains, batch.chains[0])),
    "a chain without entries": lambda batch: replace(
        batch, chains=(*batch.chains, replace(batch.chains[0], number=ChainNumber(6), chain_id=ChainId(OTHER)))
    ),
    "a chain number left out": chain(0, number=9),
    "a chain id changed": chain(5, chain_id=OTHER),
    "a chain begun again": chain(0, chain_id=New(b"", "statement-0").chain_id),
    "a chain that goes back": chain(5, length=1),
    "a chain too long": chain(0, length=1000),
    "another chain head": chain(0, chain_hash=OTHER),
    "a chain shown to more": chain(5, visibility=Visibility.PUBLIC),
    "a chain shown to fewer": chain(0, visibility=Visibility.OPERATOR),
    "chains miscounted": head(chain_count=7),
    "a head that does not grow": tree(size=10),
    "a head too large": tree(size=291),
    "another root": tree(root=OTHER),
    "a head of before": tree(time=START - 1),
    "rules that go back": head(rules_entry=1, policy_entry=1),
    "rules of no entry": head(rules_entry=290),
    "a policy after the rules": head(policy_entry=3),
    "pages that go back": head(next_page=1),
    "pages of no entry": head(next_page=291),
    "a signature over another head": lambda batch: replace(
        batch, signature=replace(batch.signature, size=TreeSize(10))
    ),
    "a tile missing": lambda batch: replace(batch, tiles=()),
    "a tile twice": lambda batch: replace(batch, tiles=batch.tiles * 2),
    "a tile elsewhere": tile(0, id=TileId(0, 1)),
    "a tile that is not full": tile(0, hashes=bytes(32 * 255)),
    "a tile of other hashes": tile(0, hashes=bytes(32 * 256)),
    "a tile of another root": tile(0, root=OTHER),
    "a tile that can change": tile(0, hashes=bytearray(32 * 256)),
}


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore(lock_timeout=0.05)
    append(made, numbered(10), next_page=2, rules_entry=2, policy_entry=2)
    return made


NEW = [*numbered(270, "new"), *(New(f"on {i}".encode(), f"statement-{i % 3}") for i in range(10))]


def test_the_batch_itself_is_lawful(store: MemoryStore) -> None:
    append(store, NEW)
    assert check_whole(store) == 290


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_rule_is_noticed(store: MemoryStore, broken: str) -> None:
    before = everything(store)
    with pytest.raises(BrokenRuleError):
        append(store, NEW, spoil=BROKEN[broken])
    assert everything(store) == before
    append(store, NEW)


def test_a_frontier_of_another_tree(store: MemoryStore) -> None:
    with store.append() as transaction:
        other = batch_of(transaction, numbered(280, "other")).head.frontier
    with pytest.raises(BrokenRuleError, match="another root than the tree head"):
        append(store, NEW, spoil=head(frontier=other))
    root = other.root()
    with pytest.raises(BrokenRuleError, match="not that of the entries"):
        append(store, NEW, spoil=lambda batch: tree(root=root)(head(frontier=other)(batch)))


def test_a_tile_is_not_written_again(store: MemoryStore) -> None:
    first = append(store, NEW)
    with pytest.raises(BrokenRuleError, match="tiles"):
        append(store, numbered(3, "next"), spoil=lambda batch: replace(batch, tiles=first.tiles))


@pytest.mark.parametrize(
    "use",
    [
        lambda transaction, batch: transaction.write(batch),
        lambda transaction, batch: transaction.registered([batch.entries[0].duplicate_key]),
        lambda transaction, _batch: transaction.head,
    ],
)
def test_the_write_is_the_last_thing_in_a_transaction(
    store: MemoryStore, use: Callable[[MemoryAppend, Batch], object]
) -> None:
    def write_and_go_on() -> None:
        with store.append() as transaction:
            batch = batch_of(transaction, NEW)
            transaction.write(batch)
            use(transaction, batch)

    with pytest.raises(BrokenRuleError, match="after its write"):
        write_and_go_on()
    assert check_whole(store) == 10


@pytest.mark.parametrize("commits", [True, False])
def test_a_transaction_ends_with_its_block(store: MemoryStore, *, commits: bool) -> None:
    with store.append() as transaction:
        batch = batch_of(transaction, NEW)
        if commits:
            transaction.write(batch)
    uses: list[Callable[[], object]] = [
        lambda: transaction.head,
        lambda: transaction.registered([]),
        lambda: transaction.chains([]),
        lambda: transaction.leaf_hashes(0, 1),
        lambda: transaction.tile_roots(0, 0, 1),
        lambda: transaction.tile(TileId(0, 0)),
        lambda: transaction.write(batch),
    ]
    for use in uses:
        with pytest.raises(BrokenRuleError, match="after its end"):
            use()


def test_an_append_within_an_append_does_not_hang(store: MemoryStore) -> None:
    with store.append(), pytest.raises(StoreUnavailableError), store.append():
        pytest.fail("the lock was had")
    append(store, NEW)


def test_what_was_answered_is_not_the_store_itself(store: MemoryStore) -> None:
    before = everything(store)
    answers = (
        store.entries(0, 5),
        store.all_chains(),
        store.all_tiles(),
        store.tree_heads(0, 9),
        store.all_signatures(),
    )
    for answer in (*answers, store.content_numbers(), store.evidence_numbers(), store.signatures(10)):
        assert isinstance(answer, list)
        answer.clear()
    assert everything(store) == before
    assert store.signatures(10)[0].key_thumbprint == KEY
