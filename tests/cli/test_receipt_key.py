"""Receipt keys and revocations from the command line."""

import re
from pathlib import Path
from typing import Any

import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.encoding.base64url import decode_base64url, encode_base64url
from counterfoil.verify import parse_log_keys, verify_history
from tests.cli.commands import AGENT, Shell

SECOND = "file:keys/receipt-2.pem"


@pytest.fixture
def second(data: Path, shell: Shell) -> str:
    """The kid of another key pair beside the log's."""
    kid = shell.ok("keygen", "--out", data / "keys" / "receipt-2.pem")["kid"]
    assert isinstance(kid, str)
    return kid


def hexed(kid: str) -> str:
    """The thumbprint in hexadecimal: unlike a kid in base64url it never looks like an option."""
    return decode_base64url(kid).hex()


def receipt_kid(data: Path, shell: Shell) -> str:
    found = next(key["kid"] for key in shell.ok("keys", "--data", data)["keys"] if key["purpose"] == "receipt")
    assert isinstance(found, str)
    return found


def states(data: Path, shell: Shell) -> dict[str, tuple[Any, ...]]:
    shown = [key for key in shell.ok("keys", "--data", data)["keys"] if key["purpose"] == "receipt"]
    return {key["kid"]: (key["announced"], key["retired"], key["compromised"]) for key in shown}


def test_a_key_is_announced_used_and_the_other_retired_and_compromised(
    data: Path, second: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = receipt_kid(data, shell)
    announced = shell.ok("receipt-key", "announce", "--data", data, "--new-key", SECOND)
    assert (announced["kid"], announced["entry"]) == (second, 2)
    assert states(data, shell) == {first: (1, None, None), second: (2, None, None)}
    own = shell("receipt-key", "retire", hexed(first), "--data", data, "--json")
    assert (own.code, own.error["code"]) == (ExitCode.UNAVAILABLE, "receipt-key-ended")
    monkeypatch.setenv("COUNTERFOIL_RECEIPT_KEY", SECOND)
    assert shell.ok("receipt-key", "retire", hexed(first), "--data", data)["entry"] == 3
    assert shell.ok("fsck", "--data", data)["clean"]
    assert shell.ok("receipt-key", "compromise", hexed(first), "--data", data, "--yes")["act"] == "compromise"
    assert states(data, shell) == {first: (1, 3, 4), second: (2, None, None)}
    text = shell("keys", "--data", data).out
    assert "in force since entry 2" in text
    assert "retired in entry 3, compromised by entry 4" in text
    assert shell.ok("fsck", "--data", data)["clean"]
    monkeypatch.delenv("COUNTERFOIL_RECEIPT_KEY")
    shell.ok("keygen", "--out", data.parent / "agent.pem")
    named = ("--name", AGENT, "--key", data.parent / "agent.pem.pub")
    for command in (("serve",), ("issuer", "add", *named)):
        ended = shell(*command, "--data", data, "--json")
        assert (ended.code, ended.error["code"]) == (ExitCode.CORRUPT, "keys-mismatch")
        assert f"the receipt keys in force are {announced['thumbprint']}" in ended.error["detail"]
    assert shell.ok("fsck", "--data", data)["clean"]
    monkeypatch.setenv("COUNTERFOIL_RECEIPT_KEY", "file:keys/operator.pem")
    foreign = shell("fsck", "--data", data)
    assert foreign.code == ExitCode.CORRUPT
    assert re.search(r"names [0-9a-f]{64}, [0-9a-f]{64} as the receipt key, the key beside the log is", foreign.out)


def test_the_history_of_a_store_is_what_auditors_verify_with(
    data: Path, second: str, tmp_path: Path, shell: Shell
) -> None:
    shell.ok("receipt-key", "announce", "--data", data, "--new-key", SECOND)
    shell.ok("keys", "--data", data, "--history", "--out", tmp_path / "history.cose")
    log_keys = verify_history((tmp_path / "history.cose").read_bytes()).log_keys
    assert second in {encode_base64url(one.key.thumbprint) for one in log_keys.keys}
    shell.ok("keys", "--data", data, "--out", tmp_path / "set.cbor")
    published = parse_log_keys((tmp_path / "set.cbor").read_bytes())
    assert {one.key for one in published.keys} == {one.key for one in log_keys.keys}


def test_a_key_that_cannot_be_one_is_not_announced(data: Path, shell: Shell) -> None:
    for name in ("memory:ES256", "nowhere.pem", "s3:bucket", "file:nowhere.pem", "keys/operator.pem"):
        refused = shell("receipt-key", "announce", "--data", data, "--new-key", name)
        assert refused.code in {ExitCode.MISCONFIGURED, ExitCode.REFUSED}
    assert len(states(data, shell)) == 1


def test_an_announcement_can_be_repeated_by_nobody(data: Path, second: str, shell: Shell) -> None:
    words = ("receipt-key", "announce", "--data", data, "--new-key", data.resolve() / "keys" / "receipt-2.pem")
    assert shell.ok(*words)["kid"] == second
    again = shell(*words, "--json")
    # In the same second it is the same statement, which is on the log already.
    assert again.error["code"] in {"receipt-key-refused", "conflict"}
    assert len(states(data, shell)) == 2


def test_a_compromise_is_not_said_by_mistake(data: Path, second: str, shell: Shell) -> None:
    shell.ok("receipt-key", "announce", "--data", data, "--new-key", SECOND)
    assert shell("receipt-key", "compromise", hexed(second), "--data", data).code == ExitCode.USAGE
    assert states(data, shell)[second] == (2, None, None)


def test_the_last_one_does_not_end(data: Path, shell: Shell) -> None:
    for command in (("retire",), ("compromise", "--yes")):
        refused = shell(
            "receipt-key", command[0], hexed(receipt_kid(data, shell)), *command[1:], "--data", data, "--json"
        )
        assert (refused.code, refused.error["code"]) == (ExitCode.REFUSED, "receipt-key-refused")


def test_what_names_no_key_ends_none(data: Path, second: str, shell: Shell) -> None:
    shell.ok("receipt-key", "announce", "--data", data, "--new-key", SECOND)
    for kid in ("", "x", "A" * 43, "B" * 43, "f" * 64, "nowhere.pub"):
        assert shell("receipt-key", "retire", kid, "--data", data).code not in {ExitCode.OK, ExitCode.INTERNAL}
    assert states(data, shell)[second] == (2, None, None)


def test_only_an_operators_key_announces(
    data: Path, second: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERFOIL_OPERATOR_KEY", "file:keys/service.pem")
    refused = shell("receipt-key", "announce", "--data", data, "--new-key", SECOND, "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.CORRUPT, "keys-mismatch")
    assert second not in states(data, shell)


def test_an_issuers_key_is_revoked(admitted: Path, agent: Path, shell: Shell) -> None:
    words = ("revoke", f"{agent}.pub", "--reason", "the laptop was stolen", "--data", admitted)
    early = shell(*words, "--last-valid-entry", "3", "--json")
    assert (early.code, early.error["code"]) == (ExitCode.REFUSED, "revocation-refused")
    revoked = shell.ok(*words, "--last-valid-entry", "2")
    assert (revoked["entry"], revoked["lastValidEntry"], revoked["reason"]) == (3, 2, "the laptop was stolen")
    again = shell(*words, "--last-valid-entry", "2", "--reason", "another reason", "--json")
    assert again.error["code"] == "revocation-refused"
    assert "last valid entry  none" in shell(*words, "--last-valid-entry", "-1").out
    assert shell.ok("fsck", "--data", admitted)["clean"]


def test_a_key_of_the_log_is_not_revoked(data: Path, shell: Shell) -> None:
    for key in shell.ok("keys", "--data", data)["keys"]:
        # A kid that begins with a hyphen is taken for an option; the thumbprint in hexadecimal never is.
        names = (key["kid"], key["thumbprint"])
        for name in names[key["kid"].startswith("-") :]:
            refused = shell("revoke", name, "--last-valid-entry", "-1", "--reason", "x", "--data", data, "--json")
            assert refused.error["code"] == "revocation-refused"


def test_a_revocation_says_why_and_until_when(admitted: Path, agent: Path, shell: Shell) -> None:
    words = ("revoke", f"{agent}.pub", "--data", admitted)
    for more in (
        (),
        ("--reason", "x"),
        ("--last-valid-entry", "1"),
        ("--last-valid-entry", "-2", "--reason", "x"),
        ("--last-valid-entry", "1", "--reason", "x" * 1001),
    ):
        assert shell(*words, *more).code == ExitCode.USAGE
    private = shell("revoke", agent, "--last-valid-entry", "1", "--reason", "x", "--data", admitted)
    assert private.code == ExitCode.MISCONFIGURED
    assert not re.search("BEGIN", private.err)
