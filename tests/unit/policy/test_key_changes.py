"""What notices about keys make of the rules: negative ones first."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.errors import (
    ContentTypeNotAdmittedError,
    CounterfoilError,
    MalformedError,
    ReceiptKeyRefusedError,
    RevocationRefusedError,
    UnverifiedError,
)
from counterfoil.policy.anchors import Operators
from counterfoil.policy.ballot import Proposal
from counterfoil.policy.changes import rules_after
from counterfoil.policy.rules import Rules
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.key_notice import (
    RECEIPT_KEY_CONTENT_TYPE,
    REVOCATION_CONTENT_TYPE,
    ReceiptKeyAct,
    announce_receipt_key,
)
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.builders import World
from tests.key_notices import announcement, compromise, ending, own_statement, retirement, revocation

WORLD = World(MemoryStore()).found()
RULES = WORLD.open().current_rules()
OPERATOR, SERVICE = WORLD.signers[KeyPurpose.OPERATOR], WORLD.signers[KeyPurpose.SERVICE]
FIRST, CHECKPOINT = WORLD.signers[KeyPurpose.RECEIPT], WORLD.signers[KeyPurpose.CHECKPOINT]
NEXT, STRANGER = generate_private_key("ES256"), generate_private_key("ES256")


def after(rules: Rules, data: bytes, number: int = 9, signer: LocalSigner = OPERATOR) -> Rules:
    return rules_after(rules, number, parse_signed_statement(data), signer.public_key.thumbprint, 0)


ANNOUNCED = after(RULES, announcement(WORLD, NEXT), 2)


def refused(rules: Rules, data: bytes, error: type[CounterfoilError], signer: LocalSigner = OPERATOR) -> None:
    before = (rules.receipt_keys, dict(rules.revocations), rules.rules_entry)
    with pytest.raises(error):
        after(rules, data, 9, signer)
    assert (rules.receipt_keys, dict(rules.revocations), rules.rules_entry) == before


NOTICES: list[Callable[[], bytes]] = [
    lambda: announcement(WORLD, STRANGER),
    lambda: retirement(WORLD, FIRST),
    lambda: compromise(WORLD, FIRST),
    lambda: revocation(WORLD, WORLD.agent, 3),
]


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("signer", [SERVICE, FIRST, CHECKPOINT, NEXT, WORLD.agent, STRANGER])
def test_nobody_but_an_operator_says_anything_about_keys(notice: Callable[[], bytes], signer: LocalSigner) -> None:
    refused(ANNOUNCED, notice(), ContentTypeNotAdmittedError, signer)
    after(ANNOUNCED, notice())


@pytest.mark.parametrize("notice", NOTICES)
def test_a_retired_operator_and_one_who_is_only_proposed_say_nothing(notice: Callable[[], bytes]) -> None:
    others = Operators((STRANGER.public_key,), 1)
    retired = replace(ANNOUNCED, policy=replace(ANNOUNCED.policy, operators=others))
    refused(retired, notice(), ContentTypeNotAdmittedError)
    ballot = ANNOUNCED.ballot.propose(StatementHash(bytes(32)), Proposal(b"", others))
    refused(replace(ANNOUNCED, ballot=ballot), notice(), ContentTypeNotAdmittedError, STRANGER)


@pytest.mark.parametrize("key", [FIRST, CHECKPOINT, OPERATOR, SERVICE, WORLD.agent, NEXT])
def test_a_key_that_has_a_use_already_is_no_receipt_key(key: LocalSigner) -> None:
    refused(ANNOUNCED, announcement(WORLD, key), ReceiptKeyRefusedError)


def test_a_key_is_not_announced_again_once_it_has_ended() -> None:
    for end in (retirement, compromise):
        refused(after(ANNOUNCED, end(WORLD, FIRST)), announcement(WORLD, FIRST), ReceiptKeyRefusedError)


def test_who_would_be_an_operator_has_no_receipt_key() -> None:
    proposal = Proposal(b"", Operators((STRANGER.public_key,), 1))
    rules = replace(RULES, ballot=RULES.ballot.propose(StatementHash(bytes(32)), proposal))
    refused(rules, announcement(WORLD, STRANGER), ReceiptKeyRefusedError)


def test_without_possession_nothing_is_announced() -> None:
    good = announce_receipt_key(NEXT, WORLD.identity)
    for possession in (
        announce_receipt_key(STRANGER, WORLD.identity).possession,
        announce_receipt_key(NEXT, parse_origin("log.example/other")).possession,
        b"",
    ):
        data = own_statement(WORLD, RECEIPT_KEY_CONTENT_TYPE, replace(good, possession=possession).encode())
        refused(RULES, data, UnverifiedError)


def test_one_is_always_in_force() -> None:
    for end in (retirement, compromise):
        refused(RULES, end(WORLD, FIRST), ReceiptKeyRefusedError)
        refused(after(ANNOUNCED, end(WORLD, FIRST)), retirement(WORLD, NEXT), ReceiptKeyRefusedError)


@pytest.mark.parametrize("act", [ReceiptKeyAct.RETIRE, ReceiptKeyAct.COMPROMISE])
@pytest.mark.parametrize("key", [CHECKPOINT, OPERATOR, SERVICE, WORLD.agent, STRANGER])
def test_what_is_no_receipt_key_does_not_end_as_one(act: ReceiptKeyAct, key: LocalSigner) -> None:
    refused(ANNOUNCED, ending(WORLD, act, key), ReceiptKeyRefusedError)


@pytest.mark.parametrize("content_type", [RECEIPT_KEY_CONTENT_TYPE, REVOCATION_CONTENT_TYPE])
@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"\xff", b'{"format":1}', b'{"act":"retire","format":1 }'])
def test_garbage_changes_nothing(content_type: str, payload: bytes) -> None:
    refused(ANNOUNCED, own_statement(WORLD, content_type, payload), MalformedError)


def test_the_rules_follow_the_keys() -> None:
    assert ANNOUNCED.receipt_keys.in_force == {FIRST.public_key.thumbprint, NEXT.public_key.thumbprint}
    assert ANNOUNCED.is_log_key(NEXT.public_key.thumbprint)
    assert ANNOUNCED.own_purpose(NEXT.public_key) is KeyPurpose.RECEIPT
    assert ANNOUNCED.rules_entry == 2
    retired = after(ANNOUNCED, retirement(WORLD, FIRST), 5)
    assert retired.receipt_keys.in_force == {NEXT.public_key.thumbprint}
    assert retired.is_log_key(FIRST.public_key.thumbprint)
    compromised = after(retired, compromise(WORLD, FIRST), 6)
    assert compromised.receipt_keys.trusted == (NEXT.public_key,)
    assert compromised.is_log_key(FIRST.public_key.thumbprint)


def test_entries_to_come_are_not_called_valid() -> None:
    for last in (9, 10, 2**53 - 1):
        refused(RULES, revocation(WORLD, WORLD.agent, last), RevocationRefusedError)
    assert WORLD.agent.public_key.thumbprint in after(RULES, revocation(WORLD, WORLD.agent, 8)).revocations


def test_a_second_revocation_says_something_new_or_is_refused() -> None:
    once = after(RULES, revocation(WORLD, WORLD.agent, 5), 8)
    for last in (5, 6, 8):
        refused(once, revocation(WORLD, WORLD.agent, last), RevocationRefusedError)
    assert (
        after(once, revocation(WORLD, WORLD.agent, -1)).revocations[WORLD.agent.public_key.thumbprint].last_valid_entry
        == -1
    )


@pytest.mark.parametrize("key", [FIRST, CHECKPOINT, OPERATOR, SERVICE, NEXT])
def test_a_key_of_the_log_is_not_revoked_as_an_issuers(key: LocalSigner) -> None:
    refused(ANNOUNCED, revocation(WORLD, key, 3), RevocationRefusedError)
