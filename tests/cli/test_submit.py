"""Many files through the command line, against a real server: interrupted, repeated, and with bad ones among them."""

from pathlib import Path

import pytest

from counterfoil.cli.exit_codes import ExitCode
from tests.cli.commands import AGENT, TRACE, Shell, served


@pytest.fixture
def files(admitted: Path, shell: Shell, tmp_path: Path) -> list[Path]:
    """Five signed statements."""
    made = []
    for number in range(5):
        (tmp_path / "in.json").write_text(f'{{"number": {number}}}')
        out = tmp_path / f"{number}.cose"
        named = ("--issuer", AGENT, "--subject", TRACE, "--content-type", "application/json")
        shell.ok("sign", "--key", tmp_path / "agent.pem", *named, "--in", tmp_path / "in.json", "--out", out)
        made.append(out)
    return made


def test_many_files_are_registered_and_go_on_where_they_were(
    admitted: Path, files: list[Path], shell: Shell, tmp_path: Path
) -> None:
    kept = tmp_path / "receipts"
    with served(admitted) as url:
        first = shell.ok("submit", "--url", url, "--receipts", kept, *files[:3])
        assert first["counts"] == {"registered": 3, "already": 0, "failed": 0}
        assert sorted(path.name for path in kept.iterdir()) == sorted(
            f"{one['entryId']}.receipt" for one in first["statements"]
        )
        again = shell.ok("submit", "--url", url, "--receipts", kept, *files)
        assert again["counts"] == {"registered": 2, "already": 3, "failed": 0}
        assert [one["file"] for one in again["statements"]] == [str(file) for file in files]
        assert [one["entryId"] for one in again["statements"][:3]] == [one["entryId"] for one in first["statements"]]
        one = again["statements"][4]
        keys = tmp_path / "keys.cbor"
        shell.ok("keys", "--url", url, "--out", keys)
    assert shell("verify", files[4], "--receipt", one["receipt"], "--keys", keys).code == ExitCode.OK


def test_bad_files_are_named_and_the_others_registered(
    admitted: Path, files: list[Path], shell: Shell, tmp_path: Path
) -> None:
    files[1].write_bytes(files[1].read_bytes()[:-1] + b"\x00")
    files[2].write_bytes(b"no statement")
    absent = tmp_path / "absent.cose"
    with served(admitted) as url:
        outcome = shell("submit", "--url", url, *files, absent)
        assert outcome.code != ExitCode.OK
        assert "6 statements: 3 registered, 3 failed" in outcome.out
        for file in (files[1], files[2], absent):
            assert f"{file}: " in outcome.out
        as_json = shell("submit", "--url", url, *files, absent, "--json").json
    assert [one["status"] for one in as_json["statements"]] == [
        "registered", "failed", "failed", "registered", "registered", "failed",
    ]  # fmt: skip
    assert [one.get("code") for one in as_json["statements"]][1] == "signature-invalid"


def test_one_receipt_file_is_for_one_statement(files: list[Path], shell: Shell, tmp_path: Path) -> None:
    refused = shell("submit", "--url", "http://127.0.0.1:1", *files, "--out", tmp_path / "r")
    assert (refused.code, refused.err.partition(":")[0]) == (ExitCode.USAGE, "error[usage]")


def test_nobody_there(files: list[Path], shell: Shell) -> None:
    for some in (files[:1], files):
        outcome = shell("submit", "--url", "http://127.0.0.1:1", *some, "--retry-for", "0")
        assert outcome.code == ExitCode.UNAVAILABLE
