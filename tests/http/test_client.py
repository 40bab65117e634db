"""Both clients against a real server: many statements, bad ones among them, and again."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from counterfoil.client import AsyncClient, Client, Outcome, ReceiptStore, Registered, ServiceUnverifiedError
from counterfoil.errors import MalformedError
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import LogKeys, log_keys_of
from tests.builders import sign_statement
from tests.http.live import Live

_BAD_SIGNATURE, _NO_STATEMENT = 17, 258


def _waiting(url: str, keys: LogKeys, receipts: ReceiptStore, statements: list[bytes]) -> list[Outcome]:
    with Client(url, log_keys=keys, receipts=receipts) as client:
        return client.submit_many(statements)


def _in_a_loop(url: str, keys: LogKeys, receipts: ReceiptStore, statements: list[bytes]) -> list[Outcome]:
    async def submit() -> list[Outcome]:
        async with AsyncClient(url, log_keys=keys, receipts=receipts) as client:
            return await client.submit_many(statements)

    return asyncio.run(submit())


@pytest.mark.parametrize("store", ["postgres"], indirect=True, scope="module")
@pytest.mark.parametrize("submit", [_waiting, _in_a_loop])
def test_many_are_registered_in_order_and_each_bad_one_is_told(
    submit: Callable[[str, LogKeys, ReceiptStore, list[bytes]], list[Outcome]], live: Live, tmp_path: Path
) -> None:
    keys = log_keys_of(live.world.signers[KeyPurpose.RECEIPT].public_key)
    statements = [sign_statement(live.world.agent) for _ in range(260)]
    statements[_BAD_SIGNATURE] = statements[_BAD_SIGNATURE][:-1] + bytes([statements[_BAD_SIGNATURE][-1] ^ 1])
    statements[_NO_STATEMENT] = b"no statement"
    size = live.size()
    found = submit(live.url, keys, ReceiptStore(tmp_path), statements)
    assert isinstance(found[_BAD_SIGNATURE], ServiceUnverifiedError)
    assert isinstance(found[_NO_STATEMENT], MalformedError)
    for place, (statement, outcome) in enumerate(zip(statements, found, strict=True)):
        if place not in {_BAD_SIGNATURE, _NO_STATEMENT}:
            assert isinstance(outcome, Registered)
            assert outcome.verified.entry_id == parse_signed_statement(statement).hash
    assert live.size() == size + 258
    again = submit(live.url, keys, ReceiptStore(tmp_path), statements)
    assert [isinstance(one, Registered) and one.already for one in again].count(True) == 258
    assert live.size() == size + 258
