"""A log's chain of policies as a file: which keys are the log's, from the genesis statement on."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.errors import (
    ChainInvalidError,
    CounterfoilError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedError,
    MalformedKeyError,
    ReceiptKeyCompromisedError,
    ReceiptKeyNotInForceError,
    SignatureInvalidError,
    UnverifiedError,
)
from counterfoil.merkle.consistency import consistency_path
from counterfoil.merkle.hashing import TreeSize
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.key_notice import RECEIPT_KEY_CONTENT_TYPE, ReceiptKeyAct, announce_receipt_key
from counterfoil.verify import (
    LogKey,
    LogKeys,
    verify_consistency,
    verify_genesis,
    verify_history,
    verify_receipt,
)
from tests.builders import sign_statement
from tests.key_notices import announcement, compromise, ending, own_statement, revocation
from tests.rotations import (
    ANNOUNCED,
    COMPROMISED,
    RETIRED,
    Rotated,
    forged_receipt,
    nodes_of,
    signed_tree,
)

PLANNED = Rotated().play()
STOLEN = Rotated().play(compromised=True)
SIZE = 8
CHAIN = PLANNED.chain(SIZE)
HISTORY = b"".join(CHAIN)
WHOLE = verify_history(HISTORY)
AGENT = PLANNED.world.agent


def test_a_retired_key_is_trusted_for_the_trees_that_it_signed() -> None:
    history = verify_history(PLANNED.history())
    first, second = PLANNED.first.public_key, PLANNED.second.public_key
    assert set(history.log_keys.keys) == {LogKey(first, None, 2, RETIRED), LogKey(second, None, ANNOUNCED + 1, None)}
    assert history.log_keys.compromised == ()
    assert [number for number, _ in history.entries] == [0, 1, ANNOUNCED, 5, RETIRED]
    assert (history.tree_size, history.genesis.identity) == (SIZE, PLANNED.world.identity)
    assert history.rules is not None
    assert history.rules.policy.version == 2
    for number, receipt in PLANNED.receipts.items():
        assert verify_receipt(PLANNED.statement(number), receipt, history.log_keys).inclusion.leaf_index == number


def test_a_genesis_statement_alone_is_the_shortest_history() -> None:
    history = verify_history(PLANNED.founded)
    assert history.log_keys == verify_genesis(PLANNED.founded).log_keys
    with pytest.raises(LogKeyUnknownError):
        verify_receipt(PLANNED.statement(7), PLANNED.receipts[7], history.log_keys)
    history.require_continued_by(verify_history(PLANNED.history()))


def test_the_same_history_at_any_size_that_a_trusted_key_signed() -> None:
    for size in range(2, SIZE + 1):
        history = verify_history(PLANNED.history(size))
        assert history.tree_size == size
        history.require_continued_by(verify_history(PLANNED.history()))
        assert len(history.log_keys.keys) == (1 if size <= ANNOUNCED else 2)


def test_a_compromised_key_is_trusted_no_more() -> None:
    history = verify_history(STOLEN.history())
    assert history.log_keys.compromised == (STOLEN.first.public_key,)
    with pytest.raises(ReceiptKeyCompromisedError):
        history.log_keys.find(STOLEN.first.public_key.thumbprint)
    assert history.log_keys.find(STOLEN.second.public_key.thumbprint) == STOLEN.second.public_key
    assert verify_history(STOLEN.history(COMPROMISED)).log_keys.compromised == ()


def test_a_key_is_not_trusted_and_compromised() -> None:
    with pytest.raises(MalformedKeyError):
        LogKeys((LogKey(PLANNED.first.public_key),), None, (PLANNED.first.public_key,))


def twice(number: int) -> bytes:
    """An entry with a second receipt, by a stranger."""
    whole = [PLANNED.statement(one) for one in range(SIZE)]
    other = forged_receipt(PLANNED.world, generate_private_key("ES256"), whole, number)
    return attach_receipts(whole[number], [PLANNED.open().receipts.at(number, SIZE), other])


Change = Callable[[list[bytes]], list[bytes]]


@pytest.mark.parametrize(
    "change",
    [
        lambda _: [],
        lambda chain: chain[:1],
        lambda chain: chain[1:],
        lambda chain: [chain[0], *chain[2:]],
        lambda chain: [*chain[:2], *chain[3:]],
        lambda chain: [*chain[:3], *chain[4:], chain[3]],
        lambda chain: [chain[1], chain[0], *chain[2:]],
        lambda chain: [*chain, chain[-1]],
        lambda chain: [*chain, b"\xd2"],
        lambda chain: [*chain, b"\x80"],
        lambda chain: [*chain, PLANNED.item(7, SIZE)],
        lambda chain: [*chain[:-1], PLANNED.item(RETIRED, RETIRED + 1)],
        lambda chain: [*chain[:-1], PLANNED.statement(RETIRED)],
        lambda chain: [*chain[:-1], twice(RETIRED)],
        lambda chain: [*chain[:2], STOLEN.item(ANNOUNCED, SIZE), *chain[3:]],
        lambda chain: [STOLEN.chain(SIZE)[0], *chain[1:]],
        lambda chain: [chain[0], STOLEN.chain(SIZE)[1], *chain[2:]],
        lambda chain: [chain[0], PLANNED.founded, *chain[2:]],
    ],
)
def test_with_anything_missing_moved_or_foreign_it_is_none(change: Change) -> None:
    with pytest.raises((UnverifiedError, MalformedError)):
        verify_history(b"".join(change(CHAIN)))


def test_it_is_of_the_pinned_log_or_of_none() -> None:
    pinned = verify_genesis(PLANNED.founded).genesis
    assert verify_history(PLANNED.history(), pinned).genesis == pinned
    for other in (STOLEN.history(), STOLEN.founded):
        with pytest.raises(IssuerMismatchError):
            verify_history(other, pinned)


def forged(key: LocalSigner, *statements: bytes) -> bytes:
    """The history with other statements behind it, in a tree that whoever has that key signed."""
    whole = [PLANNED.statement(number) for number in range(SIZE)] + list(statements)
    numbers = [0, 1, ANNOUNCED, 5, RETIRED, *range(SIZE, len(whole))]
    items = [attach_receipts(whole[number], [forged_receipt(PLANNED.world, key, whole, number)]) for number in numbers]
    return b"".join(items)


THIEF = generate_private_key("ES256")


def test_who_has_a_receipt_key_announces_no_other() -> None:
    world = PLANNED.world
    assert verify_history(forged(PLANNED.second)).tree_size == SIZE
    for signer in (PLANNED.second, PLANNED.first, THIEF, AGENT):
        for statement in (announcement(world, THIEF, signer), ending(world, ReceiptKeyAct.COMPROMISE, THIEF, signer)):
            for key in (PLANNED.second, THIEF):
                with pytest.raises((ChainInvalidError, UnverifiedError)):
                    verify_history(forged(key, statement))


def test_nobody_signs_in_the_operators_name() -> None:
    identity, operator = PLANNED.world.identity, PLANNED.world.signers[KeyPurpose.OPERATOR]
    payload = announce_receipt_key(THIEF, identity).encode()
    named = sign_statement(
        THIEF,
        payload,
        issuer=identity.issuer,
        subject=identity.policy_subject,
        content_type=RECEIPT_KEY_CONTENT_TYPE,
        kid=operator.public_key.thumbprint,
    )
    with pytest.raises(SignatureInvalidError):
        verify_history(forged(PLANNED.second, named))
    honest = verify_history(forged(PLANNED.second, announcement(PLANNED.world, THIEF)))
    assert honest.log_keys.find(THIEF.public_key.thumbprint) == THIEF.public_key


def test_a_key_that_nobody_holds_is_not_announced() -> None:
    payload = replace(announce_receipt_key(THIEF, PLANNED.world.identity), possession=bytes(64)).encode()
    with pytest.raises(SignatureInvalidError):
        verify_history(forged(PLANNED.second, own_statement(PLANNED.world, RECEIPT_KEY_CONTENT_TYPE, payload)))


def test_a_key_that_was_not_announced_signs_no_history() -> None:
    with pytest.raises(LogKeyUnknownError):
        verify_history(forged(THIEF))


def test_a_retired_key_signs_no_tree_that_holds_its_retirement() -> None:
    history = verify_history(PLANNED.history())
    with pytest.raises(ReceiptKeyNotInForceError):
        verify_history(forged(PLANNED.first))
    statement = sign_statement(AGENT)
    whole = [PLANNED.statement(number) for number in range(RETIRED)] + [statement]
    receipt = forged_receipt(PLANNED.world, PLANNED.first, whole, RETIRED)
    with pytest.raises(ReceiptKeyNotInForceError):
        verify_receipt(statement, receipt, history.log_keys)
    early = forged_receipt(PLANNED.world, PLANNED.second, whole[:ANNOUNCED], 2)
    with pytest.raises(ReceiptKeyNotInForceError):
        verify_receipt(whole[2], early, history.log_keys)


def test_a_consistency_receipt_is_by_a_key_that_was_in_force_at_its_size() -> None:
    whole = [PLANNED.statement(number) for number in range(SIZE)]
    path = consistency_path(TreeSize(3), TreeSize(SIZE), nodes_of(whole))
    root = signed_tree(PLANNED.world, PLANNED.first, whole[:3]).head.root
    later = signed_tree(PLANNED.world, PLANNED.second, whole).consistency_receipt(3, path)
    assert verify_consistency(later, root, WHOLE.log_keys).new_size == SIZE
    with pytest.raises(ReceiptKeyNotInForceError):
        verify_consistency(
            signed_tree(PLANNED.world, PLANNED.first, whole).consistency_receipt(3, path), root, WHOLE.log_keys
        )


def test_a_history_by_a_key_that_it_says_is_compromised_is_none() -> None:
    with pytest.raises(ReceiptKeyCompromisedError):
        verify_history(forged(PLANNED.first, compromise(PLANNED.world, PLANNED.first)))


def test_a_later_history_takes_nothing_back() -> None:
    known = verify_history(STOLEN.history())
    for later in (STOLEN.history(SIZE), STOLEN.founded):
        with pytest.raises(ChainInvalidError):
            known.require_continued_by(verify_history(later))
    with pytest.raises(IssuerMismatchError):
        known.require_continued_by(verify_history(PLANNED.history()))
    known.require_continued_by(verify_history(STOLEN.history()))


def test_notices_about_other_keys_are_part_of_it() -> None:
    world = PLANNED.world
    history = verify_history(forged(PLANNED.second, revocation(world, AGENT, 7), announcement(world, THIEF)))
    assert history.rules is not None
    assert AGENT.public_key.thumbprint in history.rules.revocations
    assert history.log_keys.find(THIEF.public_key.thumbprint) == THIEF.public_key


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(HISTORY) - 1), st.integers(1, 255))
def test_no_changed_byte_makes_another_history(place: int, change: int) -> None:
    data = bytearray(HISTORY)
    data[place] ^= change
    try:
        found = verify_history(bytes(data))
    except CounterfoilError:
        return
    assert (found.log_keys, found.entries, found.tree_size) == (WHOLE.log_keys, WHOLE.entries, WHOLE.tree_size)
