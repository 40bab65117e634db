"""Results as a table for people."""

from collections.abc import Sequence

from bench.results import Result, against_one_by_one


def table(results: Sequence[Result]) -> list[str]:
    """The results as lines of text; one that is no measurement says so in a line of its own."""
    head = (
        f"{'store':<11}{'mode':<10}{'clients':>7}{'workers':>8}{'batch':>6}{'rate/s':>9}{'min..max':>16}"
        f"{'rate/V':>8}{'/batch 1':>9}{'p50 ms':>9}{'p99 ms':>9}{'p99/p50':>8}"
        f"{'cpu ms':>8}{'db ms':>7}{'wrk ms':>8}{'pages':>6}{'base':>6}"
    )
    lines = [head]
    for one in results:
        spread = f"{one.rate_min:.0f}..{one.rate_max:.0f}"
        tail = one.p99_ms / one.p50_ms if one.p50_ms else None
        lines.append(
            f"{one.store:<11}{one.mode:<10}{one.clients:>7}{one.workers:>8}{one.max_batch:>6}{one.rate:>9.0f}{spread:>16}"
            f"{one.verify_ratio:>8.3f}{_figure(against_one_by_one(one, results), 1):>9}"
            f"{one.p50_ms:>9.2f}{one.p99_ms:>9.2f}{_figure(tail, 1):>8}"
            f"{one.cpu_ms:>8.3f}{one.database_cpu_ms:>7.3f}{one.client_cpu_ms:>8.3f}{one.pages:>6}"
            f"{_figure(one.baseline_ratio, 2):>6}",
        )
        if one.trouble:
            lines.append(f"  INVALID: {one.trouble}")
    return lines


def _figure(value: float | None, places: int) -> str:
    return "-" if value is None else f"{value:.{places}f}"
