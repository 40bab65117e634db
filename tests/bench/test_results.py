"""What the bench makes of what it measured."""

import os
from dataclasses import replace

import pytest

from bench.drive import Load, Round, parse_result
from bench.machine import cpu_seconds
from bench.results import Result, as_json, baseline_of, judged, losses, summarise, table
from bench.servers import Kind

KIND, LOAD = Kind("postgresql", 2), Load(64)
SAID = (
    '{"requests": 600, "microseconds": 3000000, "p50": 8000.0, "p99": 20000.0, '
    '"connect": 0, "read": 0, "write": 0, "status": 0, "timeout": 0}'
)


def rounds(*rates: float) -> list[Round]:
    return [Round(rate, 8.0, 20.0, 0.4, 0.1, 600, "") for rate in rates]


def result(rate: float, baseline: float | None = None, kind: Kind = KIND, load: Load = LOAD) -> Result:
    made = summarise(kind, load, rounds(rate), 20_000, {})
    return replace(made, baseline_ratio=baseline)


def test_what_wrk_said() -> None:
    posted = parse_result(SAID, Load(64))
    assert (posted.statements, posted.rate, posted.p50_ms, posted.p99_ms, posted.trouble) == (600, 200.0, 8, 20, "")
    many = parse_result(SAID, Load(64, 100))
    assert (many.statements, many.rate) == (60_000, 20_000.0)


@pytest.mark.parametrize("name", ["connect", "read", "write", "status", "timeout"])
def test_errors_are_trouble(name: str) -> None:
    assert parse_result(SAID.replace(f'"{name}": 0', f'"{name}": 3'), LOAD).trouble == f"3 {name} errors"


def test_medians_and_spread() -> None:
    made = summarise(KIND, LOAD, rounds(3000, 1000, 2000), 20_000, {})
    assert (made.rate, made.rate_min, made.rate_max, made.verify_ratio) == (2000, 1000, 3000, 0.1)
    assert (made.store, made.mode, made.clients, made.workers, made.baseline_ratio) == (
        "postgresql", "single", 64, 2, None,
    )  # fmt: skip


def test_a_baseline_is_compared_in_units_of_the_machine() -> None:
    before = baseline_of(as_json([summarise(KIND, LOAD, rounds(2000), 20_000, {})]))
    same = summarise(KIND, LOAD, rounds(1000), 10_000, before)
    slower = summarise(KIND, LOAD, rounds(850), 10_000, before)
    assert (same.baseline_ratio, slower.baseline_ratio) == (1.0, 0.85)
    assert losses([same]) == []
    assert losses([slower]) == ["LOSS: postgresql single at 64 clients has 0.85 of its baseline"]


def test_results_have_the_names_that_others_read() -> None:
    assert as_json([result(1000)])[0].keys() >= {
        "store", "mode", "clients", "workers", "rate", "p50_ms", "p99_ms", "cpu_ms", "baseline_ratio", "verify_ratio",
    }  # fmt: skip


def test_trouble_is_shown() -> None:
    assert "  INVALID: lost" in table([replace(result(1000), trouble="lost")])


def test_targets_are_judged() -> None:
    alone = result(500, kind=Kind("postgresql", 2, max_batch=1))
    lines = judged([result(5300), alone, result(2000, load=Load(64, 100)), result(100, load=Load(1))], 0.2)
    assert [line.split()[0] for line in lines] == ["met", "met", "NOT", "met", "NOT"]
    assert judged([], 0.2) == []


def test_processor_time_is_counted() -> None:
    before = cpu_seconds([os.getpid()])
    sum(range(3_000_000))
    assert cpu_seconds([os.getpid()]) > before
    assert cpu_seconds([2**22 + 1]) == 0
