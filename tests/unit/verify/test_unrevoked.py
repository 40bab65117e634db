"""A statement whose key the log has revoked is not believed by who has the log's key history."""

import asyncio
from dataclasses import dataclass

import pytest

from counterfoil.errors import EntryRevokedError
from counterfoil.log.founding import sign_own_statement
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.register import register
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.key_notice import REVOCATION_CONTENT_TYPE, Revocation
from counterfoil.storage.memory import MemoryStore
from counterfoil.verify import require_unrevoked, verify_history, verify_transparent_statement
from counterfoil.verify.log_history import VerifiedHistory
from counterfoil.verify.not_established import NOT_REVOKED
from counterfoil.verify.result import VerifiedStatement
from tests.builders import START, World, sign_statement
from tests.rotations import Rotated


@dataclass(frozen=True)
class Past:
    """A log with entries 2, 3 and 5 by an agent, whose key entry 4 revokes from entry 3 on, and who is let in again."""

    log: Rotated
    before: VerifiedHistory
    after: VerifiedHistory

    def verified(self, number: int, *, with_key: bool = True) -> VerifiedStatement:
        key = self.log.world.agent.public_key if with_key else None
        return verify_transparent_statement(self.log.item(number, 5), self.after.log_keys, issuer_key=key)


@pytest.fixture(scope="module")
def past() -> Past:
    world = World(MemoryStore()).found()
    log = Rotated(world, second=world.signers[KeyPurpose.RECEIPT])
    opened = world.open()
    for _ in range(2):
        asyncio.run(register(sign_statement(world.agent), opened))
    before = log.history(4)
    payload = Revocation(world.agent.public_key.thumbprint, 2, "stolen").encode()
    identity, operator = world.identity, world.signers[KeyPurpose.OPERATOR]
    revocation = sign_own_statement(
        operator, identity, identity.policy_subject, REVOCATION_CONTENT_TYPE, payload, START
    )
    asyncio.run(register(revocation, opened))
    return Past(log, verify_history(before), verify_history(log.history(5)))


def test_up_to_the_last_valid_entry_it_is_believed(past: Past) -> None:
    result = require_unrevoked(past.verified(2), past.after)
    assert NOT_REVOKED not in result.not_established
    assert any("since the tree of 5 entries" in one for one in result.not_established)


def test_after_it_it_is_not(past: Past) -> None:
    with pytest.raises(EntryRevokedError, match="entry 4 revokes"):
        require_unrevoked(past.verified(3), past.after)


def test_a_history_from_before_does_not_know_and_says_of_when_it_is(past: Past) -> None:
    result = require_unrevoked(past.verified(3), past.before)
    assert any("since the tree of 4 entries" in one for one in result.not_established)


def test_where_no_signature_was_checked_nothing_is_said(past: Past) -> None:
    unchecked = past.verified(3, with_key=False)
    assert require_unrevoked(unchecked, past.after) == unchecked
    assert NOT_REVOKED not in unchecked.not_established


def test_the_genesis_statement_alone_does_not_know(past: Past) -> None:
    alone = verify_history(attach_receipts(past.log.statement(1), [past.log.open().receipts.at(1, 5)]))
    assert require_unrevoked(past.verified(3), alone) == past.verified(3)
    assert NOT_REVOKED in past.verified(3).not_established
