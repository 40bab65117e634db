"""A receipt by a compromised key: believed with a proof that the log goes on from its tree, and never without."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.cose import labels
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.encoding.cbor import encode
from counterfoil.errors import (
    ConsistencyInvalidError,
    CounterfoilError,
    InclusionInvalidError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedError,
    ReceiptKeyCompromisedError,
    RootMismatchError,
    SignatureInvalidError,
    UnverifiedError,
)
from counterfoil.merkle.consistency import consistency_path
from counterfoil.merkle.hashing import TreeSize
from counterfoil.receipt.issue import SignedHead
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.receipt.tree_head import TreeHead, sign_head
from counterfoil.signing.generate import generate_private_key
from counterfoil.verify import (
    log_keys_of,
    verify_consistency,
    verify_history,
    verify_receipt,
    verify_receipt_for_entry,
    verify_transparent_statement,
)
from counterfoil.verify.not_established import VOUCHED
from tests.builders import START, sign_statement
from tests.rotations import COMPROMISED, Rotated, forged_receipt, nodes_of, signed_tree

LOG = Rotated().play(compromised=True)
SIZE = LOG.world.head().tree.size
KEYS = verify_history(LOG.history()).log_keys
BEFORE = verify_history(LOG.history(COMPROMISED)).log_keys
STATEMENTS = [LOG.statement(number) for number in range(SIZE)]
OLD, OLD_SIZE = LOG.receipts[2], 3
"""Of entry 2, by the key that was compromised later."""

ENTRY = verify_receipt(STATEMENTS[2], OLD, BEFORE).entry_id
PROOF = LOG.open().receipts.consistency(OLD_SIZE, SIZE)
FAKE = sign_statement(LOG.world.agent)
THIEF, SECOND = LOG.first, LOG.second


def test_without_a_proof_it_is_not_believed_and_what_to_give_is_said() -> None:
    with pytest.raises(ReceiptKeyCompromisedError) as refused:
        verify_receipt(STATEMENTS[2], OLD, KEYS)
    assert f"the tree of {OLD_SIZE} entries" in refused.value.detail
    assert "--consistency" in refused.value.detail
    assert "issues anew" in refused.value.detail
    with pytest.raises(ReceiptKeyCompromisedError):
        verify_receipt_for_entry(ENTRY, OLD, KEYS)
    with pytest.raises(ReceiptKeyCompromisedError):
        verify_transparent_statement(attach_receipts(STATEMENTS[2], [OLD]), KEYS)


def test_with_a_proof_to_a_tree_by_another_key_it_is_and_what_that_rests_on_is_said() -> None:
    time = verify_consistency(PROOF, verify_receipt(STATEMENTS[2], OLD, BEFORE).inclusion.root, KEYS).head_time
    transparent = attach_receipts(STATEMENTS[2], [OLD])
    for result in (
        verify_receipt(STATEMENTS[2], OLD, KEYS, consistency=PROOF),
        verify_receipt_for_entry(ENTRY, OLD, KEYS, consistency=PROOF),
        verify_transparent_statement(transparent, KEYS, consistency=PROOF),
    ):
        inclusion = result.inclusion
        assert (inclusion.leaf_index, inclusion.tree_size) == (2, OLD_SIZE)
        assert inclusion.vouched_by is not None
        assert inclusion.vouched_by.tree_size == SIZE
        assert inclusion.vouched_by.key_thumbprint == SECOND.public_key.thumbprint
        assert inclusion.head_time == inclusion.vouched_by.head_time == time
        assert VOUCHED in result.not_established


def test_a_receipt_by_a_trusted_key_needs_no_proof_and_says_nothing_of_one() -> None:
    for keys in (BEFORE, KEYS):
        for number in (4, 7):
            result = verify_receipt(STATEMENTS[number], LOG.receipts[number], keys, consistency=PROOF)
            assert result.inclusion.vouched_by is None
            assert VOUCHED not in result.not_established


def proofs_for(size: int) -> list[bytes]:
    """Genuine consistency receipts from that size, to every later one that a trusted key signed."""
    found = []
    for later in range(size + 1, SIZE + 1):
        try:
            found.append(LOG.open().receipts.consistency(size, later))
        except CounterfoilError:
            continue
    return found


@pytest.mark.parametrize("time", [START - 10**6, START, START + 10**9], ids=["past", "now", "future"])
@pytest.mark.parametrize("size", [3, 5, SIZE - 1, SIZE, SIZE + 3])
def test_a_tree_of_the_thiefs_own_is_the_beginning_of_none(size: int, time: int) -> None:
    """Whatever he leaves as it was, however he dates it, and whichever genuine proof he gives with it."""
    for place in (2, size - 1):
        whole = [*STATEMENTS, *(sign_statement(LOG.world.agent) for _ in range(3))][:size]
        whole[place] = FAKE
        receipt = forged_receipt(LOG.world, THIEF, whole, place, time)
        assert verify_receipt(FAKE, receipt, log_keys_of(THIEF.public_key)).inclusion.leaf_index == place
        with pytest.raises(ReceiptKeyCompromisedError):
            verify_receipt(FAKE, receipt, KEYS)
        for proof in (*proofs_for(size), PROOF):
            with pytest.raises((RootMismatchError, ConsistencyInvalidError, SignatureInvalidError)):
                verify_receipt(FAKE, receipt, KEYS, consistency=proof)


def test_a_compromised_key_does_not_vouch_for_itself_nor_does_a_stranger() -> None:
    whole = [*STATEMENTS[:2], FAKE, *STATEMENTS[3:]]
    receipt = forged_receipt(LOG.world, THIEF, whole[:3], 2)
    path = consistency_path(TreeSize(3), TreeSize(SIZE), nodes_of(whole))
    stranger = generate_private_key("ES256")
    for key, error in ((THIEF, ReceiptKeyCompromisedError), (stranger, LogKeyUnknownError)):
        proof = signed_tree(LOG.world, key, whole).consistency_receipt(3, path)
        root = signed_tree(LOG.world, key, whole[:3]).head.root
        assert verify_consistency(proof, root, log_keys_of(key.public_key)).new_size == SIZE
        with pytest.raises(error):
            verify_receipt(FAKE, receipt, KEYS, consistency=proof)


def test_a_signature_of_the_log_does_not_serve_another_tree() -> None:
    """A consistency receipt with the log's own header and signature over its head, and the path of the thief's tree."""
    whole = [*STATEMENTS[:2], FAKE, *STATEMENTS[3:]]
    store = LOG.world.store
    head, (signature,) = store.tree_head(SIZE), store.signatures(SIZE)
    assert head is not None
    signed = SignedHead(LOG.world.identity, head, SECOND.public_key, signature)
    receipt = forged_receipt(LOG.world, THIEF, whole[:3], 2)
    for path in (consistency_path(TreeSize(3), TreeSize(SIZE), nodes_of(whole)), ()):
        with pytest.raises(UnverifiedError):
            verify_receipt(FAKE, receipt, KEYS, consistency=signed.consistency_receipt(3, path))


def test_the_proof_starts_from_the_very_tree_of_the_receipt() -> None:
    for size in (2, 4):
        other = LOG.open().receipts.consistency(size, SIZE)
        with pytest.raises((ConsistencyInvalidError, RootMismatchError, SignatureInvalidError)):
            verify_receipt(STATEMENTS[2], OLD, KEYS, consistency=other)


def test_the_thief_moves_an_entry_nowhere() -> None:
    """Of the log's own root he can sign another size, in which the same path leads from another place to that root."""
    root = signed_tree(LOG.world, THIEF, STATEMENTS[:3]).head.root
    head = TreeHead(TreeSize(2), root, START)
    signed = SignedHead(LOG.world.identity, head, THIEF.public_key, sign_head(THIEF, LOG.world.identity, head))
    (proof,) = parse_receipt(OLD).inclusion
    moved = signed.inclusion_receipt(1, proof.path)
    found = verify_receipt(STATEMENTS[2], moved, log_keys_of(THIEF.public_key)).inclusion
    assert (found.leaf_index, found.root) == (1, root)
    with pytest.raises(ConsistencyInvalidError):
        verify_receipt(STATEMENTS[2], moved, KEYS, consistency=PROOF)


def test_a_proof_signs_the_size_that_it_leads_to() -> None:
    """RFC 9942 signs the root alone; this log signs the size, too."""
    (path,) = parse_receipt(PROOF).consistency
    tree = LOG.world.store.tree_head(SIZE)
    assert tree is not None
    unsized = sign_sign1(
        SECOND,
        {
            labels.KID: SECOND.public_key.thumbprint,
            labels.CWT_CLAIMS: {labels.CWT_ISS: LOG.world.identity.issuer},
            labels.VDS: 1,
        },
        tree.root,
        unprotected={labels.VDP: {labels.CONSISTENCY: [encode([OLD_SIZE, SIZE, list(path.path)])]}},
        detached=True,
    )
    root = verify_receipt(STATEMENTS[2], OLD, BEFORE).inclusion.root
    assert not verify_consistency(unsized, root, KEYS).size_is_signed
    with pytest.raises(ConsistencyInvalidError):
        verify_receipt(STATEMENTS[2], OLD, KEYS, consistency=unsized)


def test_the_thief_back_dates_nothing() -> None:
    """He can sign the log's own tree with another time; the result names the time of the tree that vouches."""
    dated = forged_receipt(LOG.world, THIEF, STATEMENTS[:3], 2, START - 10**6)
    found = verify_receipt(STATEMENTS[2], dated, KEYS, consistency=PROOF)
    assert found.inclusion.head_time == verify_receipt(STATEMENTS[2], OLD, KEYS, consistency=PROOF).inclusion.head_time


def test_the_receipt_itself_must_hold_as_well() -> None:
    for statement, receipt in ((FAKE, OLD), (STATEMENTS[3], OLD), (STATEMENTS[2], LOG.receipts[3])):
        with pytest.raises((InclusionInvalidError, SignatureInvalidError)):
            verify_receipt(statement, receipt, KEYS, consistency=PROOF)
    broken = OLD[:-1] + bytes([OLD[-1] ^ 1])
    with pytest.raises(SignatureInvalidError):
        verify_receipt(STATEMENTS[2], broken, KEYS, consistency=PROOF)


def test_what_is_no_consistency_receipt_vouches_for_nothing() -> None:
    for other in (b"", OLD, LOG.receipts[7], STATEMENTS[2], PROOF[:-1], PROOF + b"\0"):
        with pytest.raises((MalformedError, UnverifiedError)):
            verify_receipt(STATEMENTS[2], OLD, KEYS, consistency=other)


def test_of_another_log_nothing_counts() -> None:
    with pytest.raises(IssuerMismatchError):
        verify_receipt(STATEMENTS[2], OLD, KEYS, consistency=PROOF, expected_issuer="https://other.example/log")
    other = Rotated().play(compromised=True)
    with pytest.raises(LogKeyUnknownError):
        verify_receipt(STATEMENTS[2], OLD, KEYS, consistency=other.open().receipts.consistency(OLD_SIZE, SIZE))


def test_beside_a_receipt_that_was_issued_anew_it_is_passed_over_and_named() -> None:
    again = LOG.open().receipts.stable(2)
    result = verify_transparent_statement(attach_receipts(STATEMENTS[2], [OLD, again]), KEYS)
    assert result.inclusion.key_thumbprint == SECOND.public_key.thumbprint
    ((position, code),) = [(one.position, one.code) for one in result.receipts_not_checked]
    assert (position, code) == (0, "receipt-key-compromised")
    fake = forged_receipt(LOG.world, THIEF, [*STATEMENTS[:2], FAKE], 2)
    with pytest.raises((RootMismatchError, SignatureInvalidError)):
        verify_transparent_statement(attach_receipts(FAKE, [fake, again]), KEYS, consistency=PROOF)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(PROOF) - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_proof_vouches_for_more(place: int, change: int) -> None:
    data = bytearray(PROOF)
    data[place] ^= change
    try:
        found = verify_receipt(STATEMENTS[2], OLD, KEYS, consistency=bytes(data))
    except CounterfoilError:
        return
    assert found == verify_receipt(STATEMENTS[2], OLD, KEYS, consistency=PROOF)
