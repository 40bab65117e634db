"""A server while its log's receipt keys come and go: what it answers, and what it says of itself."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import httpx
import pytest

from counterfoil.client import Client
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import ReceiptKeyCompromisedError
from counterfoil.register import Registration, register
from counterfoil.settings import Settings
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from counterfoil.verify import VerifiedHistory, log_keys_of, parse_log_keys, verify_history, verify_receipt
from tests.builders import World, sign_statement
from tests.http.live import COSE, Live, new_world, problem_in, running, wait_until
from tests.key_notices import announcement, compromise, retirement


@dataclass
class Keyed:
    """A server that signs with the first key of its log, and a process beside it that signs with the next one."""

    live: Live
    world: World
    key: LocalSigner = field(default_factory=lambda: generate_private_key("ES256"))

    @property
    def first(self) -> LocalSigner:
        return self.world.signers[KeyPurpose.RECEIPT]

    def beside(self, data: bytes) -> Registration:
        """Register a statement in the other process."""
        signers = {**self.world.signers, KeyPurpose.RECEIPT: self.key}
        return asyncio.run(register(data, replace(self.world, signers=signers).open()))

    def get(self, path: str) -> httpx.Response:
        return self.live.client.get(path, headers={"Accept": "*/*"})

    def key_states(self) -> dict[str, tuple[int | None, ...]]:
        keys = [key for key in self.get("/log").json()["keys"] if key["purpose"] == "receipt"]
        return {key["kid"]: (key["announced"], key["retired"], key["compromised"]) for key in keys}


@pytest.fixture(scope="module")
def keyed() -> Iterator[Keyed]:
    world = new_world(MemoryStore())
    with running(world, Settings(page_seconds=1, heartbeat_seconds=86400)) as live:
        yield Keyed(live, world)


def test_a_rotation_as_a_server_shows_it(keyed: Keyed, caplog: pytest.LogCaptureFixture) -> None:
    kids = [encode_base64url(one.public_key.thumbprint) for one in (keyed.first, keyed.key)]
    statement = sign_statement(keyed.world.agent)
    founded = keyed.get("/log").json()["genesisEntry"]["entryId"]
    genesis = verify_history(keyed.get(f"/entries/{founded}/statement").content)
    before = keyed.live.post(statement)
    announced = keyed.live.post(announcement(keyed.world, keyed.key))
    assert (before.status_code, announced.status_code) == (201, 201)
    assert set(keyed.key_states()) == set(kids)
    assert "counterfoil_receipt_key_in_force 1.0" in keyed.get("/metrics").text
    assert keyed.get("/readyz").status_code == 200
    keyed.beside(retirement(keyed.world, keyed.first))
    refused = problem_in(keyed.live.post(sign_statement(keyed.world.agent)))
    assert (refused.status, refused.code) == (503, "receipt-key-ended")
    unready = problem_in(keyed.live.client.get("/readyz"))
    assert (unready.status, unready.code) == (503, "receipt-key-ended")
    assert keyed.key.public_key.thumbprint.hex() in unready.detail
    assert keyed.get("/livez").status_code == 200
    assert "counterfoil_receipt_key_in_force 0.0" in keyed.get("/metrics").text
    wait_until(lambda: "no page was written: receipt-key-ended" in caplog.text)
    # What it gave out stays: the same bytes for who posts them again, and the retired key among those published.
    again = keyed.live.post(statement)
    assert (again.status_code, again.content) == (201, before.content)
    published = parse_log_keys(keyed.get("/.well-known/scitt-keys").content)
    assert {one.key for one in published.keys} == {keyed.first.public_key, keyed.key.public_key}
    for kid in kids:
        assert keyed.get(f"/.well-known/scitt-keys/{kid}").status_code == 200
    verify_receipt(statement, again.content, published)
    states = keyed.key_states()
    assert states[kids[0]][1] is not None
    assert states[kids[1]][1:] == (None, None)
    _a_compromise_as_a_server_shows_it(keyed, genesis, statement, before.content)


def _a_compromise_as_a_server_shows_it(keyed: Keyed, genesis: VerifiedHistory, statement: bytes, old: bytes) -> None:
    """The same server goes on from there: it is what takes long to start."""
    kid, entry_id = encode_base64url(keyed.first.public_key.thumbprint), parse_signed_statement(statement).hash
    size = verify_receipt(statement, old, log_keys_of(keyed.first.public_key)).inclusion.tree_size
    said = keyed.beside(compromise(keyed.world, keyed.first))
    assert keyed.key_states()[kid][2] == said.number
    assert problem_in(keyed.live.client.get(f"/.well-known/scitt-keys/{kid}")).code == "no-such-key"
    again = keyed.live.post(statement)
    assert again.content != old
    assert keyed.live.post(statement).content == again.content
    withdrawn = problem_in(keyed.live.client.get(f"/entries/{entry_id.hex()}?size={size}"))
    assert (withdrawn.status, withdrawn.code) == (404, "size-not-committed")
    proof = keyed.live.client.get(f"/consistency?from={size}", headers={"Accept": COSE}).content
    with Client(keyed.live.url, history=genesis) as client:
        _, history = client.key_history()
        assert client.receipt(entry_id).receipt == again.content
    assert history.log_keys.compromised == (keyed.first.public_key,)
    with pytest.raises(ReceiptKeyCompromisedError):
        verify_receipt(statement, old, history.log_keys)
    assert verify_receipt(statement, old, history.log_keys, consistency=proof).inclusion.vouched_by is not None
