"""The genesis statement as the source of trust."""

import pytest

from counterfoil.errors import (
    CounterfoilError,
    InclusionInvalidError,
    LogKeyUnknownError,
    MalformedGenesisError,
    PayloadMissingError,
    ReceiptMissingError,
    RootMismatchError,
    SignatureInvalidError,
    UnverifiedError,
)
from counterfoil.log.founding import genesis_of, sign_own_statement
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.claims import RootTraceId
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE, KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import verify_genesis, verify_receipt
from tests.builders import START, sign_statement
from tests.unit.verify.paper_log import PaperLog

AGENT = generate_private_key("ES256")


@pytest.fixture
def log() -> PaperLog:
    founded = PaperLog().found()
    founded.statements.append(sign_statement(AGENT))
    return founded


def test_a_genesis_statement_is_enough_to_verify_what_the_log_gives_out(log: PaperLog) -> None:
    genesis = verify_genesis(log.transparent(1))
    assert genesis.genesis.identity == log.identity
    assert verify_receipt(log.statements[2], log.receipt(2), genesis.log_keys).inclusion.leaf_index == 2


def test_a_genesis_statement_is_pinned_by_its_entry_id(log: PaperLog) -> None:
    entry_id = parse_signed_statement(log.statements[1]).hash
    assert verify_genesis(log.transparent(1), expected_entry_id=entry_id).statement.entry_id == entry_id
    with pytest.raises(RootMismatchError):
        verify_genesis(log.transparent(1), expected_entry_id=bytes(32))


def test_without_a_receipt_it_is_refused(log: PaperLog) -> None:
    with pytest.raises(ReceiptMissingError):
        verify_genesis(log.statements[1])


def test_another_statement_of_the_log_is_no_genesis(log: PaperLog) -> None:
    for index in (0, 2):
        with pytest.raises(MalformedGenesisError):
            verify_genesis(log.transparent(index))


def test_a_genesis_statement_elsewhere_in_the_log_is_refused(log: PaperLog) -> None:
    log.statements[0], log.statements[1] = log.statements[1], log.statements[0]
    with pytest.raises(InclusionInvalidError):
        verify_genesis(log.transparent(0))


def test_a_receipt_by_another_key_than_the_named_one_is_refused(log: PaperLog) -> None:
    other = PaperLog()
    other.statements = log.statements
    with pytest.raises(LogKeyUnknownError):
        verify_genesis(log.transparent(1, other.receipt(1)))


def _replace_genesis(log: PaperLog, signer: KeyPurpose, issuer: str | None = None, *, detached: bool = False) -> bytes:
    payload = genesis_of(log.identity, log.signers).encode()
    log.statements[1] = sign_statement(
        log.signers[signer],
        payload,
        issuer=log.identity.issuer if issuer is None else issuer,
        content_type=GENESIS_CONTENT_TYPE,
        detached=detached,
    )
    return log.transparent(1)


def test_it_must_be_signed_by_the_operator_key_it_names(log: PaperLog) -> None:
    with pytest.raises(SignatureInvalidError):
        verify_genesis(_replace_genesis(log, KeyPurpose.SERVICE))


def test_its_issuer_must_be_the_log_it_names(log: PaperLog) -> None:
    with pytest.raises(MalformedGenesisError):
        verify_genesis(_replace_genesis(log, KeyPurpose.OPERATOR, "https://log.example/other"))


def test_its_payload_must_be_there(log: PaperLog) -> None:
    with pytest.raises(PayloadMissingError):
        verify_genesis(_replace_genesis(log, KeyPurpose.OPERATOR, detached=True))


def test_no_flipped_byte_is_accepted_as_another_genesis(log: PaperLog) -> None:
    transparent = log.transparent(1)
    held = verify_genesis(transparent)
    for position in range(0, len(transparent), 7):
        flipped = bytearray(transparent)
        flipped[position] ^= 0x01
        try:
            result = verify_genesis(bytes(flipped))
        except CounterfoilError:
            continue
        assert (result.genesis, result.statement.entry_id) == (held.genesis, held.statement.entry_id)


def test_a_log_that_names_itself_is_not_thereby_the_right_one(log: PaperLog) -> None:
    impostor = PaperLog().found()
    expected = parse_signed_statement(log.statements[1]).hash
    assert verify_genesis(impostor.transparent(1)).genesis.identity == log.identity
    with pytest.raises(UnverifiedError):
        verify_genesis(impostor.transparent(1), expected_entry_id=expected)


def test_the_subject_of_the_genesis_does_not_decide(log: PaperLog) -> None:
    payload = genesis_of(log.identity, log.signers).encode()
    operator = log.signers[KeyPurpose.OPERATOR]
    log.statements[1] = sign_own_statement(
        operator, log.identity, RootTraceId("else"), GENESIS_CONTENT_TYPE, payload, START
    )
    assert verify_genesis(log.transparent(1)).genesis.identity == log.identity
