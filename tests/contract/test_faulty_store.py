"""The store that fails does so as it was told, and as a real one would."""

import pytest

from counterfoil.errors import StoreUnavailableError
from counterfoil.log.records import ChainNumber
from counterfoil.merkle.tiles import TileId
from counterfoil.storage.memory import MemoryStore
from tests.contract.faulty_store import Call, Fault, FaultyStore, How
from tests.contract.rows import New, append, batch_of, numbered
from tests.contract.stores import Store, everything
from tests.contract.whole import check_whole


def every_call(store: FaultyStore) -> None:
    """One transaction that makes each call, and appends one entry."""
    with store.append() as transaction:
        batch = batch_of(transaction, [New(b"the entry")])
        transaction.places([New(b"x").hash])
        transaction.landmarks({ChainNumber(0): 0})
        transaction.numbers_used(0, 1, {New(b"x").hash: [0]})
        transaction.first_named(0, 1, [New(b"x").hash])
        transaction.statements([0])
        transaction.leaf_hashes(0, 1)
        transaction.tile_roots(0, 0, 1)
        transaction.tile(TileId(0, 0))
        transaction.write(batch)


def test_without_faults_it_is_the_store_inside(store: Store) -> None:
    faulty = FaultyStore(store)
    append(faulty, numbered(300))
    every_call(faulty)
    assert check_whole(store) == 301
    assert set(faulty.calls) == set(Call)


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("call", Call)
def test_each_call_fails_as_told(store: Store, call: Call, how: How) -> None:
    append(store, numbered(3))
    before = everything(store)
    faulty = FaultyStore(store, Fault(call, how))
    with pytest.raises(StoreUnavailableError, match=call):
        every_call(faulty)
    assert faulty.pending == ()
    assert faulty.calls[-1] == call
    committed = (call, how) == (Call.COMMIT, How.DONE)
    assert (everything(store) != before) is committed
    if not committed:
        every_call(faulty)
    assert check_whole(store) == 4


def test_a_later_call_fails_and_those_before_it_do_not(store: Store) -> None:
    faulty = FaultyStore(store, Fault(Call.COMMIT, How.LOST, nth=3), Fault(Call.BEGIN, How.LOST, nth=5))
    for turn in range(5):
        if turn in {2, 4}:
            with pytest.raises(StoreUnavailableError):
                append(faulty, numbered(2, str(turn)))
        else:
            append(faulty, numbered(2, str(turn)))
    assert check_whole(store) == 6


def test_a_fault_that_never_comes_stays_pending() -> None:
    fault = Fault(Call.TILE, How.LOST)
    faulty = FaultyStore(MemoryStore(), fault)
    append(faulty, numbered(2))
    assert faulty.pending == (fault,)


def test_an_error_of_the_caller_is_no_commit(store: Store) -> None:
    faulty = FaultyStore(store)

    def interrupt(_written: object) -> None:
        raise RuntimeError("of the caller")

    with pytest.raises(RuntimeError):
        append(faulty, numbered(2), after=interrupt)
    assert Call.COMMIT not in faulty.calls
    assert check_whole(store) == 0
