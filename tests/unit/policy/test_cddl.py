"""The published CDDL of the policy document: exported as it is, with the members and words that reading knows."""

import re
from collections.abc import Iterator

import pytest

from counterfoil.attestation.appraisal import Grade
from counterfoil.chain.findings import Finding
from counterfoil.cose.algorithms import ALGORITHMS
from counterfoil.policy import members
from counterfoil.policy.cddl import policy_cddl
from counterfoil.policy.demand import RequiredClaim
from counterfoil.policy.document import Visibility
from tests.export_schemas import POLICY_CDDL

MEMBERS = {
    "policy": (members.POLICY_MEMBERS, members.LATER_MEMBERS),
    "named-issuer": (members.ISSUER_MEMBERS, members.OPTIONAL_ISSUER_MEMBERS),
    "key": (members.KEY_MEMBERS, members.OPTIONAL_KEY_MEMBERS),
    "content-type-rule": (members.RULE_MEMBERS, members.OPTIONAL_RULE_MEMBERS),
    "demand": (members.DEMAND_MEMBERS, members.OPTIONAL_DEMAND_MEMBERS),
    "root": (members.ROOT_MEMBERS, members.OPTIONAL_ROOT_MEMBERS),
    "quorum": (members.OPERATORS_MEMBERS, frozenset()),
    "replaced": (members.REPLACED_MEMBERS, frozenset()),
    "approval": (members.APPROVED_MEMBERS, frozenset()),
}
WORDS = {
    "algorithm": {one.name for one in ALGORITHMS.values()},
    "readers": set(Visibility),
    "claim": set(RequiredClaim),
    "grade": set(Grade),
    "finding": set(Finding),
}
PUBLISHED = "".join(line.partition(";")[0] + "\n" for line in POLICY_CDDL.read_text().splitlines())
"""Without its comments."""


def rules() -> Iterator[tuple[str, str]]:
    """The name and the body of every rule, as the file has them."""
    for rule in re.split(r"\n(?=[a-z-]+ = )", PUBLISHED.strip()):
        name, _, body = rule.partition(" = ")
        yield name.strip(), body.strip()


RULES = dict(rules())


def test_the_exported_form_is_the_codes() -> None:
    assert POLICY_CDDL.read_text() == policy_cddl(), "run make schemas"


@pytest.mark.parametrize("name", MEMBERS)
def test_the_members_of_an_object_are_those_that_reading_knows(name: str) -> None:
    lines = re.findall(r"^  (\? )?([A-Za-z0-9]+): .+,$", RULES[name], flags=re.MULTILINE)
    assert len(lines) == RULES[name].count("\n") - 1
    assert {member for optional, member in lines if not optional} == MEMBERS[name][0]
    assert {member for optional, member in lines if optional} == MEMBERS[name][1]
    assert len({member for _, member in lines}) == len(lines)


@pytest.mark.parametrize("name", WORDS)
def test_the_words_are_those_that_reading_knows(name: str) -> None:
    assert set(re.findall(r'"([^"]+)"', RULES[name])) == WORDS[name]


def test_the_numbers_have_the_bounds_that_reading_has() -> None:
    told = re.findall(r"([A-Za-z]+): (\d+)\.\.(\d+),", PUBLISHED)
    told.append(("entry", *RULES["entry-number"].split("..")))
    assert {(name, (int(least), int(most))) for name, least, most in told} == set(members.NUMBERS.items())


def test_every_rule_that_is_used_is_there_and_every_one_that_is_there_is_used() -> None:
    names = set(RULES) - {"policy"}
    bodies = " ".join(re.sub(r'"[^"]*"|[A-Za-z0-9]+:', " ", body) for body in RULES.values())
    used = set(re.findall(r"[a-z][a-z-]*", bodies)) - {"text", "bool", "size", "regexp"}
    assert used == names
    assert next(iter(RULES)) == "policy", "the first rule is what a document is (RFC 8610, section 3.1)"


def test_no_rule_is_named_as_a_member() -> None:
    # To some software `key: key` is a rule on both sides, whatever RFC 8610 says of barewords.
    assert not set(RULES) & {member for pair in MEMBERS.values() for some in pair for member in some}
