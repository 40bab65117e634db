"""The runbook's procedures about keys, walked as they are written, on the embedded store."""

from pathlib import Path

import httpx
import pytest

from counterfoil.cli.exit_codes import ExitCode
from tests.cli.commands import AGENT, ORIGIN, Shell
from tests.cli.test_runbook import Place, register
from tests.processes.fleet import serving

NEW = "file:keys/receipt-2.pem"


@pytest.fixture
def place(shell: Shell, tmp_path: Path) -> Place:
    made = Place(tmp_path / "data", None, shell)
    assert made.run("init", "--origin", ORIGIN).code == ExitCode.OK
    shell.ok("keygen", "--out", tmp_path / "agent.pem")
    assert made.run("issuer", "add", "--name", AGENT, "--key", tmp_path / "agent.pem.pub").code == ExitCode.OK
    return made


def signed(place: Place, text: str) -> bytes:
    """A statement that nobody has sent."""
    folder = place.data.parent
    (folder / "s.json").write_text(f'{{"said": "{text}"}}')
    named = ("--issuer", AGENT, "--subject", "trace", "--content-type", "application/json")
    arguments = ("--key", folder / "agent.pem", *named, "--in", folder / "s.json", "--out", folder / f"{text}.cose")
    place.shell.ok("sign", *arguments)
    return (folder / f"{text}.cose").read_bytes()


def save_genesis(url: str, file: Path) -> None:
    entry = httpx.get(f"{url}/log").json()["genesisEntry"]["entryId"]
    file.write_bytes(httpx.get(f"{url}/entries/{entry}/statement").content)


def test_exchange_the_receipt_key_and_say_that_it_was_stolen(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, genesis = place.shell, tmp_path / "genesis.cose"
    kid = next(key["thumbprint"] for key in shell.ok("keys", *place.where)["keys"] if key["purpose"] == "receipt")
    assert shell("keygen", "--out", place.data / "keys" / "receipt-2.pem").code == ExitCode.OK
    with serving(place.data, None, 1) as one:
        save_genesis(one.url, genesis)
        register(place, one.url, "before")
        announced = place.run("receipt-key", "announce", "--new-key", NEW)
        assert announced.out.startswith("the receipt key is announced\n  kid ")
        own = place.run("receipt-key", "retire", kid)
        assert own.err.startswith("error[receipt-key-ended]: ")
        monkeypatch.setenv("COUNTERFOIL_RECEIPT_KEY", NEW)
        with serving(place.data, None, 1) as other:
            register(place, other.url, "overlap")
            register(place, one.url, "still")
            assert place.run("receipt-key", "retire", kid).out.startswith("the receipt key is retired\n")
            refused = httpx.post(
                f"{one.url}/entries", content=signed(place, "late"), headers={"Content-Type": "application/cose"}
            )
            for answer in (refused, httpx.get(f"{one.url}/readyz")):
                assert answer.status_code == 503
                assert b"receipt-key-ended" in answer.content
            assert httpx.get(f"{other.url}/readyz").status_code == 200
            register(place, other.url, "after")
            say_that_it_was_stolen(place, kid, other.url, genesis)
    assert place.run("fsck").code == ExitCode.OK
    monkeypatch.delenv("COUNTERFOIL_RECEIPT_KEY")
    ended = place.run("serve", "--port", "0")
    assert ended.code == ExitCode.CORRUPT
    assert ended.err.startswith("error[keys-mismatch]: the receipt keys in force are ")


def say_that_it_was_stolen(place: Place, kid: str, url: str, genesis: Path) -> None:
    shell, folder = place.shell, place.data.parent
    history, proof, again = (folder / f"{name}.cose" for name in ("history", "proof", "again"))
    statement, old = folder / "before.cose", folder / "before.receipt"
    assert shell.ok("keys", *place.where, "--history", "--out", history)["out"] == str(history)
    before = ("verify", statement, "--receipt", old, "--keys", history)
    assert shell(*before).code == ExitCode.OK
    said = place.run("receipt-key", "compromise", kid, "--yes")
    assert said.out.startswith("the receipt key is said to be compromised\n")
    shell.ok("keys", "--url", url, "--history", "--keys", genesis, "--out", history)
    refused = shell(*before)
    assert refused.err.startswith("error[receipt-key-compromised]: the receipt is by the key ")
    assert shell("receipt", "--url", url, statement, "--keys", history, "--out", again).code == ExitCode.OK
    assert shell("verify", statement, "--receipt", again, "--keys", history).code == ExitCode.OK
    size = int(refused.err.partition("the tree of ")[2].partition(" ")[0])
    answer = httpx.get(f"{url}/consistency", params={"from": size}, headers={"Accept": "application/cose"})
    proof.write_bytes(answer.content)
    assert shell(*before, "--consistency", proof).code == ExitCode.OK


def test_an_issuers_key_is_lost_or_stolen(place: Place, tmp_path: Path) -> None:
    words = ("revoke", tmp_path / "agent.pem.pub", "--last-valid-entry", "-1", "--reason", "the laptop was stolen")
    assert place.run(*words).out.startswith("the key is revoked\n")
    shell = place.shell
    shell.ok("keygen", "--out", tmp_path / "next.pem")
    assert place.run("issuer", "add", "--name", AGENT, "--key", tmp_path / "next.pem.pub").code == ExitCode.OK
    assert place.run("fsck").code == ExitCode.OK
