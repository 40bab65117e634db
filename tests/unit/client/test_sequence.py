"""Entries for an audit and tiles, as the two clients ask for them."""

import asyncio

import pytest

from counterfoil.client import AsyncClient, Client, ServiceAnswerError
from counterfoil.merkle.tiles import TileId, TilePath
from tests.unit.client.canned import Canned, answering

PATH = TilePath(TileId(0, 0), 3)
TILE = "/tile/0/000.p/3"


def test_both_clients_ask_the_same() -> None:
    async def in_a_loop(url: str) -> tuple[bytes, bytes]:
        async with AsyncClient(url) as client:
            return await client.entry_sequence(7, 9), await client.tile(PATH)

    with answering({"/entries": Canned(b"anything"), TILE: Canned(bytes(96))}) as service:
        with Client(service.url) as client:
            asked = client.entry_sequence(7, 9), client.tile(PATH)
        assert asyncio.run(in_a_loop(service.url)) == asked == (b"anything", bytes(96))
        assert [one[1] for one in service.seen] == ["/entries?from=7&limit=9", TILE] * 2
        assert {one[2]["Accept"].partition(",")[0] for one in service.seen[::2]} == {"application/cbor-seq"}


@pytest.mark.parametrize("body", [b"", bytes(64), bytes(95), bytes(97)])
def test_a_tile_of_another_width_is_an_error(body: bytes) -> None:
    with answering({TILE: Canned(body)}) as service, Client(service.url) as client, pytest.raises(ServiceAnswerError):
        client.tile(PATH)
