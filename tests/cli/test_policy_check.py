"""A policy is checked and compared before it is committed, from the command line."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cli.policy_diff import change_counts
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import encode_json
from counterfoil.policy.difference import policy_difference
from counterfoil.policy.parse import parse_policy
from tests.cli.commands import AGENT, Shell
from tests.policies import OPERATORS, PINS, ROOTS, whole


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A file with a policy of which nothing is to be said."""
    return written(tmp_path / "policy.json", whole())


def written(path: Path, members: Any) -> Path:
    path.write_text(json.dumps(members))
    return path


def test_lint_says_every_mistake_on_a_line_of_its_own(tmp_path: Path, shell: Shell) -> None:
    file = written(tmp_path / "p.json", whole(version="1", algorithms=["ES256", "\u202e\n"], issuers=[{}]))
    outcome = shell("policy", "lint", file)
    assert (outcome.code, outcome.err) == (ExitCode.MALFORMED, "")
    lines = outcome.out.splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == [
        "error[malformed-policy] version",
        "error[malformed-policy] issuers[0].issuer",
        "error[malformed-policy] issuers[0].keys",
        "error[malformed-policy] issuers[0].roles",
        "error[malformed-policy] algorithms[1]",
    ]
    assert lines[-1] == "5 errors, 0 warnings"
    told = shell("policy", "lint", file, "--json")
    assert (told.code, told.json["errors"], told.json["clean"]) == (ExitCode.MALFORMED, 5, False)
    assert told.json["remarks"][0]["path"] == "version"


def test_warnings_are_errors_only_where_that_is_asked_for(policy: Path, tmp_path: Path, shell: Shell) -> None:
    for flags in ((), ("--strict",)):
        assert shell("policy", "lint", *flags, policy).out == "clean: no errors, no warnings\n"
    members = whole(version=1)
    del members["operators"], members["replaces"], members["approved"]
    file = written(tmp_path / "first.json", members)
    lenient = shell("policy", "lint", file)
    assert lenient.code == ExitCode.OK
    assert lenient.out.startswith("warning[version-first] version: ")
    assert lenient.out.endswith("\n0 errors, 1 warnings\n")
    strict = shell("policy", "lint", "--strict", file, "--json")
    assert strict.code == ExitCode.MALFORMED
    assert {one["severity"] for one in strict.json["remarks"]} == {"error"}
    assert strict.json["warnings"] == 0


def test_names_in_a_policy_move_no_cursor(policy: Path, tmp_path: Path, shell: Shell) -> None:
    odd = "evil\u202e\x1b[2J"
    members = whole()
    members["issuers"][0] |= {"issuer": odd, "roles": [odd]}
    file = written(tmp_path / "odd.json", members)
    for outcome in (shell("policy", "lint", file), shell("policy", "diff", policy, file)):
        assert "evil" in outcome.out
        assert "\x1b" not in outcome.out
        assert "\u202e" not in outcome.out


def test_the_difference_of_two_files(policy: Path, tmp_path: Path, shell: Shell) -> None:
    members = whole(version=4, clockSkewSeconds=60, algorithms=["ES256"])
    members["contentTypes"][0] |= {"visibility": "parties", "roles": []}
    members["contentTypes"][1] = {"contentType": 60}
    new = written(tmp_path / "new.json", members)
    outcome = shell("policy", "diff", policy, new)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "~ version: 3 -> 4",
        "- algorithm EdDSA",
        "~ visibility of application/json: public -> parties",
        "~ roles of application/json: roles agent -> every issuer",
        "- content type 50: parties, every issuer",
        "+ content type 60: parties, every issuer",
        "~ clockSkewSeconds: 300 -> 60",
    ]
    told = shell.ok("policy", "diff", policy, new)
    assert [one["change"] for one in told["changes"]][:2] == ["version", "algorithm-removed"]
    assert (told["same"], told["oldVersion"], told["newVersion"]) == (False, 3, 4)
    assert shell("policy", "diff", policy, policy).out == "the two mean the same\n"


def test_the_difference_of_what_two_policies_rest_on_and_demand(policy: Path, tmp_path: Path, shell: Shell) -> None:
    members = whole(roots=[{"certificate": one} for one in ROOTS], replaces={"entry": 9, "entryId": "00" * 32})
    del members["issuers"][0]["x509"][1], members["approved"], members["issuers"][0]["attestedBy"]
    members["appraisals"][1]["bindings"] = ["thumbprint"]
    members["appraisals"][0]["name"] = "others"
    members["operators"] |= {"approvals": 1, "keys": members["operators"]["keys"][:2]}
    members["contentTypes"][0]["demands"] = [{"roles": ["agent"], "requiredClaims": ["exp", "aud"]}]
    members["contentTypes"][1]["demands"] = [{"roles": [], "refusedFindings": ["repeated"]}]
    members["contentTypes"].append({"contentType": 60, "demands": [{"roles": ["agent"], "clockSkewSeconds": 1}]})
    new = written(tmp_path / "new.json", members)
    told = shell("policy", "diff", policy, new).out.splitlines()
    lines = [line for line in told if " appraisal policy " not in line]
    assert [line.partition(": ")[0] for line in told if line not in lines] == [
        "- appraisal policy of https://a.example machines",
        "~ appraisal policy of desks",
        "- appraisal policy machines",
        "+ appraisal policy others",
    ]
    fingerprints = [sha256(decode_base64url(one)).hexdigest() for one in ROOTS]
    was = "requiredClaims exp, attestation key-bound, appraisedBy desks machines, clockSkewSeconds 60"
    was += ", maxStatementBytes 512, refusedFindings repeated"
    assert lines == [
        f"- pin of https://a.example {PINS[1]}",
        f"~ demand of application/json: roles agent: {was} -> roles agent: requiredClaims aud exp",
        "+ demand of 50: every issuer: refusedFindings repeated",
        "+ content type 60: parties, every issuer; roles agent: clockSkewSeconds 1",
        f"+ root {fingerprints[1]}",
        f"~ needsCrl of {fingerprints[0]}: true -> false",
        f"- operator {OPERATORS[2].thumbprint.hex()}",
        "~ approvals: 2 -> 1",
        f"~ replaces: entry 5, entryId {'5a' * 32} -> entry 9, entryId {'00' * 32}",
        f"~ approved: entries 7 9, proposal {'c3' * 32} -> none",
    ]
    returned = shell("policy", "diff", new, policy).out.splitlines()
    back = [line for line in returned if " appraisal " not in line]
    assert [line.split()[:2] for line in back if line[0] != "~"] == [
        [{"+": "-", "-": "+"}[line[0]], line.split()[1]] for line in lines if line[0] != "~"
    ]


def test_what_is_another_in_every_policy_is_not_counted_as_a_change() -> None:
    old = parse_policy(encode_json(whole()))
    new = replace(old, version=4, replaces=None, approved=None)
    assert len(policy_difference(old, new)) == 3
    assert change_counts(policy_difference(old, new)) == {}


def test_one_file_is_compared_with_the_policy_in_force(admitted: Path, tmp_path: Path, shell: Shell) -> None:
    in_force = shell.ok("policy", "show", "--data", admitted)
    file = written(tmp_path / "next.json", {**in_force, "issuers": []})
    changes = shell.ok("policy", "diff", "--data", admitted, file)["changes"]
    assert [(one["change"], one["about"]) for one in changes] == [("issuer-removed", AGENT), ("key-removed", AGENT)]
    lines = shell("policy", "diff", "--data", admitted, file).out.splitlines()
    assert lines == [f"- issuer {AGENT}", f"- key of {AGENT} {changes[1]['old']}"]


@pytest.mark.parametrize("count", [2, 3])
def test_a_difference_of_too_much_is_none(count: int, policy: Path, data: Path, shell: Shell) -> None:
    more = ("--data", data) if count == 2 else ()
    outcome = shell("policy", "diff", *[policy] * count, *more, "--json")
    assert (outcome.code, outcome.error["code"]) == (ExitCode.USAGE, "usage")


def test_a_difference_to_what_is_no_policy_is_refused(policy: Path, tmp_path: Path, shell: Shell) -> None:
    broken = written(tmp_path / "broken.json", whole(version=0))
    for files in ((policy, broken), (broken, policy)):
        assert shell("policy", "diff", *files).code == ExitCode.MALFORMED
    assert shell("policy", "diff", policy, tmp_path / "absent", "--json").error["code"] == "file-unreadable"
    assert shell("policy", "diff", policy, "--json").error["code"] == "misconfigured"
