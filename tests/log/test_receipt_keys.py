"""Receipt keys come and go while several processes append; the whole log is recomputed after every step."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.errors import (
    KeyRevokedError,
    KeysMismatchError,
    LogKeyUnknownError,
    ReceiptKeyEndedError,
    ReceiptKeyRefusedError,
    RevocationRefusedError,
    SizeNotCommittedError,
)
from counterfoil.log.fsck import check_log
from counterfoil.log.local_log import LocalLog
from counterfoil.log.plan import Placed
from counterfoil.receipt.tree_head import sign_head
from counterfoil.register import Registration, register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import open_sqlite
from counterfoil.verify import log_keys_of, verify_consistency, verify_receipt
from tests.builders import World, sign_statement
from tests.key_notices import announcement, compromise, retirement, revocation
from tests.log.material import next_policy, page_statement, register_all, require_clean, store_of, submit


@dataclass
class Rotation:
    """A log with three processes' worth of keys; ``old`` signs with the first one, ``new`` with the one to come."""

    world: World
    key: LocalSigner = field(default_factory=lambda: generate_private_key("ES256"))
    statements: dict[int, bytes] = field(default_factory=dict)

    @property
    def first(self) -> LocalSigner:
        return self.world.signers[KeyPurpose.RECEIPT]

    def open(self, key: LocalSigner) -> LocalLog:
        return replace(self.world, signers={**self.world.signers, KeyPurpose.RECEIPT: key}).open()

    def add(self, log: LocalLog, data: bytes | None = None) -> Registration:
        """Register one statement through a process; nothing in the log disagrees afterwards."""
        self.world.clock.now += 1
        statement = sign_statement(self.world.agent) if data is None else data
        done = asyncio.run(register(statement, log))
        self.statements[done.number] = statement
        require_clean(self.world)
        return done

    def is_by(self, number: int, receipt: bytes, key: LocalSigner) -> int:
        """Check that a receipt is by that key and by no other; the size that it is of."""
        statement = self.statements[number]
        found = verify_receipt(statement, receipt, log_keys_of(key.public_key)).inclusion
        assert found.leaf_index == number
        other = self.first if key is self.key else self.key
        with pytest.raises(LogKeyUnknownError):
            verify_receipt(statement, receipt, log_keys_of(other.public_key))
        return found.tree_size


@pytest.fixture(params=["memory", "sqlite"])
def rotation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rotation]:
    """A founded log on a store."""
    if request.param == "memory":
        yield Rotation(World(MemoryStore()).found())
    else:
        with closing(open_sqlite(tmp_path / "log.db", create=True)) as store:
            yield Rotation(World(store).found())


def test_a_planned_rotation_with_overlap(rotation: Rotation) -> None:
    old = rotation.open(rotation.first)
    before = rotation.add(old)
    with pytest.raises(KeysMismatchError) as mismatch:
        rotation.open(rotation.key)
    assert rotation.first.public_key.thumbprint.hex() in mismatch.value.detail
    rotation.add(old, announcement(rotation.world, rotation.key))
    new = rotation.open(rotation.key)
    overlap = [(rotation.add(log), key) for log, key in [(old, rotation.first), (new, rotation.key)] * 2]
    retired = rotation.add(new, retirement(rotation.world, rotation.first))
    assert rotation.is_by(retired.number, retired.receipt, rotation.key) == retired.number + 1
    refused = sign_statement(rotation.world.agent)
    with pytest.raises(ReceiptKeyEndedError):
        asyncio.run(register(refused, old))
    with pytest.raises(KeysMismatchError) as ended:
        rotation.open(rotation.first)
    assert rotation.key.public_key.thumbprint.hex() in ended.value.detail
    later = rotation.add(new, refused)
    for log in (old, new):
        for done, key in [(before, rotation.first), *overlap, (retired, rotation.key), (later, rotation.key)]:
            assert log.receipts.stable(done.number) == done.receipt
            rotation.is_by(done.number, done.receipt, key)
            rotation.is_by(done.number, log.receipts.fresh(done.number), rotation.key)


def test_a_batch_by_a_key_that_has_ended_changes_nothing(rotation: Rotation) -> None:
    old = rotation.open(rotation.first)
    rotation.add(old, announcement(rotation.world, rotation.key))
    new = rotation.open(rotation.key)
    early = [submit(sign_statement(rotation.world.agent), old) for _ in range(3)]
    rotation.add(new, retirement(rotation.world, rotation.first))
    head, signatures = rotation.world.head(), store_of(rotation.world).all_signatures()

    async def late() -> None:
        statements = [sign_statement(rotation.world.agent) for _ in range(3)]
        for refused in await asyncio.gather(*(register(one, old) for one in statements), return_exceptions=True):
            assert isinstance(refused, ReceiptKeyEndedError)
        for submission in early:
            outcome, receipt = await old.append(submission)
            assert not isinstance(outcome, Placed)
            assert receipt is None

    asyncio.run(late())
    assert (rotation.world.head(), store_of(rotation.world).all_signatures()) == (head, signatures)
    require_clean(rotation.world)


def test_a_process_does_not_end_the_key_that_it_signs_with(rotation: Rotation) -> None:
    old = rotation.open(rotation.first)
    rotation.add(old, announcement(rotation.world, rotation.key))
    new = rotation.open(rotation.key)
    for end in (retirement, compromise):
        for log, key in ((old, rotation.first), (new, rotation.key)):
            with pytest.raises(ReceiptKeyEndedError):
                asyncio.run(register(end(rotation.world, key), log))
    require_clean(rotation.world)
    rotation.add(old, retirement(rotation.world, rotation.key))
    with pytest.raises(ReceiptKeyEndedError):
        asyncio.run(register(sign_statement(rotation.world.agent), new))
    with pytest.raises(ReceiptKeyRefusedError):
        asyncio.run(register(retirement(rotation.world, rotation.first), old))


def test_what_else_changes_the_rules_is_refused_by_the_process_whose_key_has_ended(rotation: Rotation) -> None:
    old = rotation.open(rotation.first)
    rotation.add(old)
    rotation.add(old, announcement(rotation.world, rotation.key))
    new = rotation.open(rotation.key)
    rotation.add(new, retirement(rotation.world, rotation.first))
    another = generate_private_key("ES256")
    page = page_statement(rotation.world, new)
    for data in (announcement(rotation.world, another), next_policy(rotation.world), page):
        with pytest.raises(ReceiptKeyEndedError):
            asyncio.run(register(data, old))
        rotation.add(new, data)


def test_receipts_by_a_compromised_key_are_issued_again_and_no_others_are(rotation: Rotation) -> None:
    old = rotation.open(rotation.first)
    before = rotation.add(old)
    rotation.add(old, announcement(rotation.world, rotation.key))
    new = rotation.open(rotation.key)
    by_new, by_old = rotation.add(new), rotation.add(old)
    said = rotation.add(new, compromise(rotation.world, rotation.first))
    after = rotation.add(new)
    for log in (old, new):
        for done in (before, by_old):
            again = log.receipts.stable(done.number)
            assert rotation.is_by(done.number, again, rotation.key) == said.number + 1
            assert again == log.receipts.stable(done.number)
            with pytest.raises(SizeNotCommittedError, match="compromised"):
                log.receipts.at(done.number, done.number + 1)
            with pytest.raises(SizeNotCommittedError, match="compromised"):
                log.receipts.all_at(done.number + 1)
        for done in (by_new, said, after):
            assert log.receipts.stable(done.number) == done.receipt
    assert asyncio.run(register(rotation.statements[before.number], new)).receipt == new.receipts.stable(before.number)


def test_consistency_receipts_are_by_no_compromised_key(rotation: Rotation) -> None:
    old = rotation.open(rotation.first)
    before, later = rotation.add(old), rotation.add(old)
    root = verify_receipt(rotation.statements[before.number], before.receipt, log_keys_of(rotation.first.public_key))
    rotation.add(old, announcement(rotation.world, rotation.key))
    new = rotation.open(rotation.key)
    rotation.add(new, compromise(rotation.world, rotation.first))
    with pytest.raises(SizeNotCommittedError, match="compromised"):
        new.receipts.consistency(before.number + 1, later.number + 1)
    latest = new.receipts.latest().size
    proof = new.receipts.consistency(before.number + 1, latest)
    inclusion = root.inclusion
    verified = verify_consistency(proof, inclusion.root, log_keys_of(rotation.key.public_key))
    assert (verified.old_size, verified.new_size) == (inclusion.tree_size, latest)


def test_one_compromise_after_another(rotation: Rotation) -> None:
    third = generate_private_key("ES256")
    old = rotation.open(rotation.first)
    before = rotation.add(old)
    rotation.add(old, announcement(rotation.world, rotation.key))
    new = rotation.open(rotation.key)
    rotation.add(new, compromise(rotation.world, rotation.first))
    rotation.add(new, announcement(rotation.world, third))
    last = rotation.open(third)
    said = rotation.add(last, compromise(rotation.world, rotation.key))
    again = last.receipts.stable(before.number)
    found = verify_receipt(rotation.statements[before.number], again, log_keys_of(third.public_key)).inclusion
    assert found.tree_size == said.number + 1


def test_fsck_finds_a_head_signed_by_a_key_that_was_not_in_force_there(rotation: Rotation) -> None:
    store = rotation.world.store
    if not isinstance(store, MemoryStore):
        pytest.skip("the other store lets nobody write another signature")
    old = rotation.open(rotation.first)
    rotation.add(old)
    announced = rotation.add(old, announcement(rotation.world, rotation.key))
    new = rotation.open(rotation.key)
    retired = rotation.add(new, retirement(rotation.world, rotation.first))
    for number, key in ((retired.number, rotation.first), (announced.number - 1, rotation.key)):
        size = number + 1
        tree, kept = store.tree_head(size), store.signatures(size)
        assert tree is not None
        store._signatures[size] = [sign_head(key, rotation.world.identity, tree)]
        (finding, none) = map(str, check_log(store))
        thumbprint = key.public_key.thumbprint.hex()
        assert (
            finding == f"tree head {size}: is signed by {thumbprint}, which is no receipt key of the log in force there"
        )
        assert none == f"tree head {size}: no receipt key in force there has signed it"
        store._signatures[size] = list(kept)
    require_clean(rotation.world)


def test_a_revoked_key_registers_nothing_and_what_it_registered_stays(rotation: Rotation) -> None:
    log = rotation.open(rotation.first)
    before = rotation.add(log)
    with pytest.raises(RevocationRefusedError):
        asyncio.run(register(revocation(rotation.world, rotation.world.agent, before.number + 1), log))
    rotation.add(log, revocation(rotation.world, rotation.world.agent, before.number))
    with pytest.raises(KeyRevokedError):
        asyncio.run(register(sign_statement(rotation.world.agent), log))
    assert asyncio.run(register(rotation.statements[before.number], log)) == replace(before, new=False)
    with pytest.raises(RevocationRefusedError):
        asyncio.run(register(revocation(rotation.world, rotation.world.agent, before.number), log))
    rotation.add(log, revocation(rotation.world, rotation.world.agent, -1))


def test_a_revocation_ends_its_batch(rotation: Rotation) -> None:
    log = rotation.open(rotation.first)

    async def together() -> None:
        statements = [sign_statement(rotation.world.agent) for _ in range(4)]
        statements.insert(2, revocation(rotation.world, rotation.world.agent, 1))
        first, second, said, *late = await asyncio.gather(
            *(register(one, log) for one in statements), return_exceptions=True
        )
        assert [isinstance(one, Registration) for one in (first, second, said)] == [True] * 3
        assert [type(one) for one in late] == [KeyRevokedError] * 2

    asyncio.run(together())
    require_clean(rotation.world)
    assert rotation.world.head().tree.size == 5


def test_many_at_once_in_two_processes_while_a_key_is_announced_and_ends(rotation: Rotation) -> None:
    old = rotation.open(rotation.first)
    rotation.add(old, announcement(rotation.world, rotation.key))
    new = rotation.open(rotation.key)

    async def run() -> None:
        mine, theirs = ([sign_statement(rotation.world.agent) for _ in range(20)] for _ in range(2))
        ended = register(retirement(rotation.world, rotation.first), new)
        found = await asyncio.gather(
            *(register(one, old) for one in mine),
            ended,
            *(register(one, new) for one in theirs),
            return_exceptions=True,
        )
        refused = [one for one in found[:20] if not isinstance(one, Registration)]
        assert all(isinstance(one, ReceiptKeyEndedError) for one in refused)
        assert all(isinstance(one, Registration) for one in found[20:])
        require_clean(rotation.world)
        assert await register_all(mine, new)
        require_clean(rotation.world)

    asyncio.run(run())
