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


def chain_number_left_out(batch: Batch) -> Batch:
    first = batch.chains[0].number
    entries = tuple(
        replace(entry, chain_number=ChainNumber(9)) if entry.chain_number == first else entry for entry in batch.entries
    )
    return chain(0, number=9)(replace(batch, entries=entries))


# The batch that is spoilt: entries 10 to 289, the chains "new-0" to "new-2" begin and "statement-0" and "-1" go on.
NEW = [*numbered(270, "new"), *(New(f"on {i}".encode(), f"statement-{i % 2}") for i in range(10))]
# What the referee says, and what it says it of.
BROKEN: dict[str, list[Spoil]] = {
    "can change": [entry(0, decision=Changeable(b"decision"))],
    "a value of type bytearray": [
        entry(0, decision=bytearray(b"decision")),
        content(0, statement=bytearray(b"x")),
        tile(0, hashes=bytearray(32 * 256)),
    ],
    "a value of type list": [batch_with(lambda batch: {"entries": list(batch.entries)})],
    "without entries": [lambda batch: replace(batch, entries=(), contents=(), chains=(), tiles=())],
    "numbers of the entries": [
        entry(279, number=290),
        entry(0, number=9),
        lambda batch: replace(batch, entries=batch.entries[::-1]),
    ],
    "a statement is written twice": [
        entry(0, statement_hash=New(b"statement 0").hash),
        entry(0, statement_hash=New(b"new 1").hash),
    ],
    "a duplicate key": [
        entry(0, duplicate_key=New(b"statement 0").duplicate_key),
        entry(0, duplicate_key=New(b"new 1").duplicate_key),
    ],
    "the contents": [
        lambda batch: replace(batch, contents=batch.contents[:-1]),
        lambda batch: replace(batch, contents=(*batch.contents, batch.contents[-1])),
        content(0, number=3),
    ],
    "the head has size": [tree(size=10), tree(size=291)],
    "the signature": [lambda batch: replace(batch, signature=replace(batch.signature, size=TreeSize(10)))],
    "entries that are not there": [
        head(rules_entry=290),
        head(policy_entry=4),
        head(next_page=291),
        head(next_page=-1),
        head(policy_entry=-1),
    ],
    "the head's time": [tree(time=START - 1)],
    "the head goes back": [head(rules_entry=2), head(policy_entry=1), head(next_page=1)],
    "another root than the tree head": [tree(root=OTHER)],
    "the frontier is not that of the entries": [entry(5, statement_hash=OTHER)],
    "the chains are not": [
        entry(0, chain_number=77),
        lambda batch: replace(batch, chains=batch.chains[1:]),
        lambda batch: replace(batch, chains=(*batch.chains, batch.chains[0])),
        lambda batch: replace(
            batch,
            chains=(*batch.chains, replace(batch.chains[0], number=ChainNumber(6), chain_id=ChainId(OTHER))),
        ),
        chain(0, chain_id=New(b"", "statement-0").chain_id),
    ],
    "the numbers of the chains": [chain_number_left_out, head(chain_count=7)],
    "has another id": [chain(4, chain_id=OTHER), chain(0, chain_id=New(b"", "statement-2").chain_id)],
    "the sequence of chain": [entry(279, sequence=1000), entry(270, sequence=0), entry(0, chain_number=4)],
    "is not what its last entry leaves": [chain(4, length=1), chain(0, length=1000), chain(0, chain_hash=OTHER)],
    "the chain hash of entry": [entry(3, chain_hash=OTHER), entry(279, decision=b"another")],
    "the visibility of chain": [
        chain(3, visibility=Visibility.PUBLIC),
        chain(4, visibility=Visibility.PARTIES),
        chain(0, visibility=Visibility.OPERATOR),
    ],
    "the tiles are not": [
        lambda batch: replace(batch, tiles=()),
        lambda batch: replace(batch, tiles=batch.tiles * 2),
        tile(0, id=TileId(0, 1)),
    ],
    "does not hold the 256 hashes": [tile(0, hashes=bytes(32 * 255)), tile(0, hashes=bytes(32 * 256))],
    "has another root than its hashes": [tile(0, root=OTHER)],
}


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore(lock_timeout=0.05)
    first = [*numbered(9), New(b"for the operator", "statement-1", Visibility.OPERATOR)]
    append(made, first, next_page=2, rules_entry=3, policy_entry=2)
    return made


def test_the_batch_itself_is_lawful(store: MemoryStore) -> None:
    append(store, NEW)
    assert check_whole(store) == 290


@pytest.mark.parametrize(("rule", "spoil"), [(rule, spoil) for rule, spoils in BROKEN.items() for spoil in spoils])
def test_a_broken_rule_is_noticed(store: MemoryStore, rule: str, spoil: Spoil) -> None:
    before = everything(store)
    with pytest.raises(BrokenRuleError, match=rule):
        append(store, NEW, spoil=spoil)
    assert everything(store) == before
    append(store, NEW)


def test_an_append_of_nothing(store: MemoryStore) -> None:
    with pytest.raises(BrokenRuleError, match="without entries"):
        append(store, [])


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
        lambda transaction, batch: transaction.prior([batch.entries[0].duplicate_key], [], None),
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
        lambda: transaction.prior([], [], None),
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
