"""Several operators decide on a policy: beside the store and over HTTP."""

import json
from pathlib import Path

import pytest

from counterfoil.cli.exit_codes import ExitCode
from tests.cli.commands import Shell, served_here


def edited(shell: Shell, where: tuple[object, ...], file: Path, **changes: object) -> Path:
    """The policy in force with changes, as the next version."""
    printed = shell.ok("policy", "show", *where)
    file.write_text(json.dumps({**printed, "version": printed["version"] + 1, **changes}))
    return file


@pytest.fixture
def operators(tmp_path: Path, shell: Shell) -> dict[str, object]:
    """Two operators, of whom both decide; their keys lie beside the test."""
    keys = []
    for name in ("ann", "bea"):
        shell.ok("keygen", "--out", tmp_path / f"{name}.pem")
        keys.append({"publicKey": (tmp_path / f"{name}.pem.pub").read_text()})
    return {"approvals": 2, "keys": keys}


def test_two_operators_take_over_and_decide_together(
    data: Path, operators: dict[str, object], tmp_path: Path, shell: Shell
) -> None:
    here, file = ("--data", data), tmp_path / "policy.json"
    edited(shell, here, file, operators=operators)
    alone = shell("policy", "commit", file, *here, "--json")
    assert (alone.code, alone.error["code"]) == (ExitCode.REFUSED, "policy-unapproved")
    proposal = shell.ok("policy", "propose", file, *here)["proposal"]
    early = shell("policy", "commit", "--proposal", proposal, *here, "--json")
    assert early.error["code"] == "policy-unapproved"
    assert shell("policy", "approve", proposal, *here).out.startswith("approved\n")
    for name in ("ann", "bea"):
        shell.ok("policy", "approve", proposal, *here, "--key", tmp_path / f"{name}.pem")
    (waiting,) = shell.ok("policy", "proposals", *here)["proposals"]
    assert (waiting["proposal"], len(waiting["approvals"]), waiting["approvalsOfNewOperatorsWanted"]) == (
        proposal,
        3,
        2,
    )
    assert proposal in shell("policy", "proposals", *here).out
    committed = shell.ok("policy", "commit", "--proposal", proposal, *here)
    assert committed["version"] == 2
    assert shell("policy", "proposals", *here).out == "no policy waits for approval\n"
    retired = shell("policy", "commit", edited(shell, here, file, clockSkewSeconds=9), *here, "--json")
    assert (retired.code, retired.error["code"]) == (ExitCode.CORRUPT, "keys-mismatch")
    assert [one["version"] for one in shell.ok("policy", "history", *here)["policies"]] == [1, 2]
    for entry in range(committed["entry"] + 1):
        assert shell.ok("policy", "explain", entry, *here)["same"]
    assert shell.ok("fsck", *here)["clean"]


def test_operators_decide_over_http(data: Path, operators: dict[str, object], tmp_path: Path, shell: Shell) -> None:
    first, file = data / "keys" / "operator.pem", tmp_path / "policy.json"
    with served_here(data) as url:
        there = ("--url", url)
        edited(shell, there, file, operators=operators)
        unnamed = shell("policy", "propose", file, *there, "--json")
        assert unnamed.error["code"] == "misconfigured"
        proposal = shell.ok("policy", "propose", file, *there, "--key", first)["proposal"]
        shell.ok("keygen", "--out", tmp_path / "stranger.pem")
        stranger = shell("policy", "approve", proposal, *there, "--key", tmp_path / "stranger.pem", "--json")
        assert stranger.error["code"] == "keys-mismatch"
        for key in (first, tmp_path / "ann.pem", tmp_path / "bea.pem"):
            shell.ok("policy", "approve", proposal, *there, "--key", key)
        shell.ok("policy", "commit", "--proposal", proposal, *there, "--key", tmp_path / "bea.pem")
        assert shell.ok("policy", "show", *there)["operators"]["approvals"] == 2
        late = shell("policy", "approve", proposal, *there, "--key", tmp_path / "bea.pem", "--json")
        assert (late.code, late.error["code"]) == (ExitCode.REFUSED, "proposal-unknown")
    assert shell.ok("fsck", "--data", data)["clean"]


@pytest.mark.parametrize("name", ["", "0", "g" * 64, "A" * 64, "0" * 63])
def test_a_proposal_is_named_by_its_entry_id(name: str, data: Path, shell: Shell) -> None:
    for command in (("approve", name), ("commit", "--proposal", name)):
        refused = shell("policy", *command, "--data", data, "--json")
        assert (refused.code, refused.error["code"]) == (ExitCode.MALFORMED, "malformed-entry-id")


def test_a_commit_is_of_a_file_or_of_a_proposal(data: Path, tmp_path: Path, shell: Shell) -> None:
    assert shell("policy", "commit", "--data", data).code == ExitCode.USAGE
    both = shell("policy", "commit", tmp_path / "p.json", "--proposal", "0" * 64, "--data", data)
    assert both.code == ExitCode.USAGE
