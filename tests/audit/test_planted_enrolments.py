"""What is planted about attested keys, each finding its fault and no other."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from counterfoil.attestation.binding import enrolment_binding
from counterfoil.audit.enrolled_rules import EnrolmentEntry
from counterfoil.audit.entry import AuditedEntry, audited
from counterfoil.audit.report import Verdict
from counterfoil.audit.timeline import RulesEntry, Timeline, read_timeline
from counterfoil.log.rules_source import read_genesis
from counterfoil.policy.document import Visibility
from counterfoil.policy.own_statements import Effect
from counterfoil.register import register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import RecordedGrade, RecordedStatus, parse_decision_record
from counterfoil.statement.links import chain_id
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import open_sqlite
from tests.attested import Machine, attested_policy, machine_of
from tests.attested_log import (
    AFTER,
    CARRIES,
    ENROLMENT,
    OTHER_ENROLMENT,
    PLATFORM,
    UNATTESTED,
    UNDER,
    UNDER_OTHER,
    machines_of,
    play,
)
from tests.audit.planting import Planted, codes, kinds, planting
from tests.builders import World, issuer_of
from tests.log.material import policy_statement

DAY = 24 * 60 * 60
DECISION = "UPDATE entries SET decision = ? WHERE number = ?"


@dataclass
class Attested:
    """A log on which two keys are enrolled, and their machines."""

    planted: Planted
    machine: Machine
    other: Machine

    def enrol(self, machine: Machine, **evidence: Any) -> int:
        """Append an enrolment of a machine as the log would, asking nothing."""
        challenge = machine.challenge(self.planted.world.clock())
        shown = machine.evidence(enrolment_binding(_nonce(challenge), machine.kid), **evidence)
        data = machine.enrolment(challenge, evidence=shown)
        decided = self.planted.decided(data, key=machine.kid, visibility=Visibility.PUBLIC, effect=Effect.RULES)
        return self.planted.append(decided)

    def says(self, machine: Machine) -> int:
        """Append a statement of a machine."""
        return self.planted.append(self.planted.decided(machine.statement(), key=machine.kid))

    def rewrite(self, number: int, **changes: Any) -> None:
        entry = self.planted.store.entry(number)
        assert entry is not None
        record = parse_decision_record(entry.decision)
        assert record.attested is not None
        attested = {name: changes.pop(name) for name in tuple(changes) if name in {"grade", "status", "enrolment"}}
        changed = replace(record, attested=replace(record.attested, **attested), **changes)
        self.planted.write(DECISION, changed.encode(), number)


def _nonce(challenge: bytes) -> bytes:
    return sha256(challenge).digest()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path, tuple[Machine, Machine]]:
    path = tmp_path_factory.mktemp("attested") / "log.db"
    store = open_sqlite(path, create=True)
    world = World(store).found()
    machines = machines_of(world)
    asyncio.run(play(world, machines))
    store.close()
    return world, path, machines


@pytest.fixture
def log(built: tuple[World, Path, tuple[Machine, Machine]], tmp_path: Path) -> Iterator[Attested]:
    world, path, machines = built
    with planting(world, path, tmp_path) as made:
        yield Attested(made, *machines)


def test_nothing_planted_is_clean(log: Attested) -> None:
    report = log.planted.audit()
    assert (report.verdict, report.faults) == (Verdict.CLEAN, ())
    assert (report.repeated, report.changes, report.withheld) == (log.planted.size, 4, 0)


@pytest.mark.parametrize("start", range(1, AFTER + 1))
def test_from_any_entry_on_it_is_clean(log: Attested, start: int) -> None:
    assert log.planted.audit(start).verdict is Verdict.CLEAN


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (ENROLMENT, {"appraisal_digest": bytes(32)}),
        (ENROLMENT, {"collateral_digest": bytes(32)}),
        (ENROLMENT, {"enrolment": ENROLMENT}),
        (UNDER, {"appraisal_digest": bytes(32)}),
        (UNDER, {"appraisal_digest": None}),
        (UNDER, {"collateral_digest": None}),
        (UNDER, {"grade": RecordedGrade.PLATFORM_ATTESTED}),
        (UNDER, {"status": RecordedStatus.WARNING}),
        (UNDER, {"enrolment": OTHER_ENROLMENT}),
        (UNDER, {"enrolment": None}),
        (UNDER_OTHER, {"enrolment": ENROLMENT}),
        (CARRIES, {"enrolment": ENROLMENT}),
        (CARRIES, {"grade": RecordedGrade.PLATFORM_ATTESTED}),
        (AFTER, {"enrolment": UNATTESTED}),
        (AFTER, {"enrolment": 10_000}),
    ],
)
def test_a_record_that_says_otherwise(log: Attested, number: int, changes: dict[str, Any]) -> None:
    log.rewrite(number, **changes)
    report = log.planted.audit()
    assert kinds(report) == [("decision-differs", number)]
    named = "attested" if changes.keys() & {"grade", "status", "enrolment"} else next(iter(changes)).replace("_", " ")
    assert f"{named}: recorded" in report.faults[0].detail


def test_a_record_that_says_nothing_of_it(log: Attested) -> None:
    entry = log.planted.store.entry(UNDER)
    assert entry is not None
    short = replace(parse_decision_record(entry.decision), attested=None, appraisal_digest=None, collateral_digest=None)
    log.planted.write(DECISION, short.encode(), UNDER)
    report = log.planted.audit()
    assert kinds(report) == [("decision-differs", UNDER)]
    assert "recorded none, repeated key-bound, affirming, by the enrolment in entry 3" in str(report.faults)


def test_an_unattested_key_that_is_called_attested(log: Attested) -> None:
    under, plain = (log.planted.store.entry(number) for number in (UNDER, UNATTESTED))
    assert under is not None
    assert plain is not None
    attested = parse_decision_record(under.decision).attested
    log.planted.write(DECISION, replace(parse_decision_record(plain.decision), attested=attested).encode(), UNATTESTED)
    assert kinds(log.planted.audit()) == [("decision-differs", UNATTESTED)]


def test_an_enrolment_whose_evidence_does_not_satisfy_enrols_nobody(log: Attested) -> None:
    stranger = replace(log.machine, signer=generate_private_key("ES256"))
    number = log.enrol(stranger, mrtd=bytes(48))
    later = log.says(stranger)
    report = log.planted.audit()
    assert kinds(report) == [("not-admitted", number), ("not-admitted", later)]
    assert codes(report) == ["measurement-not-admitted", "key-unknown"]
    # Also where it lies before what is audited.
    after = log.planted.audit(later)
    assert (kinds(after), after.verdict) == (kinds(report), Verdict.FAULTY)


def test_an_enrolment_of_another_key_than_the_evidence_binds(log: Attested) -> None:
    stranger = replace(log.machine, signer=generate_private_key("ES256"))
    challenge = stranger.challenge(log.planted.world.clock())
    shown = log.machine.evidence(enrolment_binding(_nonce(challenge), log.machine.kid))
    data = stranger.enrolment(challenge, evidence=shown)
    decided = log.planted.decided(data, key=stranger.kid, visibility=Visibility.PUBLIC, effect=Effect.RULES)
    number = log.planted.append(decided)
    report = log.planted.audit()
    assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["key-not-bound"])


def test_a_statement_by_a_key_whose_session_had_ended(log: Attested) -> None:
    clock = log.planted.world.clock
    before, clock.now = clock.now, clock.now + 2 * DAY
    try:
        number = log.says(log.machine)
        report = log.planted.audit()
        assert (kinds(report), codes(report)) == ([("not-admitted", number)], ["key-unknown"])
    finally:
        clock.now = before


def test_a_challenge_that_was_answered_before(log: Attested) -> None:
    challenge = log.machine.challenge(log.planted.world.clock())
    numbers: list[int] = []
    for stranger in (replace(log.machine, signer=generate_private_key("ES256")) for _ in range(2)):
        shown = stranger.evidence(enrolment_binding(_nonce(challenge), stranger.kid))
        data = stranger.enrolment(challenge, evidence=shown)
        decided = log.planted.decided(data, key=stranger.kid, visibility=Visibility.PUBLIC, effect=Effect.RULES)
        numbers.append(log.planted.append(decided))
    assert (kinds(log.planted.audit()), codes(log.planted.audit())) == (
        [("decision-differs", numbers[0]), ("not-admitted", numbers[1])],
        [None, None, None, "challenge-used"],
    )


def test_an_enrolment_that_is_lost_leaves_open_what_its_key_said(log: Attested) -> None:
    log.planted.write("DELETE FROM statements WHERE number = ?", ENROLMENT)
    report = log.planted.audit()
    assert kinds(report) == [("statement-missing", ENROLMENT), ("change-left-out", ENROLMENT)]
    assert report.withheld == 2
    assert log.planted.audit(UNDER).verdict is Verdict.INCOMPLETE


# What an audit keeps of enrolments.


def entries_of(store: MemoryStore) -> dict[int, AuditedEntry]:
    head = store.head()
    assert head is not None
    return {kept.number: audited(kept) for kept in store.kept(0, head.tree.size)}


def timeline_of(world: World, read: list[int]) -> Timeline:
    store = world.store
    assert isinstance(store, MemoryStore)
    entries, genesis = entries_of(store), read_genesis(store)
    chain = store.chain(chain_id(genesis.identity.policy_subject))
    assert chain is not None
    policies = [entries[one.number] for one in store.chain_entries(chain.number, 0, 100)]
    enrolled = store.chain(chain_id(genesis.identity.enrolment_subject))
    assert enrolled is not None
    index = [
        EnrolmentEntry(one.number, one.statement_hash, parse_decision_record(one.decision).head_time)
        for start in range(0, enrolled.length, 100)
        for one in store.chain_entries(enrolled.number, start, 100)
    ]

    def reading(number: int) -> AuditedEntry | None:
        read.append(number)
        return entries.get(number)

    rules = [RulesEntry(one.number, one.statement or b"", one.decision or b"") for one in policies]
    return read_timeline(rules, genesis, index, reading)


async def enrol_many(world: World, count: int, apart: int) -> None:
    log = world.open()
    await register(policy_statement(world, attested_policy(PLATFORM, issuer_of(world.agent), version=2)), log)
    for _ in range(count):
        machine = machine_of(world, PLATFORM)
        await register(machine.enrolment(machine.challenge(world.clock())), log)
        world.clock.now += apart
    await log.close()


def test_enrolments_that_are_over_are_neither_read_nor_kept() -> None:
    world = World(MemoryStore()).found()
    asyncio.run(enrol_many(world, 12, DAY))
    read: list[int] = []
    timeline = timeline_of(world, read)
    assert timeline.rules_at(2).sessions.by_key == {}
    # A week and a day are looked back from the last enrolment: what is older is in force no more.
    assert [session.entry for session in timeline.rules_at(15).sessions.by_key.values()] == [13, 14]
    assert read == [7, 8, 9, 10, 11, 12, 13, 14]
    # Backwards it begins anew.
    assert [session.entry for session in timeline.rules_at(4).sessions.by_key.values()] == [3]
    assert timeline.refused == ()


def test_what_is_kept_does_not_grow_with_the_enrolments_that_ended() -> None:
    world = World(MemoryStore()).found()
    asyncio.run(enrol_many(world, 120, DAY // 5))
    timeline = timeline_of(world, [])
    timeline.rules_at(20)
    tracemalloc.start()
    try:
        before = tracemalloc.take_snapshot()
        for number in range(20, 123):
            timeline.rules_at(number)
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    grown = sum(one.size_diff for one in after.compare_to(before, "filename") if one.size_diff > 0)
    assert len(timeline.rules_at(122).sessions.by_key) <= 6
    assert grown < 1_000_000
