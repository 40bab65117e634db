"""A case file from a real log: the same for everybody, and believed only as a whole."""

import io
import zipfile
from dataclasses import replace
from hashlib import sha256

import pytest

from counterfoil.case.archive import read_case_archive, write_case
from counterfoil.case.build import PolicyExhibit, case_files, manifest_of
from counterfoil.case.verify import Verdict, verify_case
from counterfoil.errors import CaseInvalidError, CounterfoilError, LogKeyUnknownError, MalformedCaseError
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.trace_event.event import EventType, Role
from counterfoil.verify import log_keys_of
from tests.builders import issuer_of, policy_for, sign_statement
from tests.events import Cast, data_of, engagement, hash_of
from tests.log.material import next_policy
from tests.unit.case.made import Logged, case_of, logged

KINDS = EventType
MANIFEST = "evidence/manifest.json"


@pytest.fixture(scope="module")
def told() -> Logged:
    return logged()


@pytest.fixture(scope="module")
def case(told: Logged) -> bytes:
    return case_of(told.evidence())


def test_a_case_that_holds(told: Logged, case: bytes) -> None:
    keys = log_keys_of(told.world.signers[KeyPurpose.RECEIPT].public_key)
    verified = verify_case(case, keys)
    assert verified.verdict is Verdict.PASS
    assert (verified.findings, verified.other_findings) == ((), ())
    assert (verified.state, verified.root_trace_id) == ("settled", told.cast.root)
    assert (verified.tree_size, len(verified.entries)) == (14, 12)
    alone = verify_case(case)
    assert alone.evidence_digest == verified.evidence_digest
    assert any("taken from the case file itself" in one for one in alone.not_established)
    assert all("taken from the case file itself" not in one for one in verified.not_established)


def test_the_same_tree_gives_the_same_bytes_whatever_came_since() -> None:
    made = logged()
    early = made.evidence()
    first = case_of(early)
    made.add([made.cast.say(KINDS.ACTION), sign_statement(made.world.agent)])
    assert case_of(made.evidence(early.frame.tree.size)) == first
    assert case_of(made.evidence()) != first


def test_a_zip_has_the_same_bytes_with_every_python() -> None:
    """Both parties may ask for it years apart, from services that run on other versions."""
    written = write_case([("evidence/a.json", b"{}"), ("README.txt", b"")])
    assert sha256(written).hexdigest() == "d9be714dd70cab7460df86daa5685b9767b2914cefe51e827fb4d732efa42d25"


def test_an_earlier_tree_shows_the_engagement_as_it_was(told: Logged) -> None:
    verified = verify_case(case_of(told.evidence(7)))
    assert (len(verified.entries), verified.state) == (5, "suspended")


def test_views_are_no_part_of_the_evidence(told: Logged) -> None:
    evidence = told.evidence()
    plain = verify_case(case_of(evidence))
    dressed = write_case(case_files(evidence, [("README.txt", lambda facts: facts.origin.encode())], "other"))
    assert read_case_archive(dressed)["README.txt"] == told.world.identity.origin.encode()
    assert verify_case(dressed).evidence_digest == plain.evidence_digest


def test_what_is_remarkable_is_no_failure() -> None:
    def story(cast: Cast) -> list[bytes]:
        gap = [*engagement(cast), cast.say(KINDS.ACTION, sequence=9)]
        wrong = {
            "kind": "posterior",
            "evaluators": [{"id": "one", "weight": 1, "confidence": 1, "p": 0.1, "failed": False}],
            "posterior": 0.9,
            "outcome": "refund",
        }
        return [*gap, cast.say(KINDS.DISPUTE, role=Role.ARBITRATOR, data=wrong)]

    verified = verify_case(case_of(logged(story=story).evidence()))
    assert verified.verdict is Verdict.PASS_WITH_FINDINGS
    assert [names for _, names in verified.findings] == [
        ("action-after-settlement: the engagement was settled before",
         "sequence-gap: number 9 does not follow a number used before"),
    ]  # fmt: skip
    assert len(verified.other_findings) == 4, verified.other_findings


def test_a_chain_without_an_engagement_has_a_case_too(told: Logged) -> None:
    made = logged(story=lambda _cast: [])
    made.add([sign_statement(made.world.agent, subject="just statements") for _ in range(3)])
    verified = verify_case(case_of(made.evidence(root="just statements")))
    assert (verified.state, len(verified.entries), verified.verdict) == (None, 3, Verdict.PASS)
    log = made.world.identity
    assert verify_case(case_of(made.evidence(root=log.policy_subject))).verdict is Verdict.PASS


def test_keys_of_another_log_believe_nothing(told: Logged, case: bytes) -> None:
    with pytest.raises(LogKeyUnknownError):
        verify_case(case, log_keys_of(told.world.agent.public_key))


def altered(case: bytes, changes: dict[str, bytes | None], *, manifest: bool = True) -> bytes:
    """The case with files replaced, added or (None) removed, and with a manifest to match unless told otherwise."""
    files = dict(read_case_archive(case)) | changes
    kept = {name: content for name, content in files.items() if content is not None and name != MANIFEST}
    evidence = [(name, content) for name, content in kept.items() if name.startswith("evidence/")]
    whole = manifest_of(evidence) if manifest else read_case_archive(case)[MANIFEST]
    return write_case([*kept.items(), (MANIFEST, whole)])


def test_an_altered_case_that_is_none(case: bytes) -> None:
    assert verify_case(altered(case, {})).verdict is Verdict.PASS


@pytest.mark.parametrize("manifest", [True, False])
def test_every_file_of_the_evidence_counts(case: bytes, manifest: bool) -> None:  # noqa: FBT001 - a parameter
    for place, (name, content) in enumerate(read_case_archive(case).items()):
        if name == MANIFEST:
            continue
        flipped = content[:-1] + bytes([content[-1] ^ 1])
        # Each is once made longer and once emptied, with a manifest that fits or with the one that was there.
        for changed in (None, flipped, content + b" " if place % 2 == manifest else b""):
            with pytest.raises(CounterfoilError):
                verify_case(altered(case, {name: changed}, manifest=manifest))


@pytest.mark.parametrize("name", ["evidence/entries/000000000099.json", "evidence/more.txt", "evidence/"])
def test_nothing_foreign_is_in_the_evidence(case: bytes, name: str) -> None:
    with pytest.raises(CounterfoilError):
        verify_case(altered(case, {name: b"{}"}))


def test_the_manifest_is_what_the_files_lead_to(case: bytes) -> None:
    files = dict(read_case_archive(case))
    for manifest in (b"", b"{}", files[MANIFEST] + b" ", files[MANIFEST].replace(b'"bytes":', b'"bytes":1', 1)):
        with pytest.raises(CaseInvalidError):
            verify_case(write_case({**files, MANIFEST: manifest}.items()))


def test_no_entry_can_be_left_out(told: Logged) -> None:
    """Not the last one either: the log signed how many there are."""
    evidence = told.evidence()
    for left_out in (0, 3, 8, 11):
        rest = [one for at, one in enumerate(evidence.exhibits) if at != left_out]
        with pytest.raises(CounterfoilError):
            verify_case(case_of(replace(evidence, exhibits=rest)))
    then = told.evidence(13)
    with pytest.raises(CaseInvalidError, match="chain head"):
        verify_case(case_of(replace(evidence, exhibits=evidence.exhibits[:-1], chain_head=then.chain_head)))


def test_entries_in_another_order(told: Logged) -> None:
    evidence = told.evidence()
    swapped = list(evidence.exhibits)
    swapped[1], swapped[2] = swapped[2], swapped[1]
    with pytest.raises(CounterfoilError):
        verify_case(case_of(replace(evidence, exhibits=swapped)))


def test_parts_of_another_tree_or_log(told: Logged) -> None:
    now, then, other = told.evidence(), told.evidence(10), logged().evidence()
    receipts = {one.number: one.receipt for one in then.exhibits}
    mixed = [replace(one, receipt=receipts.get(one.number, one.receipt)) for one in now.exhibits]
    for evidence in (
        replace(now, exhibits=mixed),
        replace(now, checkpoint=then.checkpoint),
        replace(now, checkpoint=other.checkpoint),
        replace(now, chain_head=then.chain_head),
        replace(now, chain_head=other.chain_head),
        replace(now, chain_head=now.checkpoint),
        replace(now, checkpoint=now.chain_head),
        replace(then, exhibits=then.exhibits[:-1], chain_head=told.evidence(9).chain_head),
        replace(now, genesis=then.genesis),
        replace(now, genesis=other.genesis),
        replace(now, policies=other.policies),
        replace(now, exhibits=other.exhibits),
    ):
        with pytest.raises(CounterfoilError):
            verify_case(case_of(evidence))


def test_a_policy_that_gives_the_issuer_no_such_key(told: Logged) -> None:
    evidence = told.evidence()
    stranger = policy_for(issuer_of(told.world.agent))
    own = sign_statement(
        told.world.signers[KeyPurpose.OPERATOR],
        stranger.encode(),
        issuer=told.world.identity.issuer,
        subject=told.world.identity.policy_subject,
        content_type="application/vnd.counterfoil.policy+json",
    )
    with pytest.raises(CounterfoilError):
        verify_case(case_of(replace(evidence, policies=[replace(evidence.policies[0], statement=own)])))


def test_a_statement_by_another_key(told: Logged) -> None:
    evidence = told.evidence()
    again = told.cast.sign(Role.BUYER, b"{}")
    changed = replace(evidence.exhibits[3], statement=again, entry_id=hash_of(again))
    with pytest.raises(CounterfoilError):
        verify_case(case_of(replace(evidence, exhibits=[*evidence.exhibits[:3], changed, *evidence.exhibits[4:]])))


def packed(case: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in read_case_archive(case).items():
            archive.writestr(name, content)
    return whole.getvalue()


def test_what_is_no_case_file(case: bytes) -> None:
    files = read_case_archive(case)
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("evidence/case.json", files["evidence/case.json"])
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("evidence/case.json", files["evidence/case.json"])
    for data in (b"", b"PK\x03\x04", case[:-30], packed(case), twice.getvalue(), write_case([])):
        with pytest.raises(MalformedCaseError):
            verify_case(data)


def test_a_statement_is_there_as_the_log_stores_it_and_in_no_other_spelling(told: Logged, case: bytes) -> None:
    """The unprotected header is under no signature, so that whatever it held could be changed unnoticed."""
    one = told.evidence().exhibits[3]
    name = f"evidence/entries/{one.number:012d}.statement.cose"
    with pytest.raises(MalformedCaseError, match="as a log stores"):
        verify_case(altered(case, {name: attach_receipts(one.statement or b"", [one.receipt])}))


def test_whoever_is_no_party_counts_for_nothing_in_the_reports() -> None:
    def story(cast: Cast) -> list[bytes]:
        agent = [{"issuer": cast.name(Role.AGENT), "role": "agent"}]
        formed = cast.say(KINDS.FORMATION, data=data_of(KINDS.FORMATION, agent))
        action = cast.say(KINDS.ACTION)
        stranger = cast.say(KINDS.RUNTIME_SUSPENDED, refs=[("scores", hash_of(action))], sequence=40)
        return [formed, action, stranger]

    verified = verify_case(case_of(logged(story=story).evidence()))
    assert verified.state == "active"
    assert [names for _, names in verified.findings] == [("not-a-party: the issuer is no runtime of this engagement",)]
    assert verified.other_findings == ()
    assert [(report.issuer, report.events) for report in verified.account.writers()] == [
        ("https://agent.parties.example", 1), ("https://platform.parties.example", 1),
    ]  # fmt: skip


def test_no_policy_is_there_that_decided_on_nothing() -> None:
    made = logged()
    made.add([next_policy(made.world)])
    evidence, of_policies = made.evidence(), made.evidence(root=made.world.identity.policy_subject)
    more = [PolicyExhibit(one.number, one.statement or b"", one.receipt) for one in of_policies.exhibits]
    newer = [one for one in more if one.number > 1]
    assert len(newer) == 1
    verify_case(case_of(evidence))
    with pytest.raises(CaseInvalidError, match="policies in the case"):
        verify_case(case_of(replace(evidence, policies=[*evidence.policies, *newer])))
