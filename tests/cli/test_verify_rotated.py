"""The verify command with a log's key history: announced keys are believed, compromised ones only with a proof."""

from pathlib import Path

import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.verify.not_established import VOUCHED
from tests.builders import sign_statement
from tests.cli.commands import Shell
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
