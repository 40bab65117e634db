"""Founding a log in a directory: what is refused, and what an interruption leaves."""

import fcntl
import json
from pathlib import Path

import pytest

from counterfoil.cli.data_directory import find_data
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cli.init import UNFINISHED
from tests.cli.commands import ORIGIN, Shell


def test_a_new_log_is_sound_and_says_what_pins_it(data: Path, shell: Shell) -> None:
    assert shell.ok("fsck", "--data", data)["entries"] == 2
    assert not (data / UNFINISHED).exists()
    assert [key["purpose"] for key in shell.ok("keys", "--data", data)["keys"]] == [
        "checkpoint",
        "operator",
        "receipt",
        "service",
    ]
    with find_data(data).store() as store:
        genesis = store.entry(1)
        assert genesis is not None


def test_a_log_is_never_overwritten(data: Path, shell: Shell) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    again = shell("init", "--data", data, "--origin", ORIGIN, "--json")
    assert (again.code, again.error["code"]) == (ExitCode.MISCONFIGURED, "already-initialised")
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


def test_a_directory_with_anything_in_it_is_left_alone_and_said(tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "receipt.pem").write_text("somebody's")
    refused = shell("init", "--data", tmp_path, "--origin", ORIGIN, "--json")
    assert refused.error["code"] == "already-initialised"
    assert "keys" in refused.error["detail"]
    assert (tmp_path / "keys" / "receipt.pem").read_text() == "somebody's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys"]


@pytest.mark.parametrize("step", ["nothing", "a key", "all but the database", "the staged database"])
def test_an_interrupted_run_is_repeated(step: str, tmp_path: Path, shell: Shell) -> None:
    data = tmp_path / "data"
    shell.ok("init", "--data", data, "--origin", ORIGIN)
    (data / UNFINISHED).touch()
    (data / "log.db").rename(data / "log.db.unfinished")
    if step != "the staged database":
        (data / "log.db.unfinished").unlink()
    if step in {"nothing", "a key"}:
        for path in (data / "keys").iterdir():
            if step == "nothing" or path.name != "receipt.pem":
                path.unlink()
    old = (data / "keys" / "receipt.pem").read_bytes() if step != "nothing" else b""
    shell.ok("init", "--data", data, "--origin", ORIGIN)
    assert (data / "keys" / "receipt.pem").read_bytes() != old
    assert shell.ok("fsck", "--data", data)["clean"]
    assert sorted(path.name for path in data.iterdir()) == ["keys", "log.db"]


def test_a_run_that_was_interrupted_after_its_last_step_has_founded_the_log(data: Path, shell: Shell) -> None:
    (data / UNFINISHED).touch()
    again = shell("init", "--data", data, "--origin", ORIGIN, "--json")
    assert again.error["code"] == "already-initialised"
    assert shell.ok("fsck", "--data", data)["clean"]


def test_two_runs_at_once_do_not_meet(tmp_path: Path, shell: Shell) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with (data / UNFINISHED).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        refused = shell("init", "--data", data, "--origin", ORIGIN, "--json")
        assert refused.error["code"] == "already-initialised"
        assert "another run" in refused.error["detail"]
    shell.ok("init", "--data", data, "--origin", ORIGIN)


@pytest.mark.parametrize(
    "origin", ["", "log.example", "https://log.example/agents", "LOG.example/agents", "log.example/a b"]
)
def test_an_origin_that_is_none_makes_nothing(origin: str, tmp_path: Path, shell: Shell) -> None:
    refused = shell("init", "--data", tmp_path / "data", "--origin", origin, "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.MISCONFIGURED, "unsafe-configuration")
    assert not (tmp_path / "data").exists()


def test_the_first_policy_is_the_one_given(tmp_path: Path, shell: Shell) -> None:
    policy, data = tmp_path / "policy.json", tmp_path / "data"
    shell.ok("init", "--data", tmp_path / "first", "--origin", ORIGIN)
    shown = shell.ok("policy", "show", "--data", tmp_path / "first")
    policy.write_text(json.dumps({**shown, "maxStatementBytes": 4096}))
    shell.ok("init", "--data", data, "--origin", ORIGIN, "--policy", policy)
    assert shell.ok("policy", "show", "--data", data)["maxStatementBytes"] == 4096


@pytest.mark.parametrize(
    ("change", "code", "exit_code"),
    [
        ({"version": 2}, "misconfigured", ExitCode.MISCONFIGURED),
        ({"version": 0}, "malformed-policy", ExitCode.MALFORMED),
        ({"more": 1}, "malformed-policy", ExitCode.MALFORMED),
        (
            {"contentTypes": [{"contentType": "application/vnd.counterfoil.policy+json"}]},
            "policy-unsafe",
            ExitCode.REFUSED,
        ),
    ],
)
def test_a_first_policy_that_will_not_do_can_be_corrected(
    change: dict[str, object], code: str, exit_code: ExitCode, data: Path, tmp_path: Path, shell: Shell
) -> None:
    policy, other = tmp_path / "policy.json", tmp_path / "other"
    policy.write_text(json.dumps({**shell.ok("policy", "show", "--data", data), **change}))
    refused = shell("init", "--data", other, "--origin", ORIGIN, "--policy", policy, "--json")
    assert (refused.code, refused.error["code"]) == (exit_code, code)
    shell.ok("init", "--data", other, "--origin", ORIGIN)


def test_a_place_that_is_no_directory_is_refused(tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "file").write_text("")
    refused = shell("init", "--data", tmp_path / "file", "--origin", ORIGIN, "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.MISCONFIGURED, "file-unwritable")
