"""Every load on every server, in turns, so that what else the machine does falls on all of them."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.audit import AuditRound, audit_round
from bench.drive import Load, Round, drive
from bench.machine import fdatasync_ms, verify_rate
from bench.servers import Kind, Served, run, serving
from bench.sizing import WARM_SECONDS, WARM_UP, needed_for_rounds, needed_for_warm_up
from bench.statements import Issuer, make_issuers, write_policy, write_statements
from tests.postgres.cluster import Cluster

LOADS: Final = (Load(1), Load(16), Load(64), Load(256), Load(16, 100), Load(64, 100))
ONE_BY_ONE: Final = (Load(64),)
"""The load under which a server with --max-batch 1 stands beside the others."""

SMOKE: Final = (Load(64), Load(2, 100))
"""Loads that show within a second whether the bench works."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: each load so many seconds on each server, so many times, and then ``audits`` of each log.

    V is measured for ``verify_seconds`` before each.
    """

    kinds: tuple[Kind, ...]
    loads: tuple[Load, ...]
    seconds: int
    rounds: int
    fsck: bool
    verify_seconds: float
    audits: int = 0

    def loads_of(self, kind: Kind) -> tuple[Load, ...]:
        """The loads that a server of this kind stands under."""
        return self.loads if kind.max_batch > 1 else tuple(load for load in self.loads if load in ONE_BY_ONE)


@dataclass
class Measured:
    """All rounds of one run, and what the machine did between them."""

    rounds: dict[tuple[Kind, Load], list[Round]] = field(default_factory=dict)
    verified: list[float] = field(default_factory=list)
    syncs: list[float] = field(default_factory=list)
    audits: list[AuditRound] = field(default_factory=list)


def measure(plan: Plan, folder: Path, cluster: Cluster | None) -> Measured:
    """Sign, serve, warm up, and measure; what is being done is printed."""
    issuers, file, policy = make_issuers(folder), folder / "statements", folder / "policy.json"
    write_policy(issuers, policy)
    measured = Measured()
    with ExitStack() as stack:
        kinds = [kind for kind in plan.kinds if plan.loads_of(kind)]
        started = [stack.enter_context(serving(kind, folder, policy, cluster)) for kind in kinds]
        _warm_up(plan, started, issuers, file)
        for turn in range(plan.rounds):
            print(f"round {turn + 1} of {plan.rounds} ...", flush=True)
            # Every other turn the other way round: none always runs while what another has written is flushed.
            _round(plan, started if turn % 2 == 0 else started[::-1], file, measured)
        for turn in range(plan.audits):
            print(f"audit {turn + 1} of {plan.audits} ...", flush=True)
            measured.audits += [audit_round(served) for served in started if served.kind.max_batch > 1]
        if plan.fsck:
            for served in started:
                print(f"fsck, {served.kind}: {run(['fsck', *served.where]).strip()}", flush=True)
    return measured


def _warm_up(plan: Plan, started: Sequence[Served], issuers: list[Issuer], file: Path) -> None:
    """Post to each server without counting; then sign what the fastest of them needs for its rounds."""
    seconds = min(plan.seconds, WARM_SECONDS)
    signed = needed_for_warm_up(verify_rate(plan.verify_seconds), seconds)
    print(f"signing {signed} statements to warm up with ...", flush=True)
    write_statements(issuers, range(signed), file)
    needed = 0
    for served in started:
        loads = WARM_UP if served.kind.max_batch > 1 else ONE_BY_ONE
        rates = {load.mode: drive(served, load, seconds, file, file.parent).rate for load in loads}
        needed = max(needed, needed_for_rounds(plan.loads_of(served.kind), plan.seconds, plan.rounds, rates))
    print(f"signing {needed} statements to measure with ...", flush=True)
    write_statements(issuers, range(signed, signed + needed), file)


def _round(plan: Plan, started: Sequence[Served], file: Path, measured: Measured) -> None:
    for load in plan.loads:
        measured.verified.append(verify_rate(plan.verify_seconds))
        measured.syncs.append(fdatasync_ms(file.parent))
        for served in started:
            if load in plan.loads_of(served.kind):
                done = drive(served, load, plan.seconds, file, file.parent)
                measured.rounds.setdefault((served.kind, load), []).append(done)
