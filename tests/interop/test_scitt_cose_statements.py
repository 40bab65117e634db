"""Statements that scitt-cose signed, registered here; the receipts go back to it for judgement."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import scitt_cose

from counterfoil.cose.keys import public_key_pem
from counterfoil.cose.private_keys import parse_private_key_pem
from counterfoil.errors import CounterfoilError, KeyIdentifierMissingError, PayloadMissingError, SignatureInvalidError
from counterfoil.log.local_log import LocalLog
from counterfoil.policy.document import Issuer
from counterfoil.register import Registration, register
from counterfoil.signing.generate import generate_key_pem
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.sqlite import open_sqlite
from tests.builders import CONTENT_TYPE, START, SUBJECT, World, issuer_of, policy_for
from tests.interop.our_verdict import accepts_inclusion, statement_hash
from tests.interop.receipt_mutations import flip

ALGORITHMS = ("ES256", "ES384", "EdDSA")
PEMS = {algorithm: generate_key_pem(algorithm) for algorithm in ALGORITHMS}
KIDS = {algorithm: parse_private_key_pem(pem).public_key.thumbprint for algorithm, pem in PEMS.items()}
CUSTOM_KIDS = {algorithm: b"%d" % number for number, algorithm in enumerate(ALGORITHMS, 11)}


@dataclass(frozen=True, slots=True)
class Theirs:
    """One of their statements, and the log it goes to."""

    algorithm: str
    log: LocalLog

    @property
    def kid(self) -> bytes:
        """The name that the issuer gave its key."""
        return CUSTOM_KIDS[self.algorithm]

    def sign(self, kid: bytes | None) -> bytes:
        """A statement by the issuer of this algorithm."""
        statement: bytes = scitt_cose.build_signed_statement(
            b'{"from":"elsewhere"}',
            alg=self.algorithm,
            private_key_pem=PEMS[self.algorithm],
            issuer=_issuer(self.algorithm).name,
            subject=SUBJECT,
            content_type=CONTENT_TYPE,
            extra_cwt_claims={6: START, "profile": "theirs"},
            kid=kid,
        )
        return statement

    def register(self, statement: bytes) -> Registration:
        """Register it on our log."""
        return asyncio.run(register(statement, self.log))


@pytest.fixture(params=ALGORITHMS)
def theirs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Theirs]:
    store = open_sqlite(tmp_path / "log.sqlite", create=True)
    world = World(store, policy=policy_for(*map(_issuer, ALGORITHMS))).found()
    yield Theirs(request.param, world.open())
    store.close()


@pytest.mark.parametrize("named_by", ["its thumbprint", "a name of the issuer's own"])
def test_registers_and_its_receipt_verifies_there(theirs: Theirs, named_by: str) -> None:
    kid = theirs.kid if named_by == "a name of the issuer's own" else KIDS[theirs.algorithm]
    statement = theirs.sign(kid=kid)
    registration = theirs.register(statement)
    assert (registration.number, registration.new) == (2, True)
    key = theirs.log.receipts.keys().trusted[0]
    result = scitt_cose.verify_receipt(
        registration.receipt,
        leaf_entry_hex=statement_hash(statement).hex(),
        log_public_key_pem=public_key_pem(key),
    )
    assert result.ok, result.errors
    assert accepts_inclusion(registration.receipt, statement_hash(statement), key)


def test_as_they_sent_it_or_with_receipts_attached_it_is_one_entry(theirs: Theirs) -> None:
    statement = theirs.sign(theirs.kid)
    first = theirs.register(statement)
    again = theirs.register(scitt_cose.attach_receipts(statement, [first.receipt]))
    assert (again.entry_id, again.receipt, again.new) == (first.entry_id, first.receipt, False)


def test_the_log_stores_the_bytes_they_signed(theirs: Theirs) -> None:
    statement = theirs.sign(theirs.kid)
    assert parse_signed_statement(statement).encoded == statement


def test_without_a_kid(theirs: Theirs) -> None:
    _refused(theirs, theirs.sign(kid=None), KeyIdentifierMissingError)


def test_with_another_signature(theirs: Theirs) -> None:
    statement = theirs.sign(theirs.kid)
    _refused(theirs, flip(statement, len(statement) - 1), SignatureInvalidError)


def test_with_another_payload(theirs: Theirs) -> None:
    _refused(theirs, theirs.sign(theirs.kid).replace(b"elsewhere", b"elsewhcre"), SignatureInvalidError)


def test_with_a_detached_payload(theirs: Theirs) -> None:
    protected = {3: CONTENT_TYPE, 4: theirs.kid, 15: {1: _issuer(theirs.algorithm).name, 2: SUBJECT, 6: START}}
    pem = PEMS[theirs.algorithm]
    statement = scitt_cose.sign_sign1(
        b"{}", alg=theirs.algorithm, private_key_pem=pem, protected=protected, detached=True
    )
    _refused(theirs, statement, PayloadMissingError)


def _refused(theirs: Theirs, statement: bytes, error: type[CounterfoilError]) -> None:
    before = theirs.log.head()
    with pytest.raises(error):
        theirs.register(statement)
    assert theirs.log.head() == before


def _issuer(algorithm: str) -> Issuer:
    name = f"https://{algorithm.lower()}.example"
    return issuer_of(parse_private_key_pem(PEMS[algorithm]), name, kid=CUSTOM_KIDS[algorithm])
