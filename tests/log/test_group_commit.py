"""What waits together is committed together, and nobody there harms a neighbour."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from counterfoil.errors import (
    CommitTimeoutError,
    ContentTypeNotAdmittedError,
    CorruptError,
    IssuerUnknownError,
    LogCorruptError,
    PageSupersededError,
    PolicyVersionError,
    QueueFullError,
    SignatureInvalidError,
    SignatureTwinError,
)
from counterfoil.log.fsck import check_log
from counterfoil.log.group_commit import GroupCommit
from counterfoil.log.local_log import LocalLog
from counterfoil.log.plan import Placed, Submission
from counterfoil.log.sequencer import Appended, Sequencer
from counterfoil.policy.document import ContentTypeRule, PolicyDocument, Visibility
from counterfoil.register import Registration, register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import DEFAULT_MAX_STATEMENT_BYTES, parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import SqliteStore
from tests.builders import CONTENT_TYPE, World, issuer_of, policy_for, sign_statement
from tests.log.material import next_policy, page_statement, policy_statement, register_all, store_of, submit, twin_of

SqliteWorld = tuple[World, Callable[[], SqliteStore]]


class Gate:
    """Runs appends at once and holds back their return until it is opened: the time a commit takes."""

    def __init__(self, *, is_open: bool = False) -> None:
        self._open = asyncio.Event()
        self.runs = 0
        if is_open:
            self._open.set()

    async def __call__(self, append: Callable[[], Appended]) -> Appended:
        self.runs += 1
        appended = append()
        await self._open.wait()
        return appended

    def open(self) -> None:
        self._open.set()


def gated(world: World, gate: Gate, **limits: float) -> tuple[LocalLog, GroupCommit]:
    """A log whose commits pass the gate."""
    log = world.open()
    sequencer = Sequencer(world.store, world.identity, world.signers[KeyPurpose.RECEIPT], world.clock)
    log._commits = GroupCommit(
        sequencer.append,
        gate,
        max_batch=int(limits.get("max_batch", 256)),
        max_queue=int(limits.get("max_queue", 4096)),
        timeout=float(limits.get("timeout", 30)),
    )
    return log, log._commits


def statements_of(world: World, count: int) -> list[bytes]:
    return [sign_statement(world.agent, subject=f"trace-{i % 3}") for i in range(count)]


def sizes_of(world: World) -> list[int]:
    return [head.size for head in store_of(world).tree_heads(0, 10**6)]


def require_clean(world: World) -> None:
    assert check_log(store_of(world)) == ()


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_what_queues_while_a_commit_runs_is_one_batch(world: World) -> None:
    async def run() -> None:
        gate = Gate()
        log, _ = gated(world, gate)
        statements = statements_of(world, 6)
        first = asyncio.create_task(register(statements[0], log))
        await settle()
        rest = [asyncio.create_task(register(data, log)) for data in statements[1:]]
        await settle()
        assert not first.done()
        gate.open()
        found = [await first, *await asyncio.gather(*rest)]
        assert gate.runs == 2
        assert sizes_of(world) == [2, 3, 8]
        assert [one.number for one in found] == [2, 3, 4, 5, 6, 7]
        require_clean(world)

    asyncio.run(run())


def test_a_batch_holds_so_many_and_no_more(world: World) -> None:
    async def run() -> None:
        log, _ = gated(world, Gate(is_open=True), max_batch=4)
        found = await register_all(statements_of(world, 10), log)
        assert [one.number for one in found] == list(range(2, 12))
        assert sizes_of(world) == [2, 6, 10, 12]
        require_clean(world)

    asyncio.run(run())


def test_a_policy_in_the_middle_ends_the_batch_and_binds_the_rest(world: World) -> None:
    async def run() -> None:
        log = world.open()
        before, after = statements_of(world, 2), statements_of(world, 2)
        plain = sign_statement(world.agent, content_type="text/plain")
        assert world.policy is not None
        narrow = replace(
            policy_for(issuer_of(world.agent), version=2),
            content_types=(ContentTypeRule(CONTENT_TYPE, Visibility.OPERATOR, frozenset()),),
        )
        queue = [*before, policy_statement(world, narrow), plain, *after]
        found = await asyncio.gather(*(register(data, log) for data in queue), return_exceptions=True)
        assert isinstance(found[3], ContentTypeNotAdmittedError)
        registered = [one for one in found if isinstance(one, Registration)]
        assert [one.number for one in registered[:3]] == [2, 3, 4]
        # Those behind it are decided again side by side, so either may come first.
        assert {one.number for one in registered[3:]} == {5, 6}
        assert sizes_of(world)[:2] == [2, 5]
        for one, policy_entry in zip(registered, (0, 0, 0, 4, 4), strict=True):
            entry = world.store.entry(one.number)
            content = world.store.content(one.number)
            assert entry is not None
            assert content is not None
            assert parse_decision_record(entry.decision).policy_entry == policy_entry
            assert content.visibility is (
                Visibility.PUBLIC if one.number == 4 else Visibility.OPERATOR if policy_entry else Visibility.PARTIES
            )
        require_clean(world)

    asyncio.run(run())


def test_one_who_stops_waiting_harms_nobody(world: World) -> None:
    async def run() -> None:
        gate = Gate()
        log, _ = gated(world, gate)
        statements = statements_of(world, 4)
        tasks = [asyncio.create_task(register(data, log)) for data in statements]
        await settle()
        tasks[1].cancel()
        await settle()
        gate.open()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[1], asyncio.CancelledError)
        assert [one.number for one in found if isinstance(one, Registration)] == [2, 4, 5]
        again = await register(statements[1], log)
        assert (again.number, again.new) == (3, False)
        require_clean(world)

    asyncio.run(run())


def test_a_full_queue_turns_away(world: World) -> None:
    async def run() -> None:
        gate = Gate()
        log, _ = gated(world, gate, max_queue=2)
        statements = statements_of(world, 4)
        first = asyncio.create_task(register(statements[0], log))
        await settle()
        waiting = [asyncio.create_task(register(data, log)) for data in statements[1:3]]
        await settle()
        with pytest.raises(QueueFullError):
            await register(statements[3], log)
        gate.open()
        await asyncio.gather(first, *waiting)
        assert (await register(statements[3], log)).number == 5
        require_clean(world)

    asyncio.run(run())


def test_a_commit_that_takes_too_long_is_unavailable_and_posting_again_tells(world: World) -> None:
    async def run() -> None:
        gate = Gate()
        log, commits = gated(world, gate, timeout=0.01)
        (data,) = statements_of(world, 1)
        with pytest.raises(CommitTimeoutError):
            await register(data, log)
        gate.open()
        await commits.close()
        log._commits._timeout = 30
        found = await register(data, log)
        assert (found.number, found.new) == (2, False)
        require_clean(world)

    asyncio.run(run())


def test_a_log_that_disagrees_with_itself_stops_and_fails_everybody(world: World) -> None:
    async def run() -> None:
        seen: list[CorruptError] = []
        failures = 0

        def fail(drain: Callable[[], Sequence[Submission]]) -> Appended:
            nonlocal failures
            failures += 1
            drain()
            raise LogCorruptError("two values")

        log = world.open()
        log._commits = GroupCommit(fail, asyncio.to_thread, max_batch=2, on_corrupt=seen.append)
        statements = statements_of(world, 5)
        found = await asyncio.gather(*(register(data, log) for data in statements), return_exceptions=True)
        assert [type(one) for one in found] == [LogCorruptError] * 5
        with pytest.raises(LogCorruptError):
            await register(statements[0], log)
        assert (failures, len(seen)) == (1, 1)
        assert sizes_of(world) == [2]

    asyncio.run(run())


def test_a_bug_in_the_append_reaches_those_who_wait_and_not_the_next(world: World) -> None:
    async def run() -> None:
        log = world.open()
        sound = log._sequencer.append
        bugs = [ZeroDivisionError("a bug")]

        def append(drain: Callable[[], Sequence[Submission]]) -> Appended:
            if bugs:
                drain()
                raise bugs.pop()
            return sound(drain)

        log._commits = GroupCommit(append, asyncio.to_thread)
        statements = statements_of(world, 3)
        found = await asyncio.gather(*(register(data, log) for data in statements), return_exceptions=True)
        assert [type(one) for one in found] == [ZeroDivisionError] * 3
        assert [one.number for one in await register_all(statements, log)] == [2, 3, 4]
        require_clean(world)

    asyncio.run(run())


HUGE_ISSUER = "https://agent.example/" + "\U0001f916" * 8170
NUL_TYPE = "application/\x00json"


def worst_statements(world: World) -> list[bytes]:
    """Statements that verify and are admitted, each at the edge of what this log reads."""
    agent = world.agent
    padding = DEFAULT_MAX_STATEMENT_BYTES - len(sign_statement(agent, bytes(70_000))) + 70_000
    statements = [
        sign_statement(agent, b""),
        sign_statement(agent, b"\x00"),
        sign_statement(agent, b"\x00\xff\xfe'; DROP TABLE entries; --"),
        sign_statement(agent, content_type=NUL_TYPE),
        sign_statement(agent, issuer=HUGE_ISSUER),
        sign_statement(agent, subject="\U0001f916" * 128),
        sign_statement(agent, subject="%_\\'\"\u202e e\u0301 \ufeff"),
        sign_statement(agent, subject="\u00e9"),
        sign_statement(agent, subject="e\u0301"),
        sign_statement(agent, bytes(padding)),
        sign_statement(agent, kid=b"\x00" * 512),
    ]
    assert len(statements[9]) == DEFAULT_MAX_STATEMENT_BYTES
    return statements


def policy_for_the_worst(world: World) -> PolicyDocument:
    """One key answers to one name only, so the other names have keys of their own in the tests that need them."""
    policy = policy_for(issuer_of(world.agent, kid=b"\x00" * 512), version=2)
    return replace(
        policy,
        content_types=(*policy.content_types, ContentTypeRule(NUL_TYPE, Visibility.PARTIES, frozenset())),
    )


def test_the_worst_statements_harm_nobody_in_their_batch(world: World) -> None:
    async def run() -> None:
        log = world.open()
        huge = generate_private_key("ES256")
        policy = policy_for_the_worst(world)
        policy = replace(policy, issuers=(*policy.issuers, issuer_of(huge, HUGE_ISSUER)))
        await register(policy_statement(world, policy), log)
        worst = worst_statements(world)
        worst[4] = sign_statement(huge, issuer=HUGE_ISSUER)
        twin = statements_of(world, 1)
        await register_all(twin, log)
        queue = []
        for data in [*worst, twin_of(twin[0])]:
            queue += [data, *statements_of(world, 1)]
        found = await asyncio.gather(*(register(data, log) for data in queue), return_exceptions=True)
        assert isinstance(found.pop(-2), SignatureTwinError)
        assert [one for one in found if not isinstance(one, Registration)] == []
        assert [one.number for one in found if isinstance(one, Registration)] == list(range(4, 4 + len(found)))
        for data in queue[:-2]:
            content = world.store.content((await register(data, log)).number)
            assert content is not None
            assert content.statement == data
        require_clean(world)

    asyncio.run(run())


def test_a_store_that_goes_back_is_corrupt(world: World) -> None:
    async def run() -> None:
        log = world.open()
        await register_all(statements_of(world, 3), log)
        older = MemoryStore()
        replace(world, store=older).found()
        log._sequencer._store = older
        with pytest.raises(LogCorruptError, match=r"size 5 .*size 2"):
            await register(statements_of(world, 1)[0], log)
        assert older.head() is not None
        assert len(older.entries(0, 10)) == 2

    asyncio.run(run())


def test_another_tree_of_the_same_size_is_corrupt(world: World) -> None:
    async def run() -> None:
        log = world.open()
        await register_all(statements_of(world, 1), log)
        other = replace(world, store=MemoryStore()).found()
        await register_all(statements_of(world, 1), other.open())
        log._sequencer._store = other.store
        with pytest.raises(LogCorruptError, match="has seen size 3"):
            await register(statements_of(world, 1)[0], log)

    asyncio.run(run())


def test_of_two_processes_that_race_a_page_the_loser_is_told(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, other = world.open(), replace(world, store=reopen()).open()
        await register_all(statements_of(world, 3), one)
        first = page_statement(world, one)
        world.clock.now += 1
        second = page_statement(world, other)
        assert first != second
        winner = await register(first, one)
        with pytest.raises(PageSupersededError):
            await register(second, other)
        assert await register(first, other) == replace(winner, new=False)
        assert (await register(page_statement(world, other), other)).number == winner.number + 1
        require_clean(world)

    asyncio.run(run())


def test_of_two_processes_that_race_a_policy_the_loser_is_told(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, other = world.open(), replace(world, store=reopen()).open()
        mine = policy_statement(world, policy_for(issuer_of(world.agent), version=2))
        theirs = policy_statement(world, policy_for(version=2))
        await register(mine, one)
        with pytest.raises(PolicyVersionError):
            await register(theirs, other)
        assert (await other.rules()).policy.version == 2
        require_clean(world)

    asyncio.run(run())


def test_both_processes_append_to_one_log(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        logs = [world.open(max_batch=3), replace(world, store=reopen()).open(max_batch=3)]
        statements = statements_of(world, 40)
        work = [register(data, logs[place % 2]) for place, data in enumerate(statements)]
        work += [register(data, logs[place % 2]) for place, data in enumerate(statements, start=1)]
        found = await asyncio.gather(*work)
        assert sorted(one.number for one in found if one.new) == list(range(2, 42))
        assert [one.receipt for one in found[:40]] == [one.receipt for one in found[40:]]
        require_clean(world)

    asyncio.run(run())


def test_a_policy_committed_by_one_is_in_force_for_the_other_at_once(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, other = world.open(), replace(world, store=reopen()).open()
        newcomer = generate_private_key("ES256")
        policy = policy_for(issuer_of(newcomer, "https://new.example"), version=2)
        old = await register(sign_statement(world.agent), one)
        await register(policy_statement(world, policy), one)
        with pytest.raises(IssuerUnknownError):
            await register(sign_statement(world.agent), other)
        assert (await register(sign_statement(newcomer, issuer="https://new.example"), other)).number == 4
        assert old.number == 2
        require_clean(world)

    asyncio.run(run())


def test_a_key_replaced_under_its_old_name_is_in_force_for_the_other_at_once(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, replaced = world.open(), generate_private_key("ES256")
        await register(policy_statement(world, policy_for(issuer_of(world.agent, kid=b"k"), version=2)), one)
        before = sign_statement(world.agent, kid=b"k")
        registered = await register(before, one)
        other = replace(world, store=reopen()).open()
        await register(policy_statement(world, policy_for(issuer_of(replaced, kid=b"k"), version=3)), one)
        assert (await register(sign_statement(replaced, kid=b"k"), other)).new
        for log in (one, other):
            assert await register(before, log) == replace(registered, new=False)
            with pytest.raises(SignatureInvalidError):
                await register(sign_statement(world.agent, kid=b"k"), log)
        require_clean(world)

    asyncio.run(run())


def test_a_larger_limit_is_in_force_for_the_other_at_once(sqlite_world: SqliteWorld) -> None:
    world, reopen = sqlite_world

    async def run() -> None:
        one, other = world.open(), replace(world, store=reopen()).open()
        policy = replace(policy_for(issuer_of(world.agent), version=2), max_statement_bytes=3 * 2**20)
        await register(policy_statement(world, policy), one)
        assert (await register(sign_statement(world.agent, bytes(2 * 2**20)), other)).new

    asyncio.run(run())


def test_a_registered_statement_keeps_its_receipt_when_its_issuer_is_gone(world: World) -> None:
    async def run() -> None:
        log = world.open()
        data = sign_statement(world.agent)
        registered = await register(data, log)
        await register(policy_statement(world, policy_for(version=2)), log)
        with pytest.raises(IssuerUnknownError):
            await register(sign_statement(world.agent), log)
        assert await register(data, log) == replace(registered, new=False)
        require_clean(world)

    asyncio.run(run())


def test_a_policy_that_cannot_come_into_force_leaves_the_old_one(world: World) -> None:
    async def run() -> None:
        log = world.open()
        with pytest.raises(PolicyVersionError):
            await register(policy_statement(world, policy_for(version=3)), log)
        signed_twice = next_policy(world)
        await register(signed_twice, log)
        assert not (await register(signed_twice, log)).new
        assert (await register(sign_statement(world.agent), log)).number == 3
        require_clean(world)

    asyncio.run(run())


def test_a_decision_made_under_old_rules_is_never_placed(world: World) -> None:
    async def run() -> None:
        log = world.open()
        submission = submit(sign_statement(world.agent), log)
        await register(policy_statement(world, policy_for(version=2)), log)
        outcome, receipt = await log.append(submission)
        assert not isinstance(outcome, Placed)
        assert receipt is None
        assert log.head().tree.size == 3

    asyncio.run(run())


def test_duplicates_in_one_batch_get_one_entry(world: World) -> None:
    async def run() -> None:
        log = world.open()
        (data,) = statements_of(world, 1)
        found = await asyncio.gather(
            *(register(data, log) for _ in range(5)), register(twin_of(data), log), return_exceptions=True
        )
        assert isinstance(found.pop(), SignatureTwinError)
        registrations = [one for one in found if isinstance(one, Registration)]
        assert [one.new for one in registrations] == [True, False, False, False, False]
        assert len({one.receipt for one in registrations}) == 1
        assert parse_signed_statement(data).hash == registrations[0].entry_id
        assert sizes_of(world) == [2, 3]

    asyncio.run(run())
