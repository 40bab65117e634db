"""``make bench``: the service under load on both stores, beside what the machine does in the same run."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from bench.audit import told
from bench.drive import Load
from bench.measure import LOADS, SMOKE, Measured, Plan, measure
from bench.results import as_json, baseline_of, losses, summarise
from bench.servers import Kind
from bench.table import table
from bench.targets import judged, judged_audits
from tests.postgres.cluster import MISSING, Cluster, find_programs, running_cluster

ROOT: Final = Path(__file__).parents[1]
BASELINE: Final = ROOT / "bench" / "baseline.json"

_VERIFIES: Final = 1.0
_SMOKE_VERIFIES: Final = 0.2
"""Seconds of nothing but signatures before each load; the smoke run asks only whether that is measured at all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write build/bench.json; 1 when asked to fail and something was lost or invalid."""
    asked = _parse(arguments)
    if shutil.which("wrk") is None:
        sys.stderr.write("wrk is not installed. As root: apt-get install wrk\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as name, _cluster(asked.stores) as cluster:
        verifying = _SMOKE_VERIFIES if asked.smoke else _VERIFIES
        plan = Plan(
            _kinds(asked, cluster), _loads(asked), asked.seconds, asked.rounds, asked.fsck, verifying, asked.audits
        )
        measured = measure(plan, Path(name), cluster)
    return _report(asked, measured)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="how long each load lasts")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is repeated")
    parser.add_argument("--stores", default="postgresql,sqlite")
    parser.add_argument("--workers", default="2", help="processes of each server; several numbers with commas between")
    parser.add_argument("--clients", default="", help="only these numbers of clients, with commas between")
    parser.add_argument("--smoke", action="store_true", help="a small load of each mode instead of those that count")
    parser.add_argument("--audits", type=int, default=2, help="how often each log is audited in the end")
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


def _kinds(asked: argparse.Namespace, cluster: Cluster | None) -> tuple[Kind, ...]:
    numbers = [int(number) for number in asked.workers.split(",")]
    there = {"postgresql": cluster is not None, "sqlite": "sqlite" in asked.stores.split(",")}
    kinds: list[Kind] = []
    for store in (name for name, is_there in there.items() if is_there):
        kinds += [Kind(store, workers) for workers in numbers]
        kinds.append(Kind(store, numbers[0], max_batch=1))
    return tuple(kinds)


def _loads(asked: argparse.Namespace) -> tuple[Load, ...]:
    numbers = {int(number) for number in asked.clients.split(",") if number}
    return tuple(load for load in (SMOKE if asked.smoke else LOADS) if not numbers or load.clients in numbers)


def _report(asked: argparse.Namespace, measured: Measured) -> int:
    v, sync = median(measured.verified), median(measured.syncs)
    baseline = baseline_of(json.loads(BASELINE.read_text())) if BASELINE.is_file() else {}
    results = [summarise(kind, load, rounds, v, baseline) for (kind, load), rounds in measured.rounds.items()]
    least, most = min(measured.verified), max(measured.verified)
    print(f"\nV, two processes verifying ES256 alone: {v:.0f}/s ({least:.0f}..{most:.0f})")
    print(f"one fdatasync: {sync:.2f} ms ({min(measured.syncs):.2f}..{max(measured.syncs):.2f})\n")
    lost = losses(results)
    print("\n".join([*table(results), "", *told(measured.audits), *judged(results, sync)]))
    print("\n".join([*judged_audits(measured.audits), *lost]))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(as_json(results), indent=1) + "\n")
    print(f"written to {asked.out}")
    invalid = any(one.trouble for one in results)
    return 1 if asked.fail and (lost or invalid) else 0


if __name__ == "__main__":
    # Whoever is told to end takes its servers and its cluster along.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    sys.exit(main())
