"""The receipts that a batch hands out are those which the log makes from its tiles at any later time."""

from collections.abc import Sequence
from functools import partial

from counterfoil.log.plan import Declined, Known, Placed, Submission
from counterfoil.log.records import EntryNumber
from counterfoil.log.sequencer import Appended, Sequencer
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.verify import verify_inclusion_receipt
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, sign_statement
from tests.log.material import submit, twin_of


def sequencer_of(world: World) -> Sequencer:
    return Sequencer(world.store, world.identity, world.signers[KeyPurpose.RECEIPT], world.clock)


def append(world: World, statements: Sequence[bytes]) -> tuple[list[Submission], Appended]:
    log = world.open()
    submissions = [submit(data, log) for data in statements]
    return submissions, sequencer_of(world).append(partial(list, submissions))


def test_of_batches_of_every_width() -> None:
    world = World(MemoryStore()).found()
    key, number = world.signers[KeyPurpose.RECEIPT].public_key, 2
    for width in (1, 2, 3, 7, 64, 1, 250, 5):
        submissions, appended = append(world, [sign_statement(world.agent) for _ in range(width)])
        assert appended.outcomes == tuple(Placed(EntryNumber(number + at)) for at in range(width))
        for submission, receipt in zip(submissions, appended.receipts, strict=True):
            assert receipt == world.open().receipts.stable(number)
            leaf = statement_leaf(submission.statement.hash)
            verified = verify_inclusion_receipt(parse_receipt(receipt), leaf, key)
            assert verified.leaf_index == number
            number += 1


def test_only_what_is_new_gets_one_and_each_its_own() -> None:
    world = World(MemoryStore()).found()
    known, one, other = (sign_statement(world.agent) for _ in range(3))
    append(world, [known])
    _, appended = append(world, [known, one, twin_of(one), one, other])
    two, three, four = map(EntryNumber, (2, 3, 4))
    known_as, first, declined, again, second = appended.outcomes
    assert (known_as, first, again, second) == (Known(two), Placed(three), Known(three), Placed(four))
    assert isinstance(declined, Declined)
    receipts = world.open().receipts
    assert appended.receipts == (None, receipts.stable(3), None, None, receipts.stable(4))


def test_a_batch_with_nothing_new_gets_none() -> None:
    world = World(MemoryStore()).found()
    known = sign_statement(world.agent)
    append(world, [known])
    assert append(world, [known, twin_of(known)])[1].receipts == (None, None)
    assert sequencer_of(world).append(list).receipts == ()
