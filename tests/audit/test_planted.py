"""What is planted in the database, each finding its fault and no other."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from counterfoil.audit.report import Verdict
from counterfoil.chain.findings import Finding
from counterfoil.errors import LogCorruptError
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.records import Batch, Entry
from counterfoil.policy.document import Visibility
from counterfoil.policy.own_statements import Effect
from counterfoil.receipt.tree_head import sign_head
from counterfoil.register import admit
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.key_notice import REVOCATION_CONTENT_TYPE, Revocation
from counterfoil.statement.signed_statement import DuplicateKey, parse_signed_statement
from counterfoil.statement.trace_event.event import EventType
from tests.audit.planting import Planted, codes, kinds, planting
from tests.builders import START, World, sign_statement
from tests.events import Cast, hash_of
from tests.log.material import build_log, following, policy_statement, twin_of

DECISION = "UPDATE entries SET decision = ? WHERE number = ?"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """A log with all that a log can hold; two pages cover all of it but two entries."""
    path = tmp_path_factory.mktemp("audited") / "log.db"
    return build_log(path), path


@pytest.fixture
def planted(built: tuple[World, Path], tmp_path: Path) -> Iterator[Planted]:
    with planting(*built, tmp_path) as made:
        yield made


def entry_of(planted: Planted, number: int) -> Entry:
    entry = planted.store.entry(number)
    assert entry is not None
    return entry


def rewrite(planted: Planted, place: int, **changes: Any) -> None:
    record = parse_decision_record(entry_of(planted, place).decision)
    planted.write(DECISION, replace(record, **changes).encode(), place)


def test_nothing_planted_is_clean(planted: Planted) -> None:
    report = planted.audit()
    assert (report.verdict, report.faults) == (Verdict.CLEAN, ())
    assert (report.repeated, report.withheld, report.uncovered) == (planted.size, 0, planted.size - planted.unpaged)
    assert (report.pages, report.changes) == (2, 1)
    assert report.events > 10
    assert any("clock" in sentence for sentence in report.not_established)


def test_a_statement_of_a_stranger(planted: Planted) -> None:
    number = planted.append(planted.decided(sign_statement(generate_private_key("ES256"))))
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["key-unknown"])
    assert report.verdict is Verdict.FAULTY


def test_a_statement_that_nobody_signed(planted: Planted) -> None:
    data = bytearray(sign_statement(planted.world.agent))
    data[-1] ^= 1
    number = planted.append(planted.decided(bytes(data)))
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["signature-invalid"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"claims": {4: START - 1}}, "expired"),
        ({"claims": {6: START + 10_000}}, "from-the-future"),
        ({"content_type": "image/png"}, "content-type-not-admitted"),
        ({"issuer": "https://nobody.example"}, "issuer-unknown"),
        ({"detached": True}, "payload-missing"),
    ],
)
def test_a_statement_that_the_policy_does_not_admit(planted: Planted, changes: dict[str, Any], code: str) -> None:
    number = planted.append(planted.decided(sign_statement(planted.world.agent, **changes)))
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], [code])


def test_a_record_that_differs_from_its_page_alone(planted: Planted) -> None:
    """The time is one that the decision holds at, and no later than that of the next entry: only the page tells."""
    number = next(n for n in range(planted.size) if head_time(planted, n) < head_time(planted, n + 1))
    rewrite(planted, number, head_time=head_time(planted, number + 1))
    report = planted.audit()
    assert [kind for kind, _ in kinds(report)] == ["page-differs"]


def head_time(planted: Planted, number: int) -> int:
    return parse_decision_record(entry_of(planted, number).decision).head_time


@pytest.mark.parametrize(
    "changes",
    [
        {"key_thumbprint": bytes(32)},
        {"policy_entry": 1},
        {"number": 7},
        {"evidence_digest": bytes(32)},
        {"appraisal_digest": bytes(32)},
    ],
)
def test_a_record_that_was_written_over(planted: Planted, changes: dict[str, Any]) -> None:
    rewrite(planted, 50, **changes)
    report = planted.audit()
    assert kinds(report)[0] == ("decision-differs", 50)
    assert [kind for kind, _ in kinds(report)[1:]] == ["page-differs"]


def test_a_record_in_the_tail_that_no_page_covers(planted: Planted) -> None:
    number = planted.size - 1
    rewrite(planted, number, key_thumbprint=bytes(32))
    assert kinds(planted.audit()) == [("decision-differs", number)]


def test_a_record_that_cannot_be_read(planted: Planted) -> None:
    planted.write(DECISION, b"\xa0", planted.size - 1)
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("decision-differs", planted.size - 1)], ["malformed-decision"])


def test_a_head_time_that_runs_back(planted: Planted) -> None:
    number = planted.size - 1
    rewrite(planted, number, head_time=START)
    assert kinds(planted.audit()) == [("time-runs-back", number)]


def test_a_page_is_missing(planted: Planted) -> None:
    first, before = planted.size, planted.unpaged
    planted.append(planted.decided(sign_statement(planted.world.agent)))
    number = planted.page(first, first)
    report = planted.audit()
    assert kinds(report) == [("page-missing", number)]
    assert f"entries {before} to {first - 1}" in report.faults[0].detail


def test_a_page_overlaps(planted: Planted) -> None:
    number = planted.page(10, planted.size - 1)
    assert kinds(planted.audit()) == [("page-overlaps", number)]


def test_a_page_states_another_root(planted: Planted) -> None:
    number = planted.page(planted.unpaged, planted.size - 1, bytes(32))
    assert kinds(planted.audit()) == [("page-differs", number)]


def test_a_page_covers_itself(planted: Planted) -> None:
    number = planted.page(planted.unpaged, planted.size, bytes(32))
    report = planted.audit()
    assert "itself or later ones among them" in report.faults[0].detail
    assert (kinds(report), report.uncovered) == ([("page-differs", number)], 0)


def test_a_page_by_another_key_is_none(planted: Planted) -> None:
    usurper = {**planted.world.signers, KeyPurpose.SERVICE: planted.world.signers[KeyPurpose.OPERATOR]}
    planted.world = replace(planted.world, signers=usurper)
    first = planted.unpaged
    number = planted.page(first, planted.size - 1)
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["content-type-not-admitted"])
    assert report.uncovered == planted.size - first


def test_a_statement_in_the_place_of_another(planted: Planted) -> None:
    other = planted.store.content(11)
    assert other is not None
    planted.write("UPDATE statements SET statement = ? WHERE number = 12", other.statement)
    assert kinds(planted.audit()) == [("statement-differs", 12)]


def test_a_statement_in_another_encoding(planted: Planted) -> None:
    content = planted.store.content(12)
    assert content is not None
    longer = content.statement.replace(b"\xd2\x84", b"\xd2\x98\x04", 1)
    planted.write("UPDATE statements SET statement = ? WHERE number = 12", longer)
    report = planted.audit()
    assert kinds(report) == [("statement-differs", 12)]
    assert "encoding" in report.faults[0].detail


def test_a_statement_that_is_none(planted: Planted) -> None:
    planted.write("UPDATE statements SET statement = ? WHERE number = 12", b"\xd2")
    report = planted.audit()
    assert [(kind, number) for kind, number in kinds(report)] == [("not-admitted", 12)]


def test_a_statement_is_missing(planted: Planted) -> None:
    planted.write("DELETE FROM statements WHERE number = 12")
    report = planted.audit()
    assert kinds(report) == [("statement-missing", 12)]
    assert report.verdict is Verdict.FAULTY


def test_an_entry_is_missing(planted: Planted) -> None:
    planted.write("DELETE FROM entries WHERE number = 12")
    report = planted.audit()
    found = kinds(report)
    assert found[:2] == [("tree-differs", None), ("entry-missing", 12)]
    assert "cannot be computed" in report.faults[0].detail
    assert [kind for kind, _ in found[2:]] == ["page-differs"]


def test_the_last_entries_are_missing(planted: Planted) -> None:
    last = planted.size - 1
    planted.write("DELETE FROM entries WHERE number = ?", last)
    assert kinds(planted.audit()) == [("tree-differs", None), ("entry-missing", last)]


def test_a_row_that_no_log_can_hold(planted: Planted) -> None:
    planted.write("UPDATE entries SET duplicate_key = x'00' WHERE number = 12")
    planted.write("UPDATE statements SET visibility = 'nobody' WHERE number = 14")
    found = kinds(planted.audit())
    assert [one for one in found if one[0] != "page-differs"] == [
        ("tree-differs", None),
        ("entry-missing", 12),
        ("statement-missing", 14),
    ]


def test_another_entry_in_the_tree(planted: Planted) -> None:
    """The entry hashes to what the tree has, and the tree is another than the signed one."""
    data = parse_signed_statement(sign_statement(planted.world.agent))
    number = planted.unpaged + 1
    planted.write("UPDATE statements SET statement = ? WHERE number = ?", data.encoded, number)
    planted.write("UPDATE entries SET statement_hash = ? WHERE number = ?", data.hash, number)
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("tree-differs", None)], ["root-mismatch"])


def test_evidence_that_was_written_over(planted: Planted) -> None:
    (number, *_) = planted.store.evidence_numbers()
    planted.write("DELETE FROM evidence WHERE number = ?", number)
    report = planted.audit()
    assert kinds(report) == [("not-admitted", number)]
    assert codes(report) == ["certificate-missing"]


def test_a_policy_that_the_operator_did_not_sign(planted: Planted) -> None:
    policy = planted.world.policy
    assert policy is not None
    usurper = replace(
        planted.world, signers={**planted.world.signers, KeyPurpose.OPERATOR: planted.world.signers[KeyPurpose.SERVICE]}
    )
    data = policy_statement(usurper, replace(policy, version=policy.version + 1, issuers=()))
    key = planted.world.signers[KeyPurpose.SERVICE].public_key.thumbprint
    number = planted.append(planted.decided(data, key=key, visibility=Visibility.PUBLIC))
    rules = planted.world.open()._rules
    honest = admit(parse_signed_statement(sign_statement(planted.world.agent)), rules, planted.world.clock())
    planted.append(honest)
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["content-type-not-admitted"])
    assert kinds(planted.audit(number + 1)) == [("not-admitted", number)], "what came before binds what came after"


def test_a_policy_that_the_chain_of_policies_leaves_out(planted: Planted) -> None:
    policy = planted.policy_entry
    planted.write("UPDATE entries SET sequence = sequence + 1000 WHERE number = ?", policy)
    report = planted.audit()
    assert ("change-left-out", policy) in kinds(report)
    assert ("decision-differs", policy + 1) in kinds(report)


def engaged(planted: Planted, root: str, **changes: Any) -> Cast:
    """A cast that a new policy admits, which has those ``changes`` besides."""
    cast, policy = Cast(root=root), planted.world.policy
    assert policy is not None
    issuers = (*policy.issuers[:1], *cast.issuers())
    more = following(planted.world, replace(policy, issuers=issuers, **changes))
    admitted(planted, policy_statement(planted.world, more))
    return cast


def admitted(planted: Planted, *statements: bytes, refused: frozenset[Finding] | None = None) -> int:
    """Append what the policy admits, whatever its chain says; the decision forgets the findings it refuses."""
    rules = planted.world.open()._rules
    made = [admit(parse_signed_statement(data), rules, planted.world.clock()) for data in statements]
    if refused is not None:
        made = [replace(one, decision=replace(one.decision, refused=refused)) for one in made]
    return planted.append(*made)


def test_an_event_that_may_not_follow(planted: Planted) -> None:
    cast = engaged(planted, "an engagement that nobody formed")
    early = admitted(planted, cast.say(EventType.ACTION))
    admitted(planted, cast.say(EventType.FORMATION))
    lost = admitted(planted, cast.say(EventType.ACTION, previous=hashlib.sha256(b"elsewhere").hexdigest()))
    report = planted.audit()
    assert kinds(report) == [("not-admitted", early), ("not-admitted", lost)]
    assert codes(report) == ["no-formation", "previous-unknown"]
    later = planted.audit(early)
    assert (later.verdict, later.faults) == (Verdict.CLEAN, ())
    assert any("3 entries may follow" in sentence for sentence in later.not_established)


def test_a_reference_to_an_entry_of_another_chain(planted: Planted) -> None:
    cast = engaged(planted, "an engagement of this test")
    other = entry_of(planted, 5).statement_hash
    admitted(planted, cast.say(EventType.FORMATION))
    number = admitted(planted, cast.say(EventType.ACTION, refs=[("parent", other)]))
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["reference-unknown"])


def test_an_event_behind_an_entry_that_is_none(planted: Planted) -> None:
    """What a chain had before its first event is part of it, and may be referred to."""
    cast = engaged(planted, "an engagement of this test")
    plain = sign_statement(planted.world.agent, subject=cast.root)
    admitted(planted, plain)
    admitted(planted, cast.say(EventType.FORMATION))
    admitted(planted, cast.say(EventType.ACTION, previous=hash_of(plain).hex()))
    assert planted.audit().verdict is Verdict.CLEAN


def test_an_entry_with_a_finding_that_the_policy_refuses(planted: Planted) -> None:
    cast = engaged(planted, "an engagement of this test", refused_findings=frozenset(Finding))
    nothing: frozenset[Finding] = frozenset()
    admitted(planted, cast.say(EventType.FORMATION), refused=nothing)
    admitted(planted, cast.say(EventType.ACTION), refused=nothing)
    assert planted.audit().verdict is Verdict.CLEAN
    gap = admitted(planted, cast.say(EventType.ACTION, sequence=7), refused=nothing)
    stranger = admitted(planted, sign_statement(planted.world.agent, subject=cast.root), refused=nothing)
    report = planted.audit()
    assert kinds(report) == [("not-admitted", gap), ("not-admitted", stranger)]
    assert [fault.detail.partition(":")[0] for fault in report.faults] == ["sequence-gap", "other-profile"]


def test_the_same_content_twice(planted: Planted) -> None:
    """The index says that it is something else, and so the database takes it."""
    data = sign_statement(planted.world.agent)

    def unlike(batch: Batch) -> Batch:
        return replace(
            batch, entries=tuple(replace(one, duplicate_key=DuplicateKey(bytes(32))) for one in batch.entries)
        )

    planted.append(planted.decided(data))
    number = planted.append(planted.decided(twin_of(data)), spoil=unlike)
    assert kinds(planted.audit()) == [("registered-twice", number)]


def test_a_head_that_another_key_signed_ends_the_audit(planted: Planted) -> None:
    other = generate_private_key("ES256")

    def foreign(batch: Batch) -> Batch:
        return replace(batch, signature=sign_head(other, planted.world.identity, batch.head.tree))

    planted.append(planted.decided(sign_statement(planted.world.agent)), spoil=foreign)
    with pytest.raises(LogCorruptError, match="signed by no receipt key"):
        planted.audit()


def test_a_policy_of_another_effect_changes_nothing(planted: Planted) -> None:
    """A record that says so makes no policy of a statement."""
    number = planted.append(planted.decided(sign_statement(planted.world.agent), effect=Effect.NONE))
    assert planted.audit(number).verdict is Verdict.CLEAN


def forge(planted: Planted, number: int, data: bytes) -> None:
    """Another statement in the place of an entry, under its own hash."""
    statement = parse_signed_statement(data)
    planted.write("UPDATE statements SET statement = ? WHERE number = ?", statement.encoded, number)
    planted.write("UPDATE entries SET statement_hash = ? WHERE number = ?", statement.hash, number)


@pytest.mark.parametrize("number", [0, 1])
def test_a_founding_that_the_operator_did_not_sign(planted: Planted, number: int) -> None:
    content = planted.store.content(number)
    assert content is not None
    forge(planted, number, content.statement[:-1] + bytes([content.statement[-1] ^ 1]))
    report = planted.audit()
    assert kinds(report)[:2] == [("tree-differs", None), ("not-admitted", number)]
    assert codes(report)[1] == "signature-invalid"


@pytest.mark.parametrize("number", [0, 1])
def test_a_founding_by_the_service(planted: Planted, number: int) -> None:
    content, identity = planted.store.content(number), planted.world.identity
    assert content is not None
    statement = parse_signed_statement(content.statement)
    service, payload = planted.world.signers[KeyPurpose.SERVICE], statement.message.payload or b""
    kind = str(statement.content_type)
    forge(planted, number, sign_own_statement(service, identity, identity.policy_subject, kind, payload, START))
    report = planted.audit()
    assert kinds(report)[:2] == [("tree-differs", None), ("not-admitted", number)]
    assert codes(report)[1] == "content-type-not-admitted"


def test_evidence_of_another_kind(planted: Planted) -> None:
    (number, *_) = planted.store.evidence_numbers()
    planted.write("UPDATE evidence SET kind = 'another' WHERE number = ?", number)
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["malformed-decision"])


def test_a_revocation_of_what_is_not_there_yet(planted: Planted) -> None:
    """What it says is the last valid entry comes after it."""
    key = planted.world.agent.public_key.thumbprint
    revocation = Revocation(key, planted.size + 50, "a test")
    operator, identity = planted.world.signers[KeyPurpose.OPERATOR], planted.world.identity
    payload = revocation.encode()
    data = sign_own_statement(
        operator, identity, identity.policy_subject, REVOCATION_CONTENT_TYPE, payload, planted.world.clock()
    )
    number = admitted(planted, data)
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["revocation-refused"])


def test_what_a_revoked_key_signs_is_not_admitted(planted: Planted) -> None:
    """The revocation binds what comes after it, and nothing before."""
    agent = planted.world.agent
    late = planted.decided(sign_statement(agent))
    revocation = revocation_of_key(planted)
    assert planted.audit().verdict is Verdict.CLEAN
    number = planted.append(replace(late, decision=replace(late.decision, policy_entry=planted.policy_entry)))
    report = planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["key-revoked"])
    assert report.changes == 2
    assert kinds(planted.audit(revocation + 1)) == [("not-admitted", number)]


def revocation_of_key(planted: Planted) -> int:
    operator, identity = planted.world.signers[KeyPurpose.OPERATOR], planted.world.identity
    payload = Revocation(planted.world.agent.public_key.thumbprint, planted.size - 1, "a test").encode()
    now = planted.world.clock()
    data = sign_own_statement(operator, identity, identity.policy_subject, REVOCATION_CONTENT_TYPE, payload, now)
    return admitted(planted, data)


def test_a_head_whose_signature_does_not_hold_ends_the_audit(planted: Planted) -> None:
    planted.write("UPDATE head_signatures SET signature = zeroblob(64) WHERE size = ?", planted.size)
    with pytest.raises(LogCorruptError, match="does not hold"):
        planted.audit()
