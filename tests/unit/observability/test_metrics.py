"""What is counted, and that nobody makes series."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from counterfoil.observability.metrics import CommitTimes, Metrics


class Beside(Collector):
    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("beside", "Beside.", 7)


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = metrics.exposition(None, Beside()).decode()
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return samples(metrics).get((name, frozenset(labels.items())))


def test_only_known_codes_have_a_series_of_their_own() -> None:
    metrics = Metrics({"known"})
    for code in ("known", "known", *(f"made-up-{number}" for number in range(100))):
        metrics.refused(code)
    assert value(metrics, "counterfoil_problems_total", code="known") == 2
    assert value(metrics, "counterfoil_problems_total", code="other") == 100
    assert sum(name == "counterfoil_problems_total" for name, _ in samples(metrics)) == 2


def test_invented_methods_are_one_series() -> None:
    metrics = Metrics()
    for method in ("GET", "BREW", "get", "X" * 1000):
        metrics.answered(method, "/log", 405)
    labels = {"route": "/log", "status": "4xx"}
    assert value(metrics, "counterfoil_http_requests_total", method="GET", **labels) == 1
    assert value(metrics, "counterfoil_http_requests_total", method="other", **labels) == 3
    assert sum(name == "counterfoil_http_requests_total" for name, _ in samples(metrics)) == 2


def test_statuses_are_counted_by_class_and_a_client_that_left_apart() -> None:
    metrics = Metrics()
    for status in (200, 201, 404, 503, 0):
        metrics.answered("GET", "/log", status)
    counted = [
        value(metrics, "counterfoil_http_requests_total", method="GET", route="/log", status=status)
        for status in ("2xx", "4xx", "5xx", "none", "3xx")
    ]
    assert counted == [2, 1, 1, 1, None]


def test_a_commit_is_timed_in_two_parts() -> None:
    metrics, moments = Metrics(), iter([10.0, 12.0, 17.0, 20.0, 21.0, 21.5])
    times = CommitTimes(metrics, lambda: next(moments))
    for entries in (64, 0):
        times.begun()
        times.locked()
        times.committed(entries)
    assert value(metrics, "counterfoil_commit_lock_wait_seconds_sum") == 3.0
    assert value(metrics, "counterfoil_commit_write_seconds_sum") == 5.5
    assert value(metrics, "counterfoil_commit_write_seconds_count") == 2
    assert value(metrics, "counterfoil_registrations_total", result="new") == 64
    assert value(metrics, "counterfoil_batch_entries_count") == 1
    assert value(metrics, "counterfoil_batch_entries_bucket", le="64.0") == 1
    assert value(metrics, "counterfoil_batch_entries_bucket", le="32.0") == 0


def test_a_commit_that_failed_is_none() -> None:
    metrics, moments = Metrics(), iter([1.0, 2.0, 5.0, 6.0, 8.0])
    times = CommitTimes(metrics, lambda: next(moments))
    times.begun()
    times.locked()
    times.begun()
    times.locked()
    times.committed(1)
    assert value(metrics, "counterfoil_commit_lock_wait_seconds_sum") == 1.0
    assert value(metrics, "counterfoil_commit_write_seconds_sum") == 2.0


def test_two_services_in_one_process_count_apart_and_what_stands_beside_is_shown() -> None:
    one, other = Metrics(), Metrics()
    one.duplicate()
    assert value(one, "counterfoil_registrations_total", result="duplicate") == 1
    assert value(other, "counterfoil_registrations_total", result="duplicate") == 0
    assert value(other, "beside") == 7
