"""What was measured, as a table for people and as JSON for programs, beside targets and a baseline."""

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
    """One object of build/bench.json. ``verify_ratio`` is the rate in units of V, the rate of verifying alone."""

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


def losses(results: Sequence[Result]) -> list[str]:
    """A line for each result that lost too much against the baseline."""
    return [
        f"LOSS: {one.store} {one.mode} at {one.clients} clients has {one.baseline_ratio:.2f} of its baseline"
        for one in results
        if one.baseline_ratio is not None and one.baseline_ratio < 1 - LOSS
    ]


def table(results: Sequence[Result]) -> list[str]:
    """The results as lines of text."""
    head = (
        f"{'store':<11}{'mode':<10}{'clients':>7}{'workers':>8}{'batch':>6}{'rate/s':>9}{'min..max':>16}"
        f"{'rate/V':>8}{'p50 ms':>9}{'p99 ms':>9}{'p99/p50':>8}{'cpu ms':>8}{'db ms':>7}{'base':>6}"
    )
    lines = [head]
    for one in results:
        spread = f"{one.rate_min:.0f}..{one.rate_max:.0f}"
        base = "-" if one.baseline_ratio is None else f"{one.baseline_ratio:.2f}"
        lines.append(
            f"{one.store:<11}{one.mode:<10}{one.clients:>7}{one.workers:>8}{one.max_batch:>6}{one.rate:>9.0f}{spread:>16}"
            f"{one.verify_ratio:>8.3f}{one.p50_ms:>9.2f}{one.p99_ms:>9.2f}{one.p99_ms / max(one.p50_ms, 1e-9):>8.1f}"
            f"{one.cpu_ms:>8.3f}{one.database_cpu_ms:>7.3f}{base:>6}",
        )
        if one.trouble:
            lines.append(f"  INVALID: {one.trouble}")
    return lines


def judged(results: Sequence[Result], sync_ms: float) -> list[str]:
    """Each target with what was measured, and whether it was met."""
    by = {one.key: one for one in results}
    lines: list[str] = []

    def judge(name: str, value: float | None, target: float, *, least: bool = True) -> None:
        if value is not None:
            met = value >= target if least else value <= target
            lines.append(f"{'met' if met else 'NOT MET':<8} {name}: {value:.2f}, target {target:g}")

    def found(store: str, mode: str, clients: int, max_batch: int = 256) -> Result | None:
        return next((one for key, one in by.items() if key[:3] == (store, mode, clients) and key[4] == max_batch), None)

    def ratio(one: Result | None) -> float | None:
        return None if one is None else one.verify_ratio

    at_64, alone = found("postgresql", "single", 64), found("postgresql", "single", 64, 1)
    judge("postgresql, single, 256 clients, rate/V", ratio(found("postgresql", "single", 256)), 0.30)
    judge("postgresql, single, 64 clients, rate/V", ratio(at_64), 0.26)
    if at_64 is not None:
        judge("postgresql, single, 64 clients, p99/p50", at_64.p99_ms / at_64.p50_ms, 4, least=False)
    bulk = [one.verify_ratio for one in results if one.store == "postgresql" and one.mode != "single"]
    judge("postgresql, bulk of 100, rate/V", max(bulk, default=None), 0.5)
    judge("sqlite, single, 64 clients, rate/V", ratio(found("sqlite", "single", 64)), 0.22)
    if at_64 is not None and alone is not None:
        name = f"postgresql, 64 clients, against max-batch 1 (one fdatasync takes {sync_ms:.2f} ms)"
        judge(name, at_64.rate / alone.rate, 8)
    for store in ("postgresql", "sqlite"):
        one = found(store, "single", 1)
        judge(f"{store}, a lone client's p50 in ms", None if one is None else one.p50_ms, 2 + sync_ms, least=False)
    return lines
