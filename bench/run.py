"""``make bench``: the service under load on both stores, beside what the machine does in the same run."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from bench.drive import Load, Round, drive
from bench.machine import fdatasync_ms, verify_rate
from bench.results import Result, as_json, baseline_of, judged, losses, summarise, table
from bench.servers import Kind, Served, run, serving
from bench.statements import make_issuers, write_statements
from tests.postgres.cluster import MISSING, Cluster, find_programs, running_cluster

ROOT: Final = Path(__file__).parents[1]
BASELINE: Final = ROOT / "bench" / "baseline.json"
LOADS: Final = (Load(1), Load(16), Load(64), Load(256), Load(16, 100), Load(64, 100))
ONE_BY_ONE: Final = (Load(64),)
"""The load under which a server with --max-batch 1 stands beside the others."""


@dataclass
class Measured:
    """All rounds of one run."""

    rounds: dict[tuple[Kind, Load], list[Round]] = field(default_factory=dict)
    verified: list[float] = field(default_factory=list)
    syncs: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write build/bench.json; 1 when asked to fail and something was lost or invalid."""
    asked = _parse(arguments)
    if shutil.which("wrk") is None:
        sys.stderr.write("wrk is not installed. As root: apt-get install wrk\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        cluster = stack.enter_context(_cluster(asked.stores))
        measured = _measure(asked, folder, cluster)
    v = median(measured.verified)
    baseline = baseline_of(json.loads(BASELINE.read_text())) if BASELINE.is_file() else {}
    results = [summarise(kind, load, rounds, v, baseline) for (kind, load), rounds in measured.rounds.items()]
    return _report(asked, results, measured, v)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="how long each load lasts")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is repeated")
    parser.add_argument("--statements", type=int, default=450_000, help="how many are signed before")
    parser.add_argument("--stores", default="postgresql,sqlite")
    parser.add_argument("--workers", default="2", help="processes on PostgreSQL; several numbers with commas between")
    parser.add_argument("--clients", default="", help="only these numbers of clients")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    parser.add_argument("--fail", action="store_true", help="end with 1 on a loss or an invalid run")
    parser.add_argument("--fsck", action="store_true", help="check each log in the end")
    return parser.parse_args(arguments)


@contextmanager
def _cluster(stores: str) -> Iterator[Cluster | None]:
    programs = find_programs()
    if "postgresql" not in stores.split(","):
        yield None
    elif programs is None:
        sys.stderr.write(f"{MISSING}; its runs are left out\n")
        yield None
    else:
        with running_cluster(programs, durable=True) as cluster:
            yield cluster


def _measure(asked: argparse.Namespace, folder: Path, cluster: Cluster | None) -> Measured:
    issuers, file = make_issuers(folder), folder / "statements"
    print(f"signing {asked.statements} statements ...", flush=True)
    write_statements(issuers, asked.statements, file)
    measured = Measured()
    with ExitStack() as stack:
        started = [stack.enter_context(serving(kind, folder, issuers, cluster)) for kind in _kinds(asked, cluster)]
        for served in started:
            drive(served, Load(16), 2, file, folder)  # Warm up, and not counted.
        for turn in range(asked.rounds):
            print(f"round {turn + 1} of {asked.rounds} ...", flush=True)
            _round(asked, started, file, measured)
        if asked.fsck:
            for served in started:
                print(f"fsck, {served.kind}: {run(['fsck', *served.where]).strip()}", flush=True)
    return measured


def _kinds(asked: argparse.Namespace, cluster: Cluster | None) -> list[Kind]:
    kinds: list[Kind] = []
    if cluster is not None:
        numbers = [int(number) for number in asked.workers.split(",")]
        kinds += [Kind("postgresql", workers) for workers in numbers]
        kinds.append(Kind("postgresql", numbers[0], max_batch=1))
    if "sqlite" in asked.stores.split(","):
        kinds += [Kind("sqlite", 1), Kind("sqlite", 1, max_batch=1)]
    return kinds


def _round(asked: argparse.Namespace, started: Sequence[Served], file: Path, measured: Measured) -> None:
    clients = {int(number) for number in asked.clients.split(",") if number}
    for load in LOADS:
        if clients and load.clients not in clients:
            continue
        # V before each load, so that what else the machine does falls on both.
        measured.verified.append(verify_rate(1.0))
        measured.syncs.append(fdatasync_ms(file.parent))
        for served in started:
            if served.kind.max_batch > 1 or load in ONE_BY_ONE:
                done = drive(served, load, asked.seconds, file, file.parent)
                measured.rounds.setdefault((served.kind, load), []).append(done)


def _report(asked: argparse.Namespace, results: Sequence[Result], measured: Measured, v: float) -> int:
    sync = median(measured.syncs)
    least, most = min(measured.verified), max(measured.verified)
    print(f"\nV, two processes verifying ES256 alone: {v:.0f}/s ({least:.0f}..{most:.0f})")
    print(f"one fdatasync: {sync:.2f} ms ({min(measured.syncs):.2f}..{max(measured.syncs):.2f})\n")
    lost = losses(results)
    print("\n".join([*table(results), "", *judged(results, sync), *lost]))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(as_json(results), indent=1) + "\n")
    print(f"written to {asked.out}")
    invalid = any(one.trouble for one in results)
    return 1 if asked.fail and (lost or invalid) else 0


if __name__ == "__main__":
    sys.exit(main())
