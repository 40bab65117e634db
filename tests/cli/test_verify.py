"""The verify command: what a file is, it says itself; what was asked for is checked, or refused."""

from pathlib import Path

import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cose.keys import public_key_pem
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import ORIGIN, sign_statement
from tests.cli.commands import Shell
from tests.unit.verify.paper_log import PaperLog
from tests.vectors_dir import require_shared

AGENT = generate_private_key("ES256")
LOG = PaperLog().found()
LOG.statements.extend(sign_statement(AGENT, b'{"tool":"search"}' + b" " * n) for n in range(4))
STATEMENT, RECEIPT = LOG.statements[2], LOG.receipt(2)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Everything an auditor may have."""
    contents = {
        "s.cose": STATEMENT,
        "r.cose": RECEIPT,
        "t.cose": LOG.transparent(2),
        "genesis.cose": LOG.transparent(1),
        "log.pem": public_key_pem(LOG.receipt_key.public_key).encode(),
        "checkpoint.pem": public_key_pem(LOG.signers[KeyPurpose.CHECKPOINT].public_key).encode(),
        "agent.pub": public_key_pem(AGENT.public_key).encode(),
        "old.checkpoint": LOG.checkpoint(3),
        "new.checkpoint": LOG.checkpoint(6),
        "c.cose": LOG.consistency_receipt(3, 6),
        "detached.cose": sign_statement(AGENT, b"payload", detached=True),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("keys", ["log.pem", "genesis.cose"])
def test_a_statement_is_verified_with_its_receipt(keys: str, files: Path, shell: Shell) -> None:
    told = shell.ok("verify", files / "s.cose", "--receipt", files / "r.cose", "--keys", files / keys)
    assert (told["verified"], told["kind"]) == (True, "statement")
    assert told["issuerSignature"]["status"] == "not-checked"
    assert told["receipts"][0]["logName"] == ORIGIN
    assert told["notEstablished"]


def test_an_unchecked_signature_is_said_in_capitals(files: Path, shell: Shell) -> None:
    arguments = ("verify", files / "t.cose", "--keys", files / "genesis.cose")
    assert "NOT CHECKED" in shell(*arguments).out
    checked = shell(*arguments, "--issuer-key", files / "agent.pub").out
    assert "NOT CHECKED" not in checked
    assert AGENT.public_key.thumbprint.hex() in checked
    assert "this does not show:" in checked


def test_an_entry_a_checkpoint_and_consistency_are_verified(files: Path, shell: Shell) -> None:
    entry_id, trust = parse_signed_statement(STATEMENT).hash.hex(), ("--keys", files / "genesis.cose")
    assert shell.ok("verify", files / "r.cose", "--entry-id", entry_id, *trust)["kind"] == "entry"
    assert shell.ok("verify", files / "new.checkpoint", *trust)["treeSize"] == 6
    with_pem = ("--keys", files / "checkpoint.pem", "--origin", ORIGIN)
    assert shell.ok("verify", files / "new.checkpoint", *with_pem)["treeSize"] == 6
    between = ("verify", files / "new.checkpoint", "--old", files / "old.checkpoint", "--proof", files / "c.cose")
    joined = shell.ok(*between, *trust)
    assert (joined["oldSize"], joined["newSize"]) == (3, 6)
    grown = shell.ok("verify", files / "c.cose", "--old-root", LOG.root(3).hex(), *trust)
    assert grown["newRoot"] == LOG.root(6).hex()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("s.cose",), ExitCode.UNVERIFIED, "receipt-missing"),
        (("s.cose", "--receipt", "c.cose"), ExitCode.UNVERIFIED, "inclusion-proof-invalid"),
        (("s.cose", "--receipt", "s.cose"), ExitCode.MALFORMED, "malformed-receipt"),
        (("s.cose", "--receipt", "log.pem"), ExitCode.MALFORMED, "not-cose-sign1"),
        (("s.cose", "--receipt", "absent"), ExitCode.MISCONFIGURED, "file-unreadable"),
        (("genesis.cose", "--receipt", "r.cose"), ExitCode.UNVERIFIED, "signature-invalid"),
        (("t.cose", "--issuer-key", "log.pem"), ExitCode.UNVERIFIED, "signature-invalid"),
        (("t.cose", "--issuer-key", "checkpoint.pem"), ExitCode.UNVERIFIED, "algorithm-key-mismatch"),
        (("t.cose", "--origin", "log.example/other"), ExitCode.UNVERIFIED, "issuer-mismatch"),
        (("t.cose", "--origin", "no origin"), ExitCode.MISCONFIGURED, "unsafe-configuration"),
        (("t.cose", "--payload", "log.pem"), ExitCode.MALFORMED, "malformed-parameter"),
        (("t.cose", "--entry-id", "00"), ExitCode.USAGE, "usage"),
        (("t.cose", "--old", "old.checkpoint"), ExitCode.USAGE, "usage"),
        (("r.cose",), ExitCode.USAGE, "usage"),
        (("r.cose", "--entry-id", "00"), ExitCode.MALFORMED, "malformed-entry-id"),
        (("r.cose", "--entry-id", "zz" * 32), ExitCode.MALFORMED, "malformed-entry-id"),
        (("r.cose", "--entry-id", "00" * 32), ExitCode.UNVERIFIED, "signature-invalid"),
        (("r.cose", "--entry-id", "00" * 32, "--issuer-key", "agent.pub"), ExitCode.USAGE, "usage"),
        (("r.cose", "--old-root", "00" * 32), ExitCode.MALFORMED, "malformed-proof"),
        (("c.cose", "--old-root", "00" * 32), ExitCode.UNVERIFIED, "root-mismatch"),
        (("c.cose", "--old-root", "xx"), ExitCode.MALFORMED, "malformed-parameter"),
        (("new.checkpoint", "--receipt", "r.cose"), ExitCode.USAGE, "usage"),
        (("new.checkpoint", "--proof", "c.cose"), ExitCode.USAGE, "usage"),
        (("new.checkpoint", "--origin", "log.example/other"), ExitCode.UNVERIFIED, "issuer-mismatch"),
        (("new.checkpoint", "--old", "old.checkpoint"), ExitCode.UNVERIFIED, "consistency-proof-invalid"),
        (("old.checkpoint", "--old", "new.checkpoint"), ExitCode.UNVERIFIED, "consistency-proof-invalid"),
        (("new.checkpoint", "--old", "old.checkpoint", "--proof", "r.cose"), ExitCode.MALFORMED, "malformed-parameter"),
        (("log.pem",), ExitCode.MALFORMED, "not-cose-sign1"),
        (("absent",), ExitCode.MISCONFIGURED, "file-unreadable"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_does_not_hold_is_refused(
    arguments: tuple[str, ...], exit_code: ExitCode, code: str, files: Path, shell: Shell
) -> None:
    named = [files / part if (files / part).exists() or part == "absent" else part for part in arguments]
    refused = shell("verify", *named, "--keys", files / "genesis.cose", "--json")
    assert (refused.code, refused.error["code"]) == (exit_code, code)
    assert refused.out == ""
    plain = shell("verify", *named, "--keys", files / "genesis.cose")
    assert plain.out == ""
    assert plain.err.count("\n") == 1


@pytest.mark.parametrize(
    ("keys", "file", "code"),
    [
        ("agent.pub", "t.cose", "log-key-unknown"),
        ("checkpoint.pem", "t.cose", "log-key-unknown"),
        ("s.cose", "t.cose", "malformed-genesis"),
        ("r.cose", "t.cose", "receipt-as-statement"),
        ("new.checkpoint", "t.cose", "trailing-bytes"),
        ("absent", "t.cose", "file-unreadable"),
        ("checkpoint.pem", "new.checkpoint", "usage"),
    ],
)
def test_keys_that_are_not_the_logs_verify_nothing(keys: str, file: str, code: str, files: Path, shell: Shell) -> None:
    refused = shell("verify", files / file, "--keys", files / keys, "--json")
    assert refused.error["code"] == code
    assert refused.out == ""


def test_a_checkpoint_needs_the_checkpoint_key(files: Path, shell: Shell) -> None:
    refused = shell("verify", files / "new.checkpoint", "--keys", files / "log.pem", "--origin", ORIGIN, "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.UNVERIFIED, "log-key-unknown")


def test_names_from_a_statement_cannot_move_the_cursor(tmp_path: Path, files: Path, shell: Shell) -> None:
    log = PaperLog().found()
    log.statements.append(sign_statement(AGENT, issuer="https://agent.example\x1b[2J\nverified"))
    (tmp_path / "t.cose").write_bytes(log.transparent(2))
    (tmp_path / "genesis.cose").write_bytes(log.transparent(1))
    outcome = shell("verify", tmp_path / "t.cose", "--keys", tmp_path / "genesis.cose")
    assert outcome.code == 0
    assert "\x1b" not in outcome.out
    assert "\\x1b[2J\\nverified" in outcome.out


def test_the_shared_vectors_through_the_command(shell: Shell) -> None:
    for name, with_issuer, code in (
        ("valid-es256", True, 0),
        ("valid-eddsa", True, 0),
        ("fail-bad-statement-sig", False, 0),
        ("fail-bad-statement-sig", True, ExitCode.UNVERIFIED),
        ("fail-tampered-path", False, ExitCode.UNVERIFIED),
        ("fail-unsupported-vds", False, ExitCode.UNVERIFIED),
        ("valid-ccf-vds2", False, ExitCode.UNVERIFIED),
    ):
        folder = require_shared("scitt", "receipts-v1", name)
        issuer = ("--issuer-key", folder / "issuer-key.pub") if with_issuer else ()
        given = ("--receipt", folder / "receipt.cose", "--keys", folder / "log-key.pub")
        assert shell("verify", folder / "statement.cose", *given, *issuer).code == code, name
