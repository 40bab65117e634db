"""What the bench prints."""

from dataclasses import replace

from bench.audit import AuditRound, told
from bench.drive import Load
from bench.servers import Kind
from bench.table import table
from bench.targets import judged, judged_audits
from tests.bench.test_results import result

ALONE = Kind("postgresql", 2, max_batch=1)


def test_a_line_shows_rates_and_ratios() -> None:
    lines = table([result(5000), result(500, ALONE)])
    assert lines[1].split() == [
        "postgresql", "single", "64", "2", "256", "5000", "5000..5000", "0.250", "10.0", "8.00", "20.00", "2.5",
        "0.400", "0.100", "0.050", "1", "-",
    ]  # fmt: skip
    assert lines[2].split()[8] == "-"
    assert {len(line) for line in lines} == {len(lines[0])}


def test_a_result_without_latency_is_shown_all_the_same() -> None:
    assert table([replace(result(0), p50_ms=0.0)])[1].split()[11] == "-"


def test_trouble_is_shown() -> None:
    assert "  INVALID: lost" in table([replace(result(1000), trouble="lost")])


def test_targets_are_judged() -> None:
    lines = judged([result(5300), result(500, ALONE), result(2000, load=Load(64, 100)), result(100, load=Load(1))], 1.5)
    assert [line[:8].strip() for line in lines] == ["met", "NOT MET", "met", "met", "NOT MET"]
    assert judged([], 1.5) == []


def test_a_target_just_missed_is_missed() -> None:
    assert judged([result(5200)], 1.5)[0].startswith("met ")
    assert judged([result(5190)], 1.5)[0].startswith("NOT MET ")


def test_a_tail_that_is_too_long_is_missed() -> None:
    assert judged([replace(result(5300), p99_ms=33.0)], 1.5)[1].startswith("NOT MET ")


def test_where_the_disk_is_fast_batching_has_no_target() -> None:
    line = judged([result(3000), result(1000, ALONE)], 0.2)[2]
    assert line.startswith("- ")
    assert "3.00, 3000/s against 1000/s" in line


def test_the_first_number_of_workers_is_judged() -> None:
    assert judged([result(5300), result(100, Kind("postgresql", 3))], 1.5)[0].startswith("met ")


def test_audits_are_told_and_judged_by_their_medians() -> None:
    rounds = [AuditRound(Kind("sqlite", 1), 1000, seconds, 1000.0) for seconds in (1.0, 2.0, 4.0)]
    assert told(rounds) == ["audit of 1000 entries, sqlite, 1 workers: 500/s, 0.500 of V"]
    assert judged_audits(rounds) == ["met      audit, sqlite, 1 workers, rate/V: 0.500, to reach 0.5"]
    assert judged_audits(rounds[1:])[0].startswith("NOT MET ")
    assert told([]) == judged_audits([]) == []
