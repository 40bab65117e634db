"""Case files of a log whose operators decide together, and which has revoked a key: what both verifiers make of it."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from counterfoil.case.verify import Verdict, verify_case
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.policy.anchors import Approved, Operators
from counterfoil.policy.ballot import APPROVAL_CONTENT_TYPE, PROPOSAL_CONTENT_TYPE
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement
from counterfoil.statement.trace_event.event import EventType, Role
from tests.case_scenes import Files, with_manifest
from tests.key_notices import own_statement, revocation
from tests.log.material import following
from tests.unit.case.test_rotated_case import Told, of, tell
from tests.unit.case.test_standalone import both_fail, both_pass, zipped

ANN, BEA, STRANGER = (generate_private_key("ES256") for _ in range(3))
PROPOSED, FIRST, BY_ANN, BY_BEA, COMMITTED, AFTER = 9, 10, 11, 12, 13, 14
FINDINGS = "evidence/findings.json"


@dataclass(frozen=True)
class Governed:
    """A log whose one operator hands over to two, who both have to approve from then on; then one more ACTION."""

    told: Told
    policy: PolicyDocument
    proposal: StatementHash
    files: Files

    def by(self, signer: LocalSigner | None, content_type: str, payload: bytes) -> bytes:
        return own_statement(self.told.world, content_type, payload, signer)

    def commit(self, *entries: int, signer: LocalSigner | None = None, **changes: Any) -> bytes:
        approved = Approved(self.proposal, entries) if entries else None
        return self.by(signer, POLICY_CONTENT_TYPE, replace(self.policy, approved=approved, **changes).encode())

    def with_statement(self, number: int, statement: bytes) -> Files:
        return with_manifest({**self.files, of(number): statement})


@pytest.fixture(scope="module")
def governed() -> Governed:
    told = tell()
    assert told.world.policy is not None
    operators = Operators((ANN.public_key, BEA.public_key), 2)
    policy = replace(following(told.world, told.world.policy), operators=operators)
    proposal = own_statement(told.world, PROPOSAL_CONTENT_TYPE, policy.encode())
    told.add(told.second, proposal)
    entry_id = parse_signed_statement(proposal).hash
    for signer in (None, ANN, BEA):
        told.add(told.second, own_statement(told.world, APPROVAL_CONTENT_TYPE, entry_id, signer))
    approved = replace(policy, approved=Approved(entry_id, (FIRST, BY_ANN, BY_BEA)))
    told.add(told.second, own_statement(told.world, POLICY_CONTENT_TYPE, approved.encode(), BEA))
    told.add(told.second, told.cast.say(EventType.ACTION))
    return Governed(told, policy, entry_id, told.files())


def test_operators_who_decided_together_are_followed(governed: Governed) -> None:
    assert of(COMMITTED) in governed.files
    assert f"evidence/policies/{COMMITTED:012d}.json" in governed.files
    both_pass(governed.files, "PASS")


def test_a_policy_that_was_not_approved_is_none(governed: Governed) -> None:
    few = "too few operators approved"
    for statement, reason in (
        (governed.commit(FIRST, BY_ANN), few),
        (governed.commit(BY_ANN, BY_BEA), few),
        (governed.commit(), few),
        (governed.commit(signer=BEA), few),
        (governed.commit(FIRST, BY_ANN, PROPOSED), "an approval that it names is none of it"),
        (governed.commit(FIRST, BY_ANN, BY_BEA, clock_skew_seconds=1), "another policy than was approved"),
        (governed.commit(FIRST, BY_ANN, BY_BEA, signer=STRANGER), "not by that key"),
        (governed.commit(FIRST, BY_ANN, BY_BEA, version=9), "does not follow"),
        (governed.commit(FIRST, BY_ANN, BY_BEA, replaces=None), "does not follow"),
    ):
        both_fail(governed.with_statement(COMMITTED, statement), reason)


def test_an_approval_that_nobody_gave_is_none(governed: Governed) -> None:
    service = governed.told.world.signers[KeyPurpose.SERVICE]
    for signer, payload, reason in (
        (STRANGER, governed.proposal, "not by that key"),
        (service, governed.proposal, "only an operator"),
        (BEA, bytes(32), "was not proposed"),
        (BEA, governed.proposal[:-1], "was not proposed"),
    ):
        both_fail(governed.with_statement(BY_BEA, governed.by(signer, APPROVAL_CONTENT_TYPE, payload)), reason)
    # An operator's approval, given twice, is one.
    twice = governed.by(ANN, APPROVAL_CONTENT_TYPE, governed.proposal)
    both_fail(governed.with_statement(BY_BEA, twice), "too few operators approved")


def test_a_proposal_is_of_what_follows(governed: Governed) -> None:
    changed: list[dict[str, Any]] = [
        {"version": 9},
        {"replaces": None},
        {"approved": Approved(governed.proposal, (1,))},
    ]
    for changes in changed:
        payload = replace(governed.policy, **changes).encode()
        statement = governed.by(None, PROPOSAL_CONTENT_TYPE, payload)
        both_fail(governed.with_statement(PROPOSED, statement), "does not follow|says that it is approved")


def test_what_a_revoked_key_said_after_its_last_valid_entry_is_a_finding_that_nobody_takes_out() -> None:
    told = tell()
    agent = told.cast.signers[Role.AGENT]
    told.add(told.second, revocation(told.world, agent, 3))
    files = told.files()
    both_pass(files, "PASS WITH FINDINGS")
    case = verify_case(zipped(files))
    assert case.verdict is Verdict.PASS_WITH_FINDINGS
    assert case.findings == ((8, ("key-revoked: entry 9 says so of entries after 3",)),)
    clean = json.loads(files[FINDINGS])
    clean["entries"] = []
    told_otherwise = {**files, FINDINGS: json.dumps(clean, separators=(",", ":"), sort_keys=True).encode()}
    both_fail(with_manifest(told_otherwise), "say of revoked keys")
    without = {name: content for name, content in files.items() if "log-keys/000000000009" not in name}
    both_fail(with_manifest(without), "counts other entries")
    both_pass(told.files(9), "PASS")
