"""What the service is to reach, beside what was measured."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from bench.audit import AuditRound
from bench.results import Result, against_one_by_one

SLOW_SYNC_MS: Final = 1.0
"""Where writing to the disk takes less, group commit has little to save, and its target says nothing."""

_AUDITED: Final = 0.5
_TAIL: Final = 4
_BATCHED: Final = 8
_LONE_MS: Final = 2


def judged(results: Sequence[Result], sync_ms: float) -> list[str]:
    """Each target with what was measured and whether it was met; of several numbers of workers the first is judged."""

    def found(store: str, mode: str, clients: int) -> Result | None:
        wanted = (store, mode, clients)
        return next((one for one in results if one.key[:3] == wanted and one.max_batch > 1), None)

    lines: list[str] = []
    for store, mode, clients, target in (
        ("postgresql", "single", 256, 0.30),
        ("postgresql", "single", 64, 0.26),
        ("postgresql", "bulk-100", 16, 0.5),
        ("postgresql", "bulk-100", 64, 0.5),
        ("sqlite", "single", 64, 0.22),
    ):
        one = found(store, mode, clients)
        if one is not None:
            lines.append(_at_least(f"{store}, {mode}, {clients} clients, rate/V", one.verify_ratio, target))
    at_64 = found("postgresql", "single", 64)
    if at_64 is not None:
        lines.append(_at_most("postgresql, single, 64 clients, p99/p50", _tail(at_64), _TAIL))
        lines += _batched(at_64, against_one_by_one(at_64, results), sync_ms)
    for store in ("postgresql", "sqlite"):
        lone = found(store, "single", 1)
        if lone is not None:
            lines.append(_at_most(f"{store}, a lone client's p50 in ms", lone.p50_ms, _LONE_MS + sync_ms))
    return lines


def judged_audits(rounds: Sequence[AuditRound]) -> list[str]:
    """The target of audits, by the median of each kind of log."""
    kinds = dict.fromkeys(one.kind for one in rounds)
    ratios = {kind: median(one.verify_ratio for one in rounds if one.kind == kind) for kind in kinds}
    return [_at_least(f"audit, {kind}, rate/V", ratio, _AUDITED) for kind, ratio in ratios.items()]


def _batched(one: Result, ratio: float | None, sync_ms: float) -> list[str]:
    if ratio is None:
        return []
    name = f"postgresql, single, 64 clients, against max-batch 1 where one fdatasync takes {sync_ms:.2f} ms"
    if sync_ms >= SLOW_SYNC_MS:
        return [_at_least(name, ratio, _BATCHED)]
    return [f"{'-':<8} {name}: {ratio:.2f}, {one.rate:.0f}/s against {one.rate / ratio:.0f}/s; no target below 1 ms"]


def _tail(one: Result) -> float:
    return one.p99_ms / one.p50_ms if one.p50_ms else float("inf")


def _at_least(name: str, value: float, target: float) -> str:
    return f"{'met' if value >= target else 'NOT MET':<8} {name}: {value:.3f}, to reach {target:g}"


def _at_most(name: str, value: float, target: float) -> str:
    return f"{'met' if value <= target else 'NOT MET':<8} {name}: {value:.2f}, at most {target:.2f}"
