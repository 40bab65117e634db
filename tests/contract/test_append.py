"""What LogStore promises."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from counterfoil.errors import StoreUnavailableError
from counterfoil.log.records import Prior, Registered
from counterfoil.merkle.tiles import TileId
from counterfoil.policy.document import Visibility
from counterfoil.receipt.leaf import statement_leaf
from tests.contract.rows import START, New, append, batch_of, numbered
from tests.contract.stores import Place, Store, everything
from tests.contract.whole import check_whole

NOTHING = Prior({}, {}, None)


class Interrupted(BaseException):
    """Stands for a thread that is stopped."""


def test_an_empty_store_has_no_head_under_the_lock(store: Store) -> None:
    with store.append() as transaction:
        assert transaction.head is None
        assert transaction.prior([New(b"x").duplicate_key], [New(b"x").chain_id], 1) == NOTHING
        assert list(transaction.leaf_hashes(0, 256)) == []
        assert list(transaction.tile_roots(0, 0, 256)) == []
        assert transaction.tile(TileId(0, 0)) is None
    assert store.head() is None


def test_founding_makes_everything_visible_together(store: Store) -> None:
    batch = append(store, numbered(2))
    held = everything(store)
    assert held.head == batch.head
    assert held.entries == batch.entries
    assert held.contents == batch.contents
    assert held.chains == batch.chains
    assert held.tree_heads == (batch.head.tree,)
    assert held.signatures == (batch.signature,)


def test_nothing_is_visible_before_the_transaction_ends(place: Place) -> None:
    store, other = place.open(), place.open()
    append(store, numbered(2))
    before = everything(other)
    with store.append() as transaction:
        batch = batch_of(transaction, numbered(5, "more"))
        transaction.write(batch)
        assert everything(other) == before
    assert everything(other).head == batch.head


@pytest.mark.parametrize("sizes", [[255, 1], [255, 2], [256], [1, 256, 256], [2, 253, 3, 300], [600, 1, 200]])
def test_batches_across_the_edges_of_tiles(store: Store, sizes: list[int]) -> None:
    new = numbered(sum(sizes), subjects=40)
    for size in sizes:
        append(store, new[:size])
        del new[:size]
    assert check_whole(store) == sum(sizes)
    assert len(store.all_tiles()) == sum(sizes) // 256


def test_under_the_lock_what_was_committed_is_found(store: Store) -> None:
    new = numbered(600, subjects=600)
    batch = append(store, new)
    with store.append() as transaction:
        assert transaction.head == batch.head
        asked = [*new, *numbered(1024, "unknown", subjects=1024)]
        keys, chain_ids = [item.duplicate_key for item in asked], [item.chain_id for item in asked]
        registered = {
            item.duplicate_key: Registered(e.number, item.hash) for item, e in zip(new, batch.entries, strict=True)
        }
        chains = {chain.chain_id: chain for chain in batch.chains}
        assert transaction.prior(keys, chain_ids, 600) == Prior(registered, chains, batch.head.tree)
        assert transaction.prior(keys, [], None) == Prior(registered, {}, None)
        assert transaction.prior([], chain_ids, 599) == Prior({}, chains, None)
        assert transaction.prior([], [], 600) == Prior({}, {}, batch.head.tree)
        assert transaction.prior([], [], None) == NOTHING
        for size in (0, 601, -1, 2**63, 2**64):
            assert transaction.prior([], [], size) == NOTHING


def test_under_the_lock_the_tree_is_read(store: Store) -> None:
    batch = append(store, numbered(600))
    with store.append() as transaction:
        leaves = [statement_leaf(entry.statement_hash) for entry in batch.entries]
        assert list(transaction.leaf_hashes(0, 600)) == leaves
        assert list(transaction.leaf_hashes(598, 700)) == leaves[598:]
        assert list(transaction.tile_roots(0, 0, 256)) == [tile.root for tile in batch.tiles]
        assert list(transaction.tile_roots(0, 1, 2)) == [batch.tiles[1].root]
        assert list(transaction.tile_roots(1, 0, 256)) == []
        assert transaction.tile(TileId(0, 1)) == batch.tiles[1].hashes
        assert transaction.tile(TileId(0, 2)) is None


def test_a_transaction_that_writes_nothing_changes_nothing(store: Store) -> None:
    append(store, numbered(3))
    before = everything(store)
    with store.append() as transaction:
        assert transaction.head == before.head
    assert everything(store) == before


@pytest.mark.parametrize("error", [RuntimeError, StoreUnavailableError, Interrupted, GeneratorExit])
@pytest.mark.parametrize("founded", [False, True])
def test_an_error_after_the_write_leaves_nothing(store: Store, error: type[BaseException], *, founded: bool) -> None:
    if founded:
        append(store, numbered(25))
    before = everything(store)

    def raise_after_the_write(_written: object) -> None:
        raise error("after the write")

    with pytest.raises(error):
        append(store, numbered(20, "lost"), after=raise_after_the_write)
    assert everything(store) == before
    append(store, numbered(20, "kept"))
    check_whole(store)


def test_an_error_before_the_write_leaves_nothing_and_frees_the_head(place: Place) -> None:
    store = place.open()
    append(store, numbered(2))
    before = everything(store)
    with pytest.raises(RuntimeError), store.append():
        raise RuntimeError("before the write")
    assert everything(store) == before
    append(place.open(), numbered(2, "next"))


def test_the_next_append_sees_the_one_before(place: Place) -> None:
    first = append(place.open(), numbered(3))
    with place.open().append() as transaction:
        assert transaction.head == first.head
        second = batch_of(transaction, numbered(3, "next"), time=START + 5, next_page=2, rules_entry=3, policy_entry=2)
        transaction.write(second)
    assert everything(place.open()).head == second.head


def test_a_chain_moves_on_and_keeps_its_number(store: Store) -> None:
    append(store, [New(b"1", "a"), New(b"2", "b", Visibility.PUBLIC), New(b"3", "a")])
    append(store, [New(b"4", "c"), New(b"5", "b", Visibility.OPERATOR), New(b"6", "b", Visibility.PUBLIC)])
    chains = store.all_chains()
    assert [(chain.number, chain.length, chain.visibility.value) for chain in chains] == [
        (0, 2, "parties"),
        (1, 3, "operator"),
        (2, 1, "parties"),
    ]
    check_whole(store)


def test_threads_append_one_after_another(place: Place) -> None:
    append(place.open(), numbered(2))
    stores = [place.open(), place.open()]

    def append_many(who: int) -> None:
        for turn in range(15):
            append(stores[who], numbered(1 + (turn * 7 + who) % 40, f"{who}/{turn}"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(append_many, range(2)))
    assert check_whole(place.open()) == 2 + sum(1 + (turn * 7 + who) % 40 for who in range(2) for turn in range(15))
    assert len(place.open().tree_heads(0, 100)) == 31


def test_threads_of_one_store_append_and_read_at_once(store: Store) -> None:
    append(store, numbered(2))

    def append_many(who: int) -> int:
        for turn in range(10):
            append(store, numbered(9, f"{who}/{turn}"))
        return 0

    def read_many(_who: int) -> int:
        size = 0
        while size < 2 + 2 * 10 * 9:
            head = store.head()
            assert head is not None
            assert head.tree.size >= size
            size = head.tree.size
            entries = store.entries(0, size)
            assert len(entries) == size
            assert store.tree_head_over(size - 1) == head.tree
            assert store.content(size - 1) is not None
        return size

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(read_many, 0), pool.submit(read_many, 1), *(pool.submit(append_many, i) for i in range(2))]
        assert [future.result() for future in done] == [182, 182, 0, 0]
    check_whole(store)
