"""What @transmute/cose made, judged by us: its statement registers, its receipts verify."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from counterfoil.errors import SignatureInvalidError
from counterfoil.merkle.tree import root_of
from counterfoil.policy.document import Issuer
from counterfoil.register import Registration, register
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.builders import CONTENT_TYPE, ISSUER, START, SUBJECT, World, policy_for
from tests.interop.our_verdict import accepts_consistency, accepts_inclusion, statement_hash
from tests.interop.receipt_mutations import flip
from tests.interop.transmute import Answer, Es256Key
from tests.interop.transmute_cases import (
    THEIR_ENTRIES,
    THEIR_KEY,
    THEIR_KID,
    THEIR_LEAVES,
    THEIR_PAYLOAD,
    THEIR_SIZES,
    is_power_of_two,
)


@pytest.mark.parametrize("size", THEIR_SIZES)
class TestReceipts:
    def test_inclusion(self, size: int, answers: Mapping[str, Answer]) -> None:
        receipt, entry = answers[f"issued {size}"].of("inclusion"), THEIR_ENTRIES[size - 1]
        assert accepts_inclusion(receipt, entry, THEIR_KEY.public)
        assert not accepts_inclusion(receipt, flip(entry), THEIR_KEY.public)
        assert not accepts_inclusion(receipt, entry, Es256Key.generate().public)

    def test_consistency(self, size: int, answers: Mapping[str, Answer]) -> None:
        """From a power of two their path holds the first root, which RFC 9162 leaves out; it is refused for that."""
        receipt = answers[f"issued {size}"].of("consistency")
        first, second = root_of(THEIR_LEAVES[:size]), root_of(THEIR_LEAVES)
        assert answers[f"issued {size}"].of("root") == second
        assert accepts_consistency(receipt, first, second, THEIR_KEY.public) != is_power_of_two(size)
        assert not accepts_consistency(receipt, flip(first), second, THEIR_KEY.public)
        assert not accepts_consistency(receipt, first, second, Es256Key.generate().public)


class TestStatement:
    def test_registers(self, answers: Mapping[str, Answer], tmp_path: Path) -> None:
        statement = _statement(answers)
        store = open_sqlite(tmp_path / "log.sqlite", create=True)
        registration, world = _register(store, statement)
        assert accepts_inclusion(
            registration.receipt, statement_hash(statement), world.open().receipts.keys().trusted[0]
        )
        store.close()

    def test_changed(self, answers: Mapping[str, Answer], tmp_path: Path) -> None:
        store = open_sqlite(tmp_path / "log.sqlite", create=True)
        with pytest.raises(SignatureInvalidError):
            _register(store, _statement(answers).replace(b"elsewhere", b"elsewhcre"))
        store.close()

    def test_says_what_they_were_told(self, answers: Mapping[str, Answer]) -> None:
        statement = parse_signed_statement(_statement(answers))
        assert statement.encoded == _statement(answers)
        assert (statement.claims.issuer, statement.claims.subject) == (ISSUER, SUBJECT)
        assert (statement.claims.issued_at, statement.kid) == (START, THEIR_KID)
        assert (statement.content_type, statement.message.payload) == (CONTENT_TYPE, THEIR_PAYLOAD)


def _statement(answers: Mapping[str, Answer]) -> bytes:
    value = answers["statement"].value
    assert isinstance(value, str), answers["statement"].error
    return bytes.fromhex(value)


def _register(store: SqliteStore, statement: bytes) -> tuple[Registration, World]:
    issuer = Issuer(ISSUER, (IssuerKey(THEIR_KID, THEIR_KEY.public),), frozenset())
    world = World(store, policy=policy_for(issuer)).found()
    return asyncio.run(register(statement, world.open())), world
