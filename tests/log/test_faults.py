"""Whatever call of an append fails, and however: nothing is lost that was promised, and nothing is there twice."""

import asyncio

import pytest

from counterfoil.errors import StoreUnavailableError
from counterfoil.log.fsck import check_log
from counterfoil.log.local_log import LocalLog
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.verify import verify_inclusion_receipt
from counterfoil.register import Registration, register
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, sign_statement
from tests.contract.faulty_store import Call, Fault, FaultyStore, How
from tests.contract.stores import Store
from tests.log.material import register_all, store_of

FEW = 5
ALMOST_A_TILE = 252
"""Entries before the fault, the founding ones among them. Only ten that complete a tile read old leaf hashes."""

CALLS = [Call.BEGIN, Call.HEAD, Call.PRIOR, Call.LEAF_HASHES, Call.WRITE, Call.COMMIT]
"""An append reads no tile's hashes, and roots of tiles only at the 65,536th entry: a test below says so."""

ONCE = (Call.LEAF_HASHES, 2)
"""One of several batches completes the tile, so no second one reads old leaf hashes."""

pytestmark = pytest.mark.filterwarnings("error")


def entries_before(call: Call) -> int:
    return ALMOST_A_TILE if call is Call.LEAF_HASHES else FEW


async def filled(world: World, count: int) -> LocalLog:
    log = world.open()
    await register_all([sign_statement(world.agent, subject=f"trace-{i % 3}") for i in range(count - 2)], log)
    return log


def ten(world: World) -> list[bytes]:
    return [sign_statement(world.agent, subject=f"trace-{i % 4}") for i in range(10)]


def put_fault(log: LocalLog, *faults: Fault, max_batch: int = 256) -> FaultyStore:
    faulty = FaultyStore(log._sequencer._store, *faults)
    log._sequencer._store = faulty
    log._commits._max_batch = max_batch
    return faulty


async def outcomes(statements: list[bytes], log: LocalLog) -> list[Registration | BaseException]:
    return await asyncio.gather(*(register(data, log) for data in statements), return_exceptions=True)


def require_receipt(registration: Registration, data: bytes, log: LocalLog) -> None:
    leaf = statement_leaf(parse_signed_statement(data).hash)
    key = log.genesis.keys[KeyPurpose.RECEIPT]
    assert verify_inclusion_receipt(parse_receipt(registration.receipt), leaf, key).leaf_index == registration.number


def require_sound(store: Store, count: int, *, meanwhile: bool = False) -> None:
    """Whole and in order. In between only a short log in memory is examined: that takes longer than all else."""
    if not meanwhile or (isinstance(store, MemoryStore) and count < ALMOST_A_TILE):
        assert check_log(store) == ()
    entries = store.entries(0, 2**62)
    assert [entry.number for entry in entries] == list(range(count))
    assert len({entry.duplicate_key for entry in entries}) == count


@pytest.mark.parametrize("same_again", [True, False], ids=["same_batch_again", "other_batch_first"])
@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("call", CALLS)
def test_one_failed_call(world: World, call: Call, how: How, same_again: bool) -> None:  # noqa: FBT001 - a parameter
    async def run() -> None:
        before = entries_before(call)
        log = await filled(world, before)
        faulty = put_fault(log, Fault(call, how))
        statements, others = ten(world), ten(world)
        failed = await outcomes(statements, log)
        assert all(isinstance(outcome, StoreUnavailableError) for outcome in failed)
        assert faulty.pending == ()
        durable = (call, how) == (Call.COMMIT, How.DONE)
        require_sound(store_of(world), before + (10 if durable else 0), meanwhile=True)
        if not same_again:
            await register_all(others, log)
            require_sound(store_of(world), before + (20 if durable else 10), meanwhile=True)
        again = await register_all(statements, log)
        assert [one.new for one in again] == [not durable] * 10
        require_sound(store_of(world), before + (10 if same_again else 20))
        for registration, data in zip(again, statements, strict=True):
            require_receipt(registration, data, log)
        reopened = await register_all(statements, world.open())
        assert [(one.number, one.receipt) for one in reopened] == [(one.number, one.receipt) for one in again]

    asyncio.run(run())


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize(("call", "nth"), [(call, nth) for call in CALLS for nth in (1, 2) if (call, nth) != ONCE])
def test_one_of_several_batches_fails(world: World, call: Call, how: How, nth: int) -> None:
    async def run() -> None:
        before = entries_before(call)
        log = await filled(world, before)
        faulty = put_fault(log, Fault(call, how, nth=nth), max_batch=3)
        statements = ten(world)
        found = await outcomes(statements, log)
        assert faulty.pending == ()
        head = log.head()
        for outcome, data in zip(found, statements, strict=True):
            if isinstance(outcome, Registration):
                require_receipt(outcome, data, log)
                assert outcome.number < head.tree.size
            else:
                assert isinstance(outcome, StoreUnavailableError)
        require_sound(store_of(world), head.tree.size, meanwhile=True)
        again = await register_all(statements, log)
        require_sound(store_of(world), before + 10)
        for outcome, registration in zip(found, again, strict=True):
            if isinstance(outcome, Registration):
                assert (outcome.number, outcome.receipt) == (registration.number, registration.receipt)

    asyncio.run(run())


def test_which_calls_an_append_makes(world: World) -> None:
    async def run() -> None:
        log = await filled(world, ALMOST_A_TILE)
        faulty = put_fault(log)
        await register_all(ten(world), log)
        assert set(faulty.calls) == set(CALLS)

    asyncio.run(run())


def test_every_call_fails_once_and_patience_wins(world: World) -> None:
    async def run() -> None:
        log = await filled(world, FEW)
        faulty = put_fault(log, *(Fault(call, how, nth) for call in CALLS for nth, how in enumerate(How, start=1)))
        statements = ten(world)
        found: list[Registration | BaseException] = []
        for _ in range(2 * len(CALLS) + 1):
            found = await outcomes(statements, log)
            assert check_log(store_of(world)) == ()
        assert all(isinstance(outcome, Registration) for outcome in found)
        assert {fault.call for fault in faulty.pending} <= {Call.LEAF_HASHES}
        require_sound(store_of(world), FEW + 10)

    asyncio.run(run())
