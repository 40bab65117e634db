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
    PolicyVersionError,
    QueueFullError,
    SignatureTwinError,
)
from counterfoil.log.group_commit import GroupCommit
from counterfoil.log.local_log import LocalLog
from counterfoil.log.plan import Placed, Submission
from counterfoil.log.sequencer import Appended, Sequencer
from counterfoil.merkle.hashing import TreeSize
from counterfoil.policy.document import ContentTypeRule, Visibility
from counterfoil.register import Registration, register
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.builders import CONTENT_TYPE, World, issuer_of, policy_for, sign_statement
from tests.log.material import (
    next_policy,
    policy_statement,
    register_all,
    require_clean,
    sizes_of,
    statements_of,
    submit,
    twin_of,
)


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
        log._commits._patience.seconds = 30
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

        log._commits = GroupCommit(append, log._appends.run)
        statements = statements_of(world, 3)
        found = await asyncio.gather(*(register(data, log) for data in statements), return_exceptions=True)
        assert [type(one) for one in found] == [ZeroDivisionError] * 3
        assert [one.number for one in await register_all(statements, log)] == [2, 3, 4]
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


def test_where_nothing_waits_what_others_appended_is_looked_at_all_the_same(world: World) -> None:
    async def run() -> None:
        (data,) = statements_of(world, 1)
        one, other = world.open(), world.open()
        await register(data, other)
        nothing = await one._appends.run(lambda: one._sequencer.append(list))
        assert nothing.outcomes == ()
        one._sequencer._last = replace(world.head().tree, size=TreeSize(2))
        with pytest.raises(LogCorruptError, match="seen size 2"):
            await one._appends.run(lambda: one._sequencer.append(list))

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
