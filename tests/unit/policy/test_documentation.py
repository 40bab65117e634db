"""The policy's page: its example is a policy, and it explains every member and every warning and no other."""

import json
import re
from pathlib import Path

from jsonschema import Draft202012Validator

from counterfoil.policy.appraisal_members import APPRAISAL_MEMBERS, OPTIONAL_APPRAISAL_MEMBERS
from counterfoil.policy.lint import lint_policy
from counterfoil.policy.members import (
    DEMAND_MEMBERS,
    ISSUER_MEMBERS,
    LATER_MEMBERS,
    OPTIONAL_DEMAND_MEMBERS,
    OPTIONAL_ISSUER_MEMBERS,
    OPTIONAL_ROOT_MEMBERS,
    OPTIONAL_RULE_MEMBERS,
    POLICY_MEMBERS,
    ROOT_MEMBERS,
    RULE_MEMBERS,
)
from counterfoil.policy.schema import policy_schema

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/policy.md").read_text()


def test_the_whole_policy_of_the_documentation_is_one_with_every_member_and_nothing_is_said_of_it() -> None:
    written = PAGE.partition("## A whole policy")[2].partition("    {\n")
    payload = (written[1] + written[2]).encode()
    assert lint_policy(payload) == ()
    members = json.loads(payload)
    assert Draft202012Validator(dict(policy_schema())).is_valid(members)
    assert members.keys() == POLICY_MEMBERS | LATER_MEMBERS
    assert {name for issuer in members["issuers"] for name in issuer} == ISSUER_MEMBERS | OPTIONAL_ISSUER_MEMBERS
    assert {name for one in members["contentTypes"] for name in one} == RULE_MEMBERS | OPTIONAL_RULE_MEMBERS
    demands = [demand for one in members["contentTypes"] for demand in one.get("demands", [])]
    assert {name for demand in demands for name in demand} == DEMAND_MEMBERS | OPTIONAL_DEMAND_MEMBERS
    assert members["roots"][0].keys() == ROOT_MEMBERS | OPTIONAL_ROOT_MEMBERS
    appraisals = {name for one in members["appraisals"] for name in one}
    assert appraisals == APPRAISAL_MEMBERS | OPTIONAL_APPRAISAL_MEMBERS


def test_the_documentation_explains_every_member_and_no_other() -> None:
    rows = re.findall(
        r"^\| (`.+?) \|", PAGE.partition("## Member by member")[2].partition("## The schema")[0], re.MULTILINE
    )
    told = {(name, optional) for row in rows for name, optional in re.findall(r"`([A-Za-z0-9.\[\]]+)`( \?)?", row)}
    expected = {
        *((name, "") for name in POLICY_MEMBERS | DEMAND_MEMBERS | APPRAISAL_MEMBERS),
        *((name, " ?") for name in OPTIONAL_APPRAISAL_MEMBERS),
        *((name, " ?") for name in LATER_MEMBERS | OPTIONAL_DEMAND_MEMBERS),
        *((f"issuers[].{name}", "") for name in ISSUER_MEMBERS - {"issuer"}),
        *((f"issuers[].{name}", " ?") for name in OPTIONAL_ISSUER_MEMBERS),
        *((f"contentTypes[].{name}", " ?") for name in OPTIONAL_RULE_MEMBERS),
    }
    assert told == expected


def test_the_documentation_lists_every_warning_and_no_other() -> None:
    sources = [path.read_text() for path in (ROOT / "service/counterfoil/policy").glob("*.py")]
    given = {code for source in sources for code in re.findall(r'warning\("([a-z-]+)"', source)}
    section = PAGE.partition("| Warning | |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", section)) == given
    assert len(given) == 22
