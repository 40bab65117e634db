"""What the bench makes of what it measured."""

from dataclasses import replace

import pytest

from bench.drive import Load, Round, doubt, parse_result
from bench.results import Result, against_one_by_one, as_json, baseline_of, losses, summarise
from bench.servers import Kind

KIND, LOAD = Kind("postgresql", 2), Load(64)
SAID = (
    '{"requests": 600, "microseconds": 3000000, "p50": 8000.0, "p99": 20000.0, "connect": 0, "read": 0, "write": 0, '
    '"timeout": 0, "refused": 0, "position": 70000, "ran_out": 0}'
)


def rounds(*rates: float) -> list[Round]:
    return [Round(rate, 8.0, 20.0, 0.4, 0.1, 0.05, 1, "") for rate in rates]


def result(rate: float, kind: Kind = KIND, load: Load = LOAD) -> Result:
    return summarise(kind, load, rounds(rate), 20_000, {})


def test_what_wrk_said() -> None:
    posted = parse_result(SAID, Load(64))
    assert (posted.statements, posted.rate, posted.p50_ms, posted.p99_ms, posted.trouble) == (600, 200.0, 8, 20, "")
    assert posted.position == 70_000
    many = parse_result(SAID, Load(64, 100))
    assert (many.statements, many.rate) == (60_000, 20_000.0)


@pytest.mark.parametrize("name", ["connect", "read", "write", "timeout"])
def test_errors_are_trouble(name: str) -> None:
    assert parse_result(SAID.replace(f'"{name}": 0', f'"{name}": 3'), LOAD).trouble == f"3 {name} errors"


def test_an_answer_that_is_no_registration_is_trouble_and_counts_as_none() -> None:
    posted = parse_result(SAID.replace('"refused": 0', '"refused": 150'), LOAD)
    assert (posted.statements, posted.rate) == (450, 150.0)
    assert posted.trouble == "150 answers were no registration"


def test_no_answer_at_all_is_trouble() -> None:
    assert parse_result(SAID.replace('"requests": 600', '"requests": 0'), LOAD).trouble.startswith(
        "nothing was answered"
    )


def test_running_out_is_trouble() -> None:
    assert parse_result(SAID.replace('"ran_out": 0', '"ran_out": 1'), LOAD).trouble == "the statements ran out"


@pytest.mark.parametrize("grew", [600, 601, 664])
def test_a_log_grows_by_what_was_answered_and_may_grow_by_what_was_under_way(grew: int) -> None:
    assert doubt(600, grew, LOAD) == ""


@pytest.mark.parametrize("grew", [0, 599, 665])
def test_a_log_that_grew_by_anything_else_is_trouble(grew: int) -> None:
    assert doubt(600, grew, LOAD) == f"600 answered, the log grew by {grew}"


def test_medians_and_spread() -> None:
    made = summarise(KIND, LOAD, rounds(3000, 1000, 2000), 20_000, {})
    assert (made.rate, made.rate_min, made.rate_max, made.verify_ratio) == (2000, 1000, 3000, 0.1)
    assert (made.store, made.mode, made.clients, made.workers, made.baseline_ratio) == (
        "postgresql", "single", 64, 2, None,
    )  # fmt: skip


def test_the_trouble_of_any_round_is_that_of_the_result() -> None:
    one, other = rounds(1000, 2000)
    assert summarise(KIND, LOAD, [one, replace(other, trouble="lost")], 20_000, {}).trouble == "lost"


def test_a_baseline_is_compared_in_units_of_the_machine() -> None:
    before = baseline_of(as_json([summarise(KIND, LOAD, rounds(2000), 20_000, {})]))
    same = summarise(KIND, LOAD, rounds(1000), 10_000, before)
    slower = summarise(KIND, LOAD, rounds(850), 10_000, before)
    assert (same.baseline_ratio, slower.baseline_ratio) == (1.0, 0.85)
    assert losses([same]) == []
    assert losses([slower]) == [
        "LOSS: postgresql single at 64 clients with 2 workers and max-batch 256 has 0.85 of its baseline",
    ]


@pytest.mark.parametrize(
    "kind", [Kind("sqlite", 2), Kind("postgresql", 3), Kind("postgresql", 2, max_batch=1)], ids=str
)
def test_a_baseline_of_something_else_is_none(kind: Kind) -> None:
    before = baseline_of(as_json([result(2000)]))
    assert summarise(kind, LOAD, rounds(100), 20_000, before).baseline_ratio is None


def test_results_have_the_names_that_others_read() -> None:
    assert as_json([result(1000)])[0].keys() >= {
        "store", "mode", "clients", "workers", "rate", "p50_ms", "p99_ms", "cpu_ms", "baseline_ratio", "verify_ratio",
    }  # fmt: skip


def test_batching_is_compared_on_the_same_server_under_the_same_load() -> None:
    alone = result(500, Kind("postgresql", 2, max_batch=1))
    assert against_one_by_one(result(5000), [result(5000), alone]) == 10
    assert against_one_by_one(alone, [alone]) is None
    for other in (result(5000, load=Load(16)), result(5000, Kind("sqlite", 2)), result(5000, Kind("postgresql", 3))):
        assert against_one_by_one(other, [other, alone]) is None
