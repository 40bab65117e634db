"""Entries by number and their decision records, as a service answers them."""

import asyncio
import json

import pytest

from counterfoil.client import AsyncClient, Client
from counterfoil.client.problem import ServiceAnswerError
from counterfoil.client.summary import parse_indexed
from counterfoil.errors import EntryAbsentError, MalformedEntryIdError
from tests.unit.client.canned import Canned, answering

ENTRY = {"number": 7, "entryId": "ab" * 32, "decisionDigest": "cd" * 32}


def body(*entries: object) -> bytes:
    return json.dumps({"entries": entries, "next": None, "size": 8}).encode()


def test_the_entry_of_a_number() -> None:
    assert parse_indexed(body(ENTRY), 7) == bytes.fromhex("ab" * 32)
    with pytest.raises(EntryAbsentError):
        parse_indexed(body(), 7)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"entries":null}',
        body(7),
        body({**ENTRY, "number": 8}),
        body({**ENTRY, "number": "7"}),
        body({**ENTRY, "entryId": 7}),
        body({**ENTRY, "entryId": "no hexadecimal"}),
        body({**ENTRY, "entryId": "ab"}),
        body(ENTRY, ENTRY),
    ],
)
def test_what_is_no_index_of_it(answer: bytes) -> None:
    with pytest.raises(ServiceAnswerError):
        parse_indexed(answer, 7)


def test_both_clients_ask_the_same() -> None:
    path = f"/entries/{'ab' * 32}/decision"

    async def in_a_loop(url: str) -> tuple[bytes, bytes]:
        async with AsyncClient(url) as client:
            entry_id = await client.entry_id(7)
            return entry_id, await client.decision(entry_id)

    with answering({"/entries": Canned(body(ENTRY)), path: Canned(b"record")}) as service:
        with Client(service.url) as client:
            asked = client.entry_id(7), client.decision(bytes.fromhex("ab" * 32))
            with pytest.raises(MalformedEntryIdError):
                client.decision(b"short")
        assert asyncio.run(in_a_loop(service.url)) == asked == (bytes.fromhex("ab" * 32), b"record")
    assert [path for _, path, _, _ in service.seen] == ["/entries?from=7&limit=1", path] * 2
