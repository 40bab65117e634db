"""Receipts verified offline: what passes, what the result says, and all that must not pass."""

import struct
from collections.abc import Iterator

import pytest

from counterfoil.cose import labels
from counterfoil.cose.sign1 import encode_sign1, parse_sign1, sign_sign1, signature_input
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.errors import (
    CounterfoilError,
    InclusionInvalidError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedEntryIdError,
    MalformedError,
    MalformedParameterError,
    MalformedReceiptError,
    PayloadMissingError,
    ReceiptAsStatementError,
    ReceiptMissingError,
    SignatureInvalidError,
    SizeMismatchError,
    StructureUnsupportedError,
    UnverifiedError,
)
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import (
    Inclusion,
    LogKeys,
    SignatureChecked,
    SignatureNotChecked,
    log_keys_of,
    not_established,
    verify_receipt,
    verify_receipt_for_entry,
    verify_transparent_statement,
)
from tests.builders import ISSUER, START, SUBJECT, sign_statement
from tests.unit.verify.paper_log import PaperLog

AGENT = generate_private_key("ES256")
LOG = PaperLog().found()
LOG.statements.extend(sign_statement(AGENT) for _ in range(5))
SIZE = len(LOG.statements)
INDEX = 4
STATEMENT = LOG.statements[INDEX]
RECEIPT = LOG.receipt(INDEX)
KEYS = log_keys_of(LOG.receipt_key.public_key, issuer=LOG.identity.issuer)
STRANGER = log_keys_of(generate_private_key("ES256").public_key)


def _with_unprotected(data: bytes, unprotected: dict[int | str, CborValue]) -> bytes:
    message = parse_sign1(data, max_bytes=len(data))
    return encode_sign1(message.protected_bytes, unprotected, message.payload, message.signature)


def _signed_receipt(protected: dict[int | str, CborValue], *, detached: bool = True) -> bytes:
    """A receipt at our tree by our key with another protected header."""
    header: dict[int | str, CborValue] = {labels.VDS: labels.VDS_RFC9162_SHA256, **protected}
    proofs = parse_sign1(RECEIPT, max_bytes=len(RECEIPT)).unprotected
    return sign_sign1(LOG.receipt_key, header, LOG.root(), unprotected=proofs, detached=detached)


def test_the_result_says_where_the_statement_is() -> None:
    result = verify_receipt(STATEMENT, RECEIPT, KEYS)
    assert result.entry_id == parse_signed_statement(STATEMENT).hash
    assert (result.claimed_issuer, result.claimed_subject) == (ISSUER, SUBJECT)
    assert result.inclusion == Inclusion(
        log_issuer=LOG.identity.issuer,
        log_name=LOG.identity.log_name,
        tree_size=result.inclusion.tree_size,
        leaf_index=INDEX,
        place_is_signed=True,
        root=LOG.root(),
        head_time=START,
        key_thumbprint=LOG.receipt_key.public_key.thumbprint,
    )
    assert result.inclusion.tree_size == SIZE


def test_without_the_issuers_key_the_result_says_that_its_signature_was_not_checked() -> None:
    result = verify_receipt(STATEMENT, RECEIPT, KEYS)
    assert result.issuer_signature == SignatureNotChecked()
    assert not_established.ISSUER_UNCHECKED in result.not_established
    assert not_established.KEY_OWNER not in result.not_established


def test_with_the_issuers_key_the_result_names_the_key() -> None:
    result = verify_receipt(STATEMENT, RECEIPT, KEYS, issuer_key=AGENT.public_key)
    assert result.issuer_signature == SignatureChecked(AGENT.public_key.thumbprint)
    assert not_established.ISSUER_UNCHECKED not in result.not_established
    assert not_established.KEY_OWNER in result.not_established


def test_every_result_says_what_it_does_not_show() -> None:
    result = verify_receipt(STATEMENT, RECEIPT, KEYS, issuer_key=AGENT.public_key)
    for sentence in (
        not_established.TRUE,
        not_established.COMPLETE,
        not_established.SAME_VIEW,
        not_established.LOG_KEY,
        not_established.WHEN,
    ):
        assert sentence in result.not_established


def test_another_issuers_key_fails_whatever_the_receipt_says() -> None:
    other = generate_private_key("ES256").public_key
    with pytest.raises(SignatureInvalidError):
        verify_receipt(STATEMENT, RECEIPT, KEYS, issuer_key=other)


def test_every_entry_verifies_at_every_size() -> None:
    for size in range(2, SIZE + 1):
        for index in range(size):
            inclusion = verify_receipt(LOG.statements[index], LOG.receipt(index, size), KEYS).inclusion
            assert (inclusion.leaf_index, inclusion.tree_size) == (index, size)


def test_no_receipt_serves_another_statement() -> None:
    for index in range(SIZE):
        for other in set(range(SIZE)) - {index}:
            with pytest.raises(SignatureInvalidError):
                verify_receipt(LOG.statements[other], LOG.receipt(index), KEYS)


def test_the_unprotected_header_of_the_statement_does_not_matter() -> None:
    changed = _with_unprotected(STATEMENT, {99: b"countersignature"})
    assert verify_receipt(changed, RECEIPT, KEYS) == verify_receipt(STATEMENT, RECEIPT, KEYS)


def test_a_key_that_is_not_trusted_verifies_nothing() -> None:
    with pytest.raises(LogKeyUnknownError):
        verify_receipt(STATEMENT, RECEIPT, STRANGER)


def test_the_checkpoint_key_is_no_receipt_key() -> None:
    with pytest.raises(LogKeyUnknownError):
        verify_receipt(STATEMENT, RECEIPT, log_keys_of(LOG.signers[KeyPurpose.CHECKPOINT].public_key))


def test_another_log_than_the_one_expected_is_refused() -> None:
    with pytest.raises(IssuerMismatchError):
        verify_receipt(STATEMENT, RECEIPT, KEYS, expected_issuer="https://log.example/other")
    with pytest.raises(IssuerMismatchError):
        verify_receipt(STATEMENT, RECEIPT, LogKeys(KEYS.keys, "https://log.example/other"))


def test_an_explicit_expectation_stands_before_the_one_of_the_keys() -> None:
    keys = LogKeys(KEYS.keys, "https://log.example/other")
    assert verify_receipt(STATEMENT, RECEIPT, keys, expected_issuer=LOG.identity.issuer).inclusion.leaf_index == INDEX


def test_a_receipt_of_others_may_lack_what_ours_must_have() -> None:
    result = verify_receipt(STATEMENT, _signed_receipt({}), log_keys_of(LOG.receipt_key.public_key))
    assert (result.inclusion.log_issuer, result.inclusion.log_name, result.inclusion.head_time) == (None, None, None)
    assert not_established.NO_TIME in result.not_established
    assert not_established.WHEN not in result.not_established


def test_a_receipt_that_names_no_log_is_not_the_expected_ones() -> None:
    with pytest.raises(IssuerMismatchError):
        verify_receipt(STATEMENT, _signed_receipt({}), KEYS)


def test_a_receipt_without_kid_needs_exactly_one_trusted_key() -> None:
    two = log_keys_of(LOG.receipt_key.public_key, AGENT.public_key)
    with pytest.raises(LogKeyUnknownError):
        verify_receipt(STATEMENT, _signed_receipt({}), two)


def test_an_attached_root_is_read_too_and_must_be_the_right_one() -> None:
    keys = log_keys_of(LOG.receipt_key.public_key)
    assert verify_receipt(STATEMENT, _signed_receipt({}, detached=False), keys).inclusion.root == LOG.root()
    with pytest.raises(UnverifiedError):
        verify_receipt(LOG.statements[0], _signed_receipt({}, detached=False), keys)


def test_a_fraction_of_a_second_counts_as_the_whole_one() -> None:
    header: dict[int | str, CborValue] = {
        labels.ALG: -7,
        labels.VDS: labels.VDS_RFC9162_SHA256,
        labels.CWT_CLAIMS: {labels.CWT_IAT: START},
    }
    whole, fraction = b"\x1a" + START.to_bytes(4, "big"), b"\xfb" + struct.pack(">d", START + 0.5)
    protected = encode(header).replace(whole, fraction)
    proofs = parse_sign1(RECEIPT, max_bytes=len(RECEIPT)).unprotected
    signature = LOG.receipt_key.sign(signature_input(protected, LOG.root()))
    receipt = encode_sign1(protected, proofs, None, signature)
    inclusion = verify_receipt(STATEMENT, receipt, log_keys_of(LOG.receipt_key.public_key)).inclusion
    assert inclusion.head_time == START + 1


def test_another_structure_is_never_a_pass() -> None:
    receipt = _signed_receipt({labels.VDS: labels.VDS_CCF})
    with pytest.raises(StructureUnsupportedError):
        verify_receipt(STATEMENT, receipt, log_keys_of(LOG.receipt_key.public_key))


def test_a_critical_header_that_is_not_understood_is_refused() -> None:
    receipt = _signed_receipt({labels.CRIT: [-70000], -70000: 1})
    with pytest.raises(MalformedError):
        verify_receipt(STATEMENT, receipt, log_keys_of(LOG.receipt_key.public_key))


def test_the_structure_is_read_from_the_protected_header_alone() -> None:
    message = parse_sign1(RECEIPT, max_bytes=len(RECEIPT))
    protected = {label: value for label, value in message.protected.items() if label != labels.VDS}
    unprotected = {**message.unprotected, labels.VDS: labels.VDS_RFC9162_SHA256}
    moved = encode_sign1(encode(protected), unprotected, None, message.signature)
    with pytest.raises(MalformedReceiptError):
        verify_receipt(STATEMENT, moved, KEYS)


def test_a_consistency_receipt_is_no_inclusion_receipt() -> None:
    with pytest.raises(UnverifiedError):
        verify_receipt(STATEMENT, LOG.consistency_receipt(3, SIZE), KEYS)


def test_a_leaf_index_outside_the_tree_is_refused() -> None:
    path = [LOG.root()] * 3
    for size, index in ((SIZE, SIZE), (SIZE, SIZE + 1), (0, 0), (INDEX, INDEX)):
        receipt = _with_unprotected(
            RECEIPT, {labels.VDP: {labels.INCLUSION: [encode([size, index, list[CborValue](path)])]}}
        )
        with pytest.raises(InclusionInvalidError):
            verify_receipt(STATEMENT, receipt, KEYS)


def test_the_path_must_have_the_length_of_its_place() -> None:
    longer = encode([SIZE, INDEX, [LOG.root()] * 9])
    receipt = _with_unprotected(RECEIPT, {labels.VDP: {labels.INCLUSION: [longer]}})
    with pytest.raises(InclusionInvalidError):
        verify_receipt(STATEMENT, receipt, KEYS)


@pytest.mark.parametrize("data", [b"", b"\xd2", b"\xa0", b"\xd2\x84\x40\xa0\xf6\x40", STATEMENT])
def test_what_is_no_receipt_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        verify_receipt(STATEMENT, data, KEYS)


def test_a_receipt_is_no_statement() -> None:
    with pytest.raises(ReceiptAsStatementError):
        verify_receipt(RECEIPT, RECEIPT, KEYS)


def test_a_detached_payload_is_checked_with_the_issuers_signature() -> None:
    log = PaperLog().found()
    log.statements.append(sign_statement(AGENT, b"the content", detached=True))
    keys, receipt = log_keys_of(log.receipt_key.public_key), log.receipt(2)
    held = verify_receipt(log.statements[2], receipt, keys, issuer_key=AGENT.public_key, payload=b"the content")
    assert held.issuer_signature == SignatureChecked(AGENT.public_key.thumbprint)
    with pytest.raises(SignatureInvalidError):
        verify_receipt(log.statements[2], receipt, keys, issuer_key=AGENT.public_key, payload=b"other content")
    with pytest.raises(PayloadMissingError):
        verify_receipt(log.statements[2], receipt, keys, issuer_key=AGENT.public_key)


def test_a_payload_that_nothing_is_checked_against_is_refused() -> None:
    with pytest.raises(MalformedParameterError):
        verify_receipt(STATEMENT, RECEIPT, KEYS, payload=b"anything")
    with pytest.raises(MalformedParameterError):
        verify_receipt(STATEMENT, RECEIPT, KEYS, issuer_key=AGENT.public_key, payload=b"anything")


def test_an_entry_is_verified_by_its_id_alone() -> None:
    entry_id = parse_signed_statement(STATEMENT).hash
    result = verify_receipt_for_entry(entry_id, RECEIPT, KEYS)
    assert result.entry_id == entry_id
    assert result.issuer_signature == SignatureNotChecked()
    assert result.inclusion == verify_receipt(STATEMENT, RECEIPT, KEYS).inclusion
    assert not_established.CONTENT in result.not_established


def test_another_entry_id_is_refused() -> None:
    with pytest.raises(SignatureInvalidError):
        verify_receipt_for_entry(bytes(32), RECEIPT, KEYS)
    for entry_id in (b"", bytes(31), bytes(33)):
        with pytest.raises(MalformedEntryIdError):
            verify_receipt_for_entry(entry_id, RECEIPT, KEYS)


def test_a_transparent_statement_is_verified_with_what_it_carries() -> None:
    result = verify_transparent_statement(LOG.transparent(INDEX), KEYS, issuer_key=AGENT.public_key)
    assert result == verify_receipt(STATEMENT, RECEIPT, KEYS, issuer_key=AGENT.public_key)


def test_a_statement_without_a_receipt_shows_nothing() -> None:
    with pytest.raises(ReceiptMissingError):
        verify_transparent_statement(STATEMENT, KEYS)


def test_all_receipts_by_trusted_keys_must_hold() -> None:
    of_another = LOG.receipt(INDEX + 1)
    for receipts in ((RECEIPT, of_another), (of_another, RECEIPT)):
        with pytest.raises(SignatureInvalidError):
            verify_transparent_statement(LOG.transparent(INDEX, *receipts), KEYS)


def test_receipts_that_were_not_checked_are_named() -> None:
    other = PaperLog()
    other.statements = LOG.statements
    ccf = _signed_receipt({labels.VDS: labels.VDS_CCF})
    transparent = LOG.transparent(INDEX, other.receipt(INDEX), RECEIPT, ccf, LOG.receipt(INDEX, 6))
    result = verify_transparent_statement(transparent, KEYS)
    assert [inclusion.tree_size for inclusion in result.inclusions] == [SIZE, 6]
    assert [(one.position, one.code) for one in result.receipts_not_checked] == [
        (0, "log-key-unknown"),
        (2, "vds-unsupported"),
    ]
    assert sum("was not checked:" in sentence for sentence in result.not_established) == 2


def test_receipts_none_of_which_could_be_checked_show_nothing() -> None:
    with pytest.raises(LogKeyUnknownError):
        verify_transparent_statement(LOG.transparent(INDEX), STRANGER)
    ccf = _signed_receipt({labels.VDS: labels.VDS_CCF})
    with pytest.raises(StructureUnsupportedError):
        verify_transparent_statement(LOG.transparent(INDEX, ccf), KEYS)


def test_a_receipt_that_cannot_be_read_fails_the_whole() -> None:
    encoded = parse_signed_statement(STATEMENT).encoded
    with pytest.raises(MalformedError):
        verify_transparent_statement(attach_receipts(encoded, [RECEIPT, b"\xd2"]), KEYS)


def test_receipts_of_two_trusted_logs_are_both_checked() -> None:
    other = PaperLog()
    other.statements = LOG.statements[:5]
    keys = log_keys_of(LOG.receipt_key.public_key, other.receipt_key.public_key)
    result = verify_transparent_statement(LOG.transparent(INDEX, RECEIPT, other.receipt(INDEX)), keys)
    assert [inclusion.key_thumbprint for inclusion in result.inclusions] == [
        LOG.receipt_key.public_key.thumbprint,
        other.receipt_key.public_key.thumbprint,
    ]
    assert result.receipts_not_checked == ()


def _flipped(data: bytes) -> Iterator[bytes]:
    """The bytes with each of them changed in turn, in its lowest bit and in the next."""
    for position in range(len(data)):
        for mask in (0x01, 0x02):
            yield data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]


@pytest.mark.parametrize("place", [(0, 5), (2, 7), (4, 5)])
def test_no_flipped_byte_of_a_receipt_changes_what_it_claims(place: tuple[int, int]) -> None:
    index, size = place
    statement, receipt = LOG.statements[index], LOG.receipt(index, size)
    held = verify_receipt(statement, receipt, KEYS).inclusion
    for flipped in _flipped(receipt):
        try:
            result = verify_receipt(statement, flipped, KEYS)
        except CounterfoilError:
            continue
        assert result.inclusion == held


def test_the_size_beside_the_path_must_be_the_signed_one() -> None:
    # Leaf 0 of trees of 5 to 8 leaves has three steps to the right, so one path leads to one root from all four.
    receipt = LOG.receipt(0, 5)
    proof = parse_sign1(receipt, max_bytes=len(receipt)).unprotected[labels.VDP]
    assert isinstance(proof, dict)
    (encoded,) = proof[labels.INCLUSION]
    assert encoded[:3] == b"\x83\x05\x00"
    stretched = _with_unprotected(receipt, {labels.VDP: {labels.INCLUSION: [b"\x83\x07\x00" + encoded[3:]]}})
    assert verify_receipt(LOG.statements[0], receipt, KEYS).inclusion.place_is_signed
    with pytest.raises(SizeMismatchError):
        verify_receipt(LOG.statements[0], stretched, KEYS)


def test_no_flipped_byte_of_a_statement_is_accepted() -> None:
    for flipped in _flipped(STATEMENT):
        with pytest.raises(CounterfoilError):
            verify_receipt(flipped, RECEIPT, KEYS)


def test_no_shortened_or_lengthened_receipt_is_accepted() -> None:
    for length in range(len(RECEIPT)):
        with pytest.raises(MalformedError):
            verify_receipt(STATEMENT, RECEIPT[:length], KEYS)
    with pytest.raises(MalformedError):
        verify_receipt(STATEMENT, RECEIPT + b"\x00", KEYS)
