"""Consistency receipts verified offline."""

from dataclasses import replace

import pytest

from counterfoil.cose import labels
from counterfoil.cose.sign1 import parse_sign1, sign_sign1
from counterfoil.errors import (
    ConsistencyInvalidError,
    CounterfoilError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedError,
    MalformedParameterError,
    StructureUnsupportedError,
    UnverifiedError,
)
from counterfoil.signing.generate import generate_private_key
from counterfoil.verify import log_keys_of, not_established, verify_consistency
from tests.builders import START, sign_statement
from tests.unit.verify.paper_log import PaperLog

LOG = PaperLog().found()
LOG.statements.extend(sign_statement(generate_private_key("ES256")) for _ in range(9))
SIZE = len(LOG.statements)
OLD = 6
RECEIPT = LOG.consistency_receipt(OLD, SIZE)
KEYS = log_keys_of(LOG.receipt_key.public_key, issuer=LOG.identity.issuer)


def test_the_result_names_both_trees_and_the_log() -> None:
    result = verify_consistency(RECEIPT, LOG.root(OLD), KEYS, old_size=OLD)
    assert (result.old_size, result.new_size) == (OLD, SIZE)
    assert (result.old_root, result.new_root) == (LOG.root(OLD), LOG.root())
    assert (result.log_issuer, result.log_name) == (LOG.identity.issuer, LOG.identity.log_name)
    assert (result.head_time, result.key_thumbprint) == (START, LOG.receipt_key.public_key.thumbprint)
    assert not_established.SAME_VIEW in result.not_established


def test_sizes_that_are_not_signed_are_said_to_be_open() -> None:
    assert not_established.SIZES not in verify_consistency(RECEIPT, LOG.root(OLD), KEYS).not_established
    proofs = parse_sign1(RECEIPT, max_bytes=len(RECEIPT)).unprotected
    unsized = sign_sign1(LOG.receipt_key, {labels.VDS: 1}, LOG.root(), unprotected=proofs, detached=True)
    result = verify_consistency(unsized, LOG.root(OLD), log_keys_of(LOG.receipt_key.public_key))
    assert not_established.SIZES in result.not_established


def test_every_pair_of_sizes_verifies() -> None:
    for new in range(2, SIZE + 1):
        for old in range(1, new):
            assert verify_consistency(LOG.consistency_receipt(old, new), LOG.root(old), KEYS).old_size == old


def test_another_old_root_is_refused() -> None:
    for root in (LOG.root(OLD - 1), LOG.root(OLD + 1), LOG.root(), bytes(32)):
        with pytest.raises(UnverifiedError):
            verify_consistency(RECEIPT, root, KEYS)
    for root in (b"", LOG.root(OLD)[:-1]):
        with pytest.raises(MalformedParameterError):
            verify_consistency(RECEIPT, root, KEYS)


def test_another_old_size_than_the_known_one_is_refused() -> None:
    with pytest.raises(ConsistencyInvalidError):
        verify_consistency(RECEIPT, LOG.root(OLD), KEYS, old_size=OLD + 1)


def test_another_log_or_key_is_refused() -> None:
    with pytest.raises(IssuerMismatchError):
        verify_consistency(RECEIPT, LOG.root(OLD), KEYS, expected_issuer="https://log.example/other")
    with pytest.raises(LogKeyUnknownError):
        verify_consistency(RECEIPT, LOG.root(OLD), log_keys_of(generate_private_key("ES256").public_key))


def test_an_inclusion_receipt_is_no_consistency_receipt() -> None:
    with pytest.raises(MalformedError):
        verify_consistency(LOG.receipt(2), LOG.root(OLD), KEYS)


def test_another_structure_is_never_a_pass() -> None:
    proofs = parse_sign1(RECEIPT, max_bytes=len(RECEIPT)).unprotected
    receipt = sign_sign1(LOG.receipt_key, {labels.VDS: 2}, LOG.root(), unprotected=proofs, detached=True)
    with pytest.raises(StructureUnsupportedError):
        verify_consistency(receipt, LOG.root(OLD), log_keys_of(LOG.receipt_key.public_key))


def test_no_flipped_byte_changes_which_roots_are_joined() -> None:
    root = LOG.root(OLD)
    held = verify_consistency(RECEIPT, root, KEYS)
    for position in range(len(RECEIPT)):
        flipped = RECEIPT[:position] + bytes([RECEIPT[position] ^ 0x01]) + RECEIPT[position + 1 :]
        try:
            result = verify_consistency(flipped, root, KEYS)
        except CounterfoilError:
            continue
        # The sizes stand beside the signed root, as in an inclusion receipt; a known old size pins the old one.
        assert replace(result, old_size=held.old_size, new_size=held.new_size) == held
