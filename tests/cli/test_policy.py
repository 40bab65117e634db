"""Policies and issuers from the command line."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cli.issuer import with_issuer
from counterfoil.encoding.jcs import encode_json
from counterfoil.policy.document import Issuer
from counterfoil.policy.parse import parse_policy
from counterfoil.statement.issuer import IssuerKey
from tests.builders import ORIGIN
from tests.cli.commands import AGENT, Shell
from tests.policies import OPERATORS, PINS, whole


def test_an_issuer_is_added_and_listed(data: Path, agent: Path, shell: Shell) -> None:
    assert shell("issuer", "list", "--data", data).out == "the policy in force names no issuer\n"
    added = shell.ok(
        *("issuer", "add", "--data", data, "--name", AGENT, "--key", f"{agent}.pub"),
        *("--role", "agent", "--role", "runtime", "--kid", "key-1"),
    )
    assert added["policyVersion"] == 2
    listed = shell.ok("issuer", "list", "--data", data)
    assert [(one["issuer"], one["roles"]) for one in listed["issuers"]] == [(AGENT, ["agent", "runtime"])]
    assert [key["kid"] for key in listed["issuers"][0]["keys"]] == [added["kid"]]
    assert AGENT in shell("issuer", "list", "--data", data).out


def test_a_named_issuer_gets_another_key(admitted: Path, tmp_path: Path, shell: Shell) -> None:
    shell.ok("keygen", "--out", tmp_path / "next.pem", "--alg", "EdDSA")
    shell.ok("issuer", "add", "--data", admitted, "--name", AGENT, "--key", tmp_path / "next.pem.pub", "--role", "r")
    (listed,) = shell.ok("issuer", "list", "--data", admitted)["issuers"]
    assert len(listed["keys"]) == 2
    assert listed["roles"] == ["r"]
    assert shell.ok("fsck", "--data", admitted)["clean"]


def test_a_further_key_leaves_the_rest_of_an_issuer_and_of_the_policy_as_it_is() -> None:
    policy, key = parse_policy(encode_json(whole())), OPERATORS[0]
    named = policy.issuers[0]
    added = Issuer(named.name, (IssuerKey(key.thumbprint, key),), frozenset({"runtime"}))
    after = with_issuer(policy, added)
    changed = replace(named, keys=(*named.keys, IssuerKey(key.thumbprint, key)), roles=named.roles | {"runtime"})
    assert after == replace(policy, version=policy.version + 1, issuers=(changed, *policy.issuers[1:]))
    assert changed.pins == tuple(PINS)


def test_show_prints_every_member_of_the_policy_and_list_its_pins(tmp_path: Path, shell: Shell) -> None:
    first, data = whole(version=1), tmp_path / "data"
    del first["operators"], first["replaces"], first["approved"]
    (tmp_path / "first.json").write_text(json.dumps(first))
    shell.ok("init", "--data", data, "--origin", ORIGIN, "--policy", tmp_path / "first.json")
    printed = shell("policy", "show", "--data", data).out
    assert json.loads(printed).keys() == first.keys()
    assert parse_policy(printed.encode()) == parse_policy(encode_json(first))
    assert shell("issuer", "list", "--data", data).out.splitlines()[0] == (
        f"https://a.example  kid YQ  x509 {PINS[0]}, {PINS[1]}  roles agent"
    )


@pytest.mark.parametrize("name", [AGENT, "https://other.example"])
def test_a_key_is_named_once(name: str, admitted: Path, agent: Path, shell: Shell) -> None:
    refused = shell("issuer", "add", "--data", admitted, "--name", name, "--key", f"{agent}.pub", "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.CONFLICT, "conflict")


def test_the_log_is_no_issuer_and_its_keys_are_nobodys(data: Path, agent: Path, tmp_path: Path, shell: Shell) -> None:
    itself = shell(
        "issuer", "add", "--data", data, "--name", "https://log.example/agents", "--key", f"{agent}.pub", "--json"
    )
    assert (itself.code, itself.error["code"]) == (ExitCode.REFUSED, "policy-unsafe")
    pem = next(key for key in shell.ok("keys", "--data", data)["keys"] if key["purpose"] == "receipt")["publicKey"]
    (tmp_path / "receipt.pub").write_text(pem)
    stolen = shell("issuer", "add", "--data", data, "--name", "i", "--key", tmp_path / "receipt.pub", "--json")
    assert (stolen.code, stolen.error["code"]) == (ExitCode.REFUSED, "policy-unsafe")
    assert shell.ok("policy", "show", "--data", data)["version"] == 1


def test_a_private_key_is_not_taken_for_a_public_one(data: Path, agent: Path, shell: Shell) -> None:
    refused = shell("issuer", "add", "--data", data, "--name", AGENT, "--key", agent, "--json")
    assert refused.error["code"] == "misconfigured"
    assert "private key" in refused.error["detail"]
    assert "BEGIN" not in refused.err


def test_the_policy_that_show_prints_is_committed_once_its_version_is_the_next(
    data: Path, tmp_path: Path, shell: Shell
) -> None:
    file = tmp_path / "policy.json"
    printed = shell("policy", "show", "--data", data).out
    file.write_text(printed)
    same = shell("policy", "commit", "--data", data, file, "--json")
    assert (same.code, same.error["code"]) == (ExitCode.REFUSED, "policy-version")
    for version in (1, 3, 2**53 - 1):
        file.write_text(json.dumps({**json.loads(printed), "version": version, "clockSkewSeconds": 60}))
        wrong = shell("policy", "commit", "--data", data, file, "--json")
        assert wrong.error["code"] == "policy-version"
        assert "the next one has version 2" in wrong.error["detail"]
    file.write_text(json.dumps({**json.loads(printed), "version": 2, "clockSkewSeconds": 60}))
    assert shell.ok("policy", "commit", "--data", data, file)["version"] == 2
    assert shell.ok("policy", "show", "--data", data)["clockSkewSeconds"] == 60


@pytest.mark.parametrize("content", ["", "{}", "[]", "not json", '{"format":1,"format":1}'])
def test_what_is_no_policy_is_not_committed(content: str, data: Path, tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "policy.json").write_text(content)
    refused = shell("policy", "commit", "--data", data, tmp_path / "policy.json")
    assert refused.code == ExitCode.MALFORMED
    assert shell.ok("policy", "show", "--data", data)["version"] == 1


def test_another_operator_key_than_the_logs_commits_nothing(
    data: Path, agent: Path, tmp_path: Path, shell: Shell
) -> None:
    shell.ok("keygen", "--out", tmp_path / "other.pem")
    shutil.copy(tmp_path / "other.pem", data / "keys" / "operator.pem")
    refused = shell("issuer", "add", "--data", data, "--name", AGENT, "--key", f"{agent}.pub", "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.CORRUPT, "keys-mismatch")


@pytest.mark.parametrize(
    "command",
    [("policy", "show"), ("issuer", "list"), ("keys",), ("fsck",), ("serve",)],
    ids=" ".join,
)
def test_commands_on_a_log_say_when_there_is_none(command: tuple[str, ...], tmp_path: Path, shell: Shell) -> None:
    none = shell(*command, "--data", tmp_path, "--json")
    assert (none.code, none.error["code"]) == (ExitCode.MISCONFIGURED, "not-initialised")
    if command != ("keys",):
        unnamed = shell(*command, "--json")
        assert (unnamed.code, unnamed.error["code"]) == (ExitCode.MISCONFIGURED, "misconfigured")
        assert "COUNTERFOIL_DATA" in unnamed.error["detail"]


def test_the_environment_names_the_data_directory(data: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERFOIL_DATA", str(data))
    assert shell.ok("policy", "show")["version"] == 1


def test_fsck_finds_another_log_in_the_place_of_this_one(data: Path, shell: Shell, tmp_path: Path) -> None:
    shell.ok("init", "--data", tmp_path / "other", "--origin", "log.example/other")
    shutil.copyfile(tmp_path / "other" / "log.db", data / "log.db")
    outcome = shell("fsck", "--data", data, "--json")
    assert outcome.code == ExitCode.CORRUPT
    assert outcome.out.count("the key beside the log is") == 3
    for key in (data / "keys").iterdir():
        key.unlink()
    assert shell.ok("fsck", "--data", data)["clean"]


def test_fsck_has_findings_in_a_damaged_log(data: Path, shell: Shell) -> None:
    database = (data / "log.db").read_bytes()
    (data / "log.db").write_bytes(database[:4096] + b"\xff" * 4096 + database[8192:])
    outcome = shell("fsck", "--data", data)
    assert outcome.code == ExitCode.CORRUPT
    assert len(outcome.out.splitlines()) > 1
    told = shell("fsck", "--data", data, "--json")
    assert told.code == ExitCode.CORRUPT
    assert told.json["clean"] is False
    assert told.json["findings"]
