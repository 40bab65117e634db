"""The verify command with a log's key history: announced keys are believed, compromised ones only with a proof."""

from dataclasses import replace
from pathlib import Path

import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from counterfoil.verify import verify_history
from counterfoil.verify.not_established import VOUCHED
from tests.builders import sign_statement
from tests.cli.commands import Shell
from tests.http.live import new_world, running
from tests.rotations import COMPROMISED, Rotated, forged_receipt

LOG = Rotated().play(compromised=True)
SIZE = LOG.world.head().tree.size
STATEMENTS = [LOG.statement(number) for number in range(SIZE)]
FAKE = sign_statement(LOG.world.agent)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """What an auditor may have of this log."""
    contents = {
        "genesis.cose": LOG.founded,
        "early.cose": LOG.history(COMPROMISED),
        "history.cose": LOG.history(),
        "old.cose": STATEMENTS[2],
        "old.receipt": LOG.receipts[2],
        "old.t.cose": LOG.item(2, SIZE),
        "new.cose": STATEMENTS[7],
        "new.receipt": LOG.receipts[7],
        "c.cose": LOG.open().receipts.consistency(3, SIZE),
        "fake.cose": FAKE,
        "fake.receipt": forged_receipt(LOG.world, LOG.first, [*STATEMENTS[:2], FAKE], 2),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_receipt_by_an_announced_key_is_verified_from_the_genesis_statement_on(files: Path, shell: Shell) -> None:
    words = ("verify", files / "new.cose", "--receipt", files / "new.receipt")
    unknown = shell(*words, "--keys", files / "genesis.cose", "--json")
    assert (unknown.code, unknown.error["code"]) == (ExitCode.UNVERIFIED, "log-key-unknown")
    for keys in ("history.cose", "early.cose"):
        told = shell.ok(*words, "--keys", files / keys)
        assert told["receipts"][0]["logKey"] == LOG.second.public_key.thumbprint.hex()
        assert told["receipts"][0]["vouchedBy"] is None


def test_a_receipt_by_a_compromised_key_needs_a_proof_and_the_result_says_what_it_rests_on(
    files: Path, shell: Shell
) -> None:
    words = ("verify", files / "old.cose", "--receipt", files / "old.receipt")
    assert shell(*words, "--keys", files / "early.cose").code == ExitCode.OK
    refused = shell(*words, "--keys", files / "history.cose", "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.UNVERIFIED, "receipt-key-compromised")
    assert "--consistency" in refused.error["detail"]
    proved = (*words, "--keys", files / "history.cose", "--consistency", files / "c.cose")
    told = shell.ok(*proved)
    assert told["receipts"][0]["vouchedBy"]["treeSize"] == SIZE
    assert VOUCHED in told["notEstablished"]
    text = shell(*proved).out
    assert "compromised; that the entry is on the log rests on a later tree" in text
    entry = ("verify", files / "old.receipt", "--entry-id", told["entryId"], "--keys", files / "history.cose")
    assert shell(*entry).code == ExitCode.UNVERIFIED
    assert shell.ok(*entry, "--consistency", files / "c.cose")["receipts"][0]["vouchedBy"]["treeSize"] == SIZE


def test_what_a_thief_signs_is_refused_with_a_genuine_proof_and_without(files: Path, shell: Shell) -> None:
    words = ("verify", files / "fake.cose", "--receipt", files / "fake.receipt", "--keys", files / "history.cose")
    assert shell(*words).code == ExitCode.UNVERIFIED
    assert shell(*words, "--consistency", files / "c.cose").code == ExitCode.UNVERIFIED
    assert shell(*words, "--consistency", files / "fake.receipt").code in {ExitCode.UNVERIFIED, ExitCode.MALFORMED}


def test_a_proof_that_nothing_asks_for_is_a_misunderstanding(files: Path, shell: Shell) -> None:
    more = ("--keys", files / "history.cose", "--consistency", files / "c.cose")
    for words in ((files / "new.cose", "--receipt", files / "new.receipt"), (files / "old.t.cose",)):
        assert shell("verify", *words, *more).code == ExitCode.USAGE
    assert shell("verify", files / "c.cose", *more).code == ExitCode.USAGE


def test_a_broken_history_is_no_keys(files: Path, shell: Shell) -> None:
    whole = (files / "history.cose").read_bytes()
    words = ("verify", files / "new.cose", "--receipt", files / "new.receipt", "--keys", files / "broken.cose")
    for broken in (whole[:-1], whole + b"\xd2", whole[1:], whole + whole):
        (files / "broken.cose").write_bytes(broken)
        assert shell(*words).code in {ExitCode.UNVERIFIED, ExitCode.MALFORMED}


def test_over_http_the_history_is_fetched_and_every_command_follows_it(tmp_path: Path, shell: Shell) -> None:
    log = Rotated(new_world(MemoryStore())).play(compromised=True)
    world = replace(log.world, signers={**log.world.signers, KeyPurpose.RECEIPT: log.second})
    genesis, history, receipt = (tmp_path / name for name in ("genesis.cose", "history.cose", "r.cose"))
    genesis.write_bytes(log.founded)
    (tmp_path / "s.cose").write_bytes(log.statement(2))
    with running(world) as live:
        words = ("keys", "--url", live.url, "--history")
        shown = shell.ok(*words, "--keys", genesis, "--out", history)["keys"]
        ends = {key["kid"]: key["compromised"] for key in shown if key["purpose"] == "receipt"}
        assert sorted(ends.values(), key=str) == [COMPROMISED, None]
        assert verify_history(history.read_bytes()).log_keys.compromised == (log.first.public_key,)
        assert shell.ok(*words)["keys"] == shown
        for keys in (genesis, history):
            more = ("--url", live.url, "--keys", keys)
            assert shell.ok("receipt", tmp_path / "s.cose", "--out", receipt, *more)["keysPinned"]
            assert len(shell.ok("policy", "history", *more)["policies"]) == 2
        assert len(shell.ok("policy", "history", "--url", live.url)["policies"]) == 2
        other = tmp_path / "other.cose"
        other.write_bytes(Rotated().play().founded)
        foreign = shell(*words, "--keys", other, "--out", tmp_path / "none.cose")
        assert foreign.code == ExitCode.UNVERIFIED
        assert not (tmp_path / "none.cose").exists()
    checked = ("verify", tmp_path / "s.cose", "--receipt", receipt, "--keys", history)
    assert shell.ok(*checked)["receipts"][0]["logKey"] == log.second.public_key.thumbprint.hex()
    for misunderstood in (("keys", "--data", tmp_path), ("keys", "--url", "http://127.0.0.1:1")):
        assert shell(*misunderstood, "--keys", genesis).code == ExitCode.USAGE
