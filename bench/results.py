"""What was measured, beside a baseline, and as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

from bench.drive import Load, Round
from bench.servers import Kind

LOSS: Final = 0.10
"""By how much a rate, in units of V, may be lower than the baseline before that is printed."""

Key = tuple[str, str, int, int, int]


@dataclass(frozen=True, slots=True)
class Result:
    """One object of build/bench.json. ``verify_ratio`` is the rate in units of V, the rate of verifying alone.

    ``cpu_ms`` is the processor time of a registration in the server's processes, beside that in the database's and in
    wrk. ``pages`` is how many pages of decisions were written in all rounds together. ``trouble`` says why the figures
    are no measurement; it is empty where they are one.
    """

    store: str
    mode: str
    clients: int
    workers: int
    max_batch: int
    rate: float
    rate_min: float
    rate_max: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    database_cpu_ms: float
    client_cpu_ms: float
    pages: int
    verify_ratio: float
    baseline_ratio: float | None
    trouble: str

    @property
    def key(self) -> Key:
        """What makes results of two runs comparable."""
        return self.store, self.mode, self.clients, self.workers, self.max_batch


def summarise(kind: Kind, load: Load, rounds: Sequence[Round], v: float, baseline: dict[Key, float]) -> Result:
    """The medians of some rounds; ``baseline`` has verify ratios of an earlier run."""
    rate = median(one.rate for one in rounds)
    key: Key = (kind.store, load.mode, load.clients, kind.workers, kind.max_batch)
    before = baseline.get(key)
    return Result(
        store=kind.store,
        mode=load.mode,
        clients=load.clients,
        workers=kind.workers,
        max_batch=kind.max_batch,
        rate=round(rate, 1),
        rate_min=round(min(one.rate for one in rounds), 1),
        rate_max=round(max(one.rate for one in rounds), 1),
        p50_ms=round(median(one.p50_ms for one in rounds), 3),
        p99_ms=round(median(one.p99_ms for one in rounds), 3),
        cpu_ms=round(median(one.cpu_ms for one in rounds), 4),
        database_cpu_ms=round(median(one.database_cpu_ms for one in rounds), 4),
        pages=sum(one.pages for one in rounds),
        client_cpu_ms=round(median(one.client_cpu_ms for one in rounds), 4),
        verify_ratio=round(rate / v, 4),
        baseline_ratio=None if before is None else round(rate / v / before, 3),
        trouble="; ".join(one.trouble for one in rounds if one.trouble),
    )


def baseline_of(objects: Sequence[dict[str, object]]) -> dict[Key, float]:
    """The verify ratios in a committed file of results."""
    found = {}
    for one in objects:
        key: Key = (
            str(one["store"]), str(one["mode"]), int(str(one["clients"])), int(str(one["workers"])),
            int(str(one["max_batch"])),
        )  # fmt: skip
        found[key] = float(str(one["verify_ratio"]))
    return found


def as_json(results: Sequence[Result]) -> list[dict[str, object]]:
    """The results as build/bench.json holds them."""
    return [asdict(result) for result in results]


def against_one_by_one(result: Result, results: Sequence[Result]) -> float | None:
    """The rate in units of that of the same server under the same load with --max-batch 1, where that was measured."""
    if result.max_batch == 1:
        return None
    alone = next((one for one in results if one.key == (*result.key[:-1], 1)), None)
    return None if alone is None or not alone.rate else result.rate / alone.rate


def losses(results: Sequence[Result]) -> list[str]:
    """A line for each result that lost too much against the baseline."""
    return [
        f"LOSS: {one.store} {one.mode} at {one.clients} clients with {one.workers} workers and max-batch "
        f"{one.max_batch} has {one.baseline_ratio:.2f} of its baseline"
        for one in results
        if one.baseline_ratio is not None and one.baseline_ratio < 1 - LOSS
    ]
