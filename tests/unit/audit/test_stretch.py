"""Runs of entries, and what is made of them together."""

import asyncio
from dataclasses import replace

import pytest

from counterfoil.audit.audit import Audit
from counterfoil.audit.entry import AuditedEntry, audited, withheld
from counterfoil.audit.fault import MAX_OF_A_KIND, FaultKind, Faults
from counterfoil.audit.report import AuditReport, Verdict
from counterfoil.audit.stretch import repeat_stretch
from counterfoil.audit.timeline import RulesEntry, Timeline, read_timeline
from counterfoil.chain.findings import Finding
from counterfoil.cli.audit_trees import StoredTree
from counterfoil.errors import ChainInvalidError
from counterfoil.log.rules_source import read_genesis
from counterfoil.register import register
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.event import EventType
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, issuer_of, sign_statement
from tests.events import Cast
from tests.log.material import next_policy, page_statement, register_all, store_of


@pytest.fixture(scope="module")
def world() -> World:
    """Entries 0 to 9: the founding, three statements, a page, a policy, three events."""
    cast, world = Cast(), World(MemoryStore())
    world.policy = replace(cast.policy(issuer_of(world.agent)), refused_findings=frozenset({Finding.OTHER_PROFILE}))
    log = world.found().open()
    asyncio.run(fill(world, cast))
    del log
    return world


async def fill(world: World, cast: Cast) -> None:
    log = world.open()
    await register_all([sign_statement(world.agent) for _ in range(3)], log)
    await register(page_statement(world, log), log)
    await register(next_policy(world), log)
    for kind in (EventType.FORMATION, EventType.ACTION, EventType.ACTION):
        await register(cast.say(kind), log)
    await log.close()


def rules_of(world: World) -> list[RulesEntry]:
    subject = world.identity.policy_subject
    found = []
    for kept in store_of(world).kept(0, 100):
        assert kept.content is not None
        if subject.encode() in kept.content.statement:
            found.append(RulesEntry(kept.number, kept.content.statement, kept.decision))
    return found


def tree_of(world: World, timeline: Timeline) -> StoredTree:
    head = store_of(world).head()
    assert head is not None
    return StoredTree(store_of(world), head.tree, timeline.rules_at(head.tree.size))


def entries_of(world: World) -> list[AuditedEntry]:
    return [audited(kept) for kept in store_of(world).kept(0, 100)]


def audit(world: World, *runs: list[AuditedEntry]) -> AuditReport:
    """An audit of these entries, in one stretch for each run."""
    store = store_of(world)
    genesis = read_genesis(store)
    timeline = read_timeline(rules_of(world), genesis)
    entries = entries_of(world)
    whole = Audit(tree_of(world, timeline), timeline, 0, lambda first, last: entries[first:last])
    start = 0
    for place, run in enumerate(runs):
        stop = len(entries) if place == len(runs) - 1 else run[-1].number + 1
        whole.take(repeat_stretch(run, start, stop, timeline))
        start = stop
    return whole.finish()


def test_however_entries_are_cut_into_stretches_the_report_is_the_same(world: World) -> None:
    entries = entries_of(world)
    report = audit(world, entries)
    assert (report.verdict, report.repeated, report.events, report.pages) == (Verdict.CLEAN, 10, 3, 1)
    assert audit(world, *([entry] for entry in entries)) == report
    assert audit(world, entries[:4], entries[4:]) == report


def test_what_comes_out_of_order_or_twice_is_passed_over(world: World) -> None:
    entries = entries_of(world)
    report = audit(world, [entries[0], *entries[0:3], entries[1], *entries[3:], entries[0]])
    assert report.verdict is Verdict.CLEAN
    timeline = read_timeline(rules_of(world), read_genesis(store_of(world)))
    assert repeat_stretch(entries, 2, 5, timeline) == repeat_stretch(entries[2:5], 2, 5, timeline)
    report = audit(world, [entries[1], entries[0], *entries[2:]])
    assert [(fault.kind, fault.number) for fault in report.faults] == [
        (FaultKind.TREE_DIFFERS, None),
        (FaultKind.ENTRY_MISSING, 0),
        (FaultKind.PAGE_DIFFERS, 5),
    ]


def test_a_stretch_follows_the_one_before_it(world: World) -> None:
    store = store_of(world)
    genesis = read_genesis(store)
    timeline = read_timeline(rules_of(world), genesis)
    whole = Audit(tree_of(world, timeline), timeline, 0, lambda _first, _last: [])
    with pytest.raises(ValueError, match="does not follow"):
        whole.take(repeat_stretch([], 1, 2, timeline))


@pytest.mark.parametrize("number", range(10))
def test_an_entry_that_is_withheld_is_no_fault_and_no_success(world: World, number: int) -> None:
    kept = store_of(world).kept(number, 1)[0]
    entries = entries_of(world)
    entries[number] = withheld(kept)
    report = audit(world, entries)
    assert (report.verdict, report.withheld, report.repeated) == (Verdict.INCOMPLETE, 1, 9)
    assert report.faults == ()
    unsettled = any("may follow in their chains" in sentence for sentence in report.not_established)
    assert unsettled == (number == 7), "without its FORMATION nothing is known of an engagement"


def test_a_timeline_begins_with_entry_0(world: World) -> None:
    genesis, rules = read_genesis(store_of(world)), rules_of(world)
    assert [rule.number for rule in rules] == [0, 1, 6]
    timeline = read_timeline(rules, genesis)
    assert [timeline.rules_at(number).policy_entry for number in (0, 1, 2, 6, 7, 100)] == [0, 0, 0, 0, 6, 6]
    assert (set(timeline.changes), timeline.refused, timeline.refuses_findings) == ({6}, (), True)
    for wrong in ([], rules[1:], [RulesEntry(0, b"", b"")], [RulesEntry(0, rules[1].statement, b"")]):
        with pytest.raises(ChainInvalidError):
            read_timeline(wrong, genesis)


@pytest.mark.parametrize("statement", [b"", b"\xd2\x84", b"x" * 100])
def test_what_is_no_policy_does_not_come_into_force(world: World, statement: bytes) -> None:
    genesis, rules = read_genesis(store_of(world)), rules_of(world)
    timeline = read_timeline([*rules[:2], replace(rules[2], statement=statement)], genesis)
    assert [(fault.kind, fault.number) for fault in timeline.refused] == [(FaultKind.NOT_ADMITTED, 6)]
    assert timeline.rules_at(100).policy_entry == 0


def test_a_policy_of_an_older_version_does_not_come_into_force_again(world: World) -> None:
    genesis, rules = read_genesis(store_of(world)), rules_of(world)
    timeline = read_timeline([*rules, replace(rules[2], number=8)], genesis)
    assert [(fault.number, fault.code) for fault in timeline.refused] == [(8, "policy-version")]
    assert timeline.rules_at(100).policy_entry == 6


def test_of_a_kind_of_fault_some_are_kept_and_all_are_counted() -> None:
    faults = Faults()
    for number in range(MAX_OF_A_KIND + 7, 0, -1):
        faults.add(FaultKind.ENTRY_MISSING, number, "x")
    faults.add(FaultKind.TREE_DIFFERS, None, "y", "root-mismatch")
    kept = faults.kept()
    assert (len(kept), faults.counts.total()) == (MAX_OF_A_KIND + 1, MAX_OF_A_KIND + 8)
    assert str(kept[0]) == "the log: tree-differs: y (root-mismatch)"
    assert str(kept[1]) == "entry 8: entry-missing: x"


def test_an_entry_under_the_hash_of_another_is_told(world: World) -> None:
    entries = entries_of(world)
    entries[9] = replace(entries[9], statement_hash=StatementHash(bytes(31) + b"\x01"))
    report = audit(world, entries)
    assert {fault.kind for fault in report.faults} == {FaultKind.STATEMENT_DIFFERS, FaultKind.TREE_DIFFERS}


def test_a_time_that_runs_back_is_told_within_a_stretch_and_between_two(world: World) -> None:
    entries = entries_of(world)
    record = parse_decision_record(entries[9].decision or b"")
    entries[9] = replace(entries[9], decision=replace(record, head_time=record.head_time - 1).encode())
    for runs in ([entries], [entries[:9], entries[9:]]):
        assert FaultKind.TIME_RUNS_BACK in {fault.kind for fault in audit(world, *runs).faults}
