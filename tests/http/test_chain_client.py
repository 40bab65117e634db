"""A whole engagement fetched and verified over a real port, by the clients and by the command."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterfoil.cli.app import run
from counterfoil.client import AsyncClient, Client
from counterfoil.cose.keys import public_key_pem
from counterfoil.errors import AbsentError, CounterfoilError
from counterfoil.log.local_log import Store
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.verify import log_keys_of
from tests.builders import World, issuer_of, sign_statement
from tests.events import Cast, engagement, hash_of
from tests.http.live import Live, running


@pytest.fixture(scope="module")
def cast() -> Cast:
    return Cast()


@pytest.fixture(scope="module")
def told(store: Store, cast: Cast) -> Iterator[Live]:
    world = World(store)
    world.policy = cast.policy(issuer_of(world.agent))
    cast.counts.clear()
    with running(world.found()) as live:
        for event in engagement(cast):
            live.register(event)
        yield live


def test_both_clients_verify_the_whole(told: Live, cast: Cast) -> None:
    keys = log_keys_of(told.world.signers[KeyPurpose.RECEIPT].public_key)

    async def in_a_loop() -> object:
        async with AsyncClient(told.url, log_keys=keys) as client:
            return await client.chain(cast.root)

    with Client(told.url, log_keys=keys) as client:
        fetched = client.chain(cast.root)
        with pytest.raises(AbsentError):
            client.chain("a root that nobody uses")
    assert asyncio.run(in_a_loop()) == fetched
    assert fetched.state == "settled"
    assert fetched.verified.events == len(fetched.links)
    assert [hash_of(link.statement) for link in fetched.links] == list(fetched.verified.entries)


def test_a_chain_longer_than_a_page(told: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.client.reading._PAGE", 7)
    statements = [sign_statement(told.world.agent, subject="a long chain") for _ in range(22)]
    told.post(b"".join(statements), "application/cbor-seq")
    keys = log_keys_of(told.world.signers[KeyPurpose.RECEIPT].public_key)
    with Client(told.url, log_keys=keys) as client:
        fetched = client.chain("a long chain")
    assert list(fetched.verified.entries) == [hash_of(statement) for statement in statements]
    assert (fetched.state, fetched.verified.events) == (None, 0)


def test_keys_of_another_log_verify_nothing(told: Live, cast: Cast) -> None:
    with (
        Client(told.url, log_keys=log_keys_of(told.world.agent.public_key)) as client,
        pytest.raises(CounterfoilError) as error,
    ):
        client.chain(cast.root)
    assert error.value.code == "log-key-unknown"


def test_the_command_says_what_holds_and_what_is_open(
    told: Live, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "log.pem"
    keys.write_text(public_key_pem(told.world.signers[KeyPurpose.RECEIPT].public_key))
    assert run(["chain", "verify", cast.root, "--url", told.url, "--keys", str(keys), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["state"], len(shown["entries"]), shown["keysPinned"]) == ("settled", 12, True)
    assert shown["verdict"] == "pass"
    assert any("counts every entry" in sentence for sentence in shown["notEstablished"])
    assert run(["chain", "verify", cast.root, "--url", told.url]) == 0
    text = capsys.readouterr().out
    assert "pass: the evidence holds" in text
    assert "this does not show" in text
    assert run(["chain", "verify", "nobody's root trace", "--url", told.url]) == 9


def test_a_case_file_is_exported_once_it_verifies_and_verifies_again(
    told: Live, cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, out, again = tmp_path / "log.pem", tmp_path / "case.zip", tmp_path / "again.zip"
    keys.write_text(public_key_pem(told.world.signers[KeyPurpose.RECEIPT].public_key))
    export = ["chain", "export", cast.root, "--url", told.url, "--keys", str(keys), "--json"]
    assert run([*export, "--out", str(out)]) == 0
    shown = json.loads(capsys.readouterr().out)
    told.register(sign_statement(told.world.agent))
    assert run([*export, "--out", str(again), "--size", str(shown["treeSize"])]) == 0
    assert out.read_bytes() == again.read_bytes()
    capsys.readouterr()
    assert run(["verify", str(out), "--keys", str(keys), "--json"]) == 0
    verified = json.loads(capsys.readouterr().out)
    assert verified == {name: shown[name] for name in verified}
    assert run(["verify", str(out)]) == 0
    assert "its keys were taken from the case file itself" in capsys.readouterr().out
    keys.write_text(public_key_pem(told.world.agent.public_key))
    assert run([*export, "--out", str(tmp_path / "none.zip")]) == 1
    assert not (tmp_path / "none.zip").exists()
    assert run(["verify", str(out), "--keys", str(keys)]) == 1
    assert run(["verify", str(out), "--origin", "log.example/other"]) == 1


def test_the_receipts_of_a_fetched_chain_are_of_one_tree(told: Live, cast: Cast) -> None:
    with Client(told.url, log_keys=log_keys_of(told.world.signers[KeyPurpose.RECEIPT].public_key)) as client:
        fetched = client.chain(cast.root)
        assert fetched.verified.tree is not None
        assert client.case_file(cast.root, size=fetched.verified.tree[0])
        with pytest.raises(AbsentError):
            client.case_file("a root that nobody uses")
        with pytest.raises(AbsentError):
            client.case_file(cast.root, size=2)
